"""Declared queries, described by the server itself: it prepares them, and says what they take and give."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.describe import attribute_of, types_of
from dbdeed.engines.postgresql.query_nulls import Nullability
from dbdeed.engines.postgresql.session import PostgresqlRejected, Session
from dbdeed.engines.postgresql.sql.lexer import LANGUAGES, RULES
from dbdeed.engines.query_text import compact_lines, named_query, placed_error
from dbdeed.engines.sql_text import TokenKind, tokens
from dbdeed.models.query import QueryColumn, QueryShape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.document.architecture import DeclaredQuery
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.session import Description
    from dbdeed.engines.query_text import Marker, NamedQuery
    from dbdeed.engines.seam import Session as AnySession
    from dbdeed.models.model import Attribute, DataModel

_TYPES = "SELECT n, pg_catalog.format_type(t, m) FROM unnest($1::int8[], $2::oid[], $3::int4[]) AS x(n, t, m)"
_ORIGINS = """
SELECT x.n, s.nspname, c.relname, a.attname, a.attnotnull AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated
)
FROM unnest($1::int8[], $2::oid[], $3::int2[]) AS x(n, t, c)
JOIN pg_catalog.pg_attribute a ON (a.attrelid, a.attnum) = (x.t, x.c)
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
"""
_FUNCTIONS = """
SELECT DISTINCT p.proname, n.nspname = 'pg_catalog', p.provolatile = 'v'
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.proname = ANY($1)
"""
_PARAMETER = re.compile(r"(?<=parameter )\$(\d+)")
# Volatile, and yet nothing is different after them.
_HARMLESS = frozenset(
    {"random", "random_normal", "clock_timestamp", "timeofday", "gen_random_uuid", "uuidv4", "uuidv7"}
    | {"pg_sleep", "version", "pg_backend_pid"}
)
# Casting a parameter to these would say no more than its place does.
_SAID_BY_PLACE = ("text", "character varying", "character", "name")


def describe_query(
    session: AnySession, catalog: Catalog, model: DataModel, query: DeclaredQuery
) -> QueryShape | None:
    """The seam's `describe_query`."""
    assert isinstance(session, Session)
    if query.block is None or query.block.language not in LANGUAGES:
        return None
    named = named_query(query, RULES)
    if named is None:
        return None
    try:
        described = session.describe(named.text(_mark))
    except SqlRejected as error:
        raise _refusal(error, named) from error
    with session.transaction():
        session.execute("SET LOCAL search_path = ''")
        return _shape(session, catalog, model, query, named, described)


def _refusal(error: SqlRejected, named: NamedQuery) -> SqlRejected:
    """The server's refusal at the document's own line, with the parameters' own names."""
    error.statement = named.statement
    of = _PARAMETER.search(error.message)
    marker = next((one for one in named.markers if of and one.number == int(of[1])), None)
    if isinstance(error, PostgresqlRejected) and not error.located:
        error.offset = marker.start if marker is not None else 0
    else:
        error.offset = named.written_offset(error.offset, _mark)
    if marker is not None and of is not None:
        name = f":{named.names[marker.number - 1]}"
        said = error.message.replace(of[0], name)
        hint = error.hint or f"Say its type where it stands: {name}::text."
        fresh = SqlRejected(said, hint=hint, statement=named.statement, offset=error.offset)
        return placed_error(fresh)
    return placed_error(error)


def _mark(marker: Marker) -> str:
    return f"${marker.number}"


