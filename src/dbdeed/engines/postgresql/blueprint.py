"""A PostgreSQL catalog as a blueprint: tables in every detail, for descriptions in other words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.describe import for_people
from dbdeed.engines.postgresql.kinds.column import Column
from dbdeed.engines.postgresql.kinds.comment import Comment
from dbdeed.engines.postgresql.kinds.constraint import Constraint
from dbdeed.engines.postgresql.kinds.domain import Domain
from dbdeed.engines.postgresql.kinds.enum import Enum
from dbdeed.engines.postgresql.kinds.index import Index
from dbdeed.engines.postgresql.kinds.sequence import Sequence
from dbdeed.engines.postgresql.kinds.table import Table
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.types import bare
from dbdeed.engines.sql_text import TokenKind, name_of, tokens
from dbdeed.models.blueprint import (
    Blueprint,
    ColumnFact,
    ConstraintFact,
    Counting,
    IndexFact,
    IndexPart,
    NamedType,
    SequenceFact,
    TableFact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.catalog import Catalog, ObjectId

_ORDER = re.compile(r"( ASC| DESC)?( NULLS (?:FIRST|LAST))?\Z")


def blueprint(catalog: Catalog) -> Blueprint:
    """The seam's `blueprint`; partitions are a part of their tables."""
    named = _named_types(catalog)
    every = catalog.objects.values()
    tables = [_table(one, catalog, named) for one in every if isinstance(one, Table) and not one.partition_of]
    sequences = [
        SequenceFact(one.name, _schema(one.schema), _counting(one), one.type)
        for one in every
        if isinstance(one, Sequence) and not one.owned_by
    ]
    return Blueprint(
        tuple(sorted(tables, key=lambda one: (one.schema, one.name))),
        tuple(sorted(sequences, key=lambda one: (one.schema, one.name))),
    )


def _schema(name: str) -> str:
    return "" if name == "public" else name


def _counting(one: Sequence) -> Counting:
    return Counting(one.start, one.increment, one.minimum, one.maximum, one.cache, one.cycle)


def _named_types(catalog: Catalog) -> dict[str, NamedType]:
    """By the type's name as format_type writes it."""
    found: dict[str, NamedType] = {}
    for one in catalog.objects.values():
        if isinstance(one, Enum):
            found[one.sql_name] = NamedType(one.name, _schema(one.schema), values=one.values)
        elif isinstance(one, Domain):
            checks = tuple((name, _inside(for_people(text))) for name, text, _ in one.constraints)
            found[one.sql_name] = NamedType(
                one.name,
                _schema(one.schema),
                base=for_people(one.base),
                default=for_people(one.default),
                not_null=one.not_null,
                checks=checks,
            )
    return found


def _table(table: Table, catalog: Catalog, named: Mapping[str, NamedType]) -> TableFact:
    parts = catalog.children.get(table.id, ())
    return TableFact(
        table.name,
        _schema(table.schema),
        tuple(_column(one, catalog, named) for one in parts if isinstance(one, Column)),
        tuple(_constraint(one) for one in parts if isinstance(one, Constraint) and one.type != "not null"),
        tuple(_index(one) for one in parts if isinstance(one, Index)),
        _comment(table.id, catalog),
    )


def _comment(one: ObjectId, catalog: Catalog) -> str:
    found = (each for each in catalog.children.get(one, ()) if isinstance(each, Comment))
    return next((each.text for each in found if (each.kind, each.name) == (one.kind, one.name)), "")


