"""How a column is written: inside CREATE TABLE, or added to a table that is there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Making
from dbdeed.engines.postgresql.choosing import not_null_name, sequence_name
from dbdeed.engines.postgresql.kinds import heir_not_null, sequence_write
from dbdeed.engines.postgresql.online.column import added, may_be_refused, reads_itself
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.volatility import is_of_the_moment, is_volatile
from dbdeed.engines.postgresql.writing import exclusive, may_fail, pauses, rewriting, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column, Identity
    from dbdeed.engines.postgresql.kinds.sequence import Sequence
    from dbdeed.engines.postgresql.kinds.table import Table

_SERIALS = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}


def definition(column: Column, serial: str = "") -> str:
    """The column as CREATE TABLE and ADD COLUMN have it."""
    if serial:
        return f"{ident(column.name)} {serial}{not_null(column)}"
    parts = [f"{ident(column.name)} {column.type}"]
    if column.foreign_options:
        parts.append(f"OPTIONS ({foreign_options(column.foreign_options)})")
    if column.compression:
        parts.append(f"COMPRESSION {column.compression}")
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.generated:
        parts.append(f"GENERATED ALWAYS AS ({column.default}) {column.generated.upper()}")
    elif column.identity is not None:
        parts.append(identity(column, column.identity))
    elif column.default:
        parts.append(f"DEFAULT {column.default}")
    return " ".join(parts) + not_null(column)


def in_type(column: Column, _serial: str = "") -> str:
    """What a table of a type says of a column, "" for nothing."""
    default = f" DEFAULT {column.default}" if column.default else ""
    said = default + not_null(column)
    return f"{ident(column.name)} WITH OPTIONS{said}" if said else ""


def not_null(column: Column) -> str:
    if not column.not_null or not column.not_null_validated:
        return ""
    text = f" CONSTRAINT {ident(column.not_null_name)} NOT NULL" if column.not_null_name else " NOT NULL"
    return text if column.not_null_inherited else f"{text} NO INHERIT"


def identity(column: Column, how: Identity) -> str:
    options = []
    if (how.sequence_schema, how.sequence_name) != (column.schema, sequence_name(column.table, column.name)):
        options.append(f"SEQUENCE NAME {qualified(how.sequence_schema, how.sequence_name)}")
    options += sequence_write.numbers(how, column.type)
    text = f"GENERATED {how.kind.upper()} AS IDENTITY"
    return f"{text} ({' '.join(options)})" if options else text


def foreign_options(options: tuple[str, ...]) -> str:
    """`name=value` pairs as OPTIONS has them."""
    return ", ".join(
        f"{ident(name)} {literal(value)}" for name, _, value in (one.partition("=") for one in options)
    )


def owned(column: Column, catalog: Catalog) -> list[Sequence]:
    """The sequences that go when the column goes."""
    return [one for one in catalog.children.get(column.id, ()) if one.id.kind == "sequence"]  # type: ignore[misc]


def serial_word(column: Column, sequences: Iterable[Sequence], context: Context) -> str:
    """`serial` where that word makes exactly this column and its one new sequence, else ""."""
    found = list(sequences)
    if len(found) != 1 or column.type not in _SERIALS or column.generated or column.identity is not None:
        return ""
    one = found[0]
    table: Any = context.target.objects.get(ObjectId("table", (column.schema, column.table)))
    if table is not None and table.of_type:
        return ""
    fits = (
        column.not_null
        and one.name == sequence_name(column.table, column.name)
        and one.schema == column.schema
        and one.type == column.type
        and column.default == f"nextval('{qualified(one.schema, one.name)}'::regclass)"
        and not sequence_write.numbers(one, column.type)
        and not one.unlogged
        and "'" not in one.name
        and one.id not in context.current.objects
        and column.not_null_validated
        and column.not_null_inherited
    )
    return _SERIALS[column.type] if fits else ""


def sequence_steps(
    column: Column, context: Context
) -> tuple[str, tuple[Step, ...], tuple[Step, ...], tuple[ObjectId, ...]]:
    """What a new column's sequences want: (serial word, steps before, steps after, what these cover)."""
    sequences = owned(column, context.target)
    word = serial_word(column, sequences, context)
    if word:
        return word, (), (), (sequences[0].id,)
    before: list[Step] = []
    after: list[Step] = []
    for one in sequences:
        old: Any = context.current.objects.get(one.id)
        if old is None or old.parent == column.id:
            before.append(sequence_write.creation(one))
        else:
            before.extend(sequence_write.changes(old, one))
            after.extend(sequence_write.handed_over(old, one, context))
            continue
        after.extend(sequence_write.given(one, context))
    return "", tuple(before), tuple(after), tuple(one.id for one in sequences)


