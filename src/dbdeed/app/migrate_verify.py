"""`dbdeed migrate verify`: the files add up to the document, and are those that were applied."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.database import chosen_target
from dbdeed.app.migrate_new import target_of
from dbdeed.app.migrations import open_shelf, open_workshop
from dbdeed.app.sound import checked
from dbdeed.migrations import sums
from dbdeed.migrations.problems import problems_of
from dbdeed.migrations.runner import where_all_stand
from dbdeed.planning.running import differences
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.app.migrations import Shelf
    from dbdeed.document.findings import Finding
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What was held against each other.

    Attributes:
        tool: the format's name.
        count: of migrations.
        problems: of files: with `dbdeed.sum`, and with the history of a database; a sentence each.
        differences: between where the files lead and the document; a sentence each.
        database: whose history was read; "" where none was named.
        findings: of the document.
    """

    tool: str
    count: int
    problems: tuple[str, ...]
    differences: tuple[str, ...]
    database: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems and not self.differences


def migrate_verify(
    document: Path,
    *,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> VerifyResult:
    """Prove in a scratch that the files lead to the document, and hold them against what was applied.

    Args:
        document: the path of DATABASE.md.
        database: what `--database` says; without it and without the document's variable no history is read.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: the document has errors, or a migration does not run.
        Unavailable: no scratch, no database.
    """
    environment = os.environ if environment is None else environment
    with open_shelf(document, scratch=scratch, environment=environment, progress=progress) as shelf:
        findings = checked(shelf.project, shelf.architecture).findings
        current = shelf.state_of(shelf.files.migrations)
        target = target_of(shelf)
        found = differences(shelf.engine.compare(current, target).changes)
        if not found and current.objects != target.objects:
            found = ["the comparison overlooks a difference: please report it"]
        problems, name = _summed(shelf), ""
        if chosen_target(database, environment, shelf.architecture) is not None:
            added, name = _history(document, database, environment, progress)
            problems += added
    return VerifyResult(
        shelf.files.format.name,
        len(shelf.files.migrations),
        tuple(problems),
        tuple(found),
        name,
        findings,
    )


def _summed(shelf: Shelf) -> list[str]:
    files = shelf.files
    if not files.summed and files.migrations and not files.format.keeps_checksums:
        return [f"There is no {sums.NAME} in {files.layout.folder.name}: `dbdeed migrate repair --sum`."]
    return [
        f"{one.name} is {one.problem}, as {sums.NAME} has it: put it back, or `dbdeed migrate repair --sum`."
        for one in files.mismatches
    ]


def _history(
    document: Path, database: str, environment: Mapping[str, str], progress: Progress
) -> tuple[list[str], str]:
    with open_workshop(
        document, database=database, environment=environment, progress=progress, reading=True
    ) as shop:
        lines = where_all_stand(shop.desk, shop.files)
        found = [f"{one.version} {one.description} {what}. {hint}" for one, what, hint in problems_of(lines)]
        return found, shop.database
