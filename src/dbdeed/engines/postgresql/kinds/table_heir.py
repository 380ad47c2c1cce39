"""A table that comes to inherit from others than before, or in another order, and keeps its rows.

Whether a column is a table's own or only comes from above is set when it is made: no ALTER TABLE takes
`attislocal` back. A column that is made on a table above is none of the heir's own, though, and stays so when
that table lets go of it while another holds it (RemoveInheritance in tablecmds.c). So a stand-in for the
tables above hands the heir what shall not be its own; what the heir has under that name steps aside and hands
over its values, in one rewrite that runs no trigger.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Hazard, HazardKind, LockLevel
from dbdeed.engines.postgresql.conversion import conversion, keeps_values
from dbdeed.engines.postgresql.kinds import column_alter, column_create, counts_aside, heir_not_null
from dbdeed.engines.postgresql.kinds.table_moved import Fitted, columns, dropped, reading
from dbdeed.engines.postgresql.online.column import reads_itself
from dbdeed.engines.postgresql.online.names import aside
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.volatility import is_volatile
from dbdeed.engines.postgresql.writing import exclusive, loses, may_fail, rewriting, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.constraint import Constraint
    from dbdeed.engines.postgresql.kinds.table import Table


@dataclass(frozen=True, slots=True)
class _Heir:
    """A table before and after.

    Attributes:
        was, wanted: all its columns, by name.
        leaves, joins: the tables above that it no longer has, and those that it comes to have, in order.
        held: columns from above that stay so, and that only the stand-in holds meanwhile.
        anew: columns that shall come from above and do not yet.
        demanded: columns of its own whose NOT NULL shall come from above only.
        checks, comes: the checks from above that it has, and that it shall have, by name.
    """

    old: Table
    new: Table
    context: Context
    was: Mapping[str, Column]
    wanted: Mapping[str, Column]
    leaves: tuple[tuple[str, str], ...]
    joins: tuple[tuple[str, str], ...]
    held: tuple[str, ...] = ()
    anew: tuple[str, ...] = ()
    demanded: tuple[str, ...] = ()
    checks: Mapping[str, Constraint] = field(default_factory=dict)
    comes: Mapping[str, Constraint] = field(default_factory=dict)

    @property
    def stand_in(self) -> str:
        return qualified(self.new.schema, aside(self.new.name))

    @property
    def needs_stand_in(self) -> bool:
        gone = self.was.keys() - self.wanted.keys()
        holds = bool(self.held or self.anew or self.comes.keys() or self.demanded)
        return holds or (bool(self.joins) and bool(gone))


def inheriting(old: Table, new: Table, context: Context) -> Fitted:
    """The way from the tables above that it has to those that it shall have."""
    heir = _heir(old, new, context)
    counting = [(heir.was[name], heir.wanted[name]) for name in _counting(heir)]
    heir = _without_counts(heir, [was.name for was, _ in counting])
    local = _local(heir)
    steps = (
        *(one for was, _ in counting for one in counts_aside.kept(was)),
        *_held(heir),
        *(let_go(old, parent) for parent in heir.leaves),
        *_dropped(heir),
        *_computed_no_more(heir),
        *_named_not_nulls(heir, early=True),
        *local.steps,
        *_made_anew(heir),
        *_not_nulls_and_checks(heir),
        *(exclusive(f"ALTER TABLE {new.sql_name} INHERIT {qualified(*one)}", new.id) for one in heir.joins),
        *_stand_in_gone(heir),
        *_own(heir),
        *(one for was, wanted in counting for one in counts_aside.brought_back(was, wanted)),
    )
    steps = tuple(replace(one, online=None) for one in steps)  # one transaction, or nothing
    rights = {one for was, _ in counting for one in counts_aside.rights(was, context.current)}
    covers = (*local.covers, *_settled(heir))
    return Fitted(steps, covers, local.disturbs | rights | frozenset(_disturbed(heir)))


def flipped(old: Table, new: Table, context: Context) -> bool:
    """Whether a column that stays from above becomes the table's own as well, or is so no more."""
    differs = set(old.declares) ^ set(new.declares)
    if not (old.inherits and new.inherits):
        return False
    if heir_not_null.needs_anew(old, new, context):
        return True
    if not differs:
        return False
    was, wanted = (
        columns(msgspec.structs.replace(one, name=""), catalog)
        for one, catalog in ((old, context.current), (new, context.target))
    )
    return any(name in was and name in wanted for name in differs)


