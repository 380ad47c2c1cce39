"""A table that cannot become the other in place: made anew beside the old one, which hands over its rows.

So a plain table becomes a partitioned one and back, and a partition key changes. The whole tree is made anew:
partitions lose their rows to the new top, which sorts them in again. All of it is one transaction, so that
rows that no partition takes stop it and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Loosening
from dbdeed.engines.postgresql.kinds import (
    column_create,
    sequence_write,
    table_create,
    table_moved,
    table_rows,
)
from dbdeed.engines.postgresql.kinds.made_anew import lineage
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.kinds.table import Table

    Alter = Callable[[Table, Table, Context], Alteration | None]


@dataclass(frozen=True, slots=True)
class _Trees:
    """What becomes of the tables of both trees, each with those above before those below.

    Attributes:
        aside: old ones that hand over their rows and go.
        leaving: old ones that go on by themselves, each with its way there.
        made: new ones that are made.
        joining: tables that become partitions here, each with its way there.
    """

    aside: tuple[Table, ...]
    leaving: tuple[tuple[Table, Alteration], ...]
    made: tuple[Table, ...]
    joining: tuple[tuple[Table, Alteration], ...]


@dataclass(frozen=True, slots=True)
class _Made:
    """Steps, those that go better once the rows are there, and what they make."""

    steps: tuple[Step, ...]
    after: tuple[Step, ...]
    covers: frozenset[ObjectId]


def rebuild(
    old: Table, new: Table, context: Context, alter: Alter, through: Mapping[str, str] | None = None
) -> Alteration | None:
    """The way from one table to the other; None where something holds on to the old one.

    Args:
        old: the top of the tree that is there.
        new: the top of the one that shall be.
        context: both catalogs.
        alter: how a table becomes another that is no part of these trees.
        through: for columns by name, the expression that makes their new values, `{}` the old one.
    """
    trees = _trees(old, new, context, alter)
    if trees is None or _held(trees, context):
        return None
    made = _making(trees, _without(trees, context))
    if any(child.id not in made.covers for table in trees.made for child in _columns(table, context.target)):
        return None
    moving = [way for _, way in (*trees.leaving, *trees.joining)]
    covers = {one.id for one in (*trees.aside, *trees.made)} | made.covers
    covers |= {table.id for table, _ in (*trees.leaving, *trees.joining)}
    covers |= {one for way in moving for one in way.covers}
    covers |= set(_parts(trees, context))
    disturbed = frozenset(_disturbed(trees, context, covers))
    steps = (
        *(step for table, way in trees.leaving if not _inherits(table, context) for step in way.steps),
        *_stepping_aside(trees, context),
        *made.steps,
        *(step for table, way in trees.leaving if _inherits(table, context) for step in way.steps),
        *table_rows.handed_over(old, new, context, through or {}),
        *made.after,
        *(one for table in trees.made for one in table_create.settings(table)),
        *_exact_rights(made.covers | {one.id for one in trees.made}, context),
    )
    steps = (table_rows.kept_before(steps[0], old, new, context), *steps[1:])
    whole = tuple(replace(one, online=None) for one in steps)  # one transaction, or nothing
    ahead = frozenset(table.id for table, _ in (*trees.leaving, *trees.joining))
    return Alteration(whole, disturbed, tuple(sorted(covers - {old.id})), _leaving(old, new, context), ahead)


def tree(root: Table, catalog: Catalog) -> Iterator[Table]:
    """The table and all partitions below it."""
    below: dict[tuple[str, ...], list[Any]] = {}
    for key, found in catalog.objects.items():
        table: Any = found
        if key.kind == "table" and table.partition_of:
            below.setdefault(table.partition_of, []).append(table)
    waiting: list[Any] = [root]
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting.extend(below.get((one.schema, one.name), ()))


def _trees(old: Table, new: Table, context: Context, alter: Alter) -> _Trees | None:
    before = {one.id: one for one in tree(old, context.current)}
    after = {one.id: one for one in tree(new, context.target)}
    leaving, joining = [], []
    for one in before.values():
        there: Any = context.target.objects.get(one.id)
        if there is not None and one.id not in after:
            way = alter(one, there, context)
            if way is None:
                return None
            leaving.append((one, way))
    gone = {below.id for one, _ in leaving for below in tree(one, context.current)}
    for one in after.values():
        was: Any = context.current.objects.get(one.id)
        if was is not None and one.id not in before:
            way = alter(was, one, context)
            if way is None:
                return None
            joining.append((one, way))
    come = {below.id for one, _ in joining for below in tree(one, context.target)}
    return _Trees(
        tuple(one for one in before.values() if one.id not in gone),
        tuple(leaving),
        tuple(one for one in after.values() if one.id not in come),
        tuple(joining),
    )


def _held(trees: _Trees, context: Context) -> bool:
    """Whether tables inherit from one that goes, columns are of its row type, or it is foreign."""
    ids = {one.id for one in (*trees.aside, *(one for one, _ in trees.leaving))}
    joining = {one.id for one, _ in trees.joining}  # after they let go
    for table in trees.aside:
        for one in context.current.needed_by.get(table.id, ()):
            stays = one not in ids and table.id in context.target.needs.get(one, ())
            if one.kind == "table" and stays and one not in joining:
                return True
            if one.kind == "column" and ObjectId("table", one.name[:2]) not in ids:
                return True
    return any(one.form == "foreign" for one in (*trees.aside, *trees.made))


def _inherits(table: Table, context: Context) -> bool:
    """Whether it comes to inherit, maybe from what is made here."""
    there: Any = context.target.objects[table.id]
    return bool(there.inherits)


def _without(trees: _Trees, context: Context) -> Context:
    """Both catalogs as they are once the old tables stepped aside."""
    gone = {one.id for one in trees.aside}
    parts = {child.id for one in trees.aside for child in context.current.children.get(one.id, ())}
    kept: dict[ObjectId, Any] = {}
    for key, one in context.current.objects.items():
        if key in gone or key in parts:
            continue
        there: Any = one
        if key.kind == "sequence" and there.parent in parts:
            there = msgspec.structs.replace(there, owned_by=())
        kept[key] = there
    return Context(replace(context.current, objects=kept), context.target)


def _making(trees: _Trees, context: Context) -> _Made:
    """The new tables, their own indexes before their partitions, which take these over."""
    from dbdeed.engines.postgresql.kinds import constraint, index, inheritance

    steps: list[Step] = []
    after: list[Step] = []
    covers: set[ObjectId] = set()
    joining = {table.id: way for table, way in trees.joining}
    for table in (*trees.made, *(table for table, _ in trees.joining)):
        if table.id in joining:
            steps.extend(joining[table.id].steps)
            continue
        making = table_create.create(table, context)
        later = table_create.settings(table)
        steps.extend(one for one in making.steps if one not in later)
        covers.update(making.covers)
        for own in _indexes(table, context.target):
            elsewhere = own.id in context.current.objects
            if elsewhere and not inheritance.has_parts(own, context.target):
                continue  # it goes there before, and is made by itself
            if own.id not in covers and not own.partition_of:
                if elsewhere:  # its parts come with the partitions that are made here
                    steps.append(exclusive(f"DROP INDEX IF EXISTS {own.sql_name}", own.id))
                create = index.create if own.id.kind == "index" else constraint.create
                making = create(own, context)
                # What is for the table above only must find its partitions there.
                handed = table.form == "partitioned" and not inheritance.lacking(own, context.target)
                (steps if handed else after).extend(making.steps)
                covers.update((own.id, *making.covers))
    return _Made(tuple(steps), tuple(after), frozenset(covers))


def _columns(table: Table, catalog: Catalog) -> list[Any]:
    return [one for one in catalog.children.get(table.id, ()) if one.id.kind == "column"]


def _indexes(table: Table, catalog: Catalog) -> list[Any]:
    """Its indexes, and keys that have one."""
    children: Iterable[Any] = catalog.children.get(table.id, ())
    return [
        one for one in children if one.id.kind == "index" or (one.id.kind == "constraint" and one.has_index)
    ]


def _parts(trees: _Trees, context: Context) -> Iterable[ObjectId]:
    """What goes with the old tables, or over to the new ones."""
    for table in trees.aside:
        yield from (one.id for one in _indexes(table, context.current) if not _goes_elsewhere(one, context))
        for column in _columns(table, context.current):
            yield column.id
            yield from (
                one.id for one in column_create.owned(column, context.current) if not _leaves(one, context)
            )


def _is_elsewhere(one: Any, context: Context) -> bool:
    """Whether another table has an index of that name afterwards: then this one goes before, by itself."""
    there: Any = context.target.objects.get(one.id)
    return there is not None and (there.schema, there.table) != (one.schema, one.table)


def _goes_elsewhere(one: Any, context: Context) -> bool:
    """Whether that is so of it, or of one above it, with which it goes."""
    above: Any = context.current.objects.get(ObjectId(one.id.kind, one.partition_of))
    return _is_elsewhere(one, context) or (above is not None and _goes_elsewhere(above, context))


def _leaves(one: Any, context: Context) -> bool:
    """Whether a sequence goes to another table, or to none; then it has left before."""
    there: Any = context.target.objects.get(one.id)
    return there is not None and there.owned_by[:2] != one.owned_by[:2]


def _disturbed(trees: _Trees, context: Context, covers: set[ObjectId]) -> Iterator[ObjectId]:
    """What is on the old tables or needs them, and is made again on the new ones."""
    seen = {one.id for one in trees.aside} | {one.id for one, _ in trees.leaving}
    waiting = [one.id for one in trees.aside]
    made = (own.id for table in trees.made for own in _indexes(table, context.target))
    # What needs an index that comes here from another table is away as well.
    waiting += (one for one in made if one in covers and one in context.current.objects)
    while waiting:
        for one in context.current.needed_by.get(waiting.pop(), ()):
            if one in seen or (one.kind in ("table", "sequence") and one in context.target.objects):
                continue
            seen.add(one)
            outside = one.kind == "column" and one not in covers
            if not outside:
                waiting.append(one)
            above = not covers.isdisjoint(context.target.needed_by.get(one, ()))  # is back before its parts
            if one not in covers and not outside and not (one.kind == "index" and above):
                yield one


def _leaving(old: Table, new: Table, context: Context) -> Loosening | None:
    """A partition stands alone before: what it has from above is its own, so that may go meanwhile."""
    if not old.partition_of:
        return None
    detach = f"ALTER TABLE {qualified(*old.partition_of)} DETACH PARTITION {old.sql_name}"
    left = msgspec.structs.replace(old, partition_of=(), bound="", detaching=False)
    current = context.current
    parts = tuple(own.id for own in current.children.get(old.id, ()))
    tables = {table.id for table in lineage(old.id, current)} - {old.id}
    above = tables | {own.id for table in tables for own in current.children.get(table, ())}
    needed = {need for one in parts for need in current.needs.get(one, ())}
    steps = (exclusive(detach, old.id), *table_moved.defaults_left(old, new, context))
    return Loosening(steps, left, parts, frozenset(above & needed))


def _stepping_aside(trees: _Trees, context: Context) -> Iterator[Step]:
    """The old tables without what would be in the new ones' way, under other names."""
    for table in trees.aside:
        top = table is trees.aside[0]
        for own in _indexes(table, context.current):
            if (top or not own.partition_of) and not _is_elsewhere(
                own, context
            ):  # others go with those above
                yield _dropping(own)
        for column in _named_not_nulls(table, context.current, top=top):
            yield from _not_null_aside(table, column, context)
        for column in _columns(table, context.current):
            yield from _counts_aside(column, context)
        if table.row_security:
            yield exclusive(f"ALTER TABLE {table.sql_name} DISABLE ROW LEVEL SECURITY", table.id)
    for table in trees.aside:
        if table is trees.aside[0] or not context.target.claimed.isdisjoint(table.claims):
            aside = names.free_table(table.schema, table.name, context)
            rename = f"ALTER TABLE {table.sql_name} RENAME TO {ident(aside)}"
            yield exclusive(rename, table.id)


