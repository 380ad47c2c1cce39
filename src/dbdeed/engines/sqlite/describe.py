"""The engine-neutral picture of a SQLite catalog."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.choices import choices
from dbdeed.engines.sqlite.kinds.index import Index as SqliteIndex
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable
from dbdeed.engines.sqlite.names import KEYWORDS, fold, written
from dbdeed.engines.sqlite.relations import relationships
from dbdeed.engines.sqlite.types import is_json, python_type
from dbdeed.models.model import (
    Attribute,
    DataModel,
    Dialect,
    EnumType,
    Index,
    JoinTable,
    Model,
    PythonType,
    UniqueKey,
)
from dbdeed.models.naming import model_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.sqlite.kinds.table import Column

DIALECT = Dialect(name="sqlite", quote='"', reserved=KEYWORDS, folds_case=False)


@dataclass(frozen=True)
class Named:
    """A table and the model it is."""

    table: Table
    model: str


def describe(catalog: Catalog, names: Mapping[str, str] | None = None) -> DataModel:
    """Models, enums and relationships.

    Args:
        catalog: as inspected.
        names: the document's own model names, by table.
    """
    own = {fold(table): name for table, name in (names or {}).items()}
    tables = [one for one in catalog.objects.values() if isinstance(one, Table)]
    joins = [one for one in tables if _joins(one) and fold(one.name) not in own]
    named = _named([one for one in tables if one not in joins], own)
    models = [_model(one, catalog) for one in named]
    related = relationships(named, joins)
    enums = [enum for one in named for enum in _enums(one)]
    return DataModel(
        models=tuple(
            sorted(
                (replace(model, relationships=tuple(related.get(model.name, ()))) for model in models),
                key=lambda model: model.name,
            )
        ),
        enums=tuple(sorted(enums, key=lambda enum: enum.name)),
        joins=tuple(_join_table(one) for one in sorted(joins, key=lambda table: table.name)),
        dialect=DIALECT,
        others=tuple(one.name for one in catalog.objects.values() if isinstance(one, VirtualTable)),
    )


def _named(tables: list[Table], own: Mapping[str, str]) -> list[Named]:
    """Each table with its model's name; a name that two would have gets a number."""
    taken = set(own.values())
    found = []
    for table in tables:
        name = own.get(fold(table.name))
        if name is None:
            name = base = model_name(table.name) or "Table"
            number = 2
            while name in taken:
                name, number = f"{base}{number}", number + 1
            taken.add(name)
        found.append(Named(table, name))
    return found


def _joins(table: Table) -> bool:
    """Whether its columns are only two foreign keys: a relationship, not a model."""
    if len(table.foreign_keys) != 2:
        return False
    keyed = [column for key in table.foreign_keys for column in key.columns]
    return sorted(map(fold, keyed)) == sorted(fold(column.name) for column in table.columns)


def _join_table(table: Table) -> JoinTable:
    left, right = table.foreign_keys
    return JoinTable(
        table=table.name, schema="", sql_name=written(table.name), left=left.table, right=right.table
    )


def _model(named: Named, catalog: Catalog) -> Model:
    table = named.table
    indexes = [one for one in catalog.children.get(table.id, ()) if isinstance(one, SqliteIndex)]
    return Model(
        name=named.model,
        table=table.name,
        schema="",
        sql_name=written(table.name),
        attributes=tuple(_attribute(named, column) for column in table.columns),
        keys=tuple(_keys(table, indexes)),
        indexes=tuple(Index(one.name, one.columns, one.unique, one.partial) for one in indexes),
    )


def _keys(table: Table, indexes: list[SqliteIndex]) -> Iterator[UniqueKey]:
    if table.primary_key:
        yield UniqueKey("", table.primary_key, primary=True)
    for columns in table.unique:
        yield UniqueKey("", columns)
    for one in indexes:
        if one.unique and not one.partial and "" not in one.columns:
            yield UniqueKey(one.name, one.columns)


def _attribute(named: Named, column: Column) -> Attribute:
    table = named.table
    return Attribute(
        name=column.name,
        type=column.type,
        python=_python(named, column),
        nullable=column.nullable and column.name != table.rowid_alias,
        default=column.default,
        generated=bool(column.generated),
        identity="by default" if column.name == table.rowid_alias else "",
        array_or_json="json" if is_json(column.type) else "",
    )


def _python(named: Named, column: Column) -> PythonType:
    if choices(named.table, column):
        name = _enum_name(named, column)
        return PythonType(name, enum=name)
    return python_type(column.type, strict=named.table.strict)


def _enums(named: Named) -> Iterator[EnumType]:
    for column in named.table.columns:
        values = choices(named.table, column)
        if values:
            yield EnumType(_enum_name(named, column), "", values)


def _enum_name(named: Named, column: Column) -> str:
    import inflection

    return named.model + inflection.camelize(column.name)
