"""`dbdeed init`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from dbdeed.app.init import init as init_document
from dbdeed.cli.options import DEFAULT_DOCUMENT, new_app

app = new_app()


@app.command()
def init(
    path: Annotated[
        Path, typer.Argument(metavar="DOCUMENT", help="Where to write it. A file is never overwritten.")
    ] = DEFAULT_DOCUMENT,
    system: Annotated[
        str, typer.Option(metavar="NAME", help="PostgreSQL, MySQL, MariaDB, SQLite or MongoDB.")
    ] = "",
    db_version: Annotated[str, typer.Option(metavar="VERSION", help="Such as 18 or >=15.")] = "",
    hosting: Annotated[str, typer.Option(help="Embedded, Self-hosted or a provider's name.")] = "",
    model: Annotated[list[str] | None, typer.Option(help="A data model. Can be repeated.")] = None,
) -> None:
    """Write a new document from the template.

    On a terminal, what no option says is asked. Elsewhere the system is PostgreSQL and the template's example
    model stays.

    Examples:
        dbdeed init
        dbdeed init --system SQLite --model Reader --model Book
        dbdeed init docs/DATABASE.md --system PostgreSQL --db-version 18 --hosting Self-hosted
    """
    from dbdeed.cli.ask import line, on_terminal
    from dbdeed.cli.names import system_named

    asked = on_terminal() and not (system or model)
    if asked and not path.exists():
        system = line("Database system", "PostgreSQL")
        model = [name for name in line("Data models, with commas between", "").split(",") if name.strip()]
    result = init_document(
        path,
        system=system_named(system or "PostgreSQL"),
        today=date.today(),  # noqa: DTZ011 - the date on the writer's own wall
        version=db_version,
        hosting=hosting,
        models=tuple(model or ()),
    )
    placeholders = "1 placeholder" if result.unfilled == 1 else f"{result.unfilled} placeholders"
    print(f"Wrote {result.path}, with {placeholders} for you to fill in.")
    print(f"Next: `dbdeed check {result.path}` lists them; `dbdeed up {result.path}` makes it run.")