def handed_up(new: Table, name: str, context: Context) -> tuple[list[Step], list[Step]]:
    """What comes before and after a table above gets a column that its heir has so far by itself."""
    old: Any = context.current.objects[new.id]
    was, wanted = columns(old, context.current), columns(new, context.target)
    heir = _Heir(old, new, context, was, wanted, leaves=(), joins=(), anew=(name,))
    before = [*_held(heir), *_made_anew(heir), *_not_nulls_and_checks(heir)]
    return before, [*_stand_in_gone(heir), *_own(heir)]


def _heir(old: Table, new: Table, context: Context) -> _Heir:
    stay = tuple(one for one in old.inherits if one in new.inherits)
    if stay != new.inherits[: len(stay)] or flipped(old, new, context):
        stay = ()
    there: Any = context.current.objects[old.id]  # `old` may have been loosened from those above
    was, wanted = columns(there, context.current), columns(new, context.target)
    staying = msgspec.structs.replace(new, inherits=stay)
    above = columns(msgspec.structs.replace(staying, name=""), context.target)
    from_above = [name for name in wanted if not _is_own(new, name, context.target)]
    said = dict(new.requires)
    demanded = [
        name
        for name in wanted
        if name not in from_above and name not in said and heir_not_null.handed(new, name, context.target)
    ]
    ready = [
        name
        for name in from_above
        if name in was and _is_from_above(old, name, context) and _same(was[name], wanted[name])
    ]
    return _Heir(
        old,
        new,
        context,
        was,
        wanted,
        leaves=tuple(one for one in old.inherits if one not in stay),
        joins=new.inherits[len(stay) :],
        held=tuple(name for name in ready if name not in above),
        anew=tuple(name for name in from_above if name not in ready and name not in above),
        demanded=tuple(name for name in demanded if name not in above or not above[name].not_null),
        checks=_checks(there.above, context.current),
        comes=_checks(new.inherits[len(stay) :], context.target),
    )


def _is_from_above(old: Table, name: str, context: Context) -> bool:
    """Not so of a partition's column, nor of one that was loosened: by itself it is the table's own."""
    return bool(old.inherits) and not _is_own(old, name, context.current)


def _is_own(table: Table, name: str, catalog: Catalog) -> bool:
    found: Any = catalog.objects.get(ObjectId("column", (table.schema, table.name, name)))
    return found is not None and found.local


def _same(was: Column, wanted: Column) -> bool:
    """Whether one column can become the other without being made anew."""
    fields = ("type", "collation", "generated")
    return all(getattr(was, one) == getattr(wanted, one) for one in fields) and (
        not was.generated or was.default == wanted.default
    )


def _checks(parents: Iterable[tuple[str, ...]], catalog: Catalog) -> dict[str, Constraint]:
    """The checks that tables hand down."""
    found: dict[str, Constraint] = {}
    for parent in parents:
        table: Any = catalog.objects.get(ObjectId("table", (parent[0], parent[1])))
        if table is None:
            continue
        found.update(_checks(table.above, catalog))
        for child in catalog.children.get(table.id, ()):
            one: Any = child
            if one.id.kind == "constraint" and one.type == "check" and "NO INHERIT" not in one.definition:
                found[one.name] = one
    return found


def checks_fitted(old: Table, new: Table, context: Context) -> Iterator[Step]:
    """For a table that stands alone between two partitioned ones: one's checks go, the other's come."""
    had = _checks((old.partition_of,), context.current) if old.partition_of else {}
    comes = _checks((new.partition_of,), context.target) if new.partition_of else {}
    head = f"ALTER TABLE {new.sql_name}"
    for name in had:
        own = ObjectId("constraint", (new.schema, new.name, name))
        if name not in comes and own not in context.current.objects and own not in context.target.objects:
            yield exclusive(f"{head} DROP CONSTRAINT {ident(name)}", new.id)
    for name, one in comes.items():
        own = ObjectId("constraint", (new.schema, new.name, name))
        if name not in had and own not in context.current.objects:
            fails = may_fail(f"Rows of {new.sql_name} may not pass the check.")
            add = f"{head} ADD CONSTRAINT {ident(name)} {one.definition}"
            yield step(add, new.id, LockLevel.ACCESS_EXCLUSIVE, scans=True, hazards=(fails,))


