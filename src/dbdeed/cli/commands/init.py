"""`dbdeed init`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from dbdeed.app.init import init as init_document


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("DATABASE.md"), metavar="[DOCUMENT]")
@click.option("--system", default="", metavar="NAME", help="PostgreSQL, MySQL, MariaDB, SQLite or MongoDB.")
@click.option("--db-version", default="", metavar="VERSION", help="Such as 18 or >=15.")
@click.option("--hosting", default="", metavar="WHERE", help="Embedded, Self-hosted or a provider's name.")
@click.option("--model", multiple=True, metavar="NAME", help="A data model. Can be repeated.")
def command(path: Path, system: str, db_version: str, hosting: str, model: tuple[str, ...]) -> None:
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
        model = tuple(filter(str.strip, line("Data models, with commas between", "").split(",")))
    result = init_document(
        path,
        system=system_named(system or "PostgreSQL"),
        today=date.today(),  # noqa: DTZ011 - the date on the writer's own wall
        version=db_version,
        hosting=hosting,
        models=model,
    )
    placeholders = "1 placeholder" if result.unfilled == 1 else f"{result.unfilled} placeholders"
    print(f"Wrote {result.path}, with {placeholders} for you to fill in.")
    print(f"Next: `dbdeed check {result.path}` lists them; `dbdeed up {result.path}` makes it run.")
