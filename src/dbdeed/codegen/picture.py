"""A model with all that writing its file needs to know, worked out once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dbdeed.codegen import types
from dbdeed.codegen.conventions import Conventions, conventions_of
from dbdeed.codegen.names import WITH_DELETED, Namer, within
from dbdeed.codegen.sql import quoted

if TYPE_CHECKING:
    from dbdeed.codegen.links import Link
    from dbdeed.codegen.lookups import Lookup
    from dbdeed.codegen.names import ModelNames, Names
    from dbdeed.codegen.relations import Relation
    from dbdeed.models.model import Attribute, Dialect, Model, UniqueKey


@dataclass(frozen=True, slots=True)
class Field:
    """One column in Python.

    Attributes:
        name: the attribute.
        sql: the column, quoted where it must be.
        type: the annotation, without `| None`.
        load: the expression that makes the value from the driver's, for which `{0}` stands.
    """

    attribute: Attribute
    name: str
    sql: str
    selected: str
    type: str
    load: str
    cast: str

    @property
    def as_it_is(self) -> bool:
        """The value is the driver's own."""
        return self.load == "{0}"

    def load_from(self, value: str) -> str:
        """The expression that makes the value from `value`."""
        return self.load.format(value)

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
    def equal(self) -> bool:
        """Values can be compared."""
        return types.has_equality(self.attribute)

    @property
    def sortable(self) -> bool:
        """Rows can be sorted by it."""
        return types.has_order(self.attribute)

    @property
    def filter_type(self) -> str:
        """What it may be asked to meet; empty for nothing at all."""
        null = " | None" if self.attribute.nullable else ""
        if self.type == "typing.Any" and not self.holds_json:
            return self.type
        if self.attribute.array_or_json == "json":
            return f"access.Condition[access.Json]{null}"
        if not self.equal:
            return "None" if null else ""
        return f"{self.type} | access.Condition[{self.type}{null}]{null}"


@dataclass(frozen=True, slots=True)
class Finder:
    """A unique key; `name`, such as `by_email`, is that of its methods behind their verbs."""

    name: str
    fields: tuple[Field, ...]

    @property
    def constant(self) -> str:
        """The statement that finds by it."""
        return f"FIND_{self.name}".upper()


@dataclass(frozen=True)
class Picture:
    """One model, its names and its fields."""

    model: Model
    names: ModelNames
    dialect: Dialect
    fields: tuple[Field, ...]
    conventions: Conventions
    links: tuple[Link, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    relations: tuple[Relation, ...] = ()

    @property
    def version(self) -> Field | None:
        """Counts changes."""
        return self.conventions.version

    @property
    def deleted(self) -> Field | None:
        """Says when a row was deleted."""
        return self.conventions.deleted

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
    def finders(self) -> tuple[Finder, ...]:
        """How one row is found by each unique key that is not the primary one."""
        namer, found = Namer(constants=True), []
        for key in self.unique_keys:
            name = namer(f"by_{'_and_'.join(within(field.name) for field in key)}", WITH_DELETED)
            found.append(Finder(name, key))
        return tuple(found)

    def is_deferrable(self, fields: tuple[Field, ...]) -> bool:
        """An insert cannot be told what to do where a row has this key already."""
        columns = {field.attribute.name for field in fields}
        same = [key.deferrable for key in self.model.keys if set(key.columns) == columns]
        return all(same)

    @cached_property
    def total(self) -> tuple[Field, ...]:
        """What makes an order of rows total: the primary key, or another key that is never null."""
        never_null = (key for key in self.unique_keys if not any(field.attribute.nullable for field in key))
        key = self.key or next(never_null, ())
        return key if all(field.sortable for field in key) else ()

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
        kept = (*self.key, *self.conventions.fields)
        return tuple(field for field in self.writable if field not in kept)

    def of(self, columns: tuple[str, ...]) -> tuple[Field, ...]:
        by_column = {field.attribute.name: field for field in self.fields}
        return tuple(by_column[column] for column in columns if column in by_column)

    def _findable(self, key: UniqueKey) -> tuple[Field, ...]:
        fields = self.of(key.columns)
        whole = len(fields) == len(key.columns) and all(field.equal for field in fields)
        return () if key.primary or not whole else fields


def picture_of(model: Model, names: Names, dialect: Dialect) -> Picture:
    """Work it out."""
    own = names.of(model)
    aliases = _aliases(model, own)
    fields = tuple(_field(attribute, names, own, dialect, aliases) for attribute in model.attributes)
    return Picture(model, own, dialect, fields, conventions_of(model, fields))


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
        load=_aliased(types.load(attribute, names, dialect, "{0}"), aliases),
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
