"""The engine-neutral picture of a PostgreSQL catalog.

Tables and partitioned tables are models; a partition is a part of its table. A table whose columns are only
two foreign keys is a relationship. The schema `public` is the default one and is left out of names for
people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dbdeed.engines.postgresql.kinds.column import Column
from dbdeed.engines.postgresql.kinds.comment import Comment
from dbdeed.engines.postgresql.kinds.constraint import Constraint
from dbdeed.engines.postgresql.kinds.domain import Domain
from dbdeed.engines.postgresql.kinds.enum import Enum
from dbdeed.engines.postgresql.kinds.index import Index as TableIndex
from dbdeed.engines.postgresql.kinds.sequence import Sequence as CountingSequence
from dbdeed.engines.postgresql.kinds.table import Table
from dbdeed.engines.postgresql.quoting import KEYWORDS, ident, qualified
from dbdeed.engines.postgresql.relations import relationships
from dbdeed.engines.postgresql.touched import touched
from dbdeed.engines.postgresql.types import bare, is_array, listed, python_type, wrapping
from dbdeed.models.model import (
    Attribute,
    DataModel,
    Dialect,
    EnumType,
    Index,
    JoinTable,
    Model,
    PythonType,
    Relationship,
    UniqueKey,
)
from dbdeed.models.naming import model_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.engines.catalog import Catalog, ObjectId

DIALECT = Dialect(name="postgresql", quote='"', reserved=KEYWORDS, folds_case=True)
_DEFAULT_SCHEMA = "public"
_DEFAULT_PREFIX = re.compile(r"(?<![\w\"$.])public\.(?=[a-z_\"])")


@dataclass(frozen=True)
class Described:
    """A table with what belongs to it, and the model's name."""

    table: Table
    model: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    indexes: tuple[TableIndex, ...]

    @property
    def foreign_keys(self) -> tuple[Constraint, ...]:
        return tuple(one for one in self.constraints if one.type == "foreign")

    def at_most_one(self, columns: tuple[str, ...]) -> bool:
        """Whether at most one row can have given values in these columns."""
        return any(set(key.columns) <= set(columns) for key in _keys(self))


class Types(NamedTuple):
    """The catalog's own types by their names: enums, and what domains stand for."""

    enums: Mapping[str, EnumType]
    domains: Mapping[str, str]


def describe(catalog: Catalog, names: Mapping[str, str] | None = None) -> DataModel:
    """Models, enums and relationships.

    Args:
        catalog: as inspected.
        names: the document's own model names, by table (qualified or not).
    """
    own = dict(names or {})
    tables = [_gathered(one, catalog) for one in catalog.objects.values() if _is_model(one)]
    joins = [one for one in tables if _joins(one) and _given(one.table, own) is None]
    named: dict[tuple[str, ...], Described] = {
        (one.table.schema, one.table.name): one for one in _named(tables, joins, own)
    }
    types = types_of(catalog)
    enums = types.enums
    related = relationships(named, joins)
    models = [_model(one, catalog, types, tuple(related.get(one.model, ()))) for one in named.values()]
    return DataModel(
        models=tuple(sorted(models, key=lambda model: model.name)),
        enums=tuple(sorted(enums.values(), key=lambda enum: enum.name)),
        joins=tuple(_join_table(one) for one in joins),
        dialect=DIALECT,
        others=tuple(
            one.name for one in catalog.objects.values() if isinstance(one, Table) and not _is_model(one)
        ),
    )


def types_of(catalog: Catalog) -> Types:
    """The catalog's own types."""
    return Types(_enums(catalog), _domains(catalog))


def attribute_of(name: str, type_name: str, types: Types, *, nullable: bool) -> Attribute:
    """A value of a type as format_type writes it, every name in full."""
    below = _below(type_name, types.domains)
    return Attribute(
        name=name,
        type=for_people(type_name),
        python=_python(below, types.enums),
        nullable=nullable,
        array_or_json=wrapping(below),
    )


def _is_model(one: object) -> bool:
    return isinstance(one, Table) and not one.partition_of


def _gathered(table: object, catalog: Catalog) -> Described:
    assert isinstance(table, Table)
    parts = catalog.children.get(table.id, ())
    return Described(
        table,
        "",
        tuple(one for one in parts if isinstance(one, Column)),
        tuple(one for one in parts if isinstance(one, Constraint)),
        tuple(one for one in parts if isinstance(one, TableIndex)),
    )


def _given(table: Table, own: Mapping[str, str]) -> str | None:
    """The document's name for a table."""
    return own.get(f"{table.schema}.{table.name}") or (
        own.get(table.name) if table.schema == _DEFAULT_SCHEMA else None
    )


def _named(tables: list[Described], joins: list[Described], own: Mapping[str, str]) -> Iterable[Described]:
    """Each table with its model's name; a name that two would have gets its schema, then a number."""
    taken, joining = set(own.values()), {one.table.id for one in joins}
    for one in tables:
        if one.table.id in joining:
            continue
        name = _given(one.table, own)
        if name is None:
            name = _free_name(one.table, taken)
            taken.add(name)
        yield Described(one.table, name, one.columns, one.constraints, one.indexes)


