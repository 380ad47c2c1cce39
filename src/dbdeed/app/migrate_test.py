"""`dbdeed migrate test`: each file up, down and up again, with the document's sample rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.app.migrations import open_shelf
from dbdeed.migrations.testing import try_all
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.migrations.testing import Tried
    from dbdeed.progress import Progress


def migrate_test(
    document: Path,
    *,
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> list[Tried]:
    """Try every migration of a project in a scratch; the last one has failed, or all are there.

    Raises:
        InvalidInput: the document or a migration cannot be read.
        NotYet: only its tool can run one of them.
        Unavailable: no scratch.
    """
    with open_shelf(document, scratch=scratch, environment=environment, progress=progress) as shelf:
        samples = shelf.engine.statements(shelf.architecture.schema.samples)
        return list(
            try_all(shelf.engine, shelf.scratch, shelf.files.migrations, samples, progress, shelf.carrier)
        )
