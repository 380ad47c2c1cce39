"""`dbdeed stop` and the embedded part of `dbdeed status`: the life of the project's own database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.app.facts import wanted_version
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import EmbeddedServer


def embedded_server(document: Path) -> EmbeddedServer:
    """The embedded database of a document's project, whether it runs or not."""
    project = open_project(document)
    architecture = read_architecture(project)
    return engine_of(architecture).embedded(project.root, wanted_version(architecture))


def stop(document: Path) -> bool:
    """Stop the embedded database; False where it was not running."""
    return embedded_server(document).stop()
