"""What stops work on a document: its error findings, all of them at once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from dbdeed.document.findings import Severity
from dbdeed.errors import InvalidInput
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.app.check import CheckResult
    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture
    from dbdeed.document.findings import Finding
    from dbdeed.progress import Progress


class DocumentUnsound(InvalidInput):
    """The document has errors; `findings` are all that was found, warnings too."""

    default_code = "document-unsound"

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [one for one in findings if one.severity is Severity.ERROR]
        first = errors[0]
        self.findings = tuple(findings)
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__(
            f"The document has {count}: {first.message}",
            hint=first.hint,
            where=str(first.place) if first.place is not None else "",
            code=first.code,
        )


def require_sound(findings: Sequence[Finding]) -> None:
    """Raises `DocumentUnsound` where a finding is an error; warnings never stop anything."""
    if any(one.severity is Severity.ERROR for one in findings):
        raise DocumentUnsound(findings)


def checked(
    project: Project, architecture: Architecture, *, engine: bool = False, progress: Progress = SILENT
) -> CheckResult:
    """Check a document that is about to be worked on. Raises `DocumentUnsound`."""
    from dbdeed.app.check import check_architecture

    result = check_architecture(project, architecture, engine=engine, progress=progress)
    require_sound(result.findings)
    return result


def require_filled(architecture: Architecture) -> None:
    """Raises `DocumentUnsound` where a placeholder stands in the SQL or for the database system.

    That is all that reading the SQL needs; drawing and generating do not wait for the rest of the document.
    """
    from dbdeed.rules import unfilled
    from dbdeed.rules.facts import Facts

    require_sound(tuple(unfilled.check(Facts(architecture=architecture, today=date.min))))
