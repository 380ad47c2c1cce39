"""A model with all that writing its file needs to know, worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dbdeed.codegen import types
from dbdeed.codegen.sql import quoted

if TYPE_CHECKING:
    from dbdeed.codegen.links import Link
    from dbdeed.codegen.names import ModelNames, Names
    from dbdeed.models.model import Attribute, Dialect, Model, UniqueKey


@dataclass(frozen=True, slots=True)
class Field:
    """One column in Python.

    Attributes:
        name: the attribute.
        sql: the column, quoted where it must be.
        type: the annotation, without `| None`.
        load: the expression that makes the value from the driver's, which has the attribute's name.
    """

    attribute: Attribute
    name: str
    sql: str
    selected: str
    type: str
    load: str
    cast: str

    @property
    def writable(self) -> bool:
        return not self.attribute.generated and self.attribute.identity != "always"

    @property
    def has_default(self) -> bool:
        return bool(self.attribute.default or self.attribute.identity)

    @property
    def loaded_type(self) -> str:
        return f"{self.type} | None" if self.attribute.nullable else self.type

    @property
    def holds_json(self) -> bool:
        """Its value, or each of its list, is JSON."""
        return self.attribute.array_or_json == "json" or self.attribute.type in ("json[]", "jsonb[]")

    @property
    def comparable(self) -> bool:
        """Equality means what one expects: of lists and JSON it does not."""
        return not self.attribute.array_or_json


@dataclass(frozen=True)
class Picture:
    """One model, its names and its fields."""

    model: Model
    names: ModelNames
    dialect: Dialect
    fields: tuple[Field, ...]
    links: tuple[Link, ...] = ()

    @cached_property
    def key(self) -> tuple[Field, ...]:
        """The primary key's fields; empty where it has none."""
        primary = self.model.primary_key
        return self.of(primary.columns) if primary else ()

    @cached_property
    def unique_keys(self) -> tuple[tuple[Field, ...], ...]:
        """Other keys that find at most one row, each set of columns once."""
        seen = {frozenset(field.name for field in self.key)}
        found: list[tuple[Field, ...]] = []
        for key in self.model.keys:
            fields = self._findable(key)
            columns = frozenset(field.name for field in fields)
            if fields and columns not in seen:
                seen.add(columns)
                found.append(fields)
        return tuple(found)

    @cached_property
    def references(self) -> tuple[Field, ...]:
        """Single columns that refer to another model, each once, in the table's order."""
        held = (relation for relation in self.model.relationships if relation.holder and not relation.through)
        columns = {relation.columns[0] for relation in held if len(relation.columns) == 1}
        unique = {key[0].name for key in self.unique_keys if len(key) == 1}
        unique |= {field.name for field in self.key} if len(self.key) == 1 else set()
        return tuple(f for f in self.fields if f.attribute.name in columns and f.name not in unique)

    @cached_property
    def writable(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.writable)

    @property
    def has_changes(self) -> bool:
        """A single row can be found, and something of it can be changed."""
        return bool(self.key and self.changeable)

    @cached_property
    def changeable(self) -> tuple[Field, ...]:
        """What an update may set: the key stays."""
        return tuple(field for field in self.writable if field not in self.key)

    def of(self, columns: tuple[str, ...]) -> tuple[Field, ...]:
        by_column = {field.attribute.name: field for field in self.fields}
        return tuple(by_column[column] for column in columns if column in by_column)

    def _findable(self, key: UniqueKey) -> tuple[Field, ...]:
        fields = self.of(key.columns)
        whole = len(fields) == len(key.columns) and all(field.comparable for field in fields)
        return () if key.primary or not whole else fields


def picture_of(model: Model, names: Names, dialect: Dialect) -> Picture:
    """Work it out."""
    own = names.of(model)
    aliases = _aliases(model, own)
    fields = tuple(_field(attribute, names, own, dialect, aliases) for attribute in model.attributes)
    return Picture(model, own, dialect, fields)


def imports_of(picture: Picture) -> tuple[str, ...]:
    """`import` lines for the modules that the fields' types live in."""
    aliases = _aliases(picture.model, picture.names)
    modules = sorted({module for field in picture.fields for module in field.attribute.python.imports})
    return tuple(f"import {m} as {aliases[m]}" if m in aliases else f"import {m}" for m in modules)


def _field(
    attribute: Attribute,
    names: Names,
    own: ModelNames,
    dialect: Dialect,
    aliases: dict[str, str],
) -> Field:
    sql, name = quoted(attribute.name, dialect), own.attribute(attribute.name)
    return Field(
        attribute=attribute,
        name=name,
        sql=sql,
        selected=types.selected(attribute, sql, dialect),
        type=_aliased(types.annotation(attribute, names), aliases),
        load=_aliased(types.load(attribute, names, dialect, name), aliases),
        cast=types.cast(attribute, dialect),
    )


def _aliases(model: Model, own: ModelNames) -> dict[str, str]:
    """Modules that an attribute of the same name would hide in the class's body: `import uuid as uuid_`."""
    modules = {module for attribute in model.attributes for module in attribute.python.imports}
    hidden = {module for module in modules if module.partition(".")[0] in own.attributes.values()}
    return {module: f"{module.replace('.', '_')}_" for module in hidden}


def _aliased(expression: str, aliases: dict[str, str]) -> str:
    for module, alias in aliases.items():
        expression = re.sub(rf"(?<![\w.]){re.escape(module)}\.", f"{alias}.", expression)
    return expression
