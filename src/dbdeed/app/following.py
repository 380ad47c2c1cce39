"""Diagram, models and relationships follow the SQL: the edits that bring them in line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.app.written_model import written_model
from dbdeed.models.naming import table_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.document.architecture import Architecture
    from dbdeed.document.edit import Edit
    from dbdeed.document.source import Source
    from dbdeed.models.model import DataModel, Model

ERD_BLOCK = "erd"
_INVITATION = "[This section should contain ERDs"


@dataclass
class Edits:
    """Edits by the file that they are of, and what they do."""

    by_source: dict[int, tuple[Source, list[Edit]]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def add(self, source: Source, edits: Iterable[Edit | None], what: str) -> None:
        real = [edit for edit in edits if edit is not None]
        if real:
            self.by_source.setdefault(id(source), (source, []))[1].extend(real)
            self.said.append(what)


def follow_sql(architecture: Architecture, data: DataModel | None, edits: Edits, *, overwrite: bool) -> None:
    """The diagram, attributes and relationships, and an entry for each table that has no model."""
    if data is not None:
        _sync_models(architecture, data, edits)
    drawn = data if data is not None else written_model(architecture)
    if drawn.models:
        _sync_diagram(architecture, drawn, edits, overwrite=overwrite)


def _sync_models(architecture: Architecture, data: DataModel, edits: Edits) -> None:
    from dbdeed.document.rewrite_models import append_model_edit, model_edits
    from dbdeed.models.wording import keep_prose, words_of
    from dbdeed.rules.described import model_of

    described = set()
    for entry in architecture.models:
        model = model_of(entry, data)
        if model is None:
            continue
        described.add(model.name)
        attributes, relationships = words_of(model)
        written = {one.name: one.text for one in entry.attributes}
        kept = [(name, keep_prose(written.get(name, ""), words)) for name, words in attributes.items()]
        made = model_edits(entry, kept, relationships)
        edits.add(entry.place.source, made, f"wrote model {entry.name}")
    for model in data.models:
        if model.name not in described:
            attributes, relationships = words_of(model)
            added = append_model_edit(
                architecture,
                model.name,
                list(attributes.items()),
                relationships,
                model.comment,
                table=_said_table(model),
            )
            edits.add(architecture.source, [added], f"added model {model.name}")


def _said_table(model: Model) -> str:
    """The table, where the model's name does not lead to it."""
    qualified = f"{model.schema}.{model.table}" if model.schema else model.table
    return "" if qualified == table_name(model.name) else qualified


def _sync_diagram(architecture: Architecture, data: DataModel, edits: Edits, *, overwrite: bool) -> None:
    from dbdeed.app.erd import Drawing, draw
    from dbdeed.document.edit import Edit
    from dbdeed.document.rewrite import generated_block_edit

    place = architecture.erd_place
    if place is None:
        return
    content = f"```mermaid\n{draw(data, Drawing.MERMAID, title='')}```\n"
    edit = generated_block_edit(architecture, ERD_BLOCK, content, place, overwrite=overwrite)
    if edit is None:
        return
    invitation = next((one for one in architecture.placeholders if one.text.startswith(_INVITATION)), None)
    removed = Edit(invitation.place.span, "") if invitation is not None else None
    edits.add(architecture.source, [removed, edit], "drew the diagram")
