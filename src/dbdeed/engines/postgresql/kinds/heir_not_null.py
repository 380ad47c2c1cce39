"""Not-null constraints of tables that inherit: from version 18 on each table has one of its own.

An heir's comes from above, with the name that it has there, or the heir says it itself, with a name of its
own; both, and then it stays when the one above goes (`Table.requires`). One from above can be neither renamed
nor dropped, so that from one form to another it is often only made anew, while a stand-in is above the heir.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.choosing import not_null_name
from dbdeed.engines.postgresql.kinds.counting_heirs import keeps_given
from dbdeed.engines.postgresql.kinds.table_moved import columns
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.writing import exclusive, may_fail, step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table


def required(table: Table, name: str) -> str:
    """What the table's own constraint on a column from above is called, "" where it says none."""
    return dict(table.requires).get(name, "")


def handed(table: Table, name: str, catalog: Catalog) -> str:
    """What the constraint that comes from above is called there, "" where none comes."""
    for parent in table.inherits if catalog.version[0] >= 18 else ():
        above: Any = catalog.objects.get(ObjectId("table", parent))
        column = columns(above, catalog).get(name) if above is not None else None
        if column is not None and column.not_null and column.not_null_inherited:
            return label(above, column, catalog)
    return ""


def label(table: Table, column: Column, catalog: Catalog) -> str:
    """What the constraint on a column is called in a table."""
    usual = column.not_null_name or not_null_name(table.name, column.name)
    return required(table, column.name) or handed(table, column.name, catalog) or usual


def only_handed(table: ObjectId, names: Sequence[str], context: Context) -> bool:
    """Whether a constraint comes from above for one of these columns, and the table does not say it."""
    there: Any = context.target.objects.get(table)
    return there is not None and any(
        handed(there, name, context.target) and not required(there, name) for name in names
    )


def table_of(column: Column, catalog: Catalog) -> Table | None:
    """The table, if it inherits and so may have constraints from above; None before version 18."""
    found: Any = catalog.objects.get(ObjectId("table", (column.schema, column.table)))
    return found if found is not None and found.inherits and catalog.version[0] >= 18 else None


def written(new: Column, context: Context) -> Column:
    """A column that the table declares, with the constraint that is said with it."""
    table = table_of(new, context.target)
    if table is None or not new.not_null or not new.inherited:
        return new
    name = required(table, new.name)
    if not name:
        return msgspec.structs.replace(new, not_null=False)
    return msgspec.structs.replace(new, not_null_name=_unusual(new, name))


def as_own(old: Column, new: Column, context: Context) -> tuple[Column, Column]:
    """Two forms of a declared column, with their constraints as far as the column itself is to set them.

    What comes from above comes and goes with the column there.
    """
    was, wanted = table_of(old, context.current), table_of(new, context.target)
    if wanted is not None and new.inherited:
        if handed(wanted, new.name, context.target):
            return alike(old, new), new
        if old.not_null and new.not_null:
            return alike(old, new), new  # the table sees to its name
        new = msgspec.structs.replace(new, not_null_name=_unusual(new, required(wanted, new.name)))
    if was is not None and old.inherited and not required(was, old.name):
        gone = bool(handed(was, old.name, context.current))
        old = msgspec.structs.replace(old, not_null=old.not_null and not gone)
    return old, new


def alike(old: Column, new: Column) -> Column:
    """With the constraint of the other, so that nothing of it differs."""
    return msgspec.structs.replace(
        old,
        not_null=new.not_null,
        not_null_name=new.not_null_name,
        not_null_validated=new.not_null_validated,
        not_null_inherited=new.not_null_inherited,
    )


def _unusual(column: Column, name: str) -> str:
    return name if name != not_null_name(column.table, column.name) else ""


