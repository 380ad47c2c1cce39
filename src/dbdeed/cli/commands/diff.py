"""`dbdeed diff`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.diff import DiffResult
    from dbdeed.app.drift import Drift

_FOR_CI = ("sarif", "github", "markdown")


@click.command()
@click.argument("source", metavar="[FROM]", default="")
@click.argument("destination", metavar="[TO]", default="")
@options.database
@click.option("--system", default="", metavar="NAME", help="Whose SQL it is, where neither side says so.")
@options.scratch
@options.formats(
    "text",
    "json",
    "sql",
    *_FOR_CI,
    help_="text for people, json for machines, sql for psql or sqlite3; of a document and its database also "
    "sarif for code scanning, github for annotations, markdown for a comment.",
)
@options.quiet
def command(
    source: str, destination: str, database: str, system: str, scratch: str, format_: str, quiet: bool
) -> None:
    """Compare the document with its database, or any two of either.

    Each of two sides is a document, a file or folder of SQL, or a database.
    Without arguments, or with a document alone, it says what differs from the document's database, where in
    the document, which of the two leads, and what would make it go away either way. Writes nothing, on
    either side; rights to read the catalogs are enough. Exit code 0 where they are the same, 1 where they
    differ.

    Examples:
        dbdeed diff
        dbdeed diff --database env:PRODUCTION_URL --format github
        dbdeed diff DATABASE.md env:DATABASE_URL
        dbdeed diff old.sql new.sql --system PostgreSQL
        dbdeed diff env:STAGING_URL env:PRODUCTION_URL --format sql
    """
    from dbdeed.app.database import is_database

    if destination and database:
        raise click.UsageError("--database names the document's database; two sides name themselves.")
    if source and not destination and is_database(source):
        source, database = "", database or source
    if destination and format_ in _FOR_CI and is_database(destination) and not is_database(source):
        database, destination = destination, ""
    if destination:
        if format_ in _FOR_CI:
            raise click.UsageError(f"--format {format_} is for a document and its database.")
        _two_sides(source, destination, system, scratch, format_, quiet=quiet)
    else:
        _own_database(source or "DATABASE.md", database, scratch, format_, quiet=quiet)


def _own_database(document: str, database: str, scratch: str, format_: str, *, quiet: bool) -> None:
    from dbdeed.app.drift import drift
    from dbdeed.cli.progress import open_progress

    result = drift(
        Path(document),
        database=database,
        scratch=scratch,
        both_ways=format_ in ("text", "json", "markdown"),
        progress=open_progress(quiet=quiet),
    )
    print(_drift_shown(result, format_), end="")
    if result.unproven:
        print(f"Note: the plan is not proven: {result.unproven}", file=sys.stderr)
    raise SystemExit(0 if result.same else 1)


def _drift_shown(result: Drift, format_: str) -> str:
    from dbdeed.app import drift_output, findings_output
    from dbdeed.planning.render import render_sql

    if format_ == "json":
        return f"{_drift_object(result)}\n"
    if format_ == "sql":
        return render_sql(result.plan, result.engine)
    if format_ == "sarif":
        return f"{findings_output.findings_sarif(result.findings)}\n"
    if format_ == "github":
        return "".join(f"{line}\n" for line in [findings_output.findings_github(result.findings)] if line)
    if format_ == "markdown":
        return drift_output.drift_markdown(result)
    return drift_output.drift_text(result)


def _drift_object(result: Drift) -> str:
    from dbdeed.app.unified import unified
    from dbdeed.cli.output import change_objects, json_object

    return json_object(
        "diff",
        ok=result.same,
        findings=result.findings,
        document=str(result.document),
        database=result.database,
        leads=result.leads.value if result.leads is not None else None,
        changes=change_objects(result.plan),
        statements=[step.sql for step in result.plan.steps],
        proven=result.plan.proven,
        document_diff=unified(result.texts),
        unplaced=result.unplaced or None,
        unmodelled=list(result.unmodelled),
    )


def _two_sides(
    source: str, destination: str, system: str, scratch: str, format_: str, *, quiet: bool
) -> None:
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
