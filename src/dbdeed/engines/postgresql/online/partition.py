"""Partitions detached and attached while others go on reading and writing the table.

DETACH … CONCURRENTLY waits for those who read the partition, and leaves a check on it that says what its
bound said. ATTACH reads all rows of the partition under its strongest lock, unless a check says that they fit
(both: manual, ALTER TABLE): such a check is validated before, and goes after.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.choosing import chosen_name
from dbdeed.engines.postgresql.online.names import free_constraint
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.writing import exclusive, may_fail, patient, pauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.table import Table

_KEY = re.compile(r'(RANGE|LIST|HASH) \(("(?:[^"]|"")+"|[\w$]+)\)\Z')
_RANGE = re.compile(r"FOR VALUES FROM \((.*)\) TO \((.*)\)\Z", re.DOTALL)
_LIST = re.compile(r"FOR VALUES IN \((.*)\)\Z", re.DOTALL)
_STRING = re.compile(r"'(?:[^']|'')*'")


def detaching(old: Table, context: Context) -> Step:
    """The partition by itself again; a detachment that was interrupted is brought to its end."""
    above = f"ALTER TABLE {qualified(*old.partition_of)} DETACH PARTITION {old.sql_name}"
    if old.detaching:
        return exclusive(_FINISH.format(name=literal(old.sql_name), detach=above), old.id)
    held = tuple(
        may_fail(f"Rows of {one.table_sql} may point to rows of {old.sql_name}.")
        for one in pointing(old, context)
    )
    moment = pauses(f"Nobody reads or writes {qualified(*old.partition_of)} for a moment.")
    return exclusive(above, old.id, *held, moment, online=_concurrently(old, above, context, held))


def pointing(old: Table, context: Context) -> Iterator[Any]:
    """The foreign keys that point to a table above, and still do so afterwards."""
    for table, _ in _above(old, context.current):
        for column in context.current.children.get(table.id, ()):
            for one in sorted(context.current.needed_by.get(column.id, ())):
                key: Any = context.current.objects[one]
                points = one.kind == "constraint" and key.references == table.id.name
                if points and one in context.target.objects:
                    yield key


# Rebuilt in a scratch, it was never interrupted.
_FINISH = """DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhdetachpending
        AND inhrelid = {name}::pg_catalog.regclass) THEN
        {detach} FINALIZE;
    ELSE
        {detach};
    END IF;
END $$"""


def left_behind(old: Table, context: Context) -> list[ObjectId]:
    """The checks that an interrupted detachment made: nothing of the table changes before its end."""
    if not old.detaching:
        return []
    return [
        one.id
        for one in context.current.children.get(old.id, ())
        if getattr(one, "type", "") == "check" and one.id not in context.target.objects
    ]


def _concurrently(
    old: Table, detach: str, context: Context, held: tuple[Hazard, ...]
) -> tuple[Step, ...] | None:
    """None where there is a default partition: then there is no such form.

    Nor is there one where a table above changes that is a partition too: it may leave its place before, and
    then the check says less, and is called something else.
    """
    tables = [table for table, _ in _above(old, context.current)]
    columns = [_key(table) for table in tables]
    if _default_beside(old.partition_of, context.current) is not None or not all(columns):
        return None
    if any(one.partition_of and context.target.objects.get(one.id) != one for one in tables):
        return None
    names = {name for _, name in filter(None, columns)}
    check = chosen_name(old.name, _bare(names.pop()) if len(names) == 1 else "", "check")
    if ("constraint", old.schema, old.name, check) in context.current.claimed:
        return None
    drop = f"ALTER TABLE {old.sql_name} DROP CONSTRAINT IF EXISTS {ident(check)}"
    waiting = replace(patient(f"{detach} CONCURRENTLY", old.id, *held), scans=False)
    return (waiting, exclusive(drop, old.id))


def attaching(new: Table, context: Context) -> Step:
    """The table as a partition of another."""
    attach = f"ALTER TABLE {qualified(*new.partition_of)} ATTACH PARTITION {new.sql_name} {new.bound}"
    fails = may_fail(f"Rows of {new.sql_name} may be outside of its bounds.")
    blocks = pauses(f"Nobody reads or writes {new.sql_name} until all its rows are read.")
    plain = replace(exclusive(attach, new.id, fails, blocks), scans=True)
    return replace(plain, online=_checked(new, attach, context, fails))


def _checked(new: Table, attach: str, context: Context, fails: Hazard) -> tuple[Step, ...] | None:
    """None where the bound is no simple condition: of several columns, an expression, or a remainder."""
    conditions = [_condition(table, bound) for table, bound in _above(new, context.target)]
    if new.form != "plain" or not all(conditions):
        return None
    fits = " AND ".join(conditions)
    before, after = _check(new, fits, context, fails)
    default = _default_beside(new.partition_of, context.current)
    if default is not None and default.id != new.id:  # it has left that place before
        if default.form != "plain":
            return None
        no_rows = may_fail(f"{default.sql_name} may hold rows for {new.sql_name}.")
        first, last = _check(default, f"NOT ({conditions[0]})", context, no_rows)
        before, after = (*before, *first), (*after, *last)
    return (*before, exclusive(attach, new.id), *after)


def _check(
    table: Table, condition: str, context: Context, fails: Hazard
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """The steps that make a check and hold the rows against it, and those that drop it."""
    name = ident(free_constraint(table.schema, table.name, chosen_name(table.name, "", "bound"), context))
    head = f"ALTER TABLE {table.sql_name}"
    return (
        exclusive(f"{head} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID", table.id),
        patient(f"{head} VALIDATE CONSTRAINT {name}", table.id, fails),
    ), (exclusive(f"{head} DROP CONSTRAINT {name}", table.id),)


def _above(table: Table, catalog: Catalog) -> Iterator[tuple[Any, str]]:
    """The partitioned tables above, each with the bound of what is below it, from the nearest up."""
    while table.partition_of:
        found: Any = catalog.objects.get(ObjectId("table", (table.partition_of[0], table.partition_of[1])))
        if found is None:
            return
        yield found, table.bound
        table = found


def _key(table: Any) -> tuple[str, str] | None:
    """(how it is partitioned, by which column as SQL has it), for a single plain column."""
    found = _KEY.match(table.partition_key)
    return (found[1], found[2]) if found else None


def _bare(column: str) -> str:
    return column[1:-1].replace('""', '"') if column.startswith('"') else column


def _condition(table: Any, bound: str) -> str:
    """What the bound asks of a row; "" where that is not simply said."""
    key = _key(table)
    if key is None:
        return ""
    way, column = key
    if way == "RANGE" and (found := _RANGE.match(bound)):
        return " AND ".join(_between(column, found[1], found[2]))
    if way == "LIST" and (found := _LIST.match(bound)):
        return _among(column, found[1])
    return ""


def _between(column: str, low: str, high: str) -> Iterable[str]:
    yield f"{column} IS NOT NULL"
    if low != "MINVALUE":
        yield f"{column} >= {low}"
    if high != "MAXVALUE":
        yield f"{column} < {high}"


def _among(column: str, values: str) -> str:
    if re.search(r"\bNULL\b", _STRING.sub("''", values)):
        return ""
    return f"{column} IS NOT NULL AND {column} IN ({values})"


def _default_beside(parent: tuple[str, ...], catalog: Catalog) -> Any:
    """The default partition of a table, if it has one."""
    return next(
        (
            one
            for one in catalog.objects.values()
            if getattr(one, "bound", "") == "DEFAULT" and getattr(one, "partition_of", ()) == parent
        ),
        None,
    )
