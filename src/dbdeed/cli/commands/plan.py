"""`dbdeed plan`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.plan import PlanResult
    from dbdeed.planning.journal import Unfinished


@click.command()
@options.document
@options.database
@options.scratch
@click.option("--reverse", is_flag=True, help="Show the statements of the way back instead.")
@options.formats("text", "json", "sql", help_="text for people, json for `apply`, sql for psql or sqlite3.")
@options.quiet
def command(document: Path, database: str, scratch: str, reverse: bool, format_: str, quiet: bool) -> None:
    """Show the proven steps that make the database match the document.

    Changes nothing. The plan has been run in a scratch database and ends exactly at the document's state.
    Each statement says what it locks, what it rewrites and what it destroys.

    Exit code 0 where nothing differs, 1 where something does.

    Examples:
        dbdeed plan
        dbdeed plan --database env:STAGING_URL
        dbdeed plan --format sql > change.sql
        dbdeed plan --format json > change.json
        dbdeed plan --reverse
    """
    from dbdeed.app.findings_output import finding_text
    from dbdeed.app.plan import plan as make
    from dbdeed.cli.progress import open_progress

    result = make(document, database=database, scratch=scratch, progress=open_progress(quiet=quiet))
    for one in result.unfinished:
        print(_interrupted(one), file=sys.stderr)
    print(_shown(_reversed(result) if reverse else result, format_), end="")
    if format_ != "json":
        for remark in result.remarks:
            print(finding_text(remark), file=sys.stderr)
        for refusal in result.refusals:
            print(f"Strategy: {refusal}", file=sys.stderr)
    raise SystemExit(0 if result.plan.empty else 1)


def _interrupted(one: Unfinished) -> str:
    """What an earlier apply left: said beside every form, since the plan goes on from there."""
    from dbdeed.planning.shown import one_line

    open_ = f" While it ran: {one_line(one.open_step)}." if one.open_step else ""
    why = f" It ended with: {one_line(one.error).rstrip('.')}." if one.error else ""
    return (
        f"Interrupted: plan {one.id[:12]} of {one.started}, {one.done} of {one.total} statements done."
        f"{open_}{why} This plan goes on from what is there; `dbdeed undo` takes it back instead."
    )


def _reversed(result: PlanResult) -> PlanResult:
    """The way back in the plan's place. Raises `Refused` where there is none."""
    from dataclasses import replace

    from dbdeed.errors import Refused

    if result.plan.empty:
        return result
    if result.plan.reverse is None:
        raise Refused(f"This plan has no reverse: {result.plan.irreversible}", code="irreversible")
    return replace(result, plan=result.plan.reverse)


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
        interrupted=[_left(one) for one in result.unfinished],
        plan=msgspec.Raw(dump_plan(result.plan, result.terms)),
    )


def _left(one: Unfinished) -> dict[str, object]:
    return {
        "plan": one.id,
        "started": one.started,
        "done": one.done,
        "statements": one.total,
        "open": one.open_step or None,
        "error": one.error or None,
    }
