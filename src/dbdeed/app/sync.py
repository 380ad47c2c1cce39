"""`dbdeed sync`: what the document says twice is brought in line with its SQL.

First a table is drafted for each model that has none; then the diagram, the models' attributes and
relationships follow the SQL. Each stage reads the document anew: what it writes rests on what is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.facts import engine_facts
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of
from dbdeed.app.sound import require_filled, require_sound
from dbdeed.app.written_model import written_model
from dbdeed.engines.seam import NotYet
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture, ModelEntry
    from dbdeed.document.edit import Edit
    from dbdeed.document.source import Source
    from dbdeed.models.model import DataModel
    from dbdeed.progress import Progress

ERD_BLOCK = "erd"


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What was written, or with `check` what would be, one phrase each: "drew the diagram"."""

    document: Path
    changes: tuple[str, ...]


@dataclass
class _Edits:
    """Edits by the file that they are of, and what they do."""

    by_source: dict[int, tuple[Source, list[Edit]]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def add(self, source: Source, edits: Iterable[Edit | None], what: str) -> None:
        real = [edit for edit in edits if edit is not None]
        if real:
            self.by_source.setdefault(id(source), (source, []))[1].extend(real)
            self.said.append(what)


def sync(
    document: Path,
    *,
    today: date,
    check: bool = False,
    overwrite: bool = False,
    draft: bool = True,
    progress: Progress = SILENT,
) -> SyncResult:
    """Bring the document in line with its SQL.

    Args:
        document: the path of DATABASE.md.
        today: what Last Updated becomes where anything changed.
        check: write nothing, only say what would be written.
        overwrite: replace a person's edits inside generated blocks.
        draft: draft tables for models that have none.
        progress: where steps are announced.

    Raises:
        InvalidInput: the document has errors, or its SQL is rejected.
        Refused: a person edited the diagram's block, and `overwrite` is not set.
    """
    project = open_project(document)
    said: list[str] = []
    for stage in (_draft_tables, _follow_sql) if draft else (_follow_sql,):
        architecture = read_architecture(project)
        require_filled(architecture)
        data = _data_model(project, architecture, progress)
        edits = _Edits()
        stage(architecture, data, edits, overwrite=overwrite)
        said += edits.said
        if edits.by_source:
            if check:
                break
            _write(project, architecture, edits, today)
    return SyncResult(document, tuple(said))


def _write(project: Project, architecture: Architecture, edits: _Edits, today: date) -> None:
    from dbdeed.document.edit import write_document
    from dbdeed.document.rewrite_keys import set_value_edit

    dated = set_value_edit(architecture, "Last Updated", today.isoformat())
    if dated is not None:
        source = architecture.source
        edits.by_source.setdefault(id(source), (source, []))[1].append(dated)
    for source, own in edits.by_source.values():
        path = project.document if source is architecture.source else Path(source.name)
        write_document(path, source, own)


def _draft_tables(
    architecture: Architecture, data: DataModel | None, edits: _Edits, *, overwrite: bool
) -> None:
    """A `CREATE TABLE` for each model that has attributes and no table."""
    from dbdeed.document.rewrite_models import append_table_edit
    from dbdeed.rules.described import table_of

    del overwrite
    if data is None:
        return
    engine = engine_of(architecture)
    there = {one.table.lower() for one in data.models} | {one.table.lower() for one in data.joins}
    there |= {entry.name.lower() for entry in architecture.schema.tables}
    placeholders = [one.place.span.start for one in architecture.placeholders]
    for model in architecture.models:
        name = table_of(model)
        if model.attributes and name.lower() not in there and not _unfilled(model, placeholders):
            sql = engine.draft_table(model, architecture.models)
            edits.add(
                architecture.source, [append_table_edit(architecture, name, sql)], f"drafted table {name}"
            )


def _unfilled(model: ModelEntry, placeholders: Iterable[int]) -> bool:
    """Whether a placeholder still stands in a model: nobody has said yet what it is."""
    extent = model.extent.span
    return any(extent.start <= start < extent.end for start in placeholders)


def _follow_sql(
    architecture: Architecture, data: DataModel | None, edits: _Edits, *, overwrite: bool
) -> None:
    """The diagram, attributes and relationships, and an entry for each table that has no model."""
    if data is not None:
        _sync_models(architecture, data, edits)
    drawn = data if data is not None else written_model(architecture)
    if drawn.models:
        _sync_diagram(architecture, drawn, edits, overwrite=overwrite)


def _data_model(project: Project, architecture: Architecture, progress: Progress) -> DataModel | None:
    """What the engine makes of the SQL; None where its system has no engine."""
    try:
        engine_of(architecture)
    except NotYet:
        return None
    facts = engine_facts(project, architecture, start=True, progress=progress)
    require_sound(facts.findings if facts is not None else ())
    return facts.model if facts is not None else None


def _sync_models(architecture: Architecture, data: DataModel, edits: _Edits) -> None:
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
                architecture, model.name, list(attributes.items()), relationships, model.comment
            )
            edits.add(architecture.source, [added], f"added model {model.name}")


def _sync_diagram(architecture: Architecture, data: DataModel, edits: _Edits, *, overwrite: bool) -> None:
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


_INVITATION = "[This section should contain ERDs"
