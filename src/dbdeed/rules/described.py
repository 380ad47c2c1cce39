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
    """The model that the engine made of its table; names differ in case only where people wrote them."""
    name = table_of(entry)
    return next((model for model in data.models if model.table.lower() == name.lower()), None)
