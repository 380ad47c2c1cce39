"""Row security policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_POLICY
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Policy(Named, frozen=True, tag="policy"):
    """A policy; `roles` are names, empty for PUBLIC; `using` and `check` are expressions or ""."""

    schema: str
    table: str
    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str
    check: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("policy", (self.schema, self.table, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId("table", (self.schema, self.table))

    @property
    def table_sql(self) -> str:
        return qualified(self.schema, self.table)


_QUERY = f"""
    SELECT p.oid, p.polrelid, n.nspname, c.relname, p.polname,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN
            'DELETE'
            ELSE 'ALL' END, p.polpermissive,
        ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.oid = ANY (p.polroles) ORDER BY 1),
        coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid),
            '')
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {OURS} ORDER BY n.nspname, c.relname, p.polname
"""


def read(reading: Reading) -> None:
    for oid, table, *fields in reading.fetch(_QUERY):
        if table in reading.relations:
            reading.add(Policy(*fields), (PG_POLICY, oid, 0))


def _roles(one: Policy) -> str:
    return ", ".join(ident(role) for role in one.roles) or "PUBLIC"


def create(new: Policy, _: Context) -> Making:
    text = f"CREATE POLICY {ident(new.name)} ON {new.table_sql}"
    if not new.permissive:
        text += " AS RESTRICTIVE"
    if new.command != "ALL":
        text += f" FOR {new.command}"
    if new.roles:
        text += f" TO {_roles(new)}"
    if new.using:
        text += f" USING ({new.using})"
    if new.check:
        text += f" WITH CHECK ({new.check})"
    return Making((exclusive(text, new.id),))


def drop(old: Policy, _: Context) -> tuple[Step, ...]:
    return (exclusive(f"DROP POLICY {ident(old.name)} ON {old.table_sql}", old.id),)


def alter(old: Policy, new: Policy, _: Context) -> Alteration | None:
    """ALTER POLICY changes roles and expressions, but cannot take an expression away."""
    if (old.command, old.permissive) != (new.command, new.permissive):
        return None
    if (old.using and not new.using) or (old.check and not new.check):
        return None
    text = f"ALTER POLICY {ident(new.name)} ON {new.table_sql}"
    if old.roles != new.roles:
        text += f" TO {_roles(new)}"
    if old.using != new.using:
        text += f" USING ({new.using})"
    if old.check != new.check:
        text += f" WITH CHECK ({new.check})"
    return Alteration((exclusive(text, new.id),))


KINDS = (Kind("policy", Policy, create, drop, alter),)
