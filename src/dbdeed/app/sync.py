"""`dbdeed sync`: what the document says twice is brought in line with its SQL.

First a table is drafted for each model that has none; then the diagram, the models' attributes and
relationships follow the SQL. Each stage reads the document anew: what it writes rests on what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.facts import engine_facts
from dbdeed.app.following import Edits, follow_sql
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of
from dbdeed.app.sound import require_filled, require_sound
from dbdeed.engines.seam import NotYet
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture, ModelEntry
    from dbdeed.models.model import DataModel
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What was written, or with `check` what would be, one phrase each: "drew the diagram"."""

    document: Path
    changes: tuple[str, ...]


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
    for stage in (_draft_tables, follow_sql) if draft else (follow_sql,):
        architecture = read_architecture(project)
        require_filled(architecture)
        data = _data_model(project, architecture, progress)
        edits = Edits()
        stage(architecture, data, edits, overwrite=overwrite)
        said += edits.said
        if edits.by_source:
            if check:
                break
            _write(project, architecture, edits, today)
    return SyncResult(document, tuple(said))


def _write(project: Project, architecture: Architecture, edits: Edits, today: date) -> None:
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
    architecture: Architecture, data: DataModel | None, edits: Edits, *, overwrite: bool
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


def _data_model(project: Project, architecture: Architecture, progress: Progress) -> DataModel | None:
    """What the engine makes of the SQL; None where its system has no engine."""
    try:
        engine_of(architecture)
    except NotYet:
        return None
    facts = engine_facts(project, architecture, start=True, progress=progress)
    require_sound(facts.findings if facts is not None else ())
    return facts.model if facts is not None else None
