"""`dbdeed erd`: the document's data models, drawn."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from dbdeed.app.facts import engine_facts
from dbdeed.app.plan import stop_on_errors
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of
from dbdeed.errors import InvalidInput
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.document.architecture import Architecture
    from dbdeed.models.model import DataModel
    from dbdeed.progress import Progress


class Drawing(StrEnum):
    """How an ERD is written down."""

    MERMAID = "mermaid"
    SVG = "svg"


def erd(document: Path, drawing: Drawing, *, progress: Progress = SILENT) -> str:
    """The drawing's text.

    Raises:
        InvalidInput: the document names no system, or its SQL is rejected or describes no table.
        NotYet: its system has no engine.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    engine_of(architecture)
    facts = engine_facts(project, architecture, start=True, progress=progress)
    if facts is not None:
        stop_on_errors(facts.findings)
    model = facts.model if facts is not None else None
    if model is None or not model.models:
        raise InvalidInput(
            "There is nothing to draw: the document's SQL describes no table.",
            where=architecture.source.name,
            hint="Write tables under Schema Design, or run `dbdeed sync` to draft them from the data models.",
            code="nothing-to-draw",
        )
    return draw(model, drawing, title=title_of(architecture))


def draw(model: DataModel, drawing: Drawing, *, title: str) -> str:
    """A data model as text of the wanted kind."""
    from dbdeed.diagram.picture import picture

    if drawing is Drawing.SVG:
        from dbdeed.diagram.svg import svg

        return svg(picture(model), title)
    from dbdeed.diagram.mermaid import mermaid

    return mermaid(picture(model))


def title_of(architecture: Architecture) -> str:
    """The document's first heading, or its file's name."""
    first = next((one for one in architecture.sections if one.level == 1), None)
    heading = first.heading.source.text(first.heading.span).strip(" #\t\r\n") if first else ""
    return heading or architecture.source.name
