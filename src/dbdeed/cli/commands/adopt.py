"""`dbdeed adopt`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from dbdeed.cli import options


@click.command()
@click.argument("database", metavar="URL|env:NAME")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("DATABASE.md"),
    show_default=True,
    metavar="PATH",
    help="The new document; a file that is there already is never overwritten.",
)
@options.scratch
@options.formats("text", "json")
@options.quiet
def command(database: str, output: Path, scratch: str, format_: str, quiet: bool) -> None:
    """Write a document that describes a live database.

    Reads the database and changes nothing there. The document's SQL has been read again in a scratch
    database, and makes exactly what is live: `dbdeed diff` finds no difference. Its Target State is As-Is:
    the database leads, and `dbdeed sync` follows it, until you write As-To-Be.

    Examples:
        dbdeed adopt env:DATABASE_URL
        dbdeed adopt postgresql://localhost/shop --output docs/DATABASE.md
        dbdeed adopt shop.db
    """
    from dbdeed.app.adopt import adopt
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    today = date.today()  # noqa: DTZ011 - the date on the writer's own wall
    result = adopt(database, output, today=today, scratch=scratch, progress=open_progress(quiet=quiet))
    if format_ == "json":
        print(
            json_object(
                "adopt",
                ok=True,
                document=str(result.path),
                tables=result.tables,
                unmodelled=list(result.unmodelled),
                invalid=list(result.invalid),
                unfilled=result.unfilled,
            )
        )
        return
    placeholders = "1 placeholder" if result.unfilled == 1 else f"{result.unfilled} placeholders"
    tables = "1 table" if result.tables == 1 else f"{result.tables} tables"
    print(f"Wrote {result.path}: {tables}, read back and equal; {placeholders} for you to fill in.")
    for one in result.unmodelled:
        print(f"Not described: {one}")
    for one in result.invalid:
        print(f"Described as whole, though its build failed: {one}")
    print(f"Next: `dbdeed check {result.path}` lists what is open; `dbdeed diff {result.path}` finds drift.")
