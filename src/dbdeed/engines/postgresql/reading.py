"""What the kinds share while a database's catalogs are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Object, ObjectId
    from dbdeed.engines.postgresql.session import Session

Address = tuple[int, int, int]
"""(catalog, OID, column number or 0), as pg_depend and pg_description have it."""

# Of the alias `n` of pg_namespace. Nobody but PostgreSQL itself makes a schema that begins with pg_.
OURS = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'dbdeed')"

# Of pg_type: not the array, multirange or row type that comes with another object.
OWN_TYPE = (
    "pg_type.typtype <> 'm' "
    "AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = pg_type.typelem AND e.typarray = pg_type.oid) "
    "AND (pg_type.typrelid = 0 OR (SELECT c.relkind FROM pg_class c WHERE c.oid = pg_type.typrelid) = 'c')"
)


_ALL_NAMES = "SELECT attrelid, attnum, attname FROM pg_attribute"


def stored_options(column: str) -> str:
    """SQL for the `name=value` pairs of a column as the server keeps them: in the order that a dump shows."""
    return f"coalesce({column}, '{{}}')"


@dataclass
class Reading:
    """One inspection under way.

    Attributes:
        version: the server's; version[0] is the major.
        members: (catalog, OID) of what belongs to extensions, and so to no catalog of ours.
        objects: what was found, in reading order.
        addresses: which object stands behind an address; parts without an object of their own (a default, an
            index behind a constraint, a row type) point to the one they are part of.
        relations: tables, views, materialized views and composite types by OID: what columns, indexes,
            triggers and policies belong to.
        not_nulls: not-null constraints by OID: (table's OID, column's number, name), from version 18 on.
        own_not_nulls: columns whose table declares their not-null constraint itself, from version 18 on.
        twice: columns that declare a not-null constraint that comes from above as well, from version 18 on.
        views: columns of views by address: they carry comments and grants and are objects of no kind.
        names: of our tables' columns, by their table's OID and their number.
        all_names: of every relation's, read where something else is named.
    """

    session: Session
    version: tuple[int, ...]
    members: frozenset[tuple[int, int]] = frozenset()
    objects: dict[ObjectId, Object] = field(default_factory=dict)
    addresses: dict[Address, ObjectId] = field(default_factory=dict)
    relations: dict[int, ObjectId] = field(default_factory=dict)
    not_nulls: dict[int, tuple[int, int, str]] = field(default_factory=dict)
    own_not_nulls: set[ObjectId] = field(default_factory=set)
    twice: set[ObjectId] = field(default_factory=set)
    views: dict[Address, ObjectId] = field(default_factory=dict)
    names: dict[int, dict[int, str]] = field(default_factory=dict)
    all_names: dict[int, dict[int, str]] = field(default_factory=dict)

    @property
    def major(self) -> int:
        return self.version[0]

    def fetch(self, sql: str) -> list[list[Any]]:
        """Rows whose arrays are tuples, ready to stand in frozen structs."""
        return self.session.fetch_frozen(sql)

    def add(self, one: Object, *addresses: Address) -> None:
        key = one.id
        self.objects[key] = one
        for address in addresses:
            self.addresses[address] = key

    def column_names(self, relation: int, numbers: Sequence[int]) -> tuple[str, ...]:
        """The names of a relation's columns, in this order."""
        known = self.names.get(relation, {})
        if not all(map(known.__contains__, numbers)):
            known = self._learn_names(relation)
        return tuple([known[number] for number in numbers])

    def index_names(self, relation: int, numbers: Sequence[int], own: Sequence[str]) -> tuple[str, ...]:
        """The names of an index's columns; `own` are those that it has itself, for its expressions.

        A column that is renamed keeps its old name in the index.
        """
        if 0 not in numbers:
            return self.column_names(relation, numbers)
        names = iter(self.column_names(relation, [number for number in numbers if number]))
        return tuple([next(names) if number else own[at] for at, number in enumerate(numbers)])

    def _learn_names(self, relation: int) -> dict[int, str]:
        """Of a relation that is not among ours (another's table, a view), and of system columns."""
        if not self.all_names:
            for oid, number, name in self.session.fetch(_ALL_NAMES):
                self.all_names.setdefault(oid, {})[number] = name
        return self.all_names[relation]

    def own(self, classid: int, objid: int) -> ObjectId | None:
        """The object of a catalog row, unless an extension has it."""
        if (classid, objid) in self.members:
            return None
        return self.addresses.get((classid, objid, 0))
