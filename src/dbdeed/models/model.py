"""The engine-neutral picture of a database: what diagram, document and generator need, and no more.

An engine's package describes its catalog in these terms (`Engine.describe`); nothing here is ever used to
compare databases or to write DDL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cardinality(StrEnum):
    """Of a relationship, seen from the model that has it."""

    ONE_TO_ONE = "one-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_ONE = "many-to-one"
    MANY_TO_MANY = "many-to-many"


@dataclass(frozen=True, slots=True)
class PythonType:
    """How a value looks in Python.

    Attributes:
        expression: as written in an annotation: `int`, `datetime.datetime`, `list[str]`, `OrderStatus`.
        imports: modules that the expression needs: `("datetime",)`.
        enum: the name of the `EnumType` it is, or "".
    """

    expression: str
    imports: tuple[str, ...] = ()
    enum: str = ""


@dataclass(frozen=True, slots=True)
class EnumType:
    """A closed set of texts. `name` is the Python class, `type_name` the engine's, qualified if need be."""

    name: str
    type_name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column of a model's table.

    Attributes:
        name: the column's name, as the engine stores it.
        type: in the engine's own words: `numeric(12,2)`, `timestamp with time zone`.
        python: the type of a loaded value, without the `| None` of a nullable one.
        default: the default's expression in the engine's words, or "".
        generated: computed by the database; can never be written.
        identity: "", "always" (can never be written) or "by default". Serials and SQLite's rowid alias are
            "by default".
        array_or_json: "array", "json" or "": how a driver must wrap the value.
        touched: a trigger of the database sets it by every update.
    """

    name: str
    type: str
    python: PythonType
    nullable: bool
    default: str = ""
    generated: bool = False
    identity: str = ""
    comment: str = ""
    array_or_json: str = ""
    touched: bool = False


@dataclass(frozen=True, slots=True)
class Relationship:
    """A foreign key, or its other side.

    Attributes:
        cardinality: seen from the model that holds this relationship.
        target: the other model's name.
        columns, target_columns: the joined columns, in order. For MANY_TO_MANY those of the two ends.
        through: the join table's name for MANY_TO_MANY, else "".
        through_columns, through_target_columns: the join table's columns to this end and to the other.
        constraint: the foreign key's name, or "".
        required: a row here always has the other (MANY_TO_ONE and ONE_TO_ONE from the holder's side).
        on_delete: the engine's word, lower case: "cascade", "restrict", "set null", "no action", …
    """

    cardinality: Cardinality
    target: str
    columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    through: str = ""
    through_columns: tuple[str, ...] = ()
    through_target_columns: tuple[str, ...] = ()
    constraint: str = ""
    required: bool = False
    on_delete: str = ""
    holder: bool = True


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """Columns that find at most one row: the primary key, unique constraints and plain unique indexes.

    Attributes:
        deferrable: it may be held only at a transaction's end, so that no insert can be told what to do where
            it is not met.
    """

    name: str
    columns: tuple[str, ...]
    primary: bool = False
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An index as far as a reader cares; `columns` has "" where an expression stands."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One table that is an entity.

    Attributes:
        name: CamelCase singular, or the document's own name for it.
        schema: "" where the engine has none or it is the default one.
        sql_name: the table quoted and qualified as needed, ready to stand in a statement.
    """

    name: str
    table: str
    schema: str
    sql_name: str
    attributes: tuple[Attribute, ...]
    keys: tuple[UniqueKey, ...]
    relationships: tuple[Relationship, ...] = ()
    indexes: tuple[Index, ...] = ()
    comment: str = ""

    @property
    def primary_key(self) -> UniqueKey | None:
        return next((key for key in self.keys if key.primary), None)

    def attribute(self, name: str) -> Attribute:
        return next(attribute for attribute in self.attributes if attribute.name == name)


@dataclass(frozen=True, slots=True)
class JoinTable:
    """A table whose columns are only two foreign keys: a relationship, not a model."""

    table: str
    schema: str
    sql_name: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """What generated SQL must know of an engine.

    Attributes:
        name: "postgresql", "sqlite": also the module of `dbdeed.access` that speaks to it.
        quote: the identifier quote character.
        reserved: words that must be quoted as identifiers, lower case.
        folds_case: an unquoted identifier is folded, so one with upper case must be quoted.
    """

    name: str
    quote: str
    reserved: frozenset[str]
    folds_case: bool


@dataclass(frozen=True, slots=True)
class DataModel:
    """The whole picture, models ordered by name.

    Attributes:
        others: names of tables that are neither: partitions, virtual tables.
    """

    models: tuple[Model, ...]
    enums: tuple[EnumType, ...]
    joins: tuple[JoinTable, ...]
    dialect: Dialect
    others: tuple[str, ...] = ()

    def model(self, name: str) -> Model | None:
        return next((model for model in self.models if model.name == name), None)
