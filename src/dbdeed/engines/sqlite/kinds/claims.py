"""Names that objects hold: tables, views and indexes share one namespace, triggers have their own."""

from __future__ import annotations

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.sqlite.names import fold


def object_id(kind: str, name: str) -> ObjectId:
    """An id has the folded name: `Users` and `users` are one table."""
    return ObjectId(kind, (fold(name),))


def claim(name: str) -> tuple[tuple[str, ...], ...]:
    """Of a table, a view or an index."""
    return (("name", fold(name)),)