def _bare(column: Column) -> Column:
    """What a table above says of it; the rest is the heir's own."""
    return msgspec.structs.replace(
        column,
        default=column.default if column.generated else "",
        identity=None,
        not_null=False,
        not_null_name="",
        storage="",
        compression="",
        statistics=-1,
        options=(),
    )


def _held(heir: _Heir) -> Iterator[Step]:
    """The stand-in with all that must stay from above."""
    if not heir.needs_stand_in:
        return
    lines = [column_create.definition(_as_held(heir, name)) for name in heir.held]
    lines += [
        f"CONSTRAINT {ident(name)} {one.definition}"
        for name, one in heir.checks.items()
        if _stays(heir, name)
    ]
    inside = "(\n    " + ",\n    ".join(lines) + "\n)" if lines else "()"
    yield step(f"CREATE TABLE {heir.stand_in} {inside}", heir.new.id)
    yield exclusive(f"ALTER TABLE {heir.new.sql_name} INHERIT {heir.stand_in}", heir.new.id)


def _as_held(heir: _Heir, name: str) -> Column:
    was = heir.was[name]
    above = _above_not_null(heir, name)
    both = was.not_null and above is not None and was.not_null_name == heir.wanted[name].not_null_name
    both = both and name not in dict((*heir.old.requires, *heir.new.requires))
    return msgspec.structs.replace(_bare(was), not_null=both)


def _stays(heir: _Heir, name: str) -> bool:
    """Whether a check from above is there before and after, and all the while."""
    there, wanted = heir.checks.get(name), heir.comes.get(name)
    if there is None or wanted is None or there.definition != wanted.definition:
        return False
    return set(there.columns) <= set(heir.held)  # else the stand-in could not hold it


def _above_not_null(heir: _Heir, name: str) -> Column | None:
    """The column above that hands down NOT NULL."""
    for parent in heir.new.inherits:
        table: Any = heir.context.target.objects.get(ObjectId("table", (parent[0], parent[1])))
        found = columns(table, heir.context.target).get(name) if table is not None else None
        if found is not None and found.not_null and found.not_null_inherited:
            return found
    return None


def let_go(table: Table, parent: tuple[str, str]) -> Step:
    return exclusive(f"ALTER TABLE {table.sql_name} NO INHERIT {qualified(*parent)}", table.id)


def _dropped(heir: _Heir) -> Iterator[Step]:
    """Checks and columns that came from above, are the table's own now, and are wanted no more."""
    head = f"ALTER TABLE {heir.new.sql_name}"
    staying = _checks([one for one in heir.old.inherits if one not in heir.leaves], heir.context.target)
    for name in heir.checks:
        own = ObjectId("constraint", (heir.new.schema, heir.new.name, name))
        kept = _stays(heir, name) or name in staying or own in heir.context.current.objects
        if not (kept or _becomes_own(heir, name)):
            yield exclusive(f"{head} DROP CONSTRAINT {ident(name)}", heir.new.id)
    for name in _gone(heir):
        said = (loses(f"All values of {heir.new.sql_name}.{ident(name)} are lost."),)
        lost = ObjectId("column", (heir.new.schema, heir.new.name, name))
        yield exclusive(f"{head} DROP COLUMN {ident(name)}", lost, *said, destroys=(lost,))


def _gone(heir: _Heir) -> list[str]:
    """What is computed from others goes before them."""
    return [
        name
        for name in sorted(heir.was, key=lambda name: not heir.was[name].generated)
        if name not in heir.wanted and not _only_own(heir.old, name, heir.context.current)
    ]


def _only_own(table: Table, name: str, catalog: Catalog) -> bool:
    """Whether no table above has the column."""
    found: Any = catalog.objects.get(ObjectId("column", (table.schema, table.name, name)))
    return found is not None and found.local and not found.inherited


def _becomes_own(heir: _Heir, name: str) -> bool:
    """Whether a check that came from above is the table's own afterwards."""
    own: Any = heir.context.target.objects.get(ObjectId("constraint", (heir.new.schema, heir.new.name, name)))
    return own is not None and own.definition == heir.checks[name].definition


