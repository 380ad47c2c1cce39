"""`dbdeed restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.restore import Restored


@click.command()
@options.document
@options.backup
@click.option(
    "--to",
    default="",
    metavar="TIME|LSN|latest",
    help="A moment after a backup, from the archived log: a time, in UTC unless it says otherwise, a "
    "position, or the last one that is archived.",
)
@click.option(
    "--into",
    default="",
    metavar="PLACE",
    help="An empty place: a folder or file that is not there yet, or the URL of an empty database.",
)
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help="Only this table, into the document's database, or with --into into another one or a file of SQL. "
    "Can be repeated.",
)
@click.option("--over-live", is_flag=True, help="Replace the document's own database, after a safety backup.")
@click.option("--no-safety-backup", is_flag=True, help="With --over-live: do not take one first.")
@options.database
@options.yes
@options.draft
@options.formats("text", "json")
@options.quiet
def command(
    document: Path,
    backup: str,
    to: str,
    into: str,
    tables: tuple[str, ...],
    over_live: bool,
    no_safety_backup: bool,
    database: str,
    yes: bool,
    draft: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Bring a backup back.

    Into an empty place by default: a folder `restored/ID` beside the document. Over the live database only
    with --over-live, a question or --yes, and after a safety backup. With --to, the log is replayed up to
    that moment and the cluster is left ready to be started; `dbdeed backup list` says what can be reached.

    Examples:
        dbdeed restore
        dbdeed restore --to "2026-03-01 14:05:00"
        dbdeed restore --to latest --table orders --into orders.sql
        dbdeed restore --into /var/tmp/shop
        dbdeed restore --over-live --yes
    """
    from dbdeed.app.restore import OverLive, restore_backup
    from dbdeed.cli.ask import on_terminal, yes_or_no
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress
    from dbdeed.recovery.manifest import Verdict

    agreed = OverLive(yes_or_no if on_terminal() else None, yes, draft, safety=not no_safety_backup)
    result = restore_backup(
        document,
        backup=backup,
        to=to,
        into=into,
        tables=tables,
        agreed=agreed,
        over_live=agreed if over_live else None,
        database=database,
        progress=open_progress(quiet=quiet),
    )
    ok = result.compared is None or result.compared.verdict is not Verdict.FAILED
    if format_ == "json":
        safety = result.safety.id if result.safety else None
        compared = result.compared.verdict.value if result.compared else None
        print(
            json_object(
                "restore",
                ok=ok,
                backup=result.backup.id,
                place=result.place,
                compared=compared,
                safety_backup=safety,
                kept=result.kept,
                position=result.replayed.position if result.replayed else None,
                last_commit=result.replayed.time if result.replayed else None,
                tables=list(result.tables),
            )
        )
    else:
        print(_text(result))
    raise SystemExit(0 if ok else 1)


def _text(result: Restored) -> str:
    what = f"{', '.join(result.tables)} from {result.backup.id}" if result.tables else result.backup.id
    lines = [f"Restored {what} to {result.place}."]
    if result.replayed is not None:
        time = result.replayed.time
        last = f", the last commit of {time:%Y-%m-%d %H:%M:%S.%f} UTC" if time is not None else ""
        lines.append(f"The log was replayed up to {result.replayed.position}{last}.")
    if result.compared is not None:
        lines.append(f"Tables compared with those of the backup: {result.compared.verdict}.")
        lines += [f"  {problem}" for problem in result.compared.problems]
    if result.safety is not None:
        lines.append(f"What was there before is backed up as {result.safety.id}.")
    return "\n".join([*lines, *([result.kept] if result.kept else [])])