def _dropping(own: Any) -> Step:
    if own.id.kind == "index":
        return exclusive(f"DROP INDEX {own.sql_name}", own.id)
    return exclusive(f"ALTER TABLE {own.table_sql} DROP CONSTRAINT {ident(own.name)}", own.id)


def _named_not_nulls(table: Table, current: Catalog, *, top: bool) -> Iterable[Any]:
    """The columns with a not-null constraint of the table's own; from version 18 on these have names."""
    if current.version[0] < 18:
        return ()
    if top:
        return table_moved.columns(table, current).values()
    above = ((one, column_create.column_above(one, current)) for one in _columns(table, current))
    return [one for one, other in above if other is None or not other.not_null]


def _not_null_aside(table: Table, column: Any, context: Context) -> Iterable[Step]:
    """Under another name: where theirs is taken, new ones take another."""
    if column.not_null:
        name = column_create.not_null_constraint(column, context.current)
        rename = f"RENAME CONSTRAINT {ident(name)} TO {ident(names.aside(name))}"
        yield exclusive(f"ALTER TABLE {table.sql_name} {rename}", column.id)


def _counts_aside(column: Any, context: Context) -> Iterable[Step]:
    """Sequences that stay are nobody's for a while; others go with the table, under other names."""
    how = column.identity
    if how is not None:
        aside = names.free_relation(how.sequence_schema, how.sequence_name, context)
        yield exclusive(sequence_write.renamed(how.sequence_schema, how.sequence_name, aside), column.id)
    for one in column_create.owned(column, context.current):
        if _leaves(one, context):
            continue
        if one.id in context.target.objects:
            yield sequence_write.ownership(msgspec.structs.replace(one, owned_by=()))
        else:
            aside = names.free_relation(one.schema, one.name, context)
            yield exclusive(sequence_write.renamed(one.schema, one.name, aside), one.id)


_GIVEN = ("table", "sequence", "column")


def _exact_rights(made: Iterable[ObjectId], context: Context) -> Sequence[Step]:
    """Default privileges that are there already must not add to what is made."""
    from dbdeed.engines.postgresql.kinds.default_privileges import neutral

    return [one for key in sorted(made) if key.kind in _GIVEN for one in neutral(key, context)]
