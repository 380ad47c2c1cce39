"""Rows in tables of any form, and whether they are still there after a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas.shape import quoted

from dbdeed.engines.catalog import ObjectId
from dbdeed.errors import DbdeedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.session import Session

_COLUMNS = """
    SELECT n.nspname, c.relname, coalesce(array_agg(a.attname::text ORDER BY a.attnum)
            FILTER (WHERE a.attname IS NOT NULL), '{}'),
        coalesce(array_agg(format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) ORDER BY a.attnum)
            FILTER (WHERE a.attname IS NOT NULL), '{}'),
        coalesce(array_agg((SELECT min(enumlabel) FROM pg_enum WHERE enumtypid = t.oid)::text ORDER BY a.attnum)
            FILTER (WHERE a.attname IS NOT NULL), '{}')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' AND a.attidentity <> 'a'
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND c.relnamespace::regnamespace::text !~ '^pg_'
    GROUP BY 1, 2 ORDER BY 1, 2
"""

_VIEWS = "SELECT schemaname, matviewname FROM pg_matviews"

_SAMPLES = (
    ("bool", ("true", "false")), ("timestamp", ("2024-01-02", "2024-08-01")), ("date", ("2024-01-02", "2024-08-01")),
    ("interval", ("1 day", "1 hour")), ("time", ("10:00", "11:00")), ("json", ("{}", "[]")), ("uuid", (
        "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")), ("inet", ("10.0.0.1", "::1")),
    ("cidr", ("10.0.0.0/8", "::/0")), ("macaddr", ("08:00:2b:01:02:03", "08:00:2b:01:02:04")),
    ("range", ("empty", "empty")), ("[]", ("{}", "{1}")), ("point", ("(1,2)", "(3,4)")), ("xml", ("<a/>", "<b/>")),
)  # fmt: skip


def seed(session: Session) -> None:
    """Up to three rows in each table, where they fit."""
    session.execute("SET session_replication_role = replica")  # no triggers, and no order among foreign keys
    for schema, table, columns, types, labels in session.fetch(_COLUMNS):
        names = ", ".join(map(quoted, columns))
        for number in (0, 1):
            given = ", ".join(
                _sample(type_, label, number) for type_, label in zip(types, labels, strict=True)
            )
            _try(session, f"INSERT INTO {quoted(schema, table)} ({names}) VALUES ({given})")
        _try(session, f"INSERT INTO {quoted(schema, table)} DEFAULT VALUES")
    session.execute("RESET session_replication_role")


def _sample(type_: str, label: str | None, number: int) -> str:
    if label is not None:
        return "'" + label.replace("'", "''") + "'"
    for word, samples in _SAMPLES:
        if word in type_:
            return f"'{samples[number]}'"
    return f"'{number + 1}'"


def _try(session: Session, sql: str) -> None:
    try:
        with session.transaction():
            session.execute(sql)
    except DbdeedError:
        pass


def remove(session: Session) -> None:
    session.execute("SET session_replication_role = replica")
    tables = [quoted(schema, table) for schema, table, *_ in session.fetch(_COLUMNS)]
    for table in tables:
        _try(session, f"DELETE FROM {table}")
    if tables:  # it builds the indexes anew, which calls what statistics are over: that may not be allowed
        _try(session, f"TRUNCATE {', '.join(tables)} CASCADE")
    views = [quoted(*name) for name in session.fetch(_VIEWS)]
    for _ in views:  # as one may read another
        for view in views:
            _try(session, f"REFRESH MATERIALIZED VIEW {view}")
    session.execute("RESET session_replication_role")


@dataclass(frozen=True)
class Table:
    """The rows of one table itself, as (column, all its values as text, in the order of the rows' places)."""

    count: int
    values: Mapping[str, tuple[Any, ...]]


def snapshot(session: Session, catalog: Catalog) -> dict[ObjectId, Table]:
    found = {}
    for one in _plain(catalog):
        columns = [child.id.name[2] for child in catalog.children.get(one, ()) if _stored(child)]
        # By the types' own output: a cast to text may be one that the schema makes, and fail.
        sql = ", ".join(f"format('%L', {quoted(column)})" for column in columns)
        try:
            with session.transaction():
                rows = session.fetch(f"SELECT {sql} FROM ONLY {quoted(*one.name)}")
        except DbdeedError:
            continue  # a function in one of its indexes fails, and with it every look at the table
        values = {name: tuple(sorted(map(str, (row[at] for row in rows)))) for at, name in enumerate(columns)}
        found[one] = Table(len(rows), values)
    return found


def _stored(one: Any) -> bool:
    return one.id.kind == "column" and not one.generated


def _plain(catalog: Catalog) -> Iterable[ObjectId]:
    return [key for key, one in catalog.objects.items() if getattr(one, "form", "") == "plain"]


def kept(
    before: Mapping[ObjectId, Table], after: Mapping[ObjectId, Table], current: Catalog, target: Catalog
) -> str:
    """What was lost, or "": rows of tables that stay, values of columns that stay as they are."""
    for one, was in before.items():
        if one not in after:
            continue
        now = after[one]
        if now.count != was.count:
            return f"{one} had {was.count} rows and has {now.count}"
        for column, values in was.values.items():
            key = ObjectId("column", (*one.name, column))
            if _same(current.objects.get(key), target.objects.get(key)) and now.values.get(column) != values:
                return f"{key} had {values} and has {now.values.get(column)}"
    return ""


def _same(old: Any, new: Any) -> bool:
    return bool(old and new and old.type == new.type and not old.generated and not new.generated)
