"""`dbdeed up`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.plan import PlanResult


@click.command()
@options.document
@options.changing
def command(
    document: Path,
    database: str,
    scratch: str,
    yes: bool,
    allow: tuple[str, ...],
    draft: bool,
    format_: str,
    quiet: bool,
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

    text = format_ == "text"
    result = run(
        document,
        consent=Consent(confirmation(show=not text), allow, yes, draft),
        today=date.today(),  # noqa: DTZ011 - the date on the writer's own wall
        database=database,
        scratch=scratch,
        show=_show if text else lambda _: None,
        progress=open_progress(quiet=quiet),
    )
    print(up_text(result, sys.stdout) if text else up_object(result))
    raise SystemExit(0 if result.ok else 1)


def _show(planned: PlanResult) -> None:
    from dbdeed.planning.render import render_text

    print(render_text(planned.plan))
