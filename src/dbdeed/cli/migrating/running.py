"""`dbdeed migrate up|down|to|status`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbdeed.app.migrate import MigrateConsent, RunResult, StatusResult
    from dbdeed.migrations.seam import Migration
    from dbdeed.migrations.standing import Line


@click.command("up")
@options.document
@click.option("--to", "until", default="", metavar="VERSION", help="Stop after this one.")
@click.option("--contract", is_flag=True, help="Run second halves of expand and contract as well.")
@click.option("--out-of-order", is_flag=True, help="Run also what comes before migrations that are applied.")
@options.database
@options.scratch
@options.yes
@options.draft
@options.formats("text", "json")
@options.quiet
def up(
    document: Path,
    until: str,
    contract: bool,
    out_of_order: bool,
    database: str,
    scratch: str,
    yes: bool,
    draft: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Run the migrations that the database does not have yet.

    What was stopped is gone on with. Nothing runs while something is not in order: an applied file that was
    edited or is missing, or one that comes before another that is applied. It stops before the second half
    of an expand and contract, which takes away what the application from before needs: --contract says that
    no such application runs any more. (In a database that has none of the files yet, none can.)

    Examples:
        dbdeed migrate up
        dbdeed migrate up --contract
        dbdeed migrate up --database env:PRODUCTION_URL --yes
        dbdeed migrate up --to 20261122T101500
    """
    from dbdeed.app.migrate import migrate_up
    from dbdeed.cli.progress import open_progress

    result = migrate_up(
        document,
        consent=consent_of(yes=yes, draft=draft),
        until=until,
        contract=contract,
        out_of_order=out_of_order,
        database=database,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    print(_run_object("migrate up", result) if format_ == "json" else _run_text(result))


@click.command("down")
@options.document
@click.option("--count", default=1, show_default=True, type=click.IntRange(1), help="How many.")
@options.changing
def down(
    document: Path,
    count: int,
    database: str,
    scratch: str,
    yes: bool,
    allow: tuple[str, ...],
    draft: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Take back the latest migration, by the way back in its file.

    Rows and values that would be gone for good need --allow with the name of their table or column; what the
    file keeps in the archive does not.

    Examples:
        dbdeed migrate down
        dbdeed migrate down --count 2 --yes
    """
    from dbdeed.app.migrate import migrate_down
    from dbdeed.cli.progress import open_progress

    result = migrate_down(
        document,
        consent=consent_of(yes=yes, draft=draft, allow=allow),
        count=count,
        database=database,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    print(_run_object("migrate down", result) if format_ == "json" else _run_text(result))


@click.command("to")
@click.argument("version")
@options.document
@options.changing
def to(
    version: str,
    document: Path,
    database: str,
    scratch: str,
    yes: bool,
    allow: tuple[str, ...],
    draft: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Run or take back what leads to a version.

    Example:
        dbdeed migrate to 20261122T101500
    """
    from dbdeed.app.migrate import migrate_to
    from dbdeed.cli.progress import open_progress

    result = migrate_to(
        document,
        version,
        consent=consent_of(yes=yes, draft=draft, allow=allow),
        database=database,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    print(_run_object("migrate to", result) if format_ == "json" else _run_text(result))


@click.command("status")
@options.document
@options.database
@options.formats("text", "json")
@options.quiet
def status(document: Path, database: str, format_: str, quiet: bool) -> int:
    """Say where each migration stands; changes nothing.

    Exit code 0 where all is in order, pending ones or not; 1 where a person must decide something.

    Examples:
        dbdeed migrate status
        dbdeed migrate status --database env:STAGING_URL --format json
    """
    from dbdeed.app.migrate import status as ask
    from dbdeed.cli.progress import open_progress

    result = ask(document, database=database, progress=open_progress(quiet=quiet))
    print(_status_object(result) if format_ == "json" else _status_text(result))
    return 0 if result.ok else 1


COMMANDS = (up, down, to, status)


def consent_of(*, yes: bool, draft: bool, allow: tuple[str, ...] = ()) -> MigrateConsent:
    from dbdeed.app.migrate import MigrateConsent
    from dbdeed.cli.ask import on_terminal

    confirm: Callable[[Sequence[Migration], bool], bool] | None = _ask if on_terminal() else None
    return MigrateConsent(confirm, yes, draft, allow)


def _ask(migrations: Sequence[Migration], back: bool) -> bool:
    from dbdeed.cli.ask import yes_or_no

    for one in migrations:
        print(f"  {_named(one)}", file=sys.stderr)
    return yes_or_no("Take these back?" if back else "Run these?")


def _named(migration: Migration) -> str:
    return f"{migration.version} {migration.description}"


def _run_text(result: RunResult) -> str:
    from dbdeed.migrations.halves import hint_of

    held = []
    if result.waits is not None:
        said = f"{result.waits.version} {result.waits.description}"
        held = [f"Stopped before {said}, a second half. {hint_of(result.waits)}"]
    if not result.done:
        return "\n".join(held or [f"Nothing to do in {result.database}."])
    did = "Ran" if result.direction == "up" else "Took back"
    lines = [f"  {_named(one)}" for one in result.done]
    count = len(result.done)
    return "\n".join(
        [
            f"{did} {count} {'migration' if count == 1 else 'migrations'} in {result.database}:",
            *lines,
            *held,
        ]
    )


def _run_object(command_: str, result: RunResult) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        command_,
        ok=True,
        database=result.database,
        direction=result.direction,
        migrations=[
            {"key": one.key, "version": one.version, "description": one.description} for one in result.done
        ],
        waits=result.waits.key if result.waits is not None else None,
    )


def _status_text(result: StatusResult) -> str:
    from dbdeed.cli.table import aligned

    if not result.lines:
        return f"There are no migrations of {result.tool} yet: `dbdeed migrate new` writes the first."
    rows = [("Version", "Description", "State", "Applied")]
    rows += [
        (
            one.version or "repeatable",
            one.description,
            _state(one),
            one.moment.isoformat(sep=" ", timespec="minutes")[:16] if one.moment else "",
        )
        for one in result.lines
    ]
    counts = f"{sum(one.is_applied for one in result.lines)} applied, {len(result.pending)} pending"
    from dbdeed.migrations.halves import hint_of

    said = [f"{one.version} {one.description} {what}. {hint}" for one, what, hint in result.problems]
    said += [f"{one.version} {one.description} is a second half. {hint_of(one)}" for one, _ in result.waiting]
    said += [f"{one.name}: {one.problem}, as dbdeed.sum has it." for one in result.mismatches]
    return "\n".join([*aligned(rows), "", f"{counts} in {result.database}.", *said])


def _state(line: Line) -> str:
    if line.standpoint is None:
        return str(line.standing)
    return f"{line.standing}, {line.standpoint.done} statements done"


def _status_object(result: StatusResult) -> str:
    from dbdeed.cli.output import json_object

    problems = {one.key: (what, hint) for one, what, hint in result.problems}
    waiting = {one.key: list(waits) for one, waits in result.waiting}
    return json_object(
        "migrate status",
        ok=result.ok,
        tool=result.tool,
        database=result.database,
        migrations=[
            {
                "key": one.key,
                "version": one.version,
                "description": one.description,
                "file": str(one.migration.path) if one.migration is not None else None,
                "state": one.standing.name.lower(),
                "applied": one.moment.isoformat() if one.moment else None,
                "statements_done": one.standpoint.done if one.standpoint is not None else None,
                "problem": problems.get(one.key, (None, None))[0],
                "hint": problems.get(one.key, (None, None))[1],
                "waits": waiting.get(one.key),
            }
            for one in result.lines
        ],
        sum=[{"file": one.name, "problem": one.problem} for one in result.mismatches],
    )
