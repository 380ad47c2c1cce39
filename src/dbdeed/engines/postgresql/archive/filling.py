"""Values and counts go back from the archive into the rows and sequences that they were of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Context
from dbdeed.engines.postgresql.archive.attributes import left_untouched
from dbdeed.engines.postgresql.archive.parts import column_of, columns_of
from dbdeed.engines.postgresql.archive.values import NEW, REST, SAME, WAS, row_text
from dbdeed.engines.postgresql.conversion import conversion, is_text
from dbdeed.engines.postgresql.kinds.key_column import divides
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.writing import exclusive, rewriting, step
from dbdeed.errors import OurFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Kept, Step
    from dbdeed.engines.postgresql.kinds.column import Column


def filled_back(kept: Kept, before: Catalog, reached: Catalog) -> tuple[Step, ...]:
    """The column is there again, last in its table, with the values that the archive has.

    Args:
        kept: of a dropped column.
        before: the catalog that it was in.
        reached: the catalog that the table is in now.
    """
    column = _column(kept, before)
    text = column.name in kept.texts
    type_name = _text_type(column) if text else column.type
    if column.collation and not text:
        type_name += f" COLLATE {column.collation}"
    add = exclusive(f"ALTER TABLE {column.table_sql} ADD COLUMN {ident(column.name)} {type_name}", column.id)
    fill = _fill(kept, column)
    if text and type_name != "text":
        fill = _read_as(fill, type_name)
    missing = _missing(column, text, before, reached)
    return (add, *_untriggered((fill, *missing), _table(column), reached))


def _fill(kept: Kept, column: Column, now: str = "", seen: str = "{}") -> Step:
    """One UPDATE of the rows that the archive knows.

    Args:
        kept: what it knows of them.
        column: as it is when that runs.
        now: what a converted value is at that moment as long as nobody changes it, an expression over the
            archive's line; "" where no row has a value. It is asked of each row as it is written, so that
            what somebody wrote since `looked_at`, and what is written while this waits for it, stays.
        seen: what of the row's value, `{}`, is held against that.
    """
    table, name = column.table_sql, ident(column.name)
    if kept.key:
        source = f"{kept.place} AS a"
        where = " AND ".join(_equal(one, kept) for one in kept.key)
        if now:
            here = _told(seen.replace("{}", f"t.{name}"))
            where += f" AND a.{SAME} AND {here} = CASE WHEN a.{SAME} THEN {_told(now)} END"
    else:
        source = _numbered(kept, column, now, seen)
        where = "t.tableoid = a.place AND t.ctid = a.row"
    sql = f"UPDATE {table} AS t SET {name} = a.{WAS} FROM {source} WHERE {where}"
    hazard = rewriting(f"The rows of {table} get their values back from the archive.")
    return step(sql, column.id, LockLevel.ROW_EXCLUSIVE, scans=True, rewrites=True, hazards=(hazard,))


def _read_as(fill: Step, type_name: str) -> Step:
    return replace(fill, sql=fill.sql.replace(f"= a.{WAS} ", f"= a.{WAS}::{type_name} ", 1))


def _text_type(column: Column) -> str:
    """Of its values as texts, from which a list is one again."""
    return "text[]" if column.type.endswith("]") else "text"


def _equal(name: str, kept: Kept) -> str:
    text = "::text" if name in kept.texts else ""
    return f"t.{ident(name)}{text} = a.{ident(name)}"


def _numbered(kept: Kept, column: Column, now: str, seen: str) -> str:
    """Rows without a key: the first of equal ones gets the first value kept for them.

    A row that somebody changes meanwhile is at another place then, and stays as it is.
    """
    rest, same = row_text(kept.rest), (f"{REST}, {NEW}" if now else REST)
    told = f", {_told(seen.replace('{}', ident(column.name)))} AS {NEW}" if now else ""
    here = f"SELECT tableoid AS place, ctid AS row, {rest} AS {REST}{told} FROM {column.table_sql}"
    there = f"SELECT {WAS}, {REST} FROM {kept.place}"
    if now:
        there = f"SELECT {WAS}, {REST}, {_told(now)} AS {NEW} FROM {kept.place} AS a WHERE {SAME}"
    number = f"row_number() OVER (PARTITION BY {same}) AS number"
    here, there = (f"SELECT *, {number} FROM ({one}) AS {name}" for one, name in ((here, "h"), (there, "k")))
    return f"(SELECT place, row, {WAS} FROM ({here}) AS h JOIN ({there}) AS k USING ({same}, number)) AS a"


def _told(value: str) -> str:
    """A value as a text that says all of it, NULL as well, and is equal to no other's."""
    return f'pg_catalog.quote_nullable(({value})::text) COLLATE pg_catalog."C"'


def _now(kept: Kept, to: Column, after: Catalog) -> str:
    """What a value that nobody changed is once its column has become `to`."""
    there = column_of(kept.object, after)
    if there is None or "." in there.type:  # a type that may be gone by then: it went by way of its text
        return f"a.{NEW}::{to.type}"
    value = f"a.{NEW}::{there.type}"
    return conversion(there.type, to.type).using(value) or f"{value}::{to.type}"


