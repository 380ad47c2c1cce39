"""Reading a whole database by six queries, whatever its size."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import Unmodelled
from dbdeed.engines.sqlite.kinds.index import Index
from dbdeed.engines.sqlite.kinds.trigger import Trigger
from dbdeed.engines.sqlite.kinds.view import View
from dbdeed.engines.sqlite.kinds.virtual_table import read_virtual_table
from dbdeed.engines.sqlite.names import fold, internal, private
from dbdeed.engines.sqlite.needs import needs_of
from dbdeed.engines.sqlite.read_table import Facts, read_table
from dbdeed.engines.sqlite.schema import Schema
from dbdeed.engines.sqlite.text import form, lex
from dbdeed.engines.uncollected import uncollected

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.catalog import Object, ObjectId
    from dbdeed.engines.seam import Session
    from dbdeed.engines.sqlite.text import Word

_OBJECTS = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
_SHADOWS = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"
_TABLES = "FROM main.sqlite_schema s, {} WHERE s.type = 'table' AND s.sql NOT LIKE 'CREATE VIRTUAL %'"
_COLUMNS = (
    'SELECT s.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden '
    + _TABLES.format("pragma_table_xinfo(s.name, 'main') x")
    + " ORDER BY s.rowid, x.cid"
)
_KEYS = (
    'SELECT s.name, k.id, k."table", k."from", k."to", k.on_update, k.on_delete '
    + _TABLES.format("pragma_foreign_key_list(s.name, 'main') k")
    + " ORDER BY s.rowid, k.id DESC, k.seq"
)
_INDEXES = (
    'SELECT s.name, l.name, l."unique", l.origin, l.partial, x.name '
    + _TABLES.format("pragma_index_list(s.name, 'main') l, pragma_index_xinfo(l.name, 'main') x")
    + " AND x.key ORDER BY s.rowid, l.seq, x.seqno"
)


@dataclass
class _Read:
    """What has been found so far."""

    facts: dict[str, Facts]
    indexes: dict[str, tuple[tuple[str, ...], bool, bool]]
    names: frozenset[str]
    kinds: dict[str, str]
    objects: dict[ObjectId, Object] = field(default_factory=dict)
    texts: dict[ObjectId, str] = field(default_factory=dict)
    words: dict[ObjectId, list[Word]] = field(default_factory=dict)
    unmodelled: list[Unmodelled] = field(default_factory=list)


def inspect(session: Session) -> Schema:
    """Everything in the database but what SQLite and dbdeed keep there for themselves."""
    return _inspect(session, private)


def inspect_all(session: Session) -> Schema:
    """With what dbdeed keeps there; only SQLite's own is left out. For dumps."""
    return _inspect(session, internal)


@uncollected()
def _inspect(session: Session, left_out: Callable[[str], bool]) -> Schema:
    rows = [tuple(map(str, row)) for row in session.fetch(_OBJECTS)]
    hidden = {fold(name) for (name,) in session.fetch(_SHADOWS)}
    rows = [row for row in rows if not _left_out(row, hidden, left_out)]
    read = _facts(session, rows)
    for kind, name, table, sql in rows:
        _add(read, kind, name, table, sql)
    return Schema(
        engine="sqlite",
        version=session.version,
        objects=read.objects,
        needs=needs_of(read.objects, read.words),
        unmodelled=tuple(read.unmodelled),
        texts=read.texts,
    )


def _left_out(row: tuple[str, ...], hidden: set[str], left_out: Callable[[str], bool]) -> bool:
    """Also what hangs on a hidden table: a trigger of dbdeed's, an index of a shadow table."""
    return any(left_out(name) or fold(name) in hidden for name in row[1:3])


def _facts(session: Session, rows: list[tuple[str, ...]]) -> _Read:
    facts: defaultdict[str, Facts] = defaultdict(Facts)
    for table, *column in session.fetch(_COLUMNS):
        facts[table].columns.append(tuple(column))
    for table, number, *key in session.fetch(_KEYS):
        facts[table].keys.setdefault(number, []).append(tuple(key))
    indexes: dict[str, tuple[tuple[str, ...], bool, bool]] = {}
    for table, index, unique, origin, partial, column in session.fetch(_INDEXES):
        columns, *_ = indexes.get(index, ((),))
        indexes[index] = ((*columns, column or ""), bool(unique), bool(partial))
        facts[table].automatic[index] = origin
    for one in facts.values():
        one.unique = [indexes[index][0] for index, origin in one.automatic.items() if origin == "u"]
    return _Read(dict(facts), indexes, _names(rows, facts), _kinds(rows))


def _names(rows: list[tuple[str, ...]], facts: dict[str, Facts]) -> frozenset[str]:
    """Every folded name of an object or a column."""
    columns = (fold(column[0]) for one in facts.values() for column in one.columns)
    return frozenset((*columns, *(fold(row[1]) for row in rows)))


def _kinds(rows: list[tuple[str, ...]]) -> dict[str, str]:
    """The kind of each table and view, by folded name."""
    return {fold(name): _kind(kind, sql) for kind, name, _, sql in rows if kind in ("table", "view")}


def _kind(kind: str, sql: str) -> str:
    return "virtual_table" if kind == "table" and sql[:15].lower() == "create virtual " else kind


def _add(read: _Read, kind: str, name: str, table: str, sql: str) -> None:
    words = lex(sql)
    one = _object(read, _kind(kind, sql), name, table, words)
    if one is None:
        read.unmodelled.append(Unmodelled(kind, name))
        return
    read.objects[one.id] = one
    read.texts[one.id] = sql
    read.words[one.id] = words


def _object(read: _Read, kind: str, name: str, table: str, words: list[Word]) -> Any:
    if kind == "table":
        return read_table(name, words, read.facts.get(name, Facts()))
    if kind == "virtual_table":
        return read_virtual_table(name, words)
    definition = form(words, read.names)
    if kind == "view":
        return View(name, definition)
    if kind == "index":
        columns, unique, partial = read.indexes.get(name, ((), False, False))
        return Index(name, table, columns, unique, partial, definition)
    if kind == "trigger" and fold(table) in read.kinds:
        return Trigger(name, table, read.kinds[fold(table)], definition)
    return None