def said(new: Column, context: Context) -> tuple[Step, ...]:
    """For a column that only comes from above: the NOT NULL that the table says of it, where none comes."""
    wanted = table_of(new, context.target)
    if wanted is None or handed(wanted, new.name, context.target):
        return ()
    if wanted.id not in context.current.objects:
        return ()  # its CREATE TABLE says it
    name, was = required(wanted, new.name), table_of(new, context.current)
    if was is not None and keeps_given(was, new.name, context):
        return ()
    there = required(was, new.name) if was is not None else ""
    if there and name != there:
        return (_renamed(new, there, name),)
    return () if there == name else (_added(new, name),)


def left(old: Column, above: Column, context: Context) -> tuple[Step, ...]:
    """What a table says itself stays when the constraint above goes, and goes only then."""
    table = table_of(old, context.current)
    if table is None or above.not_null or not required(table, old.name):
        return ()
    if not handed(table, old.name, context.current):
        return ()
    sql = f"ALTER TABLE ONLY {old.table_sql} ALTER COLUMN {ident(old.name)} DROP NOT NULL"
    return (replace(exclusive(sql, old.id), after_all=True),)


def between(old: Table, new: Table, context: Context) -> Iterator[Step]:
    """What a table says itself, from the one to the other, where nothing has to be made anew for it."""
    for column, was, name in _other(old, new, context):
        above = handed(new, column.name, context.target)
        if not was and above == name:
            yield exclusive(
                f"ALTER TABLE {new.sql_name} ALTER COLUMN {ident(column.name)} SET NOT NULL", new.id
            )
        elif above:
            continue
        elif was and (_declared(column, context) or not handed(old, column.name, context.current)):
            yield _renamed(column, was, name)
        elif not was and _declared(column, context) and handed(old, column.name, context.current):
            yield from () if keeps_given(old, column.name, context) else (_added(column, name),)


def needs_anew(old: Table, new: Table, context: Context) -> bool:
    """Whether a constraint must be made anew while no table above holds it."""
    for column, was, name in _other(old, new, context):
        above = handed(new, column.name, context.target)
        before = handed(old, column.name, context.current)
        if above and not (not was and above == name and before in ("", above)):
            return True
    return False


def hinders(column: Column, catalog: Catalog) -> bool:
    """Whether a table below has a constraint of another name, so that this one cannot be renamed."""
    waiting = [ObjectId("table", (column.schema, column.table))] if catalog.version[0] >= 18 else []
    for one in waiting:
        for below in catalog.needed_by.get(one, ()):
            table: Any = catalog.objects[below]
            if below.kind == "table" and one.name in table.inherits:
                if required(table, column.name) not in ("", column.not_null_name):
                    return True
                waiting.append(below)
    return False


def _other(old: Table, new: Table, context: Context) -> Iterator[tuple[Column, str, str]]:
    """Columns whose constraint the table says otherwise than before: (column, name then, name now)."""
    if context.target.version[0] < 18 or old.requires == new.requires:
        return
    had, wanted = columns(old, context.current), columns(new, context.target)
    for name in sorted(dict(old.requires).keys() | dict(new.requires).keys()):
        was, now = required(old, name), required(new, name)
        if was != now and name in had and name in wanted and wanted[name].not_null:
            yield wanted[name], was, now


def _declared(column: Column, context: Context) -> bool:
    there: Any = context.target.objects.get(column.id)
    return there is not None and there.local


def _renamed(column: Column, old: str, new: str) -> Step:
    text = f"ALTER TABLE {column.table_sql} RENAME CONSTRAINT {ident(old)} TO {ident(new)}"
    return exclusive(text, column.id)


def _added(column: Column, name: str) -> Step:
    fails = may_fail(f"{column.table_sql}.{ident(column.name)} may hold NULLs.")
    text = f"ALTER TABLE {column.table_sql} ADD CONSTRAINT {ident(name)} NOT NULL {ident(column.name)}"
    return step(text, column.id, LockLevel.ACCESS_EXCLUSIVE, scans=True, hazards=(fails,))
