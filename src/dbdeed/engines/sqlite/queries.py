"""Declared queries: what SQLite says of them, and what it leaves to be told from where things stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.query_text import compact_lines, named_query, placed_error
from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.place import located
from dbdeed.engines.sqlite.query_parameters import parameter_types
from dbdeed.engines.sqlite.query_result import main_word, result_columns
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.engines.sqlite.text import RULES, closing, lex
from dbdeed.engines.sqlite.types import is_json, python_type
from dbdeed.models.model import Attribute, PythonType
from dbdeed.models.query import QueryColumn, QueryShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.architecture import DeclaredQuery
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.query_text import Marker, NamedQuery
    from dbdeed.engines.seam import Session
    from dbdeed.engines.sqlite.query_result import Nulls, Origin
    from dbdeed.engines.sqlite.text import Word
    from dbdeed.models.model import DataModel

LANGUAGES = frozenset({"sql", "sqlite", "sqlite3"})
_ANY = PythonType("object")
_LOADED_ANY = PythonType("typing.Any", ("typing",))
_INT = PythonType("int")
_READS = ("select", "values")


def describe_query(
    session: Session, catalog: Catalog, model: DataModel, query: DeclaredQuery
) -> QueryShape | None:
    """The seam's `describe_query`."""
    assert isinstance(session, SqliteSession)
    if query.block is None or query.block.language not in LANGUAGES:
        return None
    named = named_query(query, RULES)
    if named is None:
        return None
    plain = named.text(lambda _: "NULL")
    try:
        session.fetch(f"EXPLAIN {plain}")
        origins, nulls = result_columns(catalog, plain)
    except SqlRejected as error:
        raise _refusal(error, named, session) from error
    words = lex(plain)
    main = main_word(words)
    return QueryShape(
        name=query.name,
        lines=compact_lines(named.text(lambda marker: f"?{marker.number}"), RULES),
        parameters=_parameters(named, model),
        columns=tuple(_column(one, model, nulls, item) for one, item in _with_items(origins, words, main)),
        writes=main is not None and words[main].key not in _READS,
        description=query.description,
        returns=query.returns,
    )


def _refusal(error: SqlRejected, named: NamedQuery, session: SqliteSession) -> SqlRejected:
    """SQLite's refusal at the document's own line: parameters are what they are written as, again."""

    def placed(marker: Marker) -> str:
        return "NULL".ljust(marker.end - marker.start)  # as long as what is written, where that is longer

    found = located(error, replace(named.statement, sql=named.text(placed)), session)
    found.statement = named.statement
    found.offset = named.written_offset(found.offset, placed)
    return placed_error(found)


def _parameters(named: NamedQuery, model: DataModel) -> tuple[Attribute, ...]:
    types = parameter_types(named, model)
    found = []
    for name in named.names:
        known = types.get(name)
        if known is None:
            found.append(Attribute(name, "", _ANY, nullable=False))
        else:
            found.append(
                Attribute(
                    name,
                    known.type,
                    known.python,
                    nullable=name in named.optional,
                    array_or_json=known.array_or_json,
                )
            )
    return tuple(found)


def _column(origin: Origin, model: DataModel, nulls: Nulls | None, item: Sequence[Word]) -> QueryColumn:
    if origin.column:
        one = next((one for one in model.models if fold(one.table) == fold(origin.table)), None)
        known = next((each for each in one.attributes if each.name == origin.column), None) if one else None
        if known is not None:
            subquery = any(word.key in ("select", "with", "values") for word in item)
            nullable = subquery or known.nullable or nulls is None or nulls.fills(origin.table)
            attribute = Attribute(
                origin.name, known.type, known.python, nullable=nullable, array_or_json=known.array_or_json
            )
            return QueryColumn(attribute, "", origin.table, origin.column)
        kind = "json" if is_json(origin.type) else ""
        declared = Attribute(
            origin.name, origin.type, python_type(origin.type), nullable=True, array_or_json=kind
        )
        return QueryColumn(declared)
    if _is_count(item):
        return QueryColumn(Attribute(origin.name, "INTEGER", _INT, nullable=False))
    return QueryColumn(Attribute(origin.name, origin.type, _LOADED_ANY, nullable=False))


def _is_count(item: Sequence[Word]) -> bool:
    """`count(…)`, with or without a name."""
    if len(item) < 3 or item[0].key != "count" or item[1].key != "(":
        return False
    rest = [word.key for word in item[closing(item, 1) + 1 :]]
    return len(rest) <= 1 or (len(rest) == 2 and rest[0] == "as")


def _with_items(
    origins: Sequence[Origin], words: Sequence[Word], main: int | None
) -> list[tuple[Origin, Sequence[Word]]]:
    """Each column with its item of the select list, where the list has one for each."""
    items = _select_list(words, main)
    if len(items) != len(origins) or any(item[-1].key == "*" for item in items if item):
        # Which column is which item's cannot be told: each is as unsure as any of them.
        items = [[word for item in items for word in item if word.key == "select"] for _ in origins]
    return list(zip(origins, items, strict=True))


def _select_list(words: Sequence[Word], main: int | None) -> list[Sequence[Word]]:
    if main is None or words[main].key != "select":
        return []
    start = main + 1
    if words[start : start + 1] and words[start].key in ("distinct", "all"):
        start += 1
    items: list[Sequence[Word]] = []
    at = start
    while at < len(words) and words[at].key not in ("from", "where", "union", "order", "limit"):
        if words[at].key == "(":
            at = closing(words, at)
        elif words[at].key == ",":
            items.append(words[start:at])
            start = at + 1
        at += 1
    return [*items, words[start:at]]
