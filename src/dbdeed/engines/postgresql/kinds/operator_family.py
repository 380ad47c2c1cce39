"""Operator families and operator classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds import key_call
from dbdeed.engines.postgresql.kinds.operator_members import (
    dropped_sql,
    function_sql,
    operator_sql,
    read_members,
)
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_OPCLASS, PG_OPFAMILY
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading

NOTHING = ((), ()), ()


class OperatorFamily(Named, frozen=True, tag="operator family"):
    """A family with its loose members; `method` is the access method."""

    schema: str
    name: str
    method: str
    operators: tuple[tuple[int, str, str, str, str], ...] = ()
    functions: tuple[tuple[int, str, str, str], ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("operator family", (self.schema, self.name, self.method))

    @property
    def reference(self) -> str:
        return f"OPERATOR FAMILY {qualified(self.schema, self.name)} USING {ident(self.method)}"


class OperatorClass(Named, frozen=True, tag="operator class"):
    """A class; types and `family` as SQL, `storage` "" where it is the type itself."""

    schema: str
    name: str
    method: str
    type: str
    default: bool
    family: str
    storage: str
    operators: tuple[tuple[int, str, str, str, str], ...] = ()
    functions: tuple[tuple[int, str, str, str], ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("operator class", (self.schema, self.name, self.method))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("default operator class", self.type, self.method),) if self.default else ()

    @property
    def reference(self) -> str:
        return f"OPERATOR CLASS {qualified(self.schema, self.name)} USING {ident(self.method)}"


_FAMILIES = f"""
    SELECT f.oid, n.nspname, f.opfname, a.amname
    FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
    WHERE {OURS} ORDER BY 2, 3, 4
"""

_CLASSES = f"""
    SELECT c.oid, n.nspname, c.opcname, a.amname, format_type(c.opcintype, NULL), c.opcdefault,
        quote_ident(fn.nspname) || '.' || quote_ident(f.opfname),
        coalesce(format_type(nullif(nullif(c.opckeytype, 0), c.opcintype), NULL), '')
    FROM pg_opclass c
    JOIN pg_namespace n ON n.oid = c.opcnamespace
    JOIN pg_am a ON a.oid = c.opcmethod
    JOIN pg_opfamily f ON f.oid = c.opcfamily
    JOIN pg_namespace fn ON fn.oid = f.opfnamespace
    WHERE {OURS} ORDER BY 2, 3, 4
"""


def read(reading: Reading) -> None:
    members = read_members(reading)
    for oid, *fields in reading.fetch(_FAMILIES):
        if (PG_OPFAMILY, oid) not in reading.members:
            own, parts = members.get((PG_OPFAMILY, oid, 0), NOTHING)
            reading.add(OperatorFamily(*(*fields, *own)), (PG_OPFAMILY, oid, 0), *parts)
    for oid, *fields in reading.fetch(_CLASSES):
        if (PG_OPCLASS, oid) not in reading.members:
            own, parts = members.get((PG_OPCLASS, oid, 0), NOTHING)
            reading.add(OperatorClass(*(*fields, *own)), (PG_OPCLASS, oid, 0), *parts)


def _members(one: OperatorFamily | OperatorClass) -> list[str]:
    functions = [function_sql(member, one.method) for member in one.functions]
    return [*map(operator_sql, one.operators), *functions]


def create_family(new: OperatorFamily, _: Context) -> Making:
    making = step(f"CREATE {new.reference}", new.id)
    members = _members(new)
    if not members:
        return Making((making,))
    return Making((making, step(f"ALTER {new.reference} ADD {', '.join(members)}", new.id)))


def create_class(new: OperatorClass, _: Context) -> Making:
    text = f"CREATE OPERATOR CLASS {qualified(new.schema, new.name)}{' DEFAULT' * new.default}"
    text += f" FOR TYPE {new.type} USING {ident(new.method)} FAMILY {new.family}"
    members = _members(new)
    if new.storage or not members:
        members.insert(0, f"STORAGE {new.storage or new.type}")
    return Making((step(f"{text} AS {', '.join(members)}", new.id),))


def drop(old: OperatorFamily | OperatorClass, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP {old.reference}", old.id),)


def alter_family(old: OperatorFamily, new: OperatorFamily, _: Context) -> Alteration | None:
    """What differs leaves by its strategy or number, and comes back changed."""
    gone = dropped_sql(
        [one for one in old.operators if one not in new.operators],
        [one for one in old.functions if one not in new.functions],
    )
    come = [operator_sql(one) for one in new.operators if one not in old.operators]
    come += [function_sql(one, new.method) for one in new.functions if one not in old.functions]
    head = f"ALTER {new.reference}"
    ways = ((f"{head} DROP ", gone), (f"{head} ADD ", come))
    return Alteration(tuple(step(verb + ", ".join(members), new.id) for verb, members in ways if members))


def alter_class(old: OperatorClass, new: OperatorClass, context: Context) -> Alteration | None:
    return key_call.class_beside(old, new, context)


KINDS = (
    Kind("operator family", OperatorFamily, create_family, drop, alter_family),
    Kind("operator class", OperatorClass, create_class, drop, alter_class),
)
