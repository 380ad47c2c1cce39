"""`dbdeed generate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dbdeed.cli.options import DEFAULT_DOCUMENT, Document, Quiet, new_app
from dbdeed.cli.output import Format

if TYPE_CHECKING:
    from dbdeed.app.generate import GenerateResult

app = new_app()


@app.command()
def generate(
    document: Document = DEFAULT_DOCUMENT,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where a file would change.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite generated files edited by hand.")] = False,
    format_: Annotated[
        Format, typer.Option("--format", help="text for people, json for machines.")
    ] = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Write the data access layer.

    One file for each data model, into the document's Repositories folder, async and sync. The same document
    always gives the same bytes. Files that you put beside them are never touched.

    Examples:
        dbdeed generate
        dbdeed generate --check
    """
    from dbdeed.app.generate import generate_for
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    result = generate_for(document, check=check, force=force, progress=open_progress(quiet=quiet))
    ok = not result.different
    if format_ is Format.JSON:
        written, removed, different = map(list, (result.written, result.removed, result.different))
        print(json_object("generate", ok=ok, written=written, removed=removed, different=different))
    else:
        print(_text(result))
    raise typer.Exit(0 if ok else 1)


def _text(result: GenerateResult) -> str:
    lines = [f"wrote {path}" for path in result.written]
    lines += [f"removed {path}" for path in result.removed]
    lines += [f"differs: {path}" for path in result.different]
    return "\n".join(lines) if lines else f"All {len(result.unchanged)} files are up to date."