def _missing(column: Column, text: bool, before: Catalog, reached: Catalog) -> Iterator[Step]:
    """Rows that came later and must have a value get the default, where that is to be had already."""
    needs = before.needs.get(column.id, frozenset())
    if column.not_null and column.default and needs <= reached.objects.keys():
        value = f"({column.default})::{_text_type(column)}" if text else column.default
        name = ident(column.name)
        sql = f"UPDATE {column.table_sql} SET {name} = {value} WHERE {name} IS NULL"
        yield step(sql, column.id, LockLevel.ROW_EXCLUSIVE, scans=True)


def _untriggered(steps: tuple[Step, ...], table: ObjectId, reached: Catalog) -> Iterator[Step]:
    """With the table's own triggers asleep: bringing a value back is no change that they should see."""
    awake = [
        one
        for one in reached.children.get(table, ())
        if one.id.kind == "trigger" and getattr(one, "enabled", "") != "disabled"
    ]
    head = f"ALTER TABLE {qualified(*table.name)}"
    for one in awake:
        yield exclusive(f"{head} DISABLE TRIGGER {ident(one.id.name[-1])}", one.id)
    yield from steps
    for one in awake:
        word = {"always": "ALWAYS ", "replica": "REPLICA "}.get(getattr(one, "enabled", ""), "")
        yield exclusive(f"{head} ENABLE {word}TRIGGER {ident(one.id.name[-1])}", one.id)


def looked_at(kept: Kept, before: Catalog) -> Step:
    """Before a converted column goes back: which values nobody has changed since."""
    column = _column(kept, before)
    now = f"t.{ident(column.name)}::text IS DISTINCT FROM a.{NEW}"
    if kept.key:
        where = " AND ".join(_equal(one, kept) for one in kept.key)
        sql = (
            f"UPDATE {kept.place} AS a SET {SAME} = false FROM {column.table_sql} AS t "
            f"WHERE {where} AND {now}"
        )
    else:
        sql = (
            f"UPDATE {kept.place} AS a SET {SAME} = false WHERE NOT EXISTS "
            f"(SELECT FROM {column.table_sql} AS t "
            f"WHERE {row_text(kept.rest, 't.')} = a.{REST} AND NOT ({now}))"
        )
    return step(sql, column.id, LockLevel.ROW_EXCLUSIVE, scans=True)


def converted_back(kept: Kept, before: Catalog, after: Catalog) -> tuple[Step, ...]:
    """Values as they were before their conversion, where nobody has changed them since."""
    column = _column(kept, before)
    seen = left_untouched(column, before, after)
    fill = _fill(kept, column, f"a.{NEW}", seen) if seen else _fill(kept, column, _now(kept, column, after))
    if column.name in kept.texts:
        fill = _read_as(fill, column.type)
    return tuple(_untriggered((fill,), _table(column), before))


def as_text(kept: Kept, before: Catalog, reached: Catalog) -> Column | None:
    """The column as it is on the way back where what became of its values may not become them again.

    A date that became a year is no date any more, but what the archive has of it is. So the column is a text
    for a while; None where its values find back by themselves.
    """
    column = _column(kept, before)
    now: Any = reached.objects.get(kept.object)
    if now is None or not now.local or now.inherited or is_text(column.type):
        return None
    if divides(now, Context(reached, reached)):
        return None
    text = _text_type(column)
    if now.type != text and "::text" not in conversion(now.type, column.type).using_template:
        return None
    return msgspec.structs.replace(  # type: ignore[no-any-return]
        now, type=text, default="", generated="", collation="", storage="", compression="", identity=None
    )


def own_meanwhile(kept: Kept, before: Catalog, reached: Catalog) -> Iterator[Column]:
    """The columns that go back to coming from above only: by themselves, as long as their table stands so."""
    table: Any = before.objects.get(_table(_column(kept, before)))
    if kept.object in before.objects or table is None:
        return
    for name in columns_of(table, before):
        one: Any = reached.objects.get(ObjectId("column", (table.schema, table.name, name)))
        if one is not None and one.local and not one.generated:
            yield msgspec.structs.replace(one, default="", identity=None)


def told_back(
    kept: Kept, text: Column, before: Catalog, reached: Catalog, after: Catalog
) -> tuple[Step, ...]:
    """The values that the archive has, as texts, where nobody has changed them since."""
    fill = _read_as(_fill(kept, _column(kept, before), _now(kept, text, after)), text.type)
    return tuple(_untriggered((fill,), _table(text), reached))


def counted_back(kept: Kept) -> Step:
    """The sequence goes on where it was."""
    name = literal(qualified(*kept.object.name))
    sql = f"SELECT pg_catalog.setval({name}::pg_catalog.regclass, last_value, is_called) FROM {kept.place}"
    return step(sql, kept.object)


def rows_back(kept: Kept, before: Catalog) -> tuple[Step, ...]:
    """All rows of a table that is there again."""
    table: Any = before.objects[kept.object]
    columns = columns_of(table, before)
    names = ", ".join(ident(one) for one in kept.key)
    values = ", ".join(
        f"{ident(one)}::{columns[one].type}" if one in kept.texts else ident(one) for one in kept.key
    )
    sql = f"INSERT INTO {table.sql_name} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {kept.place}"
    return tuple(_untriggered((step(sql, table.id, LockLevel.ROW_EXCLUSIVE),), table.id, before))


def _column(kept: Kept, before: Catalog) -> Column:
    found = column_of(kept.object, before)
    if found is None:
        raise OurFault(f"The archive has values of {kept.object}, which is not there.")
    return found


def _table(column: Column) -> ObjectId:
    return ObjectId("table", (column.schema, column.table))
