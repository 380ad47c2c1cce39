"""`dbdeed erd`: the document's data models, drawn."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.reading import read_model
from dbdeed.app.written_model import written_model
from dbdeed.engines.faults import NotYet
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
        InvalidInput: the document has errors, or describes no model.
    """
    architecture, model = _understood(document, progress)
    if not model.models:
        raise InvalidInput(
            "There is nothing to draw: the document describes no model.",
            where=architecture.source.name,
            hint="Write tables under Schema Design, or models with attributes under Data Models.",
            code="nothing-to-draw",
        )
    return draw(model, drawing, title=title_of(architecture))


def _understood(document: Path, progress: Progress) -> tuple[Architecture, DataModel]:
    """What the engine makes of the document; what the document itself says where there is no engine."""
    try:
        reading = read_model(document, progress=progress)
    except NotYet:
        architecture = read_architecture(open_project(document))
        return architecture, written_model(architecture)
    return reading.architecture, reading.model


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
