"""A database as SQL text, and back.

The text is what `sqlite3 new.db < database.sql` reads as it is. Tables come with their rows, then indexes,
views and triggers, so that no trigger fires for a row that is only brought back.
"""

from __future__ import annotations

import math
import sqlite3
from typing import IO, TYPE_CHECKING, Any

from dbdeed.engines.sqlite.digests import Text, exact_texts
from dbdeed.engines.sqlite.inspect import inspect_all
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable
from dbdeed.engines.sqlite.names import literal, written
from dbdeed.engines.sqlite.rebuild import rowid_name

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.sqlite.schema import Schema
    from dbdeed.engines.sqlite.session import SqliteSession

PRAGMAS = frozenset(
    {"foreign_keys", "ignore_check_constraints", "encoding", "user_version", "application_id"}
)
TABLES = (Table, VirtualTable)
_KEPT = ("user_version", "application_id")


def dumped(session: SqliteSession) -> Iterator[str]:
    """The statements, each ended by a semicolon and a line feed. The caller holds one moment."""
    connection = session.connection
    schema = inspect_all(session)
    encoding = encoding_of(connection)
    yield "PRAGMA foreign_keys=OFF;\n"
    yield "PRAGMA ignore_check_constraints=ON;\n"
    yield f"PRAGMA encoding={literal(encoding)};\n"
    yield "BEGIN TRANSACTION;\n"
    yield from _tables(connection, schema, _codec(encoding), schema.objects.keys())
    yield from (statement for _, statement in _rest(schema))
    for name in _KEPT:
        yield f"PRAGMA {name}={int(_one(connection, f'PRAGMA {name}'))};\n"
    yield "COMMIT;\n"


def dumped_tables(session: SqliteSession, names: Collection[str], encoding: str) -> Iterator[str]:
    """The statements of single tables, by their own names, with their rows, indexes and triggers.

    `encoding` is that of the file in which they are run. The caller holds one moment.
    """
    schema = inspect_all(session)
    ids = {one.id for one in schema.objects.values() if isinstance(one, TABLES) and one.name in names}
    belonging = {one.id for table in ids for one in schema.children.get(table, ())}
    yield from _tables(session.connection, schema, _codec(encoding), ids)
    yield from (statement for one, statement in _rest(schema) if one in belonging)


def encoding_of(connection: sqlite3.Connection) -> str:
    """In which a file keeps its texts: "UTF-8", "UTF-16le", "UTF-16be"."""
    return str(_one(connection, "PRAGMA encoding"))


def _one(connection: sqlite3.Connection, sql: str) -> Any:
    return connection.execute(sql).fetchone()[0]


def _codec(encoding: str) -> str:
    return {"UTF-16le": "utf-16-le", "UTF-16be": "utf-16-be"}.get(encoding, "utf-8")


def _tables(
    connection: sqlite3.Connection, schema: Schema, codec: str, ids: Container[ObjectId]
) -> Iterator[str]:
    tables = [one for one in schema.objects.values() if isinstance(one, Table) and one.id in ids]
    for one in tables:
        yield f"{schema.texts[one.id]};\n"
        yield from _rows(connection, one.name, _columns(one), codec)
    for one in tables:
        if one.autoincrement:
            this = f"WHERE name = {literal(one.name)}"
            yield f"DELETE FROM sqlite_sequence {this};\n"
            yield from _rows(connection, "sqlite_sequence", ("name", "seq"), codec, this)
    for virtual in schema.objects.values():
        if isinstance(virtual, VirtualTable) and virtual.id in ids:
            yield f"{schema.texts[virtual.id]};\n"
            yield from _virtual_rows(connection, virtual, codec)


def _virtual_rows(connection: sqlite3.Connection, table: VirtualTable, codec: str) -> Iterator[str]:
    name = written(table.name)
    if table.content:
        yield f"INSERT INTO {name}({name}) VALUES ('rebuild');\n"
    elif table.content is None and table.columns:
        yield from _rows(connection, table.name, ("rowid", *table.columns), codec)
    elif table.module.startswith("rtree"):
        yield from _rows(connection, table.name, ("*",), codec)


def _columns(table: Table) -> tuple[str, ...]:
    """What must be written to have the same rows, their numbers included."""
    stored = tuple(column.name for column in table.columns if not column.generated)
    numbered = table.has_rowid and not table.rowid_alias and rowid_name(table)
    return (rowid_name(table), *stored) if numbered else stored


def _rows(
    connection: sqlite3.Connection, table: str, columns: Iterable[str], codec: str, which: str = ""
) -> Iterator[str]:
    names = ", ".join(name if name == "*" else written(name) for name in columns)
    into = f"INSERT INTO {written(table)}" + ("" if names == "*" else f" ({names})")
    with exact_texts(connection):
        for row in connection.execute(f"SELECT {names} FROM main.{written(table)} {which}"):
            yield f"{into} VALUES ({', '.join(_value(value, codec) for value in row)});\n"


def _value(value: Any, codec: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, Text):
        return _text(bytes(value), codec)
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, float) and math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    return repr(value)


def _text(data: bytes, codec: str) -> str:
    """Spelled by its bytes, in the file's encoding, where a literal would end early (NUL) or is no UTF-8."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"CAST(x'{data.hex()}' AS TEXT)"
    return f"CAST(x'{text.encode(codec).hex()}' AS TEXT)" if "\0" in text else literal(text)


def _rest(schema: Schema) -> Iterator[tuple[ObjectId, str]]:
    """Indexes, views and triggers in the order in which they were made."""
    for kinds in (("index",), ("view",), ("trigger",)):
        for one in schema.objects:
            if one.kind in kinds:
                yield one, f"{schema.texts[one]};\n"


def read_back(connection: sqlite3.Connection, stream: IO[str]) -> None:
    """Run a dump. Raises `sqlite3.Error` for what SQLite refuses."""
    pending: list[str] = []
    for line in stream:
        pending.append(line)
        if line.endswith(";\n"):
            statement = "".join(pending)
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                pending.clear()
    if "".join(pending).strip() or connection.in_transaction:
        raise sqlite3.DatabaseError("the dump is not whole")
