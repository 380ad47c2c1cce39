"""`dbdeed sync`: the document is brought in line with what leads.

Where the document leads (As-To-Be), a table is drafted for each model that has none; where the database leads
(As-Is), its changes are pulled into the document's SQL. Then the diagram, the models' attributes and
relationships follow the SQL. All of it happens in memory; files are written once, at the end, or not at all.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.database import chosen_target
from dbdeed.app.facts import engine_facts
from dbdeed.app.following import Edits, follow_sql
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.revised import revised
from dbdeed.app.site import engine_of, open_site
from dbdeed.app.sound import require_filled, require_sound
from dbdeed.document.findings import Severity
from dbdeed.document.values.types import TargetState
from dbdeed.engines.faults import NotYet
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture, ModelEntry
    from dbdeed.document.source import Source
    from dbdeed.models.model import DataModel
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What was written, or with `check` what would be.

    Attributes:
        document: its path.
        changes: one phrase each: "drew the diagram".
        notes: what a person should know besides, one sentence each.
        texts: the files that change, as (path, text before, text after).
        followed: the database led, and was read.
    """

    document: Path
    changes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    texts: tuple[tuple[str, str, str], ...] = ()
    followed: bool = False


@dataclass
class _Work:
    """The document as far as it has come."""

    project: Project
    architecture: Architecture
    progress: Progress
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    followed: bool = False

    def take(self, edits: Edits) -> None:
        """Do these edits, in memory."""
        self.said += edits.said
        found = [(source, edit) for source, own in edits.by_source.values() for edit in own]
        if found:
            self.architecture = revised(self.architecture, found)


def sync(
    document: Path,
    *,
    today: date,
    check: bool = False,
    overwrite: bool = False,
    draft: bool = True,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> SyncResult:
    """Bring the document in line with what leads.

    Args:
        document: the path of DATABASE.md.
        today: what Last Updated becomes where anything changed.
        check: write nothing, only say what would be written.
        overwrite: replace a person's edits inside generated blocks.
        draft: draft tables for models that have none, where the document leads.
        database: what `--database` says; used where the database leads.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: the document has errors, or its SQL is rejected.
        Refused: a person edited the diagram's block, and `overwrite` is not set; or a change of the database
            cannot be placed in the document.
        Unavailable: the database that leads cannot be reached.
    """
    project = open_project(document)
    before = read_architecture(project)
    require_filled(before)
    work = _Work(project, before, progress)
    if before.header.target_state.value is TargetState.AS_IS:
        _pull(work, database, scratch, os.environ if environment is None else environment)
    elif draft:
        edits = Edits()
        _draft_tables(work.architecture, _data_model(work), edits)
        work.take(edits)
    edits = Edits()
    follow_sql(work.architecture, _data_model(work), edits, overwrite=overwrite)
    work.take(edits)
    return _finish(work, before, today, check=check)


def _finish(work: _Work, before: Architecture, today: date, *, check: bool) -> SyncResult:
    """Date the document where anything changed, and write its files unless they are only checked."""
    from dbdeed.document.rewrite_keys import set_value_edit

    if _changed(before, work.architecture):
        dated = set_value_edit(work.architecture, "Last Updated", today.isoformat())
        if dated is not None:
            work.architecture = revised(work.architecture, [(work.architecture.source, dated)])
    changed = _changed(before, work.architecture)
    if not check:
        for old, new in changed:
            _write(work.project.document if old is before.source else Path(old.name), old, new)
    texts = tuple((old.name, old.data.decode(), new.data.decode()) for old, new in changed)
    return SyncResult(work.project.document, tuple(work.said), tuple(work.notes), texts, work.followed)


def _changed(before: Architecture, after: Architecture) -> list[tuple[Source, Source]]:
    """The files whose bytes differ, old and new."""
    now = {one.name: one for one in (after.source, *after.included)}
    return [
        (one, now[one.name])
        for one in (before.source, *before.included)
        if one.name in now and now[one.name].data != one.data
    ]


def _write(path: Path, old: Source, new: Source) -> None:
    from dbdeed.document.edit import Edit, write_document
    from dbdeed.document.source import Span

    write_document(path, old, [Edit(Span(0, len(old.data)), new.data.decode())])


def _pull(work: _Work, database: str, scratch: str, environment: Mapping[str, str]) -> None:
    """Follow the database; where none is named and none was ever made here, there is none to follow."""
    from dbdeed.app.pull import pull

    engine = engine_of(work.architecture)
    if chosen_target(database, environment, work.architecture) is None:
        from dbdeed.app.server import embedded_server

        if embedded_server(work.project.document).status() == "never started":
            work.notes.append("No database is at hand to follow: name one with --database.")
            return
    with open_site(
        work.project,
        work.architecture,
        database=database,
        scratch=scratch,
        environment=environment,
        progress=work.progress,
    ) as site:
        facts = engine_facts(
            work.project,
            work.architecture,
            start=True,
            progress=work.progress,
            version=site.session.version,
            scratch=site.scratch,
        )
        assert facts is not None
        if facts.catalog is None:
            require_sound(facts.findings)
        assert facts.catalog is not None  # what was not rejected has one
        with work.progress.step(f"Reading {site.target.label}"):
            live = engine.inspect(site.session)
        pulled = pull(engine, work.architecture, facts.catalog, live, site.scratch, work.progress)
    work.architecture, work.followed = pulled.architecture, True
    work.said += pulled.said
    if live.unmodelled:
        names = ", ".join(f"{one.kind} {one.name}" for one in live.unmodelled[:10])
        work.notes.append(f"Not compared, since dbdeed has no words for it yet: {names}.")
    work.notes += pulled.notes


def _draft_tables(architecture: Architecture, data: DataModel | None, edits: Edits) -> None:
    """A `CREATE TABLE` for each model that has attributes and no table."""
    from dbdeed.document.rewrite_models import append_table_edit
    from dbdeed.rules.described import table_of

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


def _data_model(work: _Work) -> DataModel | None:
    """What the engine makes of the SQL; None where its system has no engine."""
    try:
        engine_of(work.architecture)
    except NotYet:
        return None
    facts = engine_facts(work.project, work.architecture, start=True, progress=work.progress)
    if facts is None:
        return None
    if work.followed and facts.model is not None:
        # A database may hold what a document had better not, such as a view on a table that is gone.
        work.notes += [one.message for one in facts.findings if one.severity is Severity.ERROR]
        return facts.model
    require_sound(facts.findings)
    return facts.model
