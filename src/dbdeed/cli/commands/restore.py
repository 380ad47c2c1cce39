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
    "--into",
    default="",
    metavar="PLACE",
    help="An empty place: a folder or file that is not there yet, or the URL of an empty database.",
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
    into: str,
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
    with --over-live, a question or --yes, and after a safety backup.

    Examples:
        dbdeed restore
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
        into=into,
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
            )
        )
    else:
        print(_text(result))
    raise SystemExit(0 if ok else 1)


def _text(result: Restored) -> str:
    lines = [f"Restored {result.backup.id} to {result.place}."]
    if result.compared is not None:
        lines.append(f"Tables compared with those of the backup: {result.compared.verdict}.")
        lines += [f"  {problem}" for problem in result.compared.problems]
    if result.safety is not None:
        lines.append(f"What was there before is backed up as {result.safety.id}.")
    return "\n".join([*lines, *([result.kept] if result.kept else [])])
