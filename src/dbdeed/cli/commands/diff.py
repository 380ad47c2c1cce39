"""`dbdeed diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.diff import DiffResult


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("destination", metavar="TO")
@click.option("--system", default="", metavar="NAME", help="Whose SQL it is, where neither side says so.")
@options.scratch
@options.formats("text", "json", "sql", help_="text for people, json for machines, sql for psql or sqlite3.")
@options.quiet
def command(source: str, destination: str, system: str, scratch: str, format_: str, quiet: bool) -> None:
    """Compare two documents, SQL files or databases.

    Writes to neither side. Exit code 0 where they are the same, 1 where they differ.

    Examples:
        dbdeed diff DATABASE.md env:DATABASE_URL
        dbdeed diff old.sql new.sql --system PostgreSQL
        dbdeed diff env:STAGING_URL env:PRODUCTION_URL --format sql
    """
    from dbdeed.app.diff import diff as compare
    from dbdeed.cli.names import system_named
    from dbdeed.cli.progress import open_progress

    result = compare(
        source,
        destination,
        system=system_named(system) if system else None,
        scratch=scratch,
        cache=Path(".dbdeed/cache") if Path(".dbdeed").is_dir() else None,
        progress=open_progress(quiet=quiet),
    )
    print(_shown(result, format_), end="")
    raise SystemExit(0 if result.same else 1)


def _shown(result: DiffResult, format_: str) -> str:
    from dbdeed.cli.output import json_object
    from dbdeed.planning.render import render_differences, render_sql

    if format_ == "sql":
        return render_sql(result.plan, result.engine)
    if format_ == "json":
        from dbdeed.cli.output import change_objects

        said = json_object(
            "diff",
            ok=result.same,
            findings=result.findings,
            source=result.source,
            destination=result.destination,
            changes=change_objects(result.plan),
            statements=[step.sql for step in result.plan.steps],
            unmodelled=list(result.plan.unmodelled),
        )
        return f"{said}\n"
    uncovered = "".join(f"Not compared: {one}\n" for one in result.plan.unmodelled)
    if result.same:
        return f"{uncovered}No difference between {result.source} and {result.destination}.\n"
    return f"From {result.source} to {result.destination}:\n{render_differences(result.plan)}{uncovered}"
