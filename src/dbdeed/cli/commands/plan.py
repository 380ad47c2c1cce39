"""`dbdeed plan`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.plan import PlanResult


@click.command()
@options.document
@options.database
@options.scratch
@options.formats("text", "json", "sql", help_="text for people, json for `apply`, sql for psql or sqlite3.")
@options.quiet
def command(document: Path, database: str, scratch: str, format_: str, quiet: bool) -> None:
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
    from dbdeed.app.findings_output import finding_text
    from dbdeed.app.plan import plan as make
    from dbdeed.cli.progress import open_progress

    result = make(document, database=database, scratch=scratch, progress=open_progress(quiet=quiet))
    print(_shown(result, format_), end="")
    if format_ != "json":
        for remark in result.remarks:
            print(finding_text(remark), file=sys.stderr)
        for refusal in result.refusals:
            print(f"Strategy: {refusal}", file=sys.stderr)
    raise SystemExit(0 if result.plan.empty else 1)


def _shown(result: PlanResult, format_: str) -> str:
    from dbdeed.planning.render import render_sql, render_text

    if format_ == "json":
        return f"{_object(result)}\n"
    if format_ == "sql":
        return render_sql(result.plan, result.facts.engine)
    return f"Database: {result.database}\n\n{render_text(result.plan)}"


def _object(result: PlanResult) -> str:
    """The common envelope around the plan that `apply` takes."""
    import msgspec

    from dbdeed.cli.output import json_object
    from dbdeed.planning.artifact import dump_plan

    return json_object(
        "plan",
        ok=result.plan.empty,
        findings=(*result.findings, *result.remarks),
        database=result.database,
        refusals=list(result.refusals),
        plan=msgspec.Raw(dump_plan(result.plan, result.terms)),
    )