def _local(heir: _Heir) -> Fitted:
    """Columns that shall be the table's own, so that they fit what comes to stand above them."""
    steps: list[Step] = []
    covers: list[ObjectId] = []
    disturbs: set[ObjectId] = set()
    for name, column in heir.wanted.items():
        if not _is_own(heir.new, name, heir.context.target):
            continue
        there = heir.context.target.objects[column.id]
        was, wanted = _without_not_null(heir, heir.was.get(name), column)
        if was is None or heir.context.current.objects.get(column.id) == there:
            if was is None and _stands_below(heir, name):
                making = column_create.create(wanted, heir.context)
                steps += making.steps
                covers += [column.id, *making.covers]
            continue
        way = column_alter.alter(was, wanted, heir.context)
        if way is not None:
            steps += way.steps
            covers += [column.id, *way.covers]
            disturbs |= way.disturbs
            if was.type != wanted.type:
                disturbs.update(reading(was, heir.context))
        elif not _only_own(heir.old, name, heir.context.current):
            making = column_create.create(wanted, heir.context)
            steps += [*dropped(was, heir.context), *making.steps]
            disturbs |= heir.context.current.needed_by.get(column.id, frozenset())
            covers += [column.id, *making.covers]
    return Fitted(tuple(steps), tuple(covers), frozenset(disturbs))


def _without_not_null(heir: _Heir, was: Column | None, wanted: Column) -> tuple[Column | None, Column]:
    """From version 18 on the constraint of a column from above is seen to by itself."""
    if heir.context.target.version[0] < 18 or not _comes_below(heir, wanted.name):
        return was, wanted
    if was is None:
        return None, msgspec.structs.replace(wanted, not_null=False, not_null_name="")
    if not wanted.not_null:
        return was, wanted
    return msgspec.structs.replace(
        was, not_null=True, not_null_name=wanted.not_null_name, not_null_validated=wanted.not_null_validated
    ), wanted


def _comes_below(heir: _Heir, name: str) -> bool:
    """Whether a table above has the column afterwards, so that a check from there may look at it."""
    there: Any = heir.context.target.objects.get(heir.wanted[name].id)
    return there is None or there.inherited


def _stands_below(heir: _Heir, name: str) -> bool:
    wanted: Any = heir.context.target.objects.get(heir.wanted[name].id)
    return bool(wanted.inherited)


def _made_anew(heir: _Heir) -> Iterator[Step]:
    """Columns that the stand-in hands down, with the values of those that stepped aside for them."""
    head, above = f"ALTER TABLE {heir.new.sql_name}", f"ALTER TABLE {heir.stand_in}"
    moved = [name for name in heir.anew if name in heir.was]
    for name in moved:
        rename = f"{head} RENAME COLUMN {ident(name)} TO {ident(aside(name))}"
        yield exclusive(rename, heir.new.id)
    adds = [f"ADD COLUMN {column_create.definition(_handed(heir, name))}" for name in heir.anew]
    copied = [name for name in moved if not heir.wanted[name].generated]
    adds += [f"ADD COLUMN {ident(aside(name))} {_typed(heir.was[name])}" for name in copied]
    if adds:
        yield exclusive(f"{above} {', '.join(adds)}", heir.new.id)
    if copied:
        clauses = ", ".join(_taken_over(heir.was[name], heir.wanted[name]) for name in copied)
        hazards = tuple(_dangers(heir, copied))
        lock = LockLevel.ACCESS_EXCLUSIVE
        yield step(f"{above} {clauses}", heir.new.id, lock, rewrites=True, scans=True, hazards=hazards)
        drops = ", ".join(f"DROP COLUMN {ident(aside(name))}" for name in copied)
        yield exclusive(f"{above} {drops}", heir.new.id)
    for name in moved:
        yield exclusive(f"{head} DROP COLUMN {ident(aside(name))}", heir.new.id)


def _handed(heir: _Heir, name: str) -> Column:
    """A column as the stand-in hands it down; a new one with its default, for the rows that are there."""
    wanted = heir.wanted[name]
    bare, context = _bare(wanted), heir.context
    if name in heir.was or wanted.generated or not column_create.gives_value(wanted.default):
        return bare
    there = context.target.objects.get(wanted.id) or column_create.column_above(wanted, context.target)
    needs = context.target.needs.get(there.id, frozenset()) if there is not None else frozenset()
    refused = any(one.kind == "domain" for one in needs)  # as it may be, at once
    if refused or reads_itself(wanted, context) or is_volatile(wanted.default, context.target):
        return bare
    return msgspec.structs.replace(bare, default=wanted.default)