def logging(how: Identity, one: ObjectId, to: str) -> Step:
    """Set whether an identity's sequence survives a crash: "LOGGED" or "UNLOGGED"."""
    return exclusive(f"ALTER SEQUENCE {qualified(how.sequence_schema, how.sequence_name)} SET {to}", one)


def extras(column: Column, context: Context, *, only: bool = True) -> tuple[Step, ...]:
    """What has no place in a column's definition."""
    late = _new_heirs(column, context)
    clauses = list(_extra_clauses(column))
    head = f"ALTER TABLE {'ONLY ' if only else ''}{column.table_sql} ALTER COLUMN {ident(column.name)}"
    steps = [exclusive(f"{head} {clause}", column.id) for clause in clauses]
    if column.not_null and not column.not_null_validated:
        # A table that is made to inherit from this one later would have it proven.
        steps.append(replace(not_null_unproven(column), after_all=late))
    if column.identity is not None and column.identity.logged:
        steps.append(logging(column.identity, column.id, column.identity.logged))
    return tuple(steps)


def _new_heirs(column: Column, context: Context) -> bool:
    above = ObjectId("table", (column.schema, column.table))
    below = [one for one in context.target.needed_by.get(above, ()) if one.kind == "table"]
    return any(one not in context.current.objects for one in below)


def not_null_unproven(column: Column) -> Step:
    """A not-null constraint that holds for new rows only: there is no other form of it (version 18 on)."""
    name = ident(column.not_null_name or not_null_name(column.table, column.name))
    sql = f"ALTER TABLE {column.table_sql} ADD CONSTRAINT {name} NOT NULL {ident(column.name)}"
    below = "" if column.not_null_inherited else " NO INHERIT"
    return exclusive(f"{sql}{below} NOT VALID", column.id)


def _extra_clauses(column: Column) -> Iterable[str]:
    if column.storage:
        yield f"SET STORAGE {column.storage}"
    if column.statistics != -1:
        yield f"SET STATISTICS {column.statistics}"
    if column.options:
        yield f"SET ({', '.join(column.options)})"


def create(new: Column, context: Context) -> Making:
    if not new.local:
        above = column_above(new, context.target)
        if above is None:
            return Making(())
        return Making(_overriding(above, new, context))
    new = heir_not_null.written(new, context)
    word, before, after, covers = sequence_steps(new, context)
    table = context.target.objects[new.parent] if new.parent is not None else None
    only = "ONLY " if new.inherited else ""
    word_table = "FOREIGN TABLE" if getattr(table, "form", "") == "foreign" else "TABLE"
    rewrites = bool(word) or new.identity is not None or new.generated == "stored"
    rewrites = rewrites or is_volatile(new.default, context.target) or _checked(new, context)
    serial = context.target.objects[covers[0]] if word else None
    online = added(new, context, serial) if word_table == "TABLE" else None
    adding = f"ADD COLUMN {definition(new, word)}"
    if online is not None and (may_be_refused(new, context) or reads_itself(new, context)):
        bare = definition(msgspec.structs.replace(new, default=""))
        adding = f"ADD COLUMN {bare}, ALTER COLUMN {ident(new.name)} SET DEFAULT {new.default}"
    making = step(
        f"ALTER {word_table} {only}{new.table_sql} {adding}",
        new.id,
        LockLevel.ACCESS_EXCLUSIVE,
        scans=rewrites,
        rewrites=rewrites,
        hazards=tuple(_dangers(new, context, rewrites=rewrites, counted=bool(word))),
        online=online,
    )
    return Making((*before, making, *after, *extras(new, context, only=new.inherited)), covers)


