"""Use case: write the typed repositories that a document's database needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbdeed.document.architecture import Architecture
    from dbdeed.document.findings import Finding
    from dbdeed.models.blueprint import Blueprint
    from dbdeed.models.model import DataModel
    from dbdeed.models.query import QueryShape
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class GenerateResult:
    """Paths relative to the project.

    Attributes:
        written: made or brought up to date now.
        removed: of models that are no more.
        unchanged: they were as they should be.
        different: with `check`: what a run would write, remove, or find edited by hand.
        findings: of a document: what nothing was generated of, though somebody may have meant it to be.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    different: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def generate(
    data_model: DataModel,
    architecture: Architecture,
    root: Path,
    *,
    queries: Sequence[QueryShape] = (),
    blueprint: Blueprint | None = None,
    check: bool = False,
    force: bool = False,
) -> GenerateResult:
    """Write the repositories into the document's folder, or with `check` only say what differs.

    Args:
        data_model: as the engine describes the target.
        architecture: its folder, pool, retry and transactions.
        root: the project's folder; nothing is written outside of it.
        queries: the declared queries, as the engine describes them.
        blueprint: the tables in detail, where SQLAlchemy's models are wanted.
        check: only compare.
        force: overwrite files that were edited by hand.

    Raises:
        EditedByHand: a person's edit would be lost; nothing was written.
        InvalidInput: the document's folder is not inside the project, or a name cannot stand in SQL.
        Unavailable: the disk refuses.
    """
    from dbdeed.codegen import generate as text
    from dbdeed.codegen import write as disk
    from dbdeed.codegen.settings import settings_of

    settings = settings_of(architecture)
    files = text.generate_files(data_model, settings, queries, blueprint)
    if check:
        compared = disk.compare(root, settings.folder, files)
        return GenerateResult((), (), compared.unchanged, compared.different)
    compared = disk.write(root, settings.folder, files, force=force)
    return GenerateResult(
        written=tuple(sorted((*compared.new, *compared.changed, *compared.edited))),
        removed=compared.vanished,
        unchanged=compared.unchanged,
        different=(),
    )


def generate_for(
    document: Path, *, check: bool = False, force: bool = False, progress: Progress = SILENT
) -> GenerateResult:
    """Generate for a document; raises as `generate`, and for what is wrong with the document itself."""
    from dbdeed.app.reading import read_model
    from dbdeed.app.sound import require_sound
    from dbdeed.rules.query_outside_section import outside

    reading = read_model(document, progress=progress)
    require_sound(reading.query_findings)
    result = generate(
        reading.model,
        reading.architecture,
        reading.project.root,
        queries=reading.queries,
        blueprint=reading.blueprint,
        check=check,
        force=force,
    )
    return replace(result, findings=tuple(outside(reading.architecture)))
