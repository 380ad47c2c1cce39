"""What things are called in Python.

Any text may name a column, a table or an enum's value; in Python each needs an identifier that is no keyword,
clashes with nothing that generated code uses, and differs from its neighbours'. Well-kept names stay as they
are: `created_at` is `created_at`.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.models.model import DataModel, Model

_LONGEST = 100
_WORDS = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# What generated functions and classes say by themselves, where an attribute's name could stand in the way.
_TAKEN_ATTRIBUTES = frozenset(
    {
        "access",
        "after",
        "batch",
        "bool",
        "bytes",
        "changes",
        "dict",
        "first",
        "float",
        "from_rows",
        "int",
        "limit",
        "list",
        "msgspec",
    }
    | {"new", "object", "order_by", "self", "str", "tuple", "with_deleted"}
)
_TAKEN_CLASSES = frozenset(
    {"Any", "Collection", "Literal", "Sequence", "TypedDict", "UNSET", "Unpack", "UnsetType"}
) | {
    *("COLUMNS", "COUNT", "DELETE", "EXISTS", "FIND", "PURGE", "RESTORE", "ROWS", "TABLE"),
    *("AsyncIterator", "Iterable", "Iterator", "TYPE_CHECKING", "False", "None", "True"),
}
# How the statement is called that leaves out no deleted rows.
WITH_DELETED = "_WITH_DELETED"
# How the names of a model's statements begin.
_STATEMENTS = ("ADD_", "FIND_", "LIST_", "REMOVE_")
# Modules of the package itself, modules that generated code imports, and names that Windows refuses.
_TAKEN_MODULES = frozenset({"access", "builtins", "database", "enums", "msgspec", "sync"}) | {
    *("datetime", "decimal", "ipaddress", "typing", "uuid", "json"),
    *("aux", "con", "nul", "prn"),
    *("queries", "records", "sqlalchemy_models", "tables"),
}


@dataclass(frozen=True, slots=True)
class ModelNames:
    """One model in Python: its module, its classes, and its attributes by column."""

    module: str
    row: str
    attributes: dict[str, str]

    @property
    def new(self) -> str:
        return f"New{self.row}"

    @property
    def changes(self) -> str:
        return f"{self.row}Changes"

    @property
    def repository(self) -> str:
        return f"{self.row}Repository"

    @property
    def filter(self) -> str:
        return f"{self.row}Filter"

    @property
    def sort(self) -> str:
        return f"{self.row}Sort"

    def attribute(self, column: str) -> str:
        return self.attributes[column]


@dataclass(frozen=True, slots=True)
class Names:
    """A whole data model in Python.

    Attributes:
        models: by table (schema, name).
        enums: the classes by the enum's own name.
        lookups: the constants that find an enum's members by their values, by the enum's own name.
    """

    models: dict[tuple[str, str], ModelNames]
    enums: dict[str, str]
    lookups: dict[str, str]

    def of(self, model: Model) -> ModelNames:
        return self.models[model.schema, model.table]


def within(name: str) -> str:
    """A name as part of a longer one, where it is no keyword: `class_` is `class` in `with_class`."""
    return name.rstrip("_") or name


def names_of(data_model: DataModel) -> Names:
    """Names for everything, the same for the same data model."""
    classes = set(_TAKEN_CLASSES)
    enums: dict[str, str] = {}
    lookups: dict[str, str] = {}
    for enum in data_model.enums:
        enums[enum.name] = claim(class_name(enum.name), classes)
        lookups[enum.name] = claim(_lookup(enums[enum.name]), classes)
    modules = set(_TAKEN_MODULES)
    models: dict[tuple[str, str], ModelNames] = {}
    rows = [_claim_all(class_name(model.name), classes) for model in data_model.models]
    for model, row in zip(data_model.models, rows, strict=True):
        module = claim(_apart(snake(row), keyword.kwlist), modules)
        models[model.schema, model.table] = ModelNames(module, row, attribute_names(model, classes))
    return Names(models, enums, lookups)


def attribute_names(model: Model, classes: Iterable[str] = ()) -> dict[str, str]:
    """Attributes by column; none is called as a class is, which scripts without upper case would allow."""
    return distinct_names([attribute.name for attribute in model.attributes], classes)


def distinct_names(columns: Sequence[str], others: Iterable[str] = ()) -> dict[str, str]:
    """A name for each column. One that needs no change keeps its own, whatever its neighbours are."""
    words = {*_TAKEN_ATTRIBUTES, *keyword.kwlist, *others}
    wanted = {column: _apart(snake(column) or "column", words) for column in columns}
    taken = {column for column in columns if wanted[column] == column}
    return {column: column if column in taken else claim(wanted[column], taken) for column in columns}


def member_names(values: Iterable[str]) -> dict[str, str]:
    """Members of an enum class by value: `in transit` is IN_TRANSIT."""
    taken: set[str] = set()
    return {value: claim((snake(value) or "empty").upper(), taken) for value in values}


def referred(columns: Sequence[str], others: Sequence[str], target: str) -> str:
    """What columns refer to: `customer_id` to a `customer`, `label_code` of `code` to a `label`.

    Args:
        columns: these, as attributes.
        others: the columns that they refer to.
        target: the other model's module: its name where the columns' say nothing, or are several.
    """
    if len(columns) > 1 or columns[0] == others[0]:
        return target
    return columns[0].removesuffix(f"_{others[0]}").removesuffix("_id") or target


class Namer:
    """Gives each name once: the second of a kind gets a number.

    With `constants`, names that differ in case only are one, for constants are made of them: ß and ss are
    both SS.
    """

    def __init__(self, taken: Iterable[str] = (), *, constants: bool = False) -> None:
        self._form = str.upper if constants else str
        self._taken = {self._form(name) for name in taken}

    def __call__(self, name: str, suffix: str = "") -> str:
        """The name, free with and without the suffix."""
        free, number = name, 2
        while {self._form(free), self._form(free + suffix)} & self._taken:
            free, number = f"{name}_{number}", number + 1
        self._taken |= {self._form(free), self._form(free + suffix)}
        return free


def snake(text: str) -> str:
    """Lower case with underscores, an identifier's form; empty where no letter or digit is left."""
    # Python reads identifiers in NFKC, so two that differ only before would be one.
    words = _WORDS.findall(_HUMP.sub("_", unicodedata.normalize("NFKC", text)))
    return _identifier("_".join(words).lower(), "n")