def _overriding(above: Column, new: Column, context: Context) -> tuple[Step, ...]:
    """What an heir or a partition says of a column that comes from above; an identity is not handed down."""
    above = msgspec.structs.replace(above, identity=None)
    return (*_overridden(_unlike(above, new, context), new, context), *proven(above, new, context))


def _overridden(above: Column, new: Column, context: Context) -> tuple[Step, ...]:
    if heir_not_null.table_of(new, context.target) is not None:
        said = heir_not_null.said(new, context) if new.not_null else ()
        return (*said, *own_steps(heir_not_null.alike(above, new), new))
    if above.not_null:
        names = not_null_constraint(above, context.target), not_null_constraint(new, context.target)
        return (*own_steps(above, new), *renamed_not_null(new, *names, context))
    if not (new.not_null and new.not_null_name):
        return own_steps(above, new)
    named = msgspec.structs.replace(above, not_null=True)
    return (not_null_named(new), *own_steps(named, new))


def proven(was: Column, new: Column, context: Context) -> tuple[Step, ...]:
    """Whether a not-null constraint that comes from above is validated here as well.

    What is validated can only be made anew to be so no more, and only where it comes from.
    """
    if not (was.not_null and new.not_null) or was.not_null_validated == new.not_null_validated:
        return ()
    if new.not_null_validated:
        name = ident(not_null_constraint(new, context.target))
        sql = f"ALTER TABLE {new.table_sql} VALIDATE CONSTRAINT {name}"
        fails = may_fail(f"{new.table_sql}.{ident(new.name)} may hold NULLs.")
        validation = step(sql, new.id, LockLevel.SHARE_UPDATE_EXCLUSIVE, scans=True, hazards=(fails,))
        return (replace(validation, after_all=True),)
    return unproven_above(new, context)


def unproven_above(column: Column, context: Context) -> tuple[Step, ...]:
    """The constraint on the topmost table that has it, anew and not validated, for all tables below."""
    top, above = column, column_above(column, context.target)
    while above is not None:
        top, above = above, column_above(above, context.target)
    drop = exclusive(f"ALTER TABLE {top.table_sql} ALTER COLUMN {ident(top.name)} DROP NOT NULL", column.id)
    return (replace(drop, after_all=True), replace(not_null_unproven(top), after_all=True))


def _unlike(above: Column, new: Column, context: Context) -> Column:
    """What differs from the column above, or from what the table has now: an heir's settings stay with it."""
    from dbdeed.engines.postgresql.kinds.table_moved import columns

    table: Any = context.current.objects.get(ObjectId("table", (new.schema, new.table)))
    if table is None:
        return msgspec.structs.replace(above, statistics=-1, options=())
    there = columns(table, context.current).get(new.name)
    if there is None:
        return msgspec.structs.replace(above, options=())
    if there.generated or new.generated:
        return above
    fields = ("default", "storage", "compression", "statistics", "options")
    was = {one: getattr(there, one) for one in fields if getattr(there, one) != getattr(new, one)}
    return msgspec.structs.replace(above, **was)


def not_null_named(column: Column) -> Step:
    """A not-null constraint of a name that somebody chose (version 18 on)."""
    text = f"ALTER TABLE {column.table_sql} ADD CONSTRAINT {ident(column.not_null_name)}"
    below = "" if column.not_null_inherited else " NO INHERIT"
    fails = may_fail(f"{column.table_sql}.{ident(column.name)} may hold NULLs.")
    sql = f"{text} NOT NULL {ident(column.name)}{below}"
    return step(sql, column.id, LockLevel.ACCESS_EXCLUSIVE, scans=True, hazards=(fails,))


