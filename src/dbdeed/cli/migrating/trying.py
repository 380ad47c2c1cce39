"""`dbdeed migrate explain|test|rebase`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.app.migrate_explain import ExplainResult
    from dbdeed.migrations.explaining import Explained, Explanation
    from dbdeed.migrations.testing import Tried


@click.command("explain")
@click.argument("file")
@options.document
@options.database
@options.scratch
@options.formats("text", "json")
@options.quiet
def explain(file: str, document: Path, database: str, scratch: str, format_: str, quiet: bool) -> int:
    """Say what a file locks, rewrites, reads and destroys, and about how long it takes.

    The file is run in a scratch database that has the live one's state, and the server is asked after each
    statement; the time is estimated from the live tables' sizes. Exit code 1 where the document's Strategy
    would not let it run.

    Examples:
        dbdeed migrate explain migrations/20261122T101500_add_loyalty_points.sql
        dbdeed migrate explain 20261122T101500 --database env:PRODUCTION_URL
    """
    from dbdeed.app.migrate_explain import migrate_explain
    from dbdeed.cli.progress import open_progress

    result = migrate_explain(
        document, file, database=database, scratch=scratch, progress=open_progress(quiet=quiet)
    )
    print(_explain_object(result) if format_ == "json" else "\n".join(_explain_lines(result)))
    return 1 if result.refusals else 0


def _explain_lines(result: ExplainResult) -> Iterator[str]:
    for each in result.explanations:
        yield f"{each.migration.path.name} in {result.database}:"
        for one in each.statements:
            yield from _statement_lines(one)
        yield ""
        yield _summed(each)
    yield from result.refusals


def _statement_lines(one: Explained) -> Iterator[str]:
    from dbdeed.planning.shown import one_line, shown

    first, *rest = one.statement.sql.splitlines()
    yield f"{one.number:>4}. {one_line(first)}{' …' if rest else ''}"
    for touch in one.touches:
        parts = [f"lock: {touch.lock.name.replace('_', ' ')} on {shown(touch.table)}"]
        if touch.rewrites:
            parts.append("writes it anew")
        elif touch.scans:
            parts.append("reads all of it")
        yield f"        {', '.join(parts)}"
    yield from (f"        ! {hazard.kind}: {hazard.message}" for hazard in one.hazards)
    if one.seconds >= 1:
        yield f"        about {duration(one.seconds)}"


def _summed(each: Explanation) -> str:
    from dbdeed.planning.shown import listed

    parts = [f"About {duration(each.seconds)}" if each.seconds >= 1 else "Less than a second"]
    if each.destroys:
        parts.append(f"destroys {listed(each.destroys)}")
    return ", ".join(parts) + "."


def duration(seconds: float) -> str:
    """Roughly, for people: "40 s", "12 min", "3 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def _explain_object(result: ExplainResult) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        "migrate explain",
        ok=not result.refusals,
        database=result.database,
        refusals=list(result.refusals),
        migrations=[
            {
                "key": each.migration.key,
                "file": str(each.migration.path),
                "seconds": round(each.seconds, 1),
                "destroys": [{"kind": one.kind, "name": list(one.name)} for one in each.destroys],
                "statements": [_statement_object(one) for one in each.statements],
            }
            for each in result.explanations
        ],
    )


def _statement_object(one: Explained) -> dict[str, object]:
    return {
        "number": one.number,
        "sql": one.statement.sql,
        "transactional": not one.alone,
        "lock": one.lock.name.lower(),
        "touches": [
            {
                "table": list(touch.table.name),
                "lock": touch.lock.name.lower(),
                "rewrites": touch.rewrites,
                "scans": touch.scans,
            }
            for touch in one.touches
        ],
        "hazards": [{"kind": hazard.kind.value, "message": hazard.message} for hazard in one.hazards],
        "seconds": round(one.seconds, 1),
    }


@click.command("test")
@options.document
@options.scratch
@options.formats("text", "json")
@options.quiet
def test(document: Path, scratch: str, format_: str, quiet: bool) -> int:
    """Run each file up, back and up again in a scratch database, with the document's sample rows.

    Exit code 1 where one of them fails, or taken back does not end where it began.

    Example:
        dbdeed migrate test
    """
    from dbdeed.app.migrate_test import migrate_test
    from dbdeed.cli.progress import open_progress

    tried = migrate_test(document, scratch=scratch, progress=open_progress(quiet=quiet))
    failed = any(one.problem for one in tried)
    print(_test_object(tried) if format_ == "json" else "\n".join(_test_lines(tried)))
    return 1 if failed else 0


def _test_lines(tried: list[Tried]) -> Iterator[str]:
    for one in tried:
        name = one.migration.path.name
        if one.problem:
            yield f"{name} FAILED: {one.where + ': ' if one.where else ''}{one.problem}"
        elif not one.back:
            yield f"{name} runs; it has no way back"
        else:
            rows = f"; rows of {', '.join(one.lost)} do not return" if one.lost else ""
            yield f"{name} runs up, back and up again{rows}"
    if not tried:
        yield "There are no migrations yet."


def _test_object(tried: list[Tried]) -> str:
    from dbdeed.cli.output import json_object

    return json_object(
        "migrate test",
        ok=not any(one.problem for one in tried),
        migrations=[
            {
                "key": one.migration.key,
                "file": str(one.migration.path),
                "ok": not one.problem,
                "problem": one.problem or None,
                "where": one.where or None,
                "back": one.back,
                "rows_lost": list(one.lost),
            }
            for one in tried
        ],
    )


@click.command("rebase")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--onto", default="", metavar="BRANCH", help="The branch whose files stay where they are.")
@click.option(
    "--document",
    type=click.Path(path_type=Path),
    default=Path("DATABASE.md"),
    show_default=True,
    help="The project's document.",
)
@options.scratch
@options.formats("text", "json")
@options.quiet
def rebase(files: tuple[str, ...], onto: str, document: Path, scratch: str, format_: str, quiet: bool) -> int:
    """Put our files after those that another branch added, and prove them there.

    Ours are the files that are named, or those that the other branch does not have: the one that is being
    merged or rebased onto, else the repository's main one. They get later names, are run after the others in
    a scratch database, and dbdeed.sum is written anew. Exit code 1 where the files then do not lead to the
    document.

    Examples:
        dbdeed migrate rebase
        dbdeed migrate rebase --onto main
        dbdeed migrate rebase 20261122T101500_add_loyalty_points.sql
    """
    from dbdeed.app.migrate_rebase import migrate_rebase
    from dbdeed.cli.output import json_object
    from dbdeed.cli.progress import open_progress

    result = migrate_rebase(document, files, onto=onto, scratch=scratch, progress=open_progress(quiet=quiet))
    if format_ == "json":
        moved = [{"from": old, "to": new} for old, new in result.moved]
        print(
            json_object(
                "migrate rebase",
                ok=not result.differences,
                moved=moved,
                differences=list(result.differences),
            )
        )
    else:
        lines = [f"{old} is now {new}" for old, new in result.moved] or ["The files are in order."]
        if result.differences:
            lines += ["The files do not lead to the document:", *(f"  {one}" for one in result.differences)]
        print("\n".join(lines))
    return 1 if result.differences else 0


COMMANDS = (explain, test, rebase)