def _computed_no_more(heir: _Heir) -> Iterator[Step]:
    """What steps aside keeps the values that it computed, so that what they were computed from may change."""
    for name in heir.anew:
        if name in heir.was and heir.was[name].generated == "stored":
            sql = f"ALTER TABLE {heir.new.sql_name} ALTER COLUMN {ident(name)} DROP EXPRESSION"
            yield exclusive(sql, heir.new.id)


def _dangers(heir: _Heir, copied: Iterable[str]) -> Iterator[Hazard]:
    yield rewriting(f"{heir.new.sql_name} and its indexes are written anew under an exclusive lock.")
    for name in copied:
        was, wanted = heir.was[name].type, heir.wanted[name].type
        if was != wanted and conversion(was, wanted).may_fail:
            yield may_fail(f"Values of {heir.new.sql_name}.{ident(name)} may not fit {wanted}.")
        if was != wanted and not keeps_values(was, wanted):
            text = f"become {wanted}, from which they cannot all be had again."
            yield Hazard(HazardKind.CHANGES_VALUES, f"Values of {heir.new.sql_name}.{ident(name)} {text}")


def _typed(column: Column) -> str:
    return column.type + (f" COLLATE {column.collation}" if column.collation else "")


def _taken_over(was: Column, wanted: Column) -> str:
    value = ident(aside(was.name))
    if (was.type, was.collation) != (wanted.type, wanted.collation):
        value = conversion(was.type, wanted.type).using(value) or value
    return f"ALTER COLUMN {ident(was.name)} TYPE {_typed(wanted)} USING {value}"


def _not_nulls_and_checks(heir: _Heir) -> Iterator[Step]:
    """What the tables above that are to come demand of their heirs."""
    if not heir.needs_stand_in:
        return
    head = f"ALTER TABLE {heir.stand_in}"
    for name in (*heir.held, *heir.anew) if heir.context.target.version[0] < 18 else ():
        above = _above_not_null(heir, name)
        if above is None or (name in heir.held and _as_held(heir, name).not_null):
            continue
        was = heir.was.get(name)
        filled = was.not_null if was is not None else bool(_handed(heir, name).default)
        fails = () if filled else (may_fail(f"{heir.new.sql_name}.{ident(name)} may hold NULLs."),)
        clause = f"ALTER COLUMN {ident(name)} SET NOT NULL"
        yield step(f"{head} {clause}", heir.new.id, LockLevel.ACCESS_EXCLUSIVE, scans=True, hazards=fails)
    own = [name for name in heir.wanted if name not in (*heir.held, *heir.anew) and _comes_below(heir, name)]
    comes = [name for name in heir.comes if not _stays(heir, name)]
    if not comes:
        own = [name for name in own if name in heir.demanded]
    if own:
        adds = ", ".join(f"ADD COLUMN {column_create.definition(_bare(heir.wanted[name]))}" for name in own)
        yield exclusive(f"{head} {adds}", heir.new.id)
    yield from _named_not_nulls(heir, early=False)
    for name in comes:
        text = f"{head} ADD CONSTRAINT {ident(name)} {heir.comes[name].definition}"
        refuses = may_fail(f"Rows of {heir.new.sql_name} may not pass the check.")
        yield step(text, heir.new.id, LockLevel.ACCESS_EXCLUSIVE, scans=True, hazards=(refuses,))


