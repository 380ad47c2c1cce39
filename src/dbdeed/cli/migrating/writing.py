"""`dbdeed migrate new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.migrate_new import NewResult


@click.command("new")
@click.argument("words")
@options.document
@options.allow
@click.option("--empty", is_flag=True, help="A file without statements, for SQL by hand.")
@click.option("--branch", default="", metavar="NAME", help="Alembic: the label or head that it goes on.")
@options.scratch
@options.formats("text", "json")
@options.quiet
def new(
    words: str,
    document: Path,
    allow: tuple[str, ...],
    empty: bool,
    branch: str,
    scratch: str,
    format_: str,
    quiet: bool,
) -> None:
    """Write the difference between the files and the document as the next file.

    The files are run in a scratch database, the difference is planned and proven, and the new file is run
    there up, back and up again as it stands. No live database is asked or changed. What the file destroys
    needs --allow with its name, and is kept in the archive for the way back.

    Where the Strategy is expand and contract, and the change takes away or demands more, there are two files:
    the first leads to a state that both the application from before and the new one can work with, what they
    call differently kept in step; the second follows when the former is gone (`migrate up --contract`).

    Examples:
        dbdeed migrate new "add loyalty points"
        dbdeed migrate new "drop notes" --allow orders.note
        dbdeed migrate new "correct prices" --empty
    """
    from dbdeed.app.migrate_new import migrate_new
    from dbdeed.cli.progress import open_progress

    result = migrate_new(
        document,
        words,
        allow=allow,
        empty=empty,
        branch=branch,
        scratch=scratch,
        progress=open_progress(quiet=quiet),
    )
    print(_object(result) if format_ == "json" else _text(result))


COMMANDS = (new,)


def _text(result: NewResult) -> str:
    from dbdeed.planning.render import render_differences

    if not result.paths:
        return "Nothing to write: the migrations lead to the document already."
    said = "\n".join(f"Wrote {one}" for one in result.paths)
    if not result.proven:
        return f"{said}\n`dbdeed migrate verify` says whether the files lead to the document."
    if result.contract is not None:
        return (
            f"Expand, before the new application starts:\n{render_differences(result.plan)}\n"
            f"Contract, when the application from before is gone:\n{render_differences(result.contract)}\n"
            f"{said}\nBoth are proven in a scratch database."
        )
    return f"{render_differences(result.plan)}{said}, proven in a scratch database."


def _object(result: NewResult) -> str:
    from dbdeed.cli.output import change_objects, json_object

    plans = [one for one in (result.plan, result.contract) if one is not None]
    return json_object(
        "migrate new",
        ok=True,
        tool=result.tool,
        files=[str(one) for one in result.paths],
        proven=result.proven,
        destroys=[{"kind": one.kind, "name": list(one.name)} for plan in plans for one in plan.destroys],
        changes=[change for plan in plans for change in change_objects(plan)],
    )