def _checked(column: Column, context: Context) -> bool:
    """Whether its type is a domain with conditions: each row's value is looked at (manual, ALTER TABLE)."""
    domains = [context.target.objects[one] for one in context.target.needs.get(column.id, ())]
    return any(
        getattr(one, "constraints", ())
        or getattr(one, "not_null", False)
        or context.target.children.get(one.id)
        for one in domains
        if one.id.kind == "domain"
    )


def _dangers(new: Column, context: Context, *, rewrites: bool, counted: bool) -> Iterable[Hazard]:
    if not new.generated and is_of_the_moment(new.default, context.target):
        yield pauses(f"Rows that {new.table_sql} has all get one value, that of the moment of the change.")
    if rewrites:
        yield rewriting(f"{new.table_sql} and its indexes are written anew under an exclusive lock.")
    valued = gives_value(new.default) or new.identity is not None or counted
    if new.not_null and new.not_null_validated and not (valued or context.value_for(new.id)):
        yield may_fail(
            f"{new.table_sql} must be empty: the new column has no value for its rows. Give them one with "
            "-- backfill: EXPRESSION at the end of the column's line, or the column a default."
        )
    elif new.not_null and (new.generated or is_volatile(new.default, context.target)):
        yield may_fail(f"What is computed for the new column of {new.table_sql} may be NULL.")
    elif _checked(new, context):
        yield may_fail(
            f"What rows of {new.table_sql} get in the new column may not pass its domain's conditions."
        )


def gives_value(default: str) -> bool:
    return bool(default) and _NULL.fullmatch(default) is None


_NULL = re.compile(r"NULL(::[^()]*(\(\d+(,\d+)?\))?)?(\[\])*")


def column_above(column: Column, catalog: Catalog) -> Column | None:
    """The column that an inherited one comes from."""
    table: Table | None = catalog.objects.get(ObjectId("table", (column.schema, column.table)))  # type: ignore[assignment]
    while table is not None:
        parents = table.above
        table = None
        for parent in parents:
            found = catalog.objects.get(ObjectId("column", (*parent, column.name)))
            if found is not None:
                return found  # type: ignore[return-value]
            table = catalog.objects.get(ObjectId("table", (parent[0], parent[1])))  # type: ignore[assignment]
    return None


def columns_below(column: Column, catalog: Catalog) -> Iterator[ObjectId]:
    """What heirs and partitions say of a column that they have from a table, and those below them."""
    for table in tables_below(ObjectId("table", (column.schema, column.table)), catalog):
        own: Any = catalog.objects.get(ObjectId("column", (table.schema, table.name, column.name)))
        if own is not None and own.inherited:
            yield own.id


def tables_below(top: ObjectId, catalog: Catalog) -> Iterator[Table]:
    """Heirs and partitions of a table, and those below them."""
    waiting = [top]
    while waiting:
        above = waiting.pop()
        for one in sorted(catalog.needed_by.get(above, ())):
            table: Any = catalog.objects[one]
            if one.kind == "table" and above.name in (table.partition_of, *table.inherits):
                waiting.append(one)
                yield table


def set_back(old: Column, context: Context) -> tuple[Step, ...]:
    """An inherited column follows the one above again."""
    above = column_above(old, context.target)
    if above is None or old.parent not in context.target.objects:
        return ()
    above = msgspec.structs.replace(above, identity=None)
    there, late = old, heir_not_null.left(old, above, context)
    table = heir_not_null.table_of(old, context.current)
    if table is not None and (above.not_null or heir_not_null.handed(table, old.name, context.current)):
        old = heir_not_null.alike(old, above)
    names = not_null_constraint(old, context.current), not_null_constraint(above, context.target)
    renames = renamed_not_null(old, *names, context) if above.not_null else ()
    name = msgspec.structs.replace(above, schema=old.schema, table=old.table)
    return (*own_steps(old, above, on=old), *renames, *proven(there, name, context), *late)


