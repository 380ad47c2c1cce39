"""A dropped table moves to the schema `dbdeed` and keeps its rows: no copy is made.

It goes alone. What ties it to other objects is taken off first, so that nothing that is dropped, now or by a
later plan, finds the archive in its way: triggers, policies, rules, foreign keys, and each default, check,
index or generated column that needs more than the table. A column of a type that belongs to the schema is
kept as text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.change import Form, Kept, LockLevel
from dbdeed.engines.postgresql.archive.parts import checks_above, columns_of, foreign_type, own_ids
from dbdeed.engines.postgresql.kinds import policy, privileges, rule, statistics, table_alter, trigger
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.running import PRIVATE_SCHEMA
from dbdeed.engines.postgresql.writing import exclusive, loses, rewriting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table

_KEYS = frozenset({"primary", "unique", "exclusion"})


@dataclass(frozen=True, slots=True)
class _Move:
    """One table on its way.

    Attributes:
        covers: its parts that are still there.
        own: what its parts may need and still go along.
        columns: all of them, by name.
        texts: those that become text.
        gone: generated ones that need more than the table; they are computed again when it comes back.
    """

    table: Table
    name: str
    context: Context
    covers: frozenset[ObjectId]
    own: frozenset[ObjectId]
    columns: Mapping[str, Column]
    texts: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def current(self) -> Catalog:
        return self.context.current

    def parts(self, *kinds: str) -> list[Any]:
        """Its own parts, and its columns' parts."""
        columns = [one for one in self.current.children.get(self.table.id, ()) if one.id.kind == "column"]
        found = list(self.current.children.get(self.table.id, ()))
        for column in columns:
            found += self.current.children.get(column.id, ())
        return [one for one in found if one.id.kind in kinds and one.id in self.covers]

    def keeps(self, part: Any) -> bool:
        """Whether an index, a key or a check goes along: it needs nothing but what stays of the table."""
        needs = self.current.needs.get(part.id, frozenset())
        return needs <= self.own and not needs & {self.columns[one].id for one in (*self.texts, *self.gone)}


def moved(change: Change, name: str, context: Context) -> tuple[Step, ...]:
    """The steps in place of DROP TABLE, for a table that has rows of its own.

    Args:
        change: the drop.
        name: in the archive, at most 50 bytes.
        context: both catalogs.
    """
    table: Any = change.old
    there = {one for one in change.covers if one.kind == "column"}
    columns = {
        name: one
        for name, one in columns_of(table, context.current).items()
        if one.parent != table.id or one.id in there  # one that was in a ring with others is gone already
    }
    own = own_ids(table, context.current)
    texts = tuple(one.name for one in columns.values() if foreign_type(one) and not one.generated)
    retyped = {columns[one].id for one in texts}
    gone = tuple(
        one.name
        for one in columns.values()
        if one.generated and (not _needs(one, context) <= own or _needs(one, context) & retyped)
    )
    covers = frozenset(change.covers)
    move = _Move(table, name, context, covers, own, columns, texts, gone)
    names = tuple(_names(move))
    kept = Kept(table.id, Form.MOVED, qualified(PRIVATE_SCHEMA, name), names=names, texts=texts)
    return (*_alone(move), *_loosened(move), *_renamed(move, names), *_away(move, kept))


def _needs(column: Column, context: Context) -> frozenset[ObjectId]:
    return context.current.needs.get(column.id, frozenset())


def _alone(move: _Move) -> Iterator[Step]:
    """No part of another table any more; nobody but its owner may read it."""
    loosening = table_alter.loosen(move.table, frozenset(), move.context)
    if loosening is not None:
        yield from loosening.steps
    for one in move.parts("privileges"):
        if one.on.kind != "sequence":
            yield from privileges.drop(one, move.context)


