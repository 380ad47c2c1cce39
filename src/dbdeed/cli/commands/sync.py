"""`dbdeed sync`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from dbdeed.cli import options


@click.command()
@options.document
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where something would be written.")
@click.option("--overwrite", is_flag=True, help="Replace edits made by hand inside generated blocks.")
@options.formats("text", "json")
@options.quiet
def command(document: Path, check: bool, overwrite: bool, format_: str, quiet: bool) -> None:
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
    if format_ == "json":
        print(json_object("sync", ok=ok, document=str(result.document), changes=list(result.changes)))
    elif not result.changes:
        print(f"{result.document} is in line with its SQL.")
    else:
        print(f"{result.document}: {'not in line: ' if check else ''}{', '.join(result.changes)}.")
    raise SystemExit(0 if ok else 1)
