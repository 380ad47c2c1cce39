"""Which table a described model stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.models.naming import table_name

if TYPE_CHECKING:
    from dbdeed.document.architecture import ModelEntry
    from dbdeed.models.model import DataModel, Model


def table_of(entry: ModelEntry) -> str:
    """Its `Table` line, or what its name stands for."""
    return entry.table.rpartition(".")[2] or table_name(entry.name)


def model_of(entry: ModelEntry, data: DataModel) -> Model | None:
    """The model that the engine made of its table; names differ in case only where people wrote them.

    Of tables with one name in several schemas it is the one that has the entry's name.
    """
    name = table_of(entry).lower()
    found = [model for model in data.models if model.table.lower() == name]
    return next((model for model in found if model.name == entry.name), found[0] if found else None)
