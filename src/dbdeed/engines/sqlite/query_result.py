"""Where the columns of a query's result come from, in SQLite's own words.

Python's module does not pass on what SQLite knows of a result's columns. So the query becomes a view over
tables that are like the schema's, but declare each of their columns with a type of its own: the types that
SQLite then gives for the view's columns say which column each one is. Nothing is run.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.sqlite.guard import guard
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.kinds.view import View
from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.schema import text_of
from dbdeed.engines.sqlite.session import memory
from dbdeed.engines.sqlite.text import closing, lex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.sqlite.session import SqliteSession
    from dbdeed.engines.sqlite.text import Word

_VIEW = "dbdeed_query"
_MARKED = re.compile(r"dbdeed(\d+)\b")
_TWICE = re.compile(r":\d+\Z")
_SETS = frozenset({"union", "intersect", "except"})
# Before a subquery that is a table, or that is only asked whether it has rows.
_TABLE_BEFORE = frozenset({"from", "join", "exists", "in", "as", "materialized", "("})
_OUTER = frozenset({"left", "right", "full"})


class Origin(NamedTuple):
    """A result's column: its name, the type SQLite gives it, and the table's column that it is, or ""."""

    name: str
    type: str
    table: str
    column: str


def result_columns(catalog: Catalog, sql: str) -> tuple[list[Origin], Nulls | None]:
    """The columns of a SELECT, or of what stands behind RETURNING; `sql` has no parameters."""
    shown = _select(sql)
    if not shown:
        return [], None
    session = memory("a copy of the scratch database")
    try:
        session.execute("PRAGMA automatic_index=OFF")
        guard(session)
        marks = _copy(session, catalog)
        session.execute(f"CREATE VIEW {_VIEW} AS {shown}")
        rows = session.fetch("SELECT name, type FROM pragma_table_xinfo($1)", _VIEW)
        nulls = Nulls(session, catalog, shown)
    finally:
        session.close()
    # A view calls the second `id` of its query `id:1`.
    own = [_TWICE.sub("", name) if _TWICE.sub("", name) in dict(rows) else name for name, _ in rows]
    return [
        _origin(name, type_name or "", marks) for name, (_, type_name) in zip(own, rows, strict=True)
    ], nulls


def _origin(name: str, type_name: str, marks: Sequence[tuple[str, str, str]]) -> Origin:
    found = _MARKED.match(type_name)
    if found is None:
        return Origin(name, type_name, "", "")
    table, column, declared = marks[int(found[1])]
    return Origin(name, declared, table, column)


def _copy(session: SqliteSession, catalog: Catalog) -> list[tuple[str, str, str]]:
    """Make the tables and views; gives (table, column, declared type) by the number of a mark."""
    marks: list[tuple[str, str, str]] = []
    for one in catalog.objects.values():
        if isinstance(one, Table):
            columns = []
            for column in one.columns:
                columns.append(f"{written(column.name)} dbdeed{len(marks)} {column.type or 'blob'}")
                marks.append((one.name, column.name, column.type))
            session.execute(f"CREATE TABLE {written(one.name)} ({', '.join(columns)})")
    for other in catalog.objects.values():
        if isinstance(other, VirtualTable | View):
            with suppress(SqlRejected):  # a view that the query needs is missed, and said, below
                session.execute(text_of(catalog, other.id))
    return marks


def _select(sql: str) -> str:
    """The statement itself, or a SELECT of what it returns from the table that it changes."""
    words = lex(sql)
    main = main_word(words)
    if main is None or words[main].key in ("select", "values"):
        return sql
    returning = next((at for at, _ in _top_level(words, main) if words[at].key == "returning"), None)
    if returning is None:
        return ""
    skipped = {"insert", "replace", "into", "update", "delete", "from", "or"}
    conflicts = {"abort", "fail", "ignore", "rollback", "replace"}
    at = main
    while words[at].key in skipped or (words[at].key in conflicts and words[at - 1].key == "or"):
        at += 1
    if words[at + 1 : at + 2] and words[at + 1].key == ".":
        at += 2
    table, after = words[at].raw, words[at + 1]
    alias = f" AS {words[at + 2].raw}" if after.key == "as" else ""
    return f"SELECT {sql[words[returning].end :]} FROM {table}{alias}"


def main_word(words: Sequence[Word]) -> int | None:
    """The position of the word that says what a statement does, behind WITH and its queries."""
    if not words or words[0].key != "with":
        return 0 if words else None
    return next(
        (
            at
            for at, _ in _top_level(words, 0)
            if words[at].key in ("select", "values", "insert", "replace", "update", "delete")
        ),
        None,
    )


def _top_level(words: Sequence[Word], start: int) -> Iterator[tuple[int, Word]]:
    """The words outside of parentheses."""
    at = start
    while at < len(words):
        if words[at].key == "(":
            at = closing(words, at)
        else:
            yield at, words[at]
        at += 1


def _scalars(words: Sequence[str], main: int | None) -> bool:
    """Whether a subquery stands for a value elsewhere than in the statement's own select list."""
    depth, in_list = 0, False
    for at, word in enumerate(words):
        if at == main:
            in_list = True
        depth += {"(": 1, ")": -1}.get(word, 0)
        if in_list and depth == 0 and word == "from":
            in_list = False
        opens = word == "(" and words[at + 1 : at + 2] in (["select"], ["with"], ["values"])
        before = words[at - 1] if at else ""
        if opens and not in_list and before not in _TABLE_BEFORE:
            return True
    return False


class Nulls:
    """Which columns of a SELECT may be null although their tables' columns may not.

    Args:
        session: of the copy, which makes no indexes of its own for joins.
        catalog: what the schema holds.
        sql: the SELECT, its parameters replaced.
    """

    def __init__(self, session: SqliteSession, catalog: Catalog, sql: str) -> None:
        found = lex(sql)
        words, named = [word.key for word in found], {fold(word.name) for word in found}
        codes = session.fetch(f"EXPLAIN {sql}")
        views = any(fold(one.name) in named for one in catalog.objects.values() if isinstance(one, View))
        nested = views or words.count("select") + words.count("values") > 1
        outer = views or bool(_OUTER & set(words))
        aggregates = any(code[1] in ("AggStep", "AggFinal") for code in codes)
        grouped = "group" in words and not nested
        # A subquery's only value is null where it gives no row; SQLite still says which column it is of.
        scalar = _scalars(words, main_word(found))
        self._unsure = (
            scalar or bool(_SETS & set(words)) or (aggregates and not grouped) or (outer and nested)
        )
        self._filled = self._filled_tables(session, codes) if outer and not nested else set()

    def _filled_tables(self, session: SqliteSession, codes: list[tuple[object, ...]]) -> set[str]:
        """The tables whose rows SQLite replaces by nulls (the instruction NullRow)."""
        pages = dict(session.fetch("SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0"))
        opened = {code[2]: fold(pages.get(code[3], "")) for code in codes if code[1] == "OpenRead"}
        filled: set[str] = set()
        for code in codes:
            if code[1] == "NullRow":
                self._unsure = self._unsure or not opened.get(code[2])
                filled.add(opened.get(code[2], ""))
        return filled

    def fills(self, table: str) -> bool:
        return self._unsure or fold(table) in self._filled
