"""`dbdeed drill`."""

from __future__ import annotations

from pathlib import Path

import click

from dbdeed.cli import options


@click.command()
@options.document
@options.backup
@click.option(
    "--to",
    default="",
    metavar="TIME|LSN|latest",
    help="Restore to this moment along the archived log: all that was acknowledged before, nothing after.",
)
@click.option(
    "--junit", type=click.Path(path_type=Path), default=None, metavar="FILE", help="Write JUnit XML as well."
)
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Write what was found for others to verify, signed where DBDEED_EVIDENCE_KEY holds a key.",
)
@options.formats("text", "json")
@options.quiet
def command(
    document: Path, backup: str, to: str, junit: Path | None, evidence: Path | None, format_: str, quiet: bool
) -> None:
    """Restore the newest backup in isolation and prove it.

    The restored copy reaches nobody. Rows, digests, schema, constraints and sequences are compared, the times
    measured and written under the document's Recovery Plan. PROVEN, FAILED or NOT VERIFIED: what could not be
    looked at is never green. Exit code 0 only where it is PROVEN.

    Examples:
        dbdeed drill
        dbdeed drill --format json
        dbdeed drill --to "2026-03-01 14:05:00"
        dbdeed drill --junit drill.xml --evidence drill.evidence
    """
    from dbdeed.app.drill import run_drill
    from dbdeed.app.evidence import write_evidence
    from dbdeed.app.files import write_text
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress
    from dbdeed.cli.proofs import proof_object, proof_text
    from dbdeed.recovery.junit import render_junit

    result = run_drill(document, backup=backup, to=to, progress=open_progress(quiet=quiet))
    if junit is not None:
        write_text(junit, render_junit(result.proof))
    if evidence is not None and result.evidence is not None:
        write_evidence(evidence, result.evidence)
    if format_ == "json":
        drilled = proof_object(result.proof)
        print(
            json_object(
                "drill",
                ok=result.ok,
                drill=drilled,
                recorded=result.written,
                notes=list(result.notes),
                outlook=result.outlook,
            )
        )
    else:
        print(proof_text(result.proof))
        if result.outlook:
            print(f"  {result.outlook}")
        for note in result.notes:
            print(f"Note: {note}")
    raise SystemExit(0 if result.ok else 1)