def _loosened(move: _Move) -> Iterator[Step]:
    """Nothing on it needs more than itself."""
    table = move.table.sql_name
    for kind in (trigger, policy, rule, statistics):
        for one in move.parts(kind.KINDS[0].name):
            yield from kind.drop(one, move.context)
    for one in move.parts("constraint"):
        if one.type == "foreign" or not move.keeps(one):
            yield exclusive(f"ALTER TABLE {table} DROP CONSTRAINT {ident(one.name)}", one.id)
    for one in checks_above(move.table, move.current):
        if not move.keeps(one):
            yield exclusive(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {ident(one.name)}", one.id)
    for one in move.parts("index"):
        if not move.keeps(one):
            yield exclusive(f"DROP INDEX {qualified(one.schema, one.name)}", one.id)
    clauses = [clause for one in move.columns.values() for clause in _column_clauses(move, one)]
    if clauses:
        yield _columns_step(move, clauses)


def _column_clauses(move: _Move, column: Column) -> Iterator[str]:
    name = ident(column.name)
    if column.generated:
        if column.name in move.gone:
            yield f"DROP COLUMN {name}"
        return
    if column.default and (not _needs(column, move.context) <= move.own or column.name in move.texts):
        yield f"ALTER COLUMN {name} DROP DEFAULT"
    if column.name in move.texts:
        text = "text[]" if column.type.endswith("]") else "text"
        yield f'ALTER COLUMN {name} TYPE {text} COLLATE pg_catalog."default" USING {name}::{text}'
    elif column.collation and not column.collation.startswith("pg_catalog."):
        yield f'ALTER COLUMN {name} TYPE {column.type} COLLATE pg_catalog."default"'


def _columns_step(move: _Move, clauses: Iterable[str]) -> Step:
    one = exclusive(f"ALTER TABLE {move.table.sql_name} {', '.join(clauses)}", move.table.id)
    if not move.texts:
        return one
    written = ", ".join(move.texts)
    why = f"{move.table.sql_name} is written anew: the archive keeps {written} as text."
    return replace(one, rewrites=True, hazards=(rewriting(why),))


def _names(move: _Move) -> Iterator[tuple[str, str, str]]:
    """(kind, name, name in the archive) of what goes along and has a name that others may want."""
    for number, (kind, name) in enumerate(_named(move), 1):
        yield kind, name, f"{move.name}_{number}"


def _named(move: _Move) -> Iterator[tuple[str, str]]:
    for one in move.parts("constraint", "index"):
        with_index = one.id.kind == "index" or one.type in _KEYS
        if with_index and move.keeps(one):
            yield "index", one.name
    for one in move.parts("sequence"):
        yield "sequence", one.name
    for column in move.columns.values():
        own = column.parent == move.table.id and not move.table.partition_of
        if own and column.identity is not None:
            yield "sequence", column.identity.sequence_name


def _renamed(move: _Move, names: Iterable[tuple[str, str, str]]) -> Iterator[Step]:
    for kind, name, there in names:
        what = qualified(move.table.schema, name)
        yield exclusive(f"ALTER {kind.upper()} {what} RENAME TO {ident(there)}", move.table.id)


def _away(move: _Move, kept: Kept) -> Iterator[Step]:
    table = move.table
    yield exclusive(f"ALTER TABLE {table.sql_name} RENAME TO {ident(move.name)}", table.id)
    lost = loses(f"All rows of {table.sql_name} leave the schema; the archive keeps them as {kept.place}.")
    away = exclusive(
        f"ALTER TABLE {qualified(table.schema, move.name)} SET SCHEMA {PRIVATE_SCHEMA}",
        table.id,
        lost,
        destroys=(table.id,),
    )
    yield replace(away, keeps=(kept,), lock=LockLevel.ACCESS_EXCLUSIVE)


def moved_back(kept: Kept) -> tuple[Step, ...]:
    """The table is where it was, under its name; what was taken off it is still missing."""
    schema, name = kept.object.name
    there = kept.place.partition(".")[2]
    aside = f"{ident(schema)}.{there}"
    one = kept.object
    return (
        exclusive(f"ALTER TABLE {kept.place} SET SCHEMA {ident(schema)}", one),
        exclusive(f"ALTER TABLE {aside} RENAME TO {ident(name)}", one),
        *(
            exclusive(f"ALTER {kind.upper()} {qualified(schema, archived)} RENAME TO {ident(plain)}", one)
            for kind, plain, archived in kept.names
        ),
    )
