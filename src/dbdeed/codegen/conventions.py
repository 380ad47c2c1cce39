"""Columns that mean something by their name and type; docs/code.md tells users the same.

| column | type | what it means |
| --- | --- | --- |
| `version`, `lock_version`, `row_version` | an integer, never null, in no key | counts changes |
| `updated_at`, `modified_at` | a timestamp | set by every change, unless a trigger does |
| `deleted_at` | a timestamp that may be null, without default | when the row was deleted |

They hold for tables with a primary key only: without one no single row can be changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.codegen import types

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.codegen.picture import Field
    from dbdeed.models.model import Dialect, Model

_VERSION = ("version", "lock_version", "row_version")
_UPDATED = ("updated_at", "modified_at")
_DELETED = ("deleted_at",)


@dataclass(frozen=True, slots=True)
class Conventions:
    """The fields that have a meaning of their own; None where there is no such one."""

    version: Field | None = None
    updated: Field | None = None
    deleted: Field | None = None

    @property
    def touch(self) -> Field | None:
        """What every change must set: a trigger does not."""
        return None if self.updated is None or self.updated.attribute.touched else self.updated

    @property
    def fields(self) -> tuple[Field, ...]:
        """What no caller sets by an update."""
        return tuple(one for one in (self.version, self.updated, self.deleted) if one is not None)


def conventions_of(model: Model, fields: Iterable[Field]) -> Conventions:
    """Look for them."""
    if model.primary_key is None:
        return Conventions()
    keyed = {column for key in model.keys for column in key.columns}
    free = [field for field in fields if field.writable and field.attribute.name not in keyed]
    moments = [field for field in free if field.attribute.python.expression == "datetime.datetime"]
    counts = [f for f in free if f.attribute.python.expression == "int" and not f.attribute.nullable]
    gone = [field for field in moments if field.attribute.nullable and not field.attribute.default]
    return Conventions(_first(counts, _VERSION), _first(moments, _UPDATED), _first(gone, _DELETED))


def now(field: Field, dialect: Dialect) -> str:
    """The moment of a change, in the field's own type."""
    if dialect.name == "sqlite":
        return "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    return "now()" if types.zoned(field.attribute) else "LOCALTIMESTAMP"


def _first(fields: Iterable[Field], names: tuple[str, ...]) -> Field | None:
    by_name = {field.attribute.name.lower(): field for field in fields}
    return next((by_name[name] for name in names if name in by_name), None)
