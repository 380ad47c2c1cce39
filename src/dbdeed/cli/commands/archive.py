"""`dbdeed archive list|purge`; without a word behind it, the list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from dbdeed.app.archive import ArchiveList, Line


@click.group(invoke_without_command=True)
@options.database
@options.formats("text", "json")
@options.quiet
@click.pass_context
def command(context: click.Context, database: str, format_: str, quiet: bool) -> None:
    """List what plans removed and the database still has, and purge it.

    Each thing stays until you purge it; it is meant to be kept for 30 days. `dbdeed undo` brings it back.

    Examples:
        dbdeed archive
        dbdeed archive --format json
        dbdeed archive purge --older-than 30d
    """
    if context.invoked_subcommand is None:
        _list(Path("DATABASE.md"), database, format_, quiet)


@command.command("list")
@options.document
@options.database
@options.formats("text", "json")
@options.quiet
def list_(document: Path, database: str, format_: str, quiet: bool) -> None:
    """List what plans removed and the database still has: what, when, by which plan, rows, size.

    Example:
        dbdeed archive list
    """
    _list(document, database, format_, quiet)


def _list(document: Path, database: str, format_: str, quiet: bool) -> None:
    from dbdeed.app.archive import archive
    from dbdeed.cli.progress import open_progress

    result = archive(document, database=database, progress=open_progress(quiet=quiet))
    print(_object("archive", result) if format_ == "json" else _text(result))


@command.command("purge")
@options.document
@options.database
@click.option(
    "--older-than", default="30d", show_default=True, metavar="TIME", help="Nothing younger goes: 30d, 12h."
)
@options.yes
@options.formats("text", "json")
@options.quiet
def purge_(document: Path, database: str, older_than: str, yes: bool, format_: str, quiet: bool) -> None:
    """Remove for good what has been in the archive for longer than a time.

    It cannot be undone then. Nothing is ever purged by itself.

    Examples:
        dbdeed archive purge
        dbdeed archive purge --older-than 90d --yes
    """
    from datetime import UTC, datetime

    from dbdeed.app.apply import Consent
    from dbdeed.app.archive import purge
    from dbdeed.cli.ask import on_terminal
    from dbdeed.cli.progress import open_progress

    result = purge(
        document,
        older_than=_duration(older_than),
        consent=Consent(yes=yes),
        confirm=_confirm if on_terminal() else None,
        now=datetime.now(UTC),
        database=database,
        progress=open_progress(quiet=quiet),
    )
    if format_ == "json":
        print(_object("archive purge", result))
    elif result.lines:
        print("\n".join(f"Removed for good: {_named(one)}" for one in result.lines))
    else:
        print(f"Nothing in the archive of {result.database} is older than {older_than}.")


def _duration(text: str) -> timedelta:
    from dbdeed.document.values.duration import parse_duration
    from dbdeed.document.values.problem import Problem
    from dbdeed.errors import InvalidInput

    found = parse_duration(text)
    if isinstance(found, Problem):
        raise InvalidInput(
            f"--older-than {text}: {found.message}.",
            hint=f"Such as {', '.join(found.accepted)}.",
            code="usage",
        )
    return found


def _confirm(lines: Sequence[Line]) -> bool:
    import sys

    from dbdeed.cli.ask import yes_or_no

    for one in lines:
        print(f"  {_named(one)}", file=sys.stderr)
    return yes_or_no("Remove this for good?")


def _named(line: Line) -> str:
    return f"{line.entry.name}, removed {line.entry.when[:10]}"


def _text(result: ArchiveList) -> str:
    from dbdeed.cli.table import aligned

    if not result.lines:
        return f"The archive of {result.database} is empty."
    rows = [("What", "Removed", "Plan", "Rows", "Size", "Expires", "Kept as")]
    rows += [
        (
            one.entry.name,
            one.entry.when[:16].replace("T", " "),
            one.plan[:12] or "?",
            "" if one.rows is None else str(one.rows),
            _size(one.size) if one.size else "",
            one.expires.date().isoformat(),
            _place(one),
        )
        for one in result.lines
    ]
    note = "Nothing goes by itself: `dbdeed archive purge` removes what is past its day for good."
    return "\n".join([*aligned(rows), note])


def _place(line: Line) -> str:
    if line.entry.state == "returned":
        return f"{line.entry.kept.place} (returned)" if line.here else "returned"
    return line.entry.kept.place or "its parts"


def _size(size: int) -> str:
    amount, unit = float(size), 0
    while amount >= 1024 and unit < 4:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {('B', 'kB', 'MB', 'GB', 'TB')[unit]}"


def _object(command_: str, result: ArchiveList) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        command_,
        ok=True,
        database=result.database,
        archive=[_entry(one) for one in result.lines],
        plans=[
            {
                "id": one.id,
                "state": one.state.value,
                "started": one.started,
                "finished": one.finished or None,
                "statements": one.steps,
                "undoes": one.undoes or None,
                "continues": one.continues or None,
            }
            for one in result.plans
        ],
    )


def _entry(line: Line) -> dict[str, object]:
    kept = line.entry.kept
    return {
        "kind": kept.object.kind,
        "name": list(kept.object.name),
        "form": kept.form.value,
        "place": kept.place or None,
        "state": line.entry.state,
        "removed": line.entry.when,
        "plan": line.plan or None,
        "rows": line.rows,
        "bytes": line.size or None,
        "expires": line.expires.isoformat(),
    }
