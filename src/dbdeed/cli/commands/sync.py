"""`dbdeed sync`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from dbdeed.cli import options


@click.command()
@options.document
@options.database
@options.scratch
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where something would be written.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change as a unified diff.")
@click.option("--overwrite", is_flag=True, help="Replace edits made by hand inside generated blocks.")
@options.formats("text", "json")
@options.quiet
def command(
    document: Path,
    database: str,
    scratch: str,
    check: bool,
    dry_run: bool,
    overwrite: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Bring the document in line with what leads: its SQL, or the database.

    Where Target State is As-To-Be, the SQL under Schema Design leads: a model that has attributes and no
    table gets a drafted CREATE TABLE. Where it is As-Is, the database leads: what changed there is carried
    into the document's SQL, in place, and nothing is written unless the document then makes exactly what is
    live. In both, the diagram and the models follow the SQL. Your prose stays as it is, byte for byte.

    Examples:
        dbdeed sync
        dbdeed sync --check
        dbdeed sync --dry-run --database env:PRODUCTION_URL
    """
    from dbdeed.app.sync import sync as run
    from dbdeed.app.unified import unified
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    result = run(
        document,
        today=date.today(),  # noqa: DTZ011 - the date on the writer's own wall
        check=check or dry_run,
        overwrite=overwrite,
        database=database,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    ok = not (check and result.changes)
    if format_ == "json":
        shown: dict[str, Any] = {"diff": unified(result.texts)} if dry_run else {}
        said = json_object(
            "sync",
            ok=ok,
            document=str(result.document),
            changes=list(result.changes),
            notes=list(result.notes),
            **shown,
        )
        print(said)
        raise SystemExit(0 if ok else 1)
    if dry_run:
        print(unified(result.texts), end="")
    elif not result.changes:
        print(f"{result.document} is in line with {'its database' if result.followed else 'its SQL'}.")
    else:
        print(f"{result.document}: {'not in line: ' if check else ''}{', '.join(result.changes)}.")
    for note in result.notes:
        print(f"Note: {note}", file=sys.stderr)
    raise SystemExit(0 if ok else 1)
