"""`dbdeed apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.apply import ApplyResult


@click.command()
@click.argument(
    "source",
    type=click.Path(path_type=Path),
    default=Path("DATABASE.md"),
    metavar="[DOCUMENT|PLAN.json]",
)
@options.changing
def command(
    source: Path,
    database: str,
    scratch: str,
    yes: bool,
    allow: tuple[str, ...],
    draft: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Run a plan.

    Away from an embedded database the plan is shown and a question asked, or --yes is needed. What is
    destroyed needs --allow with its name besides. A plan from a file runs only on the very state that it was
    made for.

    Examples:
        dbdeed apply
        dbdeed apply --database env:PRODUCTION_URL --yes
        dbdeed apply change.json --yes
        dbdeed apply --allow orders.note
    """
    from dbdeed.app.apply import Consent
    from dbdeed.app.apply import apply as run
    from dbdeed.cli.confirm import confirmation
    from dbdeed.cli.progress import open_progress

    result = run(
        source,
        consent=Consent(confirmation(show=True), allow, yes, draft),
        database=database,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    print(_object(result) if format_ == "json" else _text(result))


def _text(result: ApplyResult) -> str:
    from dbdeed.planning.render import render_differences

    if result.plan.empty:
        return f"Nothing to do: {result.database} matches."
    count = len(result.plan.steps)
    statements = "1 statement" if count == 1 else f"{count} statements"
    return f"{render_differences(result.plan)}Applied {statements} to {result.database}."


def _object(result: ApplyResult) -> str:
    from dbdeed.cli.output import change_objects, json_object

    return json_object(
        "apply",
        ok=True,
        findings=result.planned.findings if result.planned else (),
        database=result.database,
        applied=len(result.plan.steps),
        changes=change_objects(result.plan),
    )
