"""`dbdeed plan`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dbdeed.cli.options import DEFAULT_DOCUMENT, Database, Document, Quiet, Scratch, new_app

if TYPE_CHECKING:
    from dbdeed.app.plan import PlanResult

app = new_app()


class PlanFormat(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    JSON = "json"
    SQL = "sql"


@app.command()
def plan(
    document: Document = DEFAULT_DOCUMENT,
    database: Database = "",
    scratch: Scratch = "",
    format_: Annotated[
        PlanFormat,
        typer.Option("--format", help="text for people, json for `apply`, sql for psql or sqlite3."),
    ] = PlanFormat.TEXT,
    quiet: Quiet = False,
) -> None:
    """Show the proven steps that make the database match the document.

    Changes nothing. The plan has been run in a scratch database and ends exactly at the document's state.
    Each statement says what it locks, what it rewrites and what it destroys.

    Exit code 0 where nothing differs, 1 where something does.

    Examples:
        dbdeed plan
        dbdeed plan --database env:STAGING_URL
        dbdeed plan --format sql > change.sql
        dbdeed plan --format json > change.json
    """
    from dbdeed.app.plan import plan as make
    from dbdeed.cli.progress import open_progress

    result = make(document, database=database, scratch=scratch, progress=open_progress(quiet=quiet))
    print(_shown(result, format_), end="")
    if format_ is not PlanFormat.JSON:
        for refusal in result.refusals:
            print(f"Strategy: {refusal}", file=sys.stderr)
    raise typer.Exit(0 if result.plan.empty else 1)


def _shown(result: PlanResult, format_: PlanFormat) -> str:
    from dbdeed.planning.artifact import dump_plan
    from dbdeed.planning.render import render_sql, render_text

    if format_ is PlanFormat.JSON:
        return dump_plan(result.plan, result.terms).decode()
    if format_ is PlanFormat.SQL:
        return render_sql(result.plan, result.facts.engine)
    return f"Database: {result.database}\n\n{render_text(result.plan)}"