def _named_not_nulls(heir: _Heir, *, early: bool) -> Iterator[Step]:
    """From version 18 on: the constraints with their names, from the stand-in or by the table itself.

    Args:
        heir: the table.
        early: those that an identity wants before it comes; else the others.
    """
    new, context = heir.new, heir.context
    own = f"ALTER TABLE {new.sql_name}"
    for name in filter(partial(_not_null_made, heir), heir.wanted):
        column = heir.wanted[name]
        declared = name not in heir.held and name not in heir.anew
        said, above = heir_not_null.required(new, name), heir_not_null.handed(new, name, context.target)
        counted = declared and bool(said) and column.identity is not None
        if early != counted:
            continue
        was = heir.was.get(name) if name not in heir.anew else None
        if was is not None and (was.not_null or above):
            yield exclusive(f"{own} ALTER COLUMN {ident(name)} DROP NOT NULL", column.id)
        if said or above:
            head = own if said else f"ALTER TABLE {heir.stand_in}"
            text = f"{head} ADD CONSTRAINT {ident(said or above)} NOT NULL {ident(name)}"
            text += "" if column.not_null_validated else " NOT VALID"
            fails = may_fail(f"{new.sql_name}.{ident(name)} may hold NULLs.")
            yield step(text, new.id, LockLevel.ACCESS_EXCLUSIVE, scans=True, hazards=(fails,))


def _not_null_made(heir: _Heir, name: str) -> bool:
    """Whether a constraint with a name is made, in the place of one that is there."""
    new, context = heir.new, heir.context
    declared = name not in heir.held and name not in heir.anew
    if context.target.version[0] < 18 or not heir.wanted[name].not_null:
        return False
    if declared and not _comes_below(heir, name):
        return False
    if name in heir.held and _as_held(heir, name).not_null:
        return False
    said = heir_not_null.required(new, name)
    if declared and not said and name not in heir.demanded:
        return False  # one that stays hands it down
    was = heir.was.get(name) if name not in heir.anew else None
    there = heir_not_null.label(heir.old, was, context.current) if was is not None and was.not_null else ""
    return not said or said != there


def _counting(heir: _Heir) -> list[str]:
    """Columns that count before and after, and cannot do so while their constraint is made anew."""
    return [
        name
        for name, wanted in heir.wanted.items()
        if name in heir.was and name not in heir.anew
        if heir.was[name].identity is not None and wanted.identity is not None
        if _not_null_made(heir, name)
    ]


def _without_counts(heir: _Heir, names: Iterable[str]) -> _Heir:
    was, wanted = dict(heir.was), dict(heir.wanted)
    for name in names:
        was[name] = msgspec.structs.replace(was[name], identity=None)
        wanted[name] = msgspec.structs.replace(wanted[name], identity=None)
    return replace(heir, was=was, wanted=wanted)


def _stand_in_gone(heir: _Heir) -> Iterator[Step]:
    if heir.needs_stand_in:
        yield exclusive(f"ALTER TABLE {heir.new.sql_name} NO INHERIT {heir.stand_in}", heir.new.id)
        yield step(f"DROP TABLE {heir.stand_in}", heir.new.id)


def _own(heir: _Heir) -> Iterator[Step]:
    """What the table itself says of columns that come from above."""
    for name in (*heir.held, *heir.anew):
        wanted = heir.wanted[name]
        there = heir.was[name] if name in heir.held else _handed(heir, name)
        if heir.context.target.version[0] >= 18:
            there = msgspec.structs.replace(there, not_null=there.not_null or wanted.not_null)
        elif _above_not_null(heir, name) is not None:
            there = msgspec.structs.replace(there, not_null=True)
        elif wanted.not_null and wanted.not_null_name and not there.not_null:
            there = msgspec.structs.replace(there, not_null=True)
            yield column_create.not_null_named(wanted)
        yield from column_create.own_steps(there, wanted)


def _settled(heir: _Heir) -> Iterator[ObjectId]:
    """Columns and checks that come out right by it."""
    for name in (*heir.held, *heir.anew):
        yield heir.wanted[name].id
    for name in _gone(heir):
        yield heir.was[name].id
    for name in heir.checks:
        if _becomes_own(heir, name):
            yield ObjectId("constraint", (heir.new.schema, heir.new.name, name))


def _disturbed(heir: _Heir) -> Iterator[ObjectId]:
    """What stands on columns that are made anew, and checks that shall only come from above."""
    current = heir.context.current
    for name in (*heir.anew, *_gone(heir)):
        yield from current.needed_by.get(ObjectId("column", (heir.old.schema, heir.old.name, name)), ())
        if name in heir.was:
            yield from reading(heir.was[name], heir.context)
    for name in heir.comes:
        own = ObjectId("constraint", (heir.old.schema, heir.old.name, name))
        if own in current.objects and own not in heir.context.target.objects:
            yield own
