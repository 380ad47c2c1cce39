"""`dbdeed check`: what in the document is wrong, missing or contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.document.findings import Severity
from dbdeed.progress import SILENT
from dbdeed.rules.facts import Facts
from dbdeed.rules.places import Places
from dbdeed.rules.registry import not_run, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dbdeed.app.facts import EngineFacts
    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture
    from dbdeed.document.edit import Edit
    from dbdeed.document.findings import Finding
    from dbdeed.document.source import Source
    from dbdeed.progress import Progress

# A fix can make another one possible: a key spelt right has a value to rewrite. More: rules disagree.
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found.

    Attributes:
        architecture: the document, after fixes.
        findings: in document order.
        not_checked: what could not be known, one sentence each.
        fixed: what `--fix` put right, as it was found.
    """

    architecture: Architecture
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...] = ()
    fixed: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing stops `plan`, `apply` and `up`."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


def check(
    path: Path,
    *,
    fix: bool = False,
    engine: bool = False,
    today: date | None = None,
    progress: Progress = SILENT,
) -> CheckResult:
    """Check a document.

    Args:
        path: the document.
        fix: apply the fixes that findings carry, and check again.
        engine: ask the engine about the SQL, in a scratch database; else only what it said before is used.
        today: the local date, for dates that lie in the future.
        progress: where steps are announced.

    Raises:
        InvalidInput: the document cannot be read, or changed while it was fixed.
        Unavailable: `engine`, and there is none, or no scratch can be started.
    """
    project = open_project(path)
    architecture = read_architecture(project)
    day = today or date.today()  # noqa: DTZ011 - the person's own day is meant
    fixed: list[Finding] = []
    rounds = _ROUNDS if fix else 0
    while True:
        result = check_architecture(project, architecture, engine=engine, today=day, progress=progress)
        rounds -= 1
        applied = _apply_fixes(result.findings) if rounds >= 0 else []
        if not applied:
            return replace(result, fixed=tuple(fixed))
        fixed += applied
        architecture = read_architecture(project)


def check_architecture(
    project: Project,
    architecture: Architecture,
    *,
    engine: bool = False,
    today: date | None = None,
    progress: Progress = SILENT,
) -> CheckResult:
    """Check a document that is read already; arguments and errors as for `check`."""
    from dbdeed.engines.faults import NotYet

    asked: EngineFacts | None = None
    missing = ""
    try:
        asked = _ask(project, architecture, start=engine, progress=progress)
    except NotYet as error:
        if engine:
            raise
        missing = error.message
    facts = Facts(
        architecture=architecture,
        today=today or date.today(),  # noqa: DTZ011
        data_model=asked.model if asked else None,
        sql_findings=(*asked.findings, *asked.query_findings) if asked else (),
    )
    findings = _in_order(architecture, run(facts))
    return CheckResult(architecture, findings, _not_checked(facts, asked, missing))


def _ask(
    project: Project, architecture: Architecture, *, start: bool, progress: Progress
) -> EngineFacts | None:
    """What the engine says or said; a placeholder in the SQL is a finding of its own, not the engine's."""
    from dbdeed.app.facts import engine_facts

    blocks = architecture.schema.blocks
    placeholders = Places(one.place for one in architecture.placeholders)
    if not blocks or any(placeholders.touch(block.place) for block in blocks):
        return None
    return engine_facts(project, architecture, start=start, progress=progress)


def _not_checked(facts: Facts, asked: EngineFacts | None, missing: str) -> tuple[str, ...]:
    """Why the rules that need the engine did not run, and which they are."""
    rules = ", ".join(rule.code for rule in not_run(facts))
    if not rules or not facts.architecture.schema.blocks:
        return ()
    if asked is not None:
        why = "The engine rejected the SQL"
    elif missing:
        why = missing.rstrip(".")
    elif facts.architecture.overview.system.value is None:
        why = "No Database System is known"
    elif any(facts.unfilled_at(block.place) for block in facts.architecture.schema.blocks):
        why = "The SQL has placeholders"
    else:
        why = "The engine has not read this SQL yet (`dbdeed check --engine` asks it)"
    return (f"{why}; not checked: {rules}.",)


def _in_order(architecture: Architecture, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, by file and place; what has no place comes first."""
    sources = {
        id(source): number for number, source in enumerate((architecture.source, *architecture.included))
    }

    def key(finding: Finding) -> tuple[int, int, str]:
        if finding.place is None:
            return (-1, 0, finding.code)
        return (sources.get(id(finding.place.source), len(sources)), finding.place.span.start, finding.code)

    return tuple(sorted(dict.fromkeys(findings), key=key))


def _apply_fixes(findings: Iterable[Finding]) -> list[Finding]:
    """Write the fixes that do not touch each other; returns the findings that they put right."""
    from dbdeed.document.edit import write_document

    sources: dict[int, Source] = {}
    edits: dict[int, list[Edit]] = {}
    applied = []
    for finding in findings:
        if not finding.fix or finding.place is None:
            continue
        source = finding.place.source
        sources[id(source)] = source
        chosen = edits.setdefault(id(source), [])
        if not _touches(chosen, finding.fix):
            chosen.extend(finding.fix)
            applied.append(finding)
    changed = [write_document(source.name, source, edits[number]) for number, source in sources.items()]
    return applied if any(changed) else []


def _touches(edits: Sequence[Edit], more: Sequence[Edit]) -> bool:
    return any(
        one.span.start <= other.span.end and other.span.start <= one.span.end
        for one in edits
        for other in more
    )
