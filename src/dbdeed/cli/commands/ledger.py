"""`dbdeed ledger run|show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from datetime import timedelta

    from dbdeed.app.ledger import LedgerState


@click.group()
def command() -> None:
    """Keep account of what the database acknowledged, outside of it.

    Every few seconds one small transaction is committed, and written down here once the database has
    acknowledged it. What a restored copy lacks of these was lost: drills measure the recovery point by it.

    Examples:
        dbdeed ledger run
        dbdeed ledger show
    """


@command.command("run")
@options.document
@options.database
@click.option("--every", default="10 seconds", show_default=True, metavar="DURATION", help="How often.")
@click.option("--for", "lasting", default="", metavar="DURATION", help="How long; without it, until ended.")
@options.formats("text", "json")
def run_(document: Path, database: str, every: str, lasting: str, format_: str) -> None:
    """Make a beat every few seconds, until ended.

    A database that does not answer is tried again at the next beat. The agent does this by itself.

    Examples:
        dbdeed ledger run
        dbdeed ledger run --every "1 second" --for "1 minute"
    """
    from dbdeed.app.ledger import run_ledger
    from dbdeed.cli.output import json_object

    length = _duration(lasting, "--for") if lasting else None
    result = run_ledger(document, every=_duration(every, "--every"), lasting=length, database=database)
    if format_ == "json":
        print(json_object("ledger run", ok=True, made=result.made, missed=result.missed, why=result.why))
        return
    print(
        f"{result.made} beats acknowledged{f', {result.missed} not: {result.why}' if result.missed else ''}"
    )


@command.command("show")
@options.document
@options.formats("text", "json")
def show(document: Path, format_: str) -> None:
    """Show what the ledger holds, and the most that would have been lost in the last 30 days.

    Example:
        dbdeed ledger show
    """
    from dbdeed.app.ledger import show_ledger
    from dbdeed.cli.output import json_object

    result = show_ledger(document)
    if format_ == "text":
        print(_text(result))
        return
    newest, worst = result.newest, result.worst
    print(
        json_object(
            "ledger show",
            ok=True,
            folder=str(result.folder),
            beats=result.beats,
            unreadable=result.torn,
            newest=newest.number if newest else None,
            acknowledged=newest.acknowledged if newest else None,
            clock_jumps=result.jumps,
            worst_seconds=worst.seconds if worst else None,
            worst_at=worst.at if worst else None,
        )
    )


def _text(result: LedgerState) -> str:
    if result.newest is None:
        return f"No beats in {result.folder}."
    newest = f"{result.newest.number} of {result.newest.acknowledged:%Y-%m-%d %H:%M:%S} UTC"
    lines = [f"Beats     {result.beats}, newest {newest}"]
    if result.worst is not None:
        lines.append(
            f"At worst  {result.worst.seconds:.1f} s would have been lost, at "
            f"{result.worst.at:%Y-%m-%d %H:%M:%S} UTC"
        )
    else:
        lines.append("At worst  nobody can say: there is no backup")
    if result.jumps:
        lines.append(f"Clock     was set {result.jumps} times between beats")
    if result.torn:
        lines.append(f"Torn      {result.torn} lines, left out")
    return "\n".join(lines)


def _duration(text: str, option: str) -> timedelta:
    from dbdeed.document.values.duration import parse_duration
    from dbdeed.document.values.problem import Problem
    from dbdeed.errors import InvalidInput

    found = parse_duration(text)
    if isinstance(found, Problem) or not found:
        raise InvalidInput(f"{option} {text!r} is no duration.", hint='Write one such as "10 seconds".')
    return found
