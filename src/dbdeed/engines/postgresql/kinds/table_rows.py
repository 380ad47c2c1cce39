"""How the rows and counts of a table that stepped aside come into the one that was made in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.change import Hazard, HazardKind, LockLevel
from dbdeed.engines.postgresql.conversion import conversion, keeps_values
from dbdeed.engines.postgresql.kinds import column_create, sequence_write
from dbdeed.engines.postgresql.kinds.table_moved import columns
from dbdeed.engines.postgresql.online.names import free_relation, free_table
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive, loses, may_fail, rewriting, step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table


def handed_over(old: Table, new: Table, context: Context, through: Mapping[str, str]) -> Iterator[Step]:
    """All rows, by `through` where it says how values change; then the counts; then the old table goes."""
    source = qualified(old.schema, free_table(old.schema, old.name, context))
    had, wanted = columns(old, context.current), columns(new, context.target)
    both = [name for name in wanted if name in had and not wanted[name].generated]
    hazards = [rewriting(f"All rows of {new.sql_name} are written anew under an exclusive lock.")]
    if new.form == "partitioned":
        hazards.append(may_fail(f"{old.sql_name} may hold rows that no partition takes."))
    hazards.extend(_unfit(had, wanted, through))
    if both:
        names = ", ".join(ident(name) for name in both)
        values = ", ".join(_value(had[name], wanted[name], through.get(name, "")) for name in both)
        text = f"INSERT INTO {new.sql_name} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {source}"
        lock = LockLevel.ACCESS_EXCLUSIVE
        yield step(text, new.id, lock, scans=True, rewrites=True, hazards=tuple(hazards))
    for name in both:
        yield from _counted(had[name], wanted[name], context)
    yield exclusive(f"DROP TABLE {source}", old.id)


def _unfit(
    had: Mapping[str, Column], wanted: Mapping[str, Column], through: Mapping[str, str]
) -> Iterator[Hazard]:
    """Where the rows that are there may not be what the new columns ask for."""
    for name, new in wanted.items():
        old, column = had.get(name), f"{new.table_sql}.{ident(name)}"
        if new.generated:
            continue
        if old is not None and name not in through and conversion(old.type, new.type).may_fail:
            yield may_fail(f"Values of {column} may not fit {new.type}.")
        if not new.not_null:
            continue
        if old is not None and not old.not_null:
            yield may_fail(f"{column} may hold NULLs.")
        if old is None and new.identity is None and not column_create.gives_value(new.default):
            yield may_fail(
                f"{new.table_sql} must be empty: its new column {ident(name)} has no value for its rows."
            )


def kept_before(first: Step, old: Table, new: Table, context: Context) -> Step:
    """The first of the steps, before which the values are kept that the new table does not have."""
    had, wanted = columns(old, context.current), columns(new, context.target)
    stored = [one for one in had.values() if not one.generated]
    lost = [one for one in stored if one.name not in wanted]
    changed = [one for one in stored if one.name in wanted and _becomes_less(one, wanted[one.name])]
    hazards = [loses(f"All values of {one.table_sql}.{ident(one.name)} are lost.") for one in lost]
    for one in changed:
        text = f"become {wanted[one.name].type}, from which they cannot all be had again."
        hazards.append(
            Hazard(HazardKind.CHANGES_VALUES, f"Values of {one.table_sql}.{ident(one.name)} {text}")
        )
    return replace(
        first,
        hazards=(*first.hazards, *hazards),
        destroys=(*first.destroys, *(one.id for one in lost)),
        changes=(*first.changes, *(one.id for one in changed)),
    )


def _becomes_less(old: Column, new: Column) -> bool:
    return not new.generated and old.type != new.type and not keeps_values(old.type, new.type)


def _value(old: Column, new: Column, through: str) -> str:
    name = ident(old.name)
    if through:
        return through.replace("{}", name)
    if (old.type, old.collation) == (new.type, new.collation):
        return name
    return conversion(old.type, new.type).using(name) or name


def _counted(old: Column, new: Column, context: Context) -> Iterator[Step]:
    """What numbers the new column goes on where the old one's sequence is, if that went aside."""
    source = _source(old, context)
    how = new.identity
    target = qualified(how.sequence_schema, how.sequence_name) if how is not None else ""
    for one in column_create.owned(new, context.target):
        if one.id not in context.current.objects:
            target = qualified(one.schema, one.name)
    if source and target:
        yield step(sequence_write.counted(target, source), new.id)


def _source(old: Column, context: Context) -> str:
    if old.identity is not None:
        schema, name = old.identity.sequence_schema, old.identity.sequence_name
        return qualified(schema, free_relation(schema, name, context))
    gone = [one for one in column_create.owned(old, context.current) if one.id not in context.target.objects]
    return qualified(gone[0].schema, free_relation(gone[0].schema, gone[0].name, context)) if gone else ""