def _shape(
    session: Session,
    catalog: Catalog,
    model: DataModel,
    query: DeclaredQuery,
    named: NamedQuery,
    described: Description,
) -> QueryShape:
    types = types_of(catalog)
    parameters = tuple(
        attribute_of(name, type_name, types, nullable=name in named.optional)
        for name, type_name in zip(
            named.names, _type_names(session, [(oid, -1) for oid in described.parameters]), strict=True
        )
    )
    words = _called(named.statement.sql)
    functions = session.fetch(_FUNCTIONS, sorted(words))
    own = frozenset(name for name, builtin, _ in functions if not builtin)
    columns = _columns(session, catalog, model, described, own)
    volatile = any(v and not (builtin and name in _HARMLESS) for name, builtin, v in functions)
    return QueryShape(
        name=query.name,
        lines=_lines(named, parameters),
        parameters=parameters,
        columns=columns,
        writes=volatile or _changes(described.plan),
        description=query.description,
        returns=query.returns,
    )


def _columns(
    session: Session, catalog: Catalog, model: DataModel, described: Description, functions: frozenset[str]
) -> tuple[QueryColumn, ...]:
    types = types_of(catalog)
    names = _type_names(session, [(one.type, one.modifier) for one in described.columns])
    origins = {
        at: (schema, table, column, never_null)
        for at, schema, table, column, never_null in session.fetch(
            _ORIGINS,
            list(range(len(described.columns))),
            [one.table for one in described.columns],
            [max(one.number, 0) for one in described.columns],
        )
    }
    nulls = Nullability(described.plan, functions)
    found: list[QueryColumn] = []
    for at, one in enumerate(described.columns):
        schema, table, column, never_null = origins.get(at, ("", "", "", False))
        schema = "" if schema == "public" else schema
        nullable = not (nulls.never_null(at) if never_null else nulls.computed(at) and not table)
        attribute = attribute_of(one.name, names[at], types, nullable=nullable)
        of_model = next((m for m in model.models if (m.schema, m.table) == (schema, table)), None)
        if of_model is not None:
            known = {each.name: each for each in of_model.attributes}.get(column)
            if known is not None:
                attribute = replace(attribute, python=known.python, array_or_json=known.array_or_json)
        found.append(QueryColumn(attribute, schema, table, column))
    return tuple(found)


def _type_names(session: Session, types: list[tuple[int, int]]) -> list[str]:
    rows = session.fetch(_TYPES, list(range(len(types))), [t for t, _ in types], [m for _, m in types])
    by_place: Mapping[int, str] = dict(rows)
    return [by_place[at] for at in range(len(types))]


def _called(sql: str) -> set[str]:
    """Words that stand before an opening parenthesis."""
    found = [one for one in tokens(sql, RULES) if one.kind not in (TokenKind.SPACE, TokenKind.COMMENT)]
    return {
        sql[one.start : one.end].lower().strip('"')
        for one, following in pairwise(found)
        if one.kind in (TokenKind.WORD, TokenKind.QUOTED) and sql[following.start] == "("
    }


def _changes(node: Mapping[str, object]) -> bool:
    """Whether a plan changes or locks rows."""
    if node["Node Type"] in ("ModifyTable", "LockRows"):
        return True
    parts = node.get("Plans", ())
    assert isinstance(parts, list | tuple)
    return any(_changes(part) for part in parts)


def _short(type_name: str) -> str:
    """As a person writes it."""
    short = type_name.replace("timestamp with time zone", "timestamptz")
    return short.replace("timestamp without time zone", "timestamp")


def _lines(named: NamedQuery, parameters: tuple[Attribute, ...]) -> tuple[str, ...]:
    """The statement, each parameter cast to the type that the server gave it."""
    sql = named.statement.sql

    def placed(marker: Marker) -> str:
        mark, type_name = _mark(marker), _short(parameters[marker.number - 1].type)
        if sql[marker.end :].lstrip().startswith("::") or type_name.startswith(_SAID_BY_PLACE):
            return mark
        # In parentheses: some places take a parameter, but no cast without them.
        before, after = sql[: marker.start].rstrip(), sql[marker.end :].lstrip()
        bare = not before.lower().endswith(("first", "next")) and not after.startswith(("[", "."))
        return f"{mark}::{type_name}" if bare else f"({mark}::{type_name})"

    return compact_lines(named.text(placed), RULES)
