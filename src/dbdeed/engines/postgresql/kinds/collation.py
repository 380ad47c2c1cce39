"""Collations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import literal, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_COLLATION
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Collation(Named, frozen=True, tag="collation"):
    """A collation; the version that the operating system has is no part of it."""

    schema: str
    name: str
    provider: str
    deterministic: bool
    locale: str
    collate: str
    ctype: str
    rules: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("collation", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("collation", self.schema, self.name),)


# The columns that came or were renamed after version 15 are looked up by name.
_QUERY = f"""
    SELECT c.oid, n.nspname, c.collname,
        CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' WHEN 'c' THEN 'libc' ELSE 'default'
            END,
        c.collisdeterministic, coalesce(j ->> 'colllocale', j ->> 'colliculocale', ''),
        coalesce(c.collcollate, ''), coalesce(c.collctype, ''), coalesce(j ->> 'collicurules', '')
    FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace, to_jsonb(c) j
    WHERE {OURS} ORDER BY n.nspname, c.collname
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_COLLATION, oid) not in reading.members:
            reading.add(Collation(*fields), (PG_COLLATION, oid, 0))


def create(new: Collation, _: Context) -> Making:
    parts = [f"provider = {new.provider}"]
    if new.locale:
        parts.append(f"locale = {literal(new.locale)}")
    elif new.collate == new.ctype:
        parts.append(f"locale = {literal(new.collate)}")
    else:
        parts += [f"lc_collate = {literal(new.collate)}", f"lc_ctype = {literal(new.ctype)}"]
    if not new.deterministic:
        parts.append("deterministic = false")
    if new.rules:
        parts.append(f"rules = {literal(new.rules)}")
    text = f"CREATE COLLATION {qualified(new.schema, new.name)} ({', '.join(parts)})"
    return Making((step(text, new.id),))


def drop(old: Collation, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP COLLATION {qualified(old.schema, old.name)}", old.id),)


def alter(_old: Collation, _new: Collation, _: Context) -> Alteration | None:
    return None


KINDS = (Kind("collation", Collation, create, drop, alter),)