def not_null_constraint(column: Column, catalog: Catalog) -> str:
    """What its not-null constraint is called."""
    above = None if column.local or column.not_null_name else column_above(column, catalog)
    if above is not None and above.not_null:
        return not_null_constraint(above, catalog)
    return column.not_null_name or not_null_name(column.table, column.name)


def renamed_not_null(one: Column, old: str, new: str, context: Context) -> tuple[Step, ...]:
    """A partition's not-null constraint under another name, which only one that is by itself can take."""
    name = ObjectId("table", (one.schema, one.table))
    table: Any = context.target.objects.get(name)
    before: Any = context.current.objects.get(name)
    if old == new or not one.not_null or before is None or not table.partition_of:
        return ()
    if (before.partition_of, before.bound) != (table.partition_of, table.bound):
        return ()
    above = f"ALTER TABLE {qualified(*table.partition_of)}"
    rename = f"ALTER TABLE {table.sql_name} RENAME CONSTRAINT {ident(old)} TO {ident(new)}"
    attach = f"{above} ATTACH PARTITION {table.sql_name} {table.bound}"
    return (
        exclusive(f"{above} DETACH PARTITION {table.sql_name}", one.id),
        exclusive(rename, one.id),
        step(attach, one.id, LockLevel.ACCESS_EXCLUSIVE, scans=True),
    )


def other_steps(old: Column, new: Column, context: Context) -> tuple[Step, ...]:
    """From one column that comes from above to another, both with something of their own."""
    if heir_not_null.table_of(new, context.target) is not None:
        said = heir_not_null.said(new, context) if new.not_null and not old.not_null else ()
        there = heir_not_null.alike(old, new) if new.not_null else old
        return (*said, *own_steps(there, new), *proven(old, new, context))
    names = not_null_constraint(old, context.current), not_null_constraint(new, context.target)
    renames = renamed_not_null(new, *names, context) if old.not_null else ()
    if new.not_null and new.not_null_name and not old.not_null:
        renames, old = (not_null_named(new),), msgspec.structs.replace(old, not_null=True)
    return (*own_steps(old, new), *renames)


def inside_partition(column: Column, context: Context) -> tuple[str, tuple[Step, ...]]:
    """What a new partition's statement can say of a column from above, and the steps for the rest of it."""
    above = column_above(column, context.target)
    if above is None:
        return "", ()
    # None of these is handed down to a new table.
    above = msgspec.structs.replace(above, identity=None, statistics=-1, options=())
    said, there = "", above
    if column.default and column.default != above.default and not column.generated:
        said += f" DEFAULT {column.default}"
        there = msgspec.structs.replace(there, default=column.default)
    if column.not_null and not above.not_null and column.not_null_validated:
        said += not_null(column)
        there = msgspec.structs.replace(there, not_null=True, not_null_name=column.not_null_name)
    return (f"{ident(column.name)} WITH OPTIONS{said}" if said else ""), own_steps(there, column)


def own_steps(old: Column, new: Column, on: Column | None = None) -> tuple[Step, ...]:
    """From `old` to `new` in what a column below may have of its own."""
    from dbdeed.engines.postgresql.kinds.column_alter import (
        identity_clauses,
        identity_dropped,
        simple_clauses,
    )

    one = on or new
    column = f"ALTER COLUMN {ident(one.name)}"
    clauses = list(identity_dropped(old, new, column))
    clauses += [f"{column} {clause}" for clause in simple_clauses(old, new)]
    clauses += identity_clauses(old, new, column)
    if old.generated == new.generated == "stored" and old.default != new.default:
        clauses.append(f"ALTER COLUMN {ident(one.name)} SET EXPRESSION AS ({new.default})")
    if not clauses:
        return ()
    return (exclusive(f"ALTER TABLE ONLY {one.table_sql} {', '.join(clauses)}", one.id),)
