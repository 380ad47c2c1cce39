"""A sound document and what its engine makes of its SQL: where drawing and generating start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.facts import engine_facts
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of
from dbdeed.app.sound import require_filled, require_sound
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.app.facts import EngineFacts
    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture
    from dbdeed.document.findings import Finding
    from dbdeed.models.blueprint import Blueprint
    from dbdeed.models.model import DataModel
    from dbdeed.models.query import QueryShape
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as the engine understands it.

    Attributes:
        queries: those that it declares.
        query_findings: what is wrong with others.
        blueprint: the tables in detail, where the document names SQLAlchemy.
    """

    project: Project
    architecture: Architecture
    model: DataModel
    queries: tuple[QueryShape, ...] = ()
    query_findings: tuple[Finding, ...] = ()
    blueprint: Blueprint | None = None


def read_model(document: Path, *, progress: Progress = SILENT) -> Reading:
    """Read and understand a document.

    Raises:
        InvalidInput: it cannot be read, names no system, or its SQL is unfilled or rejected.
        NotYet: its system has no engine.
        Unavailable: no scratch can be started.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    require_filled(architecture)
    engine = engine_of(architecture)
    facts = engine_facts(project, architecture, start=True, progress=progress)
    require_sound(facts.findings if facts is not None else ())
    if facts is None or facts.model is None:
        raise AssertionError(f"{engine.name} neither read nor rejected the SQL")
    return Reading(
        project,
        architecture,
        facts.model,
        facts.queries,
        facts.query_findings,
        wanted_blueprint(architecture, facts),
    )


def wanted_blueprint(architecture: Architecture, facts: EngineFacts) -> Blueprint | None:
    """The tables in detail, where the document names SQLAlchemy under ORM Usage."""
    orm = architecture.queries.orm.value
    if orm is None or "SQLAlchemy" not in orm.names or facts.catalog is None:
        return None
    return facts.engine.blueprint(facts.catalog)
