"""A SQLite catalog as a blueprint: tables in every detail, for descriptions in other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.choices import choices
from dbdeed.engines.sqlite.definition import bare, constraint_name, divide, divided
from dbdeed.engines.sqlite.kinds.index import Index
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.schema import text_of
from dbdeed.engines.sqlite.text import closing, lex
from dbdeed.models.blueprint import (
    Blueprint,
    ColumnFact,
    ConstraintFact,
    IndexFact,
    IndexPart,
    NamedType,
    TableFact,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.sqlite.kinds.table import Column, ForeignKey
    from dbdeed.engines.sqlite.text import Word


def blueprint(catalog: Catalog) -> Blueprint:
    """The seam's `blueprint`."""
    tables = [_table(one, catalog) for one in catalog.objects.values() if isinstance(one, Table)]
    return Blueprint(tuple(sorted(tables, key=lambda one: one.name)))


def _table(table: Table, catalog: Catalog) -> TableFact:
    sql = text_of(catalog, table.id)
    clauses = _clauses(sql)
    indexes = [one for one in catalog.children.get(table.id, ()) if isinstance(one, Index)]
    return TableFact(
        table.name,
        "",
        tuple(_column(table, one, sql, clauses) for one in table.columns),
        tuple(_constraints(table, sql, clauses)),
        tuple(_index(one, text_of(catalog, one.id)) for one in indexes),
    )


def _clauses(sql: str) -> list[tuple[str, tuple[Word, ...]]]:
    """Each constraint with the column that it stands at, "" for the table's own."""
    text = divide(sql)
    if text is None:
        return []
    own = [("", tuple(one)) for one in text.constraints]
    return own + [(column.name.name, one) for column in text.columns for one in column.clauses]


def _column(
    table: Table, column: Column, sql: str, clauses: Sequence[tuple[str, tuple[Word, ...]]]
) -> ColumnFact:
    values = choices(table, column)
    computed = next(
        (
            _inside(sql, clause)
            for name, clause in clauses
            if name == column.name and bare(clause)[0].key in ("generated", "as")
        ),
        "",
    )
    collation = next(
        (bare(one)[1].name for name, one in clauses if name == column.name and bare(one)[0].key == "collate"),
        "",
    )
    return ColumnFact(
        column.name,
        column.type,
        nullable=column.nullable and column.name != table.rowid_alias,
        named=NamedType(column.name, values=values) if values else None,
        default=column.default,
        computed=computed,
        stored=column.generated == "stored",
        serial=column.name == table.rowid_alias,
        collation=collation,
        not_null=any(
            name == column.name and [word.key for word in bare(one)[:2]] == ["not", "null"]
            for name, one in clauses
        ),
    )


def _inside(sql: str, clause: Sequence[Word]) -> str:
    """What stands in the clause's first parentheses."""
    words = list(clause)
    opening = next(at for at, word in enumerate(words) if word.key == "(")
    end = closing(words, opening)
    return sql[words[opening].end : words[end].start]


def _constraints(
    table: Table, sql: str, clauses: Sequence[tuple[str, tuple[Word, ...]]]
) -> Iterator[ConstraintFact]:
    if table.primary_key:
        yield ConstraintFact("primary", _name(clauses, "primary"), table.primary_key)
    for column, clause in clauses:
        first = bare(clause)[0].key
        if first == "unique":
            yield ConstraintFact("unique", constraint_name(clause), _unique_columns(column, clause, table))
        elif first == "check":
            yield ConstraintFact("check", constraint_name(clause), text=_inside(sql, clause))
    for key in table.foreign_keys:
        yield _foreign(key, clauses)


def _name(clauses: Sequence[tuple[str, tuple[Word, ...]]], first: str) -> str:
    return next((constraint_name(one) for _, one in clauses if bare(one)[0].key == first), "")


def _unique_columns(column: str, clause: Sequence[Word], table: Table) -> tuple[str, ...]:
    if column:
        return (column,)
    words = list(bare(clause))
    opening = next(at for at, word in enumerate(words) if word.key == "(")
    names = [item[0].name for item in divided(words[opening + 1 : closing(words, opening)]) if item]
    known = {fold(one.name): one.name for one in table.columns}
    return tuple(known.get(fold(name), name) for name in names)


def _foreign(key: ForeignKey, clauses: Sequence[tuple[str, tuple[Word, ...]]]) -> ConstraintFact:
    deferred = at_column = False
    for column, clause in clauses:
        words = [word.key for word in clause]
        own = (column,) if column else tuple(_foreign_columns(clause))
        if bare(clause)[0].key in ("references", "foreign") and tuple(map(fold, own)) == tuple(
            map(fold, key.columns)
        ):
            deferred = words[-3:] == ["deferrable", "initially", "deferred"]
            at_column = bool(column)
    return ConstraintFact(
        "foreign",
        key.name,
        key.columns,
        table=key.table,
        referenced=key.target_columns or (),
        on_delete="" if key.on_delete == "no action" else key.on_delete,
        on_update="" if key.on_update == "no action" else key.on_update,
        deferrable=deferred,
        deferred=deferred,
        at_column=at_column,
    )


def _foreign_columns(clause: Sequence[Word]) -> Iterator[str]:
    words = list(bare(clause))
    if words[0].key == "foreign":
        opening = next(at for at, word in enumerate(words) if word.key == "(")
        yield from (item[0].name for item in divided(words[opening + 1 : closing(words, opening)]) if item)


def _index(one: Index, sql: str) -> IndexFact:
    words = lex(sql)
    opening = next(at for at, word in enumerate(words) if word.key == "(")
    end = closing(words, opening)
    parts = []
    for item, column in zip(divided(words[opening + 1 : end]), one.columns, strict=False):
        order = f" {item[-1].key.upper()}" if len(item) > 1 and item[-1].key in ("asc", "desc") else ""
        kept = item[:-1] if order else item
        expression = sql[kept[0].start : kept[-1].end]
        plain = column if len(kept) == 1 else ""
        parts.append(IndexPart(plain, expression, "", order.replace(" ASC", "")))
    where = sql[words[end + 1].end :].strip() if len(words) > end + 1 else ""
    return IndexFact(one.name, tuple(parts), one.unique, where=where)
