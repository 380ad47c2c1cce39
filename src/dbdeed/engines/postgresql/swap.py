"""A type that cannot be altered is swapped: the old one steps aside, columns move over, the old one goes.

Values go through their text, so those that the new type does not have stop the step, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration
from dbdeed.engines.postgresql.kinds.holding import columns_of
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive, may_fail, rewriting, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.catalog import Object
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context

# What PostgreSQL carries along by itself, or holds data and so is never taken down.
_STAYS = frozenset({"column", "table", "sequence", "comment", "owner", "privileges"})


@dataclass(frozen=True, slots=True)
class Values:
    """How values of the old type become values of the new one.

    Attributes:
        value: an expression for one, `{}` the column; `{}::text::public.e` where nothing is said.
        values: the same for a list of them.
        before, after: steps that these want around.
    """

    value: str = ""
    values: str = ""
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


_THROUGH_TEXT = Values()


def swap_type(
    old: Any, new: Any, creation: Sequence[Step], context: Context, through: Values = _THROUGH_TEXT
) -> Alteration | None:
    """The alteration that replaces type `old` by `new`, of the same name, with columns kept."""
    from dbdeed.engines.postgresql.kinds.default_privileges import neutral
    from dbdeed.engines.postgresql.kinds.row_held import Around, around

    catalog = context.current
    columns: list[Any] = [
        catalog.objects[one] for one in catalog.needed_by.get(old.id, ()) if one.kind == "column"
    ]
    columns += [left for one in columns for left in _left_below(one, context)]
    columns.sort(key=lambda one: one.id)
    aside = names.free_type(old.schema, old.name, context)
    word = "DOMAIN" if old.id.kind == "domain" else "TYPE"
    steps: list[Step] = [step(f"ALTER {word} {old.sql_name} RENAME TO {ident(aside)}", old.id), *creation]
    steps += neutral(new.id, context)
    steps += through.before
    leaving = _leaving(columns, old, context)
    exchanged = _exchanged(leaving, old, context)
    swapped = [way for one, way in exchanged.items() if one.kind == "enum" and way.covers]
    steps += (one for way in swapped for one in way.steps)
    falling = _falling(old, context)
    anew = _tables_anew([one for one in columns if one.id not in leaving], old, through, context)
    anew |= _rows_anew(old, context)
    for way in anew.values():
        steps.extend(way.steps)
    away_too: frozenset[ObjectId] = frozenset()
    for column in columns:
        if column.parent in anew:
            continue
        away = bool(falling & catalog.needs.get(column.id, frozenset()))
        moving = _move(column, old, new, context, through, default_away=away)
        if column.id in leaving:
            moving = leaving[column.id].steps
        elif _left_behind(column, old, context):
            moving = _told(column)
        moving = tuple(moving)
        held = around(ObjectId("table", column.id.name[:-1]), context) if moving else Around()
        steps += (*held.before, *moving, *held.after)
        away_too |= held.disturbs
    for one, way in exchanged.items():
        steps[:0] = way.steps if one.kind == "enum" and way not in swapped else ()
        steps += way.steps if one.kind == "column" else ()
    steps += [*through.after, step(f"DROP {word} {qualified(old.schema, aside)}", old.id)]
    disturbed = {
        *_disturbed(old, columns, context),
        *(one.id for one in columns if _goes(one, old, leaving, context)),
        *(one for way in (*leaving.values(), *anew.values(), *exchanged.values()) for one in way.disturbs),
        *away_too,
    }
    disturbed -= anew.keys()
    ways = (*leaving.values(), *anew.values(), *exchanged.values())
    covers = (*leaving, *anew, *exchanged, *(one for way in ways for one in way.covers))
    ahead = frozenset(one for way in ways for one in way.ahead)
    return Alteration(tuple(steps), frozenset(disturbed), covers, ahead=ahead)


def _left_below(column: Any, context: Context) -> Iterable[Any]:
    """What tables below have from a column that goes, and keep."""
    from dbdeed.engines.postgresql.kinds.column_below import handed_down
    from dbdeed.engines.postgresql.kinds.column_create import tables_below

    if column.id in context.target.objects:
        return
    for table in tables_below(column.parent, context.current):
        one = msgspec.structs.replace(column, schema=table.schema, table=table.name)
        left, wanted = (handed_down(one, catalog) for catalog in (context.current, context.target))
        if one.id in context.current.objects or left is None or wanted is None:
            continue
        # An heir has let go before, and its column is what it shall be; a partition is only detached.
        yield wanted if table.inherits else left


def _tables_anew(
    columns: Sequence[Any], old: Any, through: Values, context: Context
) -> dict[ObjectId, Alteration]:
    """Tables that are partitioned by a column of the type: none of these can change in place."""
    from dbdeed.engines.postgresql.kinds import table_alter
    from dbdeed.engines.postgresql.kinds.key_column import divides
    from dbdeed.engines.postgresql.kinds.table_rebuild import rebuild

    found: dict[ObjectId, Alteration] = {}
    dividing = (one for one in columns if _speaks(one.type, old) and divides(one, context))
    for table in dict.fromkeys(one.parent for one in dividing):
        was: Any = context.current.objects.get(table)
        wanted: Any = context.target.objects.get(table)
        values = {
            one.name: _value(one, through)
            for one in columns
            if one.parent == table and _speaks(one.type, old)
        }
        if was is not None and wanted is not None:
            way = rebuild(was, wanted, context, table_alter.alter, values)
            if way is not None:
                found[table] = way
    return found


def _rows_anew(old: Any, context: Context) -> dict[ObjectId, Alteration]:
    """Row types with the type inside by which a table is partitioned: its column cannot be text meanwhile.

    They are swapped in turn, while both forms of this one are there.
    """
    from dbdeed.engines.postgresql.kinds.composite_type import create
    from dbdeed.engines.postgresql.kinds.key_column import divides

    current = context.current
    found: dict[ObjectId, Alteration] = {}
    for one in sorted(current.needed_by.get(old.id, ())):
        there: Any = current.objects[one]
        if one.kind != "composite type" or there != context.target.objects.get(one):
            continue
        held: list[Any] = [current.objects[each] for each, _ in columns_of(one, current)]
        if any(divides(each, context) for each in held):
            way = swap_type(there, there, create(there, context).steps, context)
            if way is not None:
                found[one] = way
    return found


def _value(column: Any, through: Values) -> str:
    """What makes a value of the new type, `{}` the old one."""
    array = column.type.endswith("]")
    text = "{}::text[]::" if array else "{}::text::"
    return (through.values if array else through.value) or text + column.type


def _falling(old: Any, context: Context) -> frozenset[ObjectId]:
    """Routines that are away meanwhile, whatever for; a default that calls one is away too."""
    from dbdeed.engines.postgresql.kinds.function import alter

    current, target = context.current, context.target
    fallen = set(current.dependents([old.id]))
    for key, one in current.objects.items():
        wanted: Any = target.objects.get(key)
        if key.kind == "function" and one != wanted and (wanted is None or not alter(one, wanted, context)):  # type: ignore[arg-type]
            fallen.add(key)
    return frozenset(one for one in fallen if one.kind == "function")


def _speaks(type_name: str, old: Any) -> bool:
    """Whether it is the type, or a list of it."""
    return bool(type_name.rstrip("[]") == old.sql_name)


def _leaving(columns: Iterable[Any], old: Any, context: Context) -> dict[ObjectId, Alteration]:
    """Columns that go from this type to another in the same plan: they do so here, while both are there."""
    from dbdeed.engines.postgresql.kinds.column_alter import alter
    from dbdeed.engines.postgresql.kinds.made_anew import is_made_anew

    found = {}
    for column in columns:
        target: Any = context.target.objects.get(column.id)
        if column.parent is not None and is_made_anew(column.parent, context):
            continue
        if (
            target is not None
            and target.type != column.type
            and column.local
            and not _speaks(target.type, old)
        ):
            way = alter(column, target, context)
            if way is not None:
                found[column.id] = way
    return found


def _exchanged(leaving: Iterable[ObjectId], old: Any, context: Context) -> dict[ObjectId, Alteration]:
    """Enums that change too, to which columns leave while others come from there, and these.

    What leaves may want a new value first, what comes the new type: apart, each would wait for the other. Of
    two that are swapped the first swaps the other, and that moves what comes.
    """
    from dbdeed.engines.postgresql.kinds import column_alter, enum

    current, target = context.current, context.target
    found: dict[ObjectId, Alteration] = {}
    reached = {need for one in leaving for need in target.needs.get(one, ()) if need.kind == "enum"}
    for other in sorted(reached & current.objects.keys()):
        was: Any = current.objects[other]
        wanted: Any = target.objects[other]
        grows = enum.grows(was, wanted)
        if was == wanted or (not grows and other < old.id):
            continue
        for one in sorted(current.needed_by.get(other, ())):
            there: Any = current.objects[one]
            column: Any = target.objects.get(one)
            comes = one.kind == "column" and column is not None and _speaks(column.type, old)
            if not comes or not there.local or not _speaks(there.type, was):
                continue
            if not grows:
                way = enum.alter(was, wanted, context)
            else:
                way = column_alter.alter(there, column, context)
            if way is not None and not grows:
                found[other] = way
            elif way is not None:
                found[one] = way
                found[other] = Alteration(tuple(enum.additions(was, wanted, context)))
    return found


def _goes(column: Any, old: Any, leaving: Iterable[ObjectId], context: Context) -> bool:
    """Whether a column is dropped, be it for another in its place: it is so while the old type is there."""
    target: Any = context.target.objects.get(column.id)
    stays = target is not None and (target.type == column.type or _changes_after(column, old, context))
    return bool(column.local) and not stays and column.id not in leaving


def _changes_after(column: Any, old: Any, context: Context) -> bool:
    """Whether it becomes a list of the type, or one of its elements: it does so from the new type."""
    from dbdeed.engines.postgresql.kinds.column_alter import alter

    target: Any = context.target.objects.get(column.id)
    both = target is not None and _speaks(target.type, old) and _speaks(column.type, old)
    return both and target.type != column.type and alter(column, target, context) is not None


def _disturbed(old: Any, columns: Iterable[Object], context: Context) -> Iterable[ObjectId]:
    catalog = context.current
    yield from (child.id for child in catalog.children.get(old.id, ()))
    for one in catalog.needed_by.get(old.id, ()):
        if one.kind not in _STAYS:
            yield one
    for column in columns:
        if getattr(column, "generated", ""):
            yield column.id
        for one in catalog.needed_by.get(column.id, ()):
            computed = bool(getattr(catalog.objects[one], "generated", ""))
            if one != column.id and (one.kind not in _STAYS or computed):
                yield one


def _left_behind(column: Any, old: Any, context: Context) -> bool:
    """Whether it stays in a table that is made anew without it, and that can be only after the type is."""
    from dbdeed.engines.postgresql.kinds.made_anew import is_made_anew

    target: Any = context.target.objects.get(column.id)
    if not column.local or (target is not None and target.type == column.type):
        return False
    wanted = context.target.children.get(column.parent, ())
    after = any(old.id in context.target.needs.get(one.id, ()) for one in wanted)
    return after and is_made_anew(column.parent, context)


def _told(column: Any) -> Iterable[Step]:
    """As a text, until its table goes."""
    name = ident(column.name)
    text = "text[]" if column.type.endswith("]") else "text"
    drop = f"ALTER COLUMN {name} DROP DEFAULT, " if column.default else ""
    sql = f"ALTER TABLE {column.table_sql} {drop}ALTER COLUMN {name} TYPE {text} USING {name}::{text}"
    yield step(sql, column.id, LockLevel.ACCESS_EXCLUSIVE, rewrites=True)


def _move(
    column: Any, old: Any, new: Any, context: Context, through: Values, *, default_away: bool
) -> Iterable[Step]:
    """One column to the new type, if it still has that type and is no copy of one above."""
    from dbdeed.engines.postgresql.kinds.column_alter import has_default, is_foreign
    from dbdeed.engines.postgresql.kinds.column_below import handed_down, settled

    own: Any = context.target.objects.get(column.id)
    target = handed_down(column, context.target)  # maybe it comes from above then
    if column.generated or target is None:
        return
    if own is not None and own.type != column.type and not _changes_after(column, old, context):
        return  # it is dropped before
    stays = bool(column.default) and target.default == column.default and not default_away
    if not _speaks(column.type, old):
        yield from _said_again(column, stays=stays)
        return
    if not column.local or column.inherited:
        return
    name = ident(column.name)
    clauses = []
    if has_default(column, context):
        clauses.append(f"ALTER COLUMN {name} DROP DEFAULT")
    value = _value(column, through).replace("{}", name)
    using = "" if is_foreign(column, context) else f" USING {value}"
    clauses.append(f"ALTER COLUMN {name} TYPE {column.type}{using}")
    # With a new type the storage is that type's own; what the column has besides stays as it is.
    if column.storage and target.storage == column.storage:
        clauses.append(f"ALTER COLUMN {name} SET STORAGE {column.storage}")
    if column.compression and target.compression == column.compression:
        clauses.append(f"ALTER COLUMN {name} SET COMPRESSION {column.compression}")
    if stays:
        clauses.append(f"ALTER COLUMN {name} SET DEFAULT {target.default}")
    yield step(
        f"ALTER TABLE {column.table_sql} {', '.join(clauses)}",
        column.id,
        LockLevel.ACCESS_EXCLUSIVE,
        rewrites=True,
        hazards=(
            rewriting(f"{column.table_sql} is written anew under an exclusive lock."),
            may_fail(f"{column.table_sql}.{name} may hold values that {new.sql_name} no longer has."),
        ),
    )
    now = msgspec.structs.replace(column, default=target.default if stays else "")
    yield from settled(msgspec.structs.replace(column, type=""), now, context, recursed=True)


def _said_again(column: Any, *, stays: bool) -> Iterable[Step]:
    """Only the default of such a column speaks of the type."""
    head = f"ALTER TABLE ONLY {column.table_sql} ALTER COLUMN {ident(column.name)}"
    if column.default:
        yield exclusive(f"{head} DROP DEFAULT", column.id)
    if stays:
        yield exclusive(f"{head} SET DEFAULT {column.default}", column.id)
