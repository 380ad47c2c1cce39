"""`dbdeed undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.app.undo import Undone, UndoResult
    from dbdeed.planning.plan import Plan


@click.command()
@options.document
@click.option("--plan", default="", metavar="ID", help="This one, not the last; `dbdeed archive` lists them.")
@options.database
@options.scratch
@click.option("--dry-run", is_flag=True, help="Show the way back, and change nothing.")
@options.yes
@options.allow
@options.draft
@options.formats("text", "json")
@options.quiet
def command(
    document: Path,
    plan: str,
    database: str,
    scratch: str,
    dry_run: bool,
    yes: bool,
    allow: tuple[str, ...],
    draft: bool,
    format_: str,
    quiet: bool,
) -> None:
    """Take back what a plan did, with the data that the archive has.

    Without --plan the last one that was applied and not yet undone is meant; one that went on from an
    interrupted plan takes that back too. The way back is proven before it runs. What it removes in turn
    needs --allow with its name, and is kept in the archive. The document stays as it is.

    Examples:
        dbdeed undo --dry-run
        dbdeed undo --yes
        dbdeed undo --plan 3f2a91 --allow orders.note
    """
    from dbdeed.app.apply import Consent
    from dbdeed.app.undo import undo as run
    from dbdeed.cli.confirm import confirmation
    from dbdeed.cli.progress import open_progress

    result = run(
        document,
        plan,
        consent=Consent(confirmation(show=True), allow, yes, draft),
        dry_run=dry_run,
        database=database,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    print(_object(result, dry_run=dry_run) if format_ == "json" else _text(result, dry_run=dry_run))


def _text(result: UndoResult, *, dry_run: bool) -> str:
    from dbdeed.planning.render import render_text

    parts = []
    for one in result.undone:
        if dry_run:
            parts.append(f"To undo plan {one.told.id[:12]}:\n\n{render_text(one.plan)}".rstrip())
        else:
            parts.append(f"Plan {one.told.id[:12]} is undone in {result.database}.")
        parts += _data(one.plan)
    if not dry_run:
        parts.append("The document still says otherwise: change it too, or `dbdeed apply` does it again.")
    return "\n".join(parts)


def _data(plan: Plan) -> list[str]:
    from dbdeed.planning.shown import shown

    return [f"  {shown(one.object)}: data {one.data}" for one in plan.returns]


def _object(result: UndoResult, *, dry_run: bool) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        "undo",
        ok=True,
        database=result.database,
        dry_run=dry_run,
        undone=[_undone(one) for one in result.undone],
    )


def _undone(one: Undone) -> dict[str, object]:
    import msgspec

    from dbdeed.cli.output import change_objects
    from dbdeed.planning.artifact import dump_plan

    return {
        "plan": one.told.id,
        "applied": one.applied or None,
        "changes": change_objects(one.plan),
        "data": [
            {"kind": each.object.kind, "name": list(each.object.name), "data": each.data.value}
            for each in one.plan.returns
        ],
        "way_back": msgspec.Raw(dump_plan(one.plan)),
    }
