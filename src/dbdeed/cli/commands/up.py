"""`dbdeed up`."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from dbdeed.cli.options import (
    DEFAULT_DOCUMENT,
    Allow,
    Database,
    Document,
    Draft,
    Quiet,
    Scratch,
    Yes,
    new_app,
)
from dbdeed.cli.output import Format

if TYPE_CHECKING:
    from dbdeed.app.plan import PlanResult

app = new_app()


@app.command()
def up(
    document: Document = DEFAULT_DOCUMENT,
    database: Database = "",
    scratch: Scratch = "",
    yes: Yes = False,
    allow: Allow = None,
    draft: Draft = False,
    format_: Annotated[
        Format, typer.Option("--format", help="text for people, json for machines.")
    ] = Format.TEXT,
    quiet: Quiet = False,
) -> None:
    """Make everything true: check, plan, prove, apply, generate, back up, drill.

    Without a database of your own, an embedded one is started and kept in the project's folder. Whatever is
    in place already stays as it is: a second `up` finds nothing to do. It can be stopped at any moment and
    run again.

    Examples:
        dbdeed up
        dbdeed up docs/DATABASE.md
        dbdeed up --database env:STAGING_URL --yes
        dbdeed up --allow orders.note
    """
    from dbdeed.app.apply import Consent
    from dbdeed.app.up import up as run
    from dbdeed.cli.confirm import confirmation
    from dbdeed.cli.progress import open_progress
    from dbdeed.cli.summary import up_object, up_text

    text = format_ is Format.TEXT
    result = run(
        document,
        consent=Consent(confirmation(), tuple(allow or ()), yes, draft),
        today=date.today(),  # noqa: DTZ011 - the date on the writer's own wall
        database=database,
        scratch=scratch,
        show=_show if text else lambda _: None,
        progress=open_progress(quiet=quiet),
    )
    print(up_text(result, sys.stdout) if text else up_object(result))
    raise typer.Exit(0 if result.ok else 1)


def _show(planned: PlanResult) -> None:
    from dbdeed.planning.render import render_text

    print(render_text(planned.plan))
