"""`dbdeed sync`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from dbdeed.cli.options import DEFAULT_DOCUMENT, Document, Quiet, new_app
from dbdeed.cli.output import Format

app = new_app()


@app.command()
def sync(
    document: Document = DEFAULT_DOCUMENT,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where something would be written.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace edits that were made by hand inside generated blocks."),
    ] = False,
    format_: Annotated[
        Format, typer.Option("--format", help="text for people, json for machines.")
    ] = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Bring diagram, models and drafted tables in line with the document's SQL.

    The SQL under Schema Design leads. A model that has attributes and no table gets a drafted CREATE TABLE; a
    table that no model describes gets one. Your prose stays as it is, byte for byte.

    Examples:
        dbdeed sync
        dbdeed sync --check
    """
    from dbdeed.app.sync import sync as run
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    today = date.today()  # noqa: DTZ011 - the date on the writer's own wall
    result = run(document, today=today, check=check, overwrite=overwrite, progress=open_progress(quiet=quiet))
    ok = not (check and result.changes)
    if format_ is Format.JSON:
        print(json_object("sync", ok=ok, document=str(result.document), changes=list(result.changes)))
    elif not result.changes:
        print(f"{result.document} is in line with its SQL.")
    else:
        print(f"{result.document}: {'not in line: ' if check else ''}{', '.join(result.changes)}.")
    raise typer.Exit(0 if ok else 1)
