"""What `up` prints at its end: how to connect, what was done, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.cli.output import change_objects, json_object, paint
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from typing import TextIO

    from dbdeed.app.up import UpResult
    from dbdeed.recovery.manifest import Proof

_COLOURS = {Verdict.PROVEN: "32;1", Verdict.FAILED: "31;1", Verdict.NOT_VERIFIED: "33;1"}


def up_text(result: UpResult, stream: TextIO) -> str:
    """A screen for a person; one line where nothing was done."""
    if result.unchanged:
        proven = f" Last drill: {_drill(result.proof, stream)}" if result.proof else ""
        return f"Nothing to do: {result.target.label} is what the document says.{proven}"
    lines = [f"{result.target.label} is what the document says.", ""]
    lines += [f"  {name:<10}{text}" for name, texts in _rows(result, stream) for text in texts]
    return "\n".join(lines)


def _rows(result: UpResult, stream: TextIO) -> list[tuple[str, list[str]]]:
    rows = [("Connect", [result.client])]
    if result.ran:
        rows.append(("Ran", [_count(len(result.ran), "migration")]))
    if result.applied.plan.steps:
        rows.append(("Applied", [_count(len(result.applied.plan.steps), "statement")]))
    document = [*result.synced, *(["recorded the drill"] if result.recorded else [])]
    if document:
        rows.append(("Document", [_listed(document)]))
    files = [
        f"{_count(len(paths), 'file')} {what}"
        for what, paths in (("written", result.generated.written), ("removed", result.generated.removed))
        if paths
    ]
    if files:
        rows.append(("Code", [", ".join(files)]))
    if result.backups:
        rows.append(("Backup", [backup.id for backup in result.backups]))
    if result.proof is not None:
        rows.append(("Drill", [_drill(result.proof, stream)]))
    if result.notes:
        rows.append(("Note", list(result.notes)))
    if result.findings:
        rows.append(("Check", [f"{_count(len(result.findings), 'finding')}: `dbdeed check` shows them"]))
    rows.append(("Next", _next(result)))
    return [
        (name if number == 0 else "", [text]) for name, texts in rows for number, text in enumerate(texts)
    ]


def _listed(texts: list[str], limit: int = 4) -> str:
    more = f", and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def _drill(proof: Proof, stream: TextIO) -> str:
    verdict = paint(proof.verdict, _COLOURS[proof.verdict], stream)
    parts = []
    if proof.recovery_seconds is not None:
        parts.append(f"recovered in {proof.recovery_seconds:.1f} s")
    if proof.loss_seconds is not None:
        parts.append(f"would have lost at most {proof.loss_seconds:.1f} s of changes")
    problems = [problem for check in proof.checks for problem in check.problems]
    if problems:
        parts.append(problems[0])
    return f"{verdict}{', ' if parts else ''}{', '.join(parts)}"


def _next(result: UpResult) -> list[str]:
    steps = []
    if result.target.embedded:
        steps.append(f"point your program at it: export {result.variable}={_quoted(result.target.url)}")
    steps.append("change the document and run `dbdeed up` again; `dbdeed plan` shows first what would happen")
    if result.target.embedded:
        steps.append("`dbdeed stop` stops the embedded database; its data stays")
    return steps


def _quoted(text: str) -> str:
    from shlex import quote

    return quote(text)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def up_object(result: UpResult) -> str:
    """The same for machines. Only an embedded database's URL is shown: others may hold a password."""
    import msgspec

    proof = msgspec.to_builtins(result.proof) if result.proof is not None else None
    return json_object(
        "up",
        ok=result.ok,
        findings=result.findings,
        unchanged=result.unchanged,
        database=result.target.label,
        url=result.target.url if result.target.embedded else None,
        migrations=[one.key for one in result.ran],
        changes=change_objects(result.applied.plan),
        document=[*result.synced],
        written=list(result.generated.written),
        removed=list(result.generated.removed),
        backups=[backup.id for backup in result.backups],
        drill=proof,
        notes=list(result.notes),
    )
