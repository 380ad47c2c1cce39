"""Files that only their tool can run, run by the tool's own program in the live database."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable
from dbdeed.migrations.foreign import without_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.migrations.runner import Report, Tool
    from dbdeed.migrations.running import Desk
    from dbdeed.migrations.seam import Migration, Process
    from dbdeed.migrations.tool_lock import ToolLock


def up_by_tool(
    desk: Desk, migrations: Sequence[Migration], tool: Tool | None, lock: ToolLock, report: Report
) -> None:
    """Run some that follow one another; the report then has those that the tool's history has."""
    process, program = _program(migrations[0], tool)
    shown = migrations[0].path.name + (f" and {len(migrations) - 1} more" if len(migrations) > 1 else "")
    try:
        with desk.progress.step(f"Running {shown} with {migrations[0].needs}"), lock.released():
            process.up(program.target, migrations)
    except Unavailable:
        with suppress(Unavailable):
            report.done += _recorded(desk, migrations)
        raise
    done = _recorded(desk, migrations)
    report.done += done
    left = [one for one in migrations if one not in done]
    if left:
        raise _silent(left[0])


def down_by_tool(desk: Desk, migration: Migration, tool: Tool | None, lock: ToolLock) -> None:
    """Take one back."""
    process, program = _program(migration, tool)
    with desk.progress.step(f"Taking back {migration.path.name} with {migration.needs}"), lock.released():
        process.down(program.target, migration)
    if _recorded(desk, [migration]):
        raise _silent(migration)


def _program(migration: Migration, tool: Tool | None) -> tuple[Process, Tool]:
    process = tool.process if tool is not None else None
    if tool is None or process is None or process.missing:
        hint = "Install it, or run this one with the tool itself; then go on here."
        raise without_tool(Unavailable, migration, process, hint=hint)
    return process, tool


def _recorded(desk: Desk, migrations: Sequence[Migration]) -> list[Migration]:
    there = {one.key for one in desk.history.applied(desk.session)}
    return [one for one in migrations if one.key in there]


def _silent(migration: Migration) -> Unavailable:
    return Unavailable(
        f"{migration.needs} ended well, and its history does not say so of {migration.version} "
        f"{migration.description}.",
        where=str(migration.path),
        hint="See with the tool itself what it would run next.",
        code="migration-foreign",
    )