def _free_name(table: Table, taken: set[str]) -> str:
    base = model_name(table.name) or "Table"
    if base in taken and table.schema != _DEFAULT_SCHEMA:
        base = model_name(f"{table.schema}_{table.name}") or base
    name, number = base, 2
    while name in taken:
        name, number = f"{base}{number}", number + 1
    return name


def _joins(one: Described) -> bool:
    """Whether its columns are only two foreign keys."""
    keys = one.foreign_keys
    if len(keys) != 2:
        return False
    keyed = [name for key in keys for name in key.columns]
    return sorted(keyed) == sorted(column.name for column in one.columns)


def sql_name(schema: str, name: str) -> str:
    return ident(name) if schema == _DEFAULT_SCHEMA else qualified(schema, name)


def _join_table(one: Described) -> JoinTable:
    left, right = one.foreign_keys
    table = one.table
    return JoinTable(
        table=table.name,
        schema="" if table.schema == _DEFAULT_SCHEMA else table.schema,
        sql_name=sql_name(table.schema, table.name),
        left=left.references[-1],
        right=right.references[-1],
    )


def _enums(catalog: Catalog) -> dict[str, EnumType]:
    """By the type's name as format_type writes it."""
    found: dict[str, EnumType] = {}
    taken: set[str] = set()
    for one in catalog.objects.values():
        if isinstance(one, Enum):
            name = _class_name(one.name)
            if name in taken:
                name = _class_name(f"{one.schema}_{one.name}")
            taken.add(name)
            found[one.sql_name] = EnumType(name, sql_name(one.schema, one.name), one.values)
    return found


def _class_name(type_name: str) -> str:
    import inflection

    return inflection.camelize(re.sub(r"\W+", "_", type_name).strip("_")) or "Enum"


def _model(one: Described, catalog: Catalog, types: Types, related: tuple[Relationship, ...]) -> Model:
    table = one.table
    by_trigger = touched(table, catalog)
    return Model(
        name=one.model,
        table=table.name,
        schema="" if table.schema == _DEFAULT_SCHEMA else table.schema,
        sql_name=sql_name(table.schema, table.name),
        attributes=tuple(
            _attribute(column, catalog, types, touched=column.name in by_trigger) for column in one.columns
        ),
        keys=tuple(_keys(one)),
        relationships=related,
        indexes=tuple(Index(each.name, each.columns, each.unique, each.partial) for each in one.indexes),
        comment=_comment(table.id, catalog),
    )


def _comment(one: ObjectId, catalog: Catalog) -> str:
    found = (each for each in catalog.children.get(one, ()) if isinstance(each, Comment))
    return next((each.text for each in found if (each.kind, each.name) == (one.kind, one.name)), "")


def _keys(one: Described) -> Iterable[UniqueKey]:
    for constraint in one.constraints:
        if constraint.type in ("primary", "unique"):
            primary = constraint.type == "primary"
            yield UniqueKey(constraint.name, constraint.columns, primary, constraint.deferrable)
    for index in one.indexes:
        if index.unique and index.valid and not index.partial and "" not in index.columns:
            yield UniqueKey(index.name, index.columns)


def _attribute(column: Column, catalog: Catalog, types: Types, *, touched: bool) -> Attribute:
    identity = column.identity.kind if column.identity is not None else ""
    if any(isinstance(one, CountingSequence) for one in catalog.children.get(column.id, ())):
        identity = identity or "by default"
    below = _below(column.type, types.domains)
    return Attribute(
        name=column.name,
        type=for_people(column.type),
        python=_python(below, types.enums),
        nullable=not column.not_null,
        default="" if column.generated else for_people(column.default),
        generated=bool(column.generated),
        identity=identity,
        comment=_comment(column.id, catalog),
        array_or_json=wrapping(below),
        touched=touched,
    )


def for_people(text: str) -> str:
    """Without the default schema before names, as a person writes them."""
    return _DEFAULT_PREFIX.sub("", text)


def _domains(catalog: Catalog) -> dict[str, str]:
    """The type that each domain stands for."""
    return {one.sql_name: one.base for one in catalog.objects.values() if isinstance(one, Domain)}


def _below(type_name: str, domains: Mapping[str, str]) -> str:
    """The type that a domain stands for, or an array of such; else the type itself."""
    if type_name in domains:
        return _below(domains[type_name], domains)
    if not is_array(type_name):
        return type_name
    element = _below(type_name.removesuffix("[]"), domains)
    # A domain that is an array makes arrays of arrays, which are not those of several dimensions.
    return f"{element}[]" if is_array(type_name.removesuffix("[]")) == is_array(element) else type_name


def _python(type_name: str, enums: Mapping[str, EnumType]) -> PythonType:
    found = enums.get(bare(type_name))
    if found is None:
        return python_type(type_name)
    one = PythonType(found.name, enum=found.name)
    return listed(one) if is_array(type_name) else one
