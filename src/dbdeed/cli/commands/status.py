"""`dbdeed status`."""

from __future__ import annotations

from pathlib import Path

import click

from dbdeed.cli import options


@click.command()
@options.document
@options.database
@options.formats("text", "json")
def command(document: Path, database: str, format_: str) -> None:
    """Say where the database is, whether it runs and when it was last proven.

    Also whether it is what the document says, where it is known from before what its SQL makes (`dbdeed plan`
    finds out). Changes nothing and starts nothing. Exit code 3 where a named database does not answer.

    Example:
        dbdeed status
    """
    from dbdeed.app.status import status as look
    from dbdeed.cli.output import json_object
    from dbdeed.cli.proofs import proof_object

    result = look(document, database=database)
    newest = next(iter(result.backups.backups), None)
    if format_ == "json":
        print(
            json_object(
                "status",
                ok=not result.unreachable,
                database=result.database,
                embedded=result.embedded,
                unreachable=result.unreachable,
                differences=result.differences,
                backups=len(result.backups.backups),
                newest_backup=newest.backup.id if newest else None,
                next_backup_due=result.backups.due,
                interrupted=[one.id for one in result.unfinished],
                drill=proof_object(result.drill) if result.drill else None,
                drill_expires=result.expires,
                drill_expired=result.expired,
            )
        )
        raise SystemExit(3 if result.unreachable else 0)
    print(f"Database  {result.database}{f': {result.embedded}' if result.embedded else ''}")
    if result.unreachable:
        print(f"          does not answer: {result.unreachable}")
    elif result.differences is not None:
        print(f"Schema    {_compared(result.differences)}")
    count = len(result.backups.backups)
    said = f"{count}, newest {newest.backup.id}" if newest else "none"
    due = f"; next due {result.backups.due:%Y-%m-%d %H:%M} UTC" if result.backups.due else ""
    print(f"Backups   {said}{due}")
    drilled = f"{result.drill.verdict}, {result.drill.at:%Y-%m-%d %H:%M} UTC" if result.drill else "never"
    old = f", expired {result.expires:%Y-%m-%d}" if result.expired else ""
    print(f"Drill     {drilled}{old}")
    for one in result.unfinished:
        told = f"plan {one.id[:12]} of {one.started}, {one.done} of {one.total} statements done"
        print(f"Apply     interrupted: {told}; `dbdeed plan` shows what is left, `dbdeed undo` takes it back")
    raise SystemExit(3 if result.unreachable else 0)


def _compared(differences: int) -> str:
    if not differences:
        return "in sync"
    where = "one place" if differences == 1 else f"{differences} places"
    return f"differs from the document in {where}: `dbdeed diff`"
