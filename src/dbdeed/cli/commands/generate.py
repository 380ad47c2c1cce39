"""`dbdeed generate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.generate import GenerateResult


@click.command()
@options.document
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.option("--force", is_flag=True, help="Overwrite generated files that were edited by hand.")
@options.formats("text", "json")
@options.quiet
def command(document: Path, check: bool, force: bool, format_: str, quiet: bool) -> None:
    """Write the data access layer.

    One file for each data model, into the document's Repositories folder, async and sync. The same document
    always gives the same bytes. Files that you put beside them are never touched.

    Examples:
        dbdeed generate
        dbdeed generate --check
    """
    from dbdeed.app.findings_output import finding_text
    from dbdeed.app.generate import generate_for
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    result = generate_for(document, check=check, force=force, progress=open_progress(quiet=quiet))
    ok = not result.different
    if format_ == "json":
        written, removed, different = map(list, (result.written, result.removed, result.different))
        print(
            json_object(
                "generate",
                ok=ok,
                findings=result.findings,
                written=written,
                removed=removed,
                different=different,
            )
        )
    else:
        for finding in result.findings:
            print(finding_text(finding), file=sys.stderr)
        print(_text(result))
    raise SystemExit(0 if ok else 1)


def _text(result: GenerateResult) -> str:
    lines = [f"wrote {path}" for path in result.written]
    lines += [f"removed {path}" for path in result.removed]
    lines += [f"differs: {path}" for path in result.different]
    return "\n".join(lines) if lines else f"All {len(result.unchanged)} files are up to date."