def class_name(text: str) -> str:
    """Words joined, each with its first letter in upper case: `order line` is OrderLine."""
    words = _WORDS.findall(unicodedata.normalize("NFKC", text))
    return _identifier("".join(word[:1].upper() + word[1:] for word in words), "N") or "Unnamed"


def _identifier(text: str, digit_prefix: str) -> str:
    text = unicodedata.normalize("NFKC", text)[:_LONGEST].rstrip("_")
    kept = "".join(character for character in text if f"a{character}".isidentifier())
    return kept if not kept or kept.isidentifier() else f"{digit_prefix}{kept}"


def _lookup(enum: str) -> str:
    """`ORDER_STATUS`, kept from names that statements have in a model's file."""
    name = snake(enum).upper()
    return f"ENUM_{name}" if name.startswith(_STATEMENTS) else name


def _apart(name: str, words: Iterable[str]) -> str:
    return f"{name}_" if name in words else name


def claim(name: str, taken: set[str]) -> str:
    """The name, or the first with a number that nobody has."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    taken.add(free)
    return free


def _claim_all(name: str, taken: set[str]) -> str:
    """As `claim`, for a model's row and the classes that are named after it."""
    free, number = name, 2
    while taken & (family := _family(free)):
        free, number = f"{name}{number}", number + 1
    taken |= family
    return free


def _family(row: str) -> set[str]:
    return {row, f"New{row}", f"{row}Changes", f"{row}Repository", f"{row}Filter", f"{row}Sort"}