def _column(column: Column, catalog: Catalog, named: Mapping[str, NamedType]) -> ColumnFact:
    identity = column.identity
    counting = None
    if identity is not None:
        counting = Counting(
            identity.start,
            identity.increment,
            identity.minimum,
            identity.maximum,
            identity.cache,
            identity.cycle,
        )
    expression = for_people(column.default)
    return ColumnFact(
        column.name,
        for_people(column.type),
        nullable=not column.not_null,
        named=named.get(bare(column.type)),
        default="" if column.generated else expression,
        computed=expression if column.generated else "",
        stored=column.generated != "virtual",
        identity=identity.kind if identity is not None else "",
        counting=counting,
        serial=any(isinstance(one, Sequence) for one in catalog.children.get(column.id, ())),
        comment=_comment(column.id, catalog),
        collation=column.collation.rpartition(".")[2].strip('"'),
    )


def _inside(definition: str) -> str:
    """What stands in the parentheses of `CHECK (…)`."""
    inner = definition.removeprefix("CHECK ").removesuffix(" NOT VALID").removesuffix(" NO INHERIT")
    return inner[1:-1] if inner.startswith("(") and inner.endswith(")") else inner


def _constraint(one: Constraint) -> ConstraintFact:
    text = for_people(one.definition)
    schema, table = one.references or ("", "")
    return ConstraintFact(
        one.type,
        one.name,
        one.columns,
        _inside(text) if one.type == "check" else text if one.type == "exclusion" else "",
        _schema(schema),
        table,
        one.referenced,
        "" if one.on_delete == "no action" else one.on_delete,
        "" if one.on_update == "no action" else one.on_update,
        one.deferrable,
        one.deferred,
        nulls_not_distinct="NULLS NOT DISTINCT" in text,
    )


def _index(one: Index) -> IndexFact:
    """`USING gin (name gin_trgm_ops) INCLUDE (a) NULLS NOT DISTINCT WHERE (…)`, taken apart."""
    text = for_people(one.definition)
    found = [each for each in tokens(text, RULES) if each.kind not in (TokenKind.SPACE, TokenKind.COMMENT)]
    words = [text[each.start : each.end] for each in found]
    method = words[1] if words[0].upper() == "USING" else ""
    opening = words.index("(")
    closing = _closing(words, opening)
    items = _divided(text, found[opening].end, found[closing].start)
    rest = text[found[closing].end :].strip()
    included: tuple[str, ...] = ()
    if rest.upper().startswith("INCLUDE"):
        included = one.names[len(one.columns) :]
        rest = rest[rest.index(")") + 1 :].strip()
    distinct = rest.upper().startswith("NULLS NOT DISTINCT")
    where = rest.partition("WHERE ")[2]
    parts = tuple(_part(item, column) for item, column in zip(items, one.columns, strict=False))
    return IndexFact(
        one.name,
        parts,
        one.unique,
        "" if method == "btree" else method,
        where[1:-1] if where.startswith("(") and where.endswith(")") else where,
        included,
        distinct,
    )


def _closing(words: list[str], opening: int) -> int:
    depth = 0
    for at in range(opening, len(words)):
        depth += {"(": 1, ")": -1}.get(words[at], 0)
        if depth == 0:
            return at
    return len(words) - 1


def _divided(text: str, start: int, end: int) -> list[str]:
    """The items between two places, at commas outside of parentheses."""
    items, depth, begun = [], 0, start
    for kind, first, last in tokens(text, RULES):
        if kind is not TokenKind.MARK or not start <= first < end:
            continue
        mark = text[first:last]
        depth += {"(": 1, ")": -1, "[": 1, "]": -1}.get(mark, 0)
        if mark == "," and depth == 0:
            items.append(text[begun:first].strip())
            begun = last
    return [*items, text[begun:end].strip()]


def _part(item: str, column: str) -> IndexPart:
    order = _ORDER.search(item)
    order_text = order.group() if order else ""
    rest = item[: len(item) - len(order_text)].strip()
    if not column:
        return IndexPart("", rest, "", order_text)
    first = next(iter(tokens(rest, RULES)))
    if name_of(rest, first, fold=False) is None:
        return IndexPart("", rest, "", order_text)
    return IndexPart(column, rest[: first.end], rest[first.end :].strip(), order_text)
