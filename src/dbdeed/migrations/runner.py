"""Up, down and where things stand: the same for every format.

One runner at a time: whoever changes the database holds our lock and the tool's own. What is not in order is
named and nothing runs: an applied file that was edited, one that is missing, one whose place is before
another that is applied already.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.migrations import sums
from dbdeed.migrations.by_tool import down_by_tool, up_by_tool
from dbdeed.migrations.interrupted import where_it_stands
from dbdeed.migrations.pieces import all_plain
from dbdeed.migrations.problems import require_order
from dbdeed.migrations.progress import Direction
from dbdeed.migrations.running import run_migration
from dbdeed.migrations.seam import Kind
from dbdeed.migrations.standing import RUNS, Line, Standing, standings
from dbdeed.migrations.tool_lock import ToolLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Target
    from dbdeed.migrations.running import Desk
    from dbdeed.migrations.seam import Format, Layout, Migration, Process
    from dbdeed.migrations.sums import Mismatch


@dataclass(frozen=True, slots=True)
class Files:
    """A project's migrations as they stand in its folder.

    Attributes:
        migrations: in the order in which the tool runs them.
        mismatches: files that are not as `dbdeed.sum` has them; () where there is none.
        summed: there is a `dbdeed.sum`.
    """

    format: Format
    layout: Layout
    migrations: tuple[Migration, ...]
    mismatches: tuple[Mismatch, ...] = ()
    summed: bool = False


def read_files(engine: Engine, chosen: Format, root: Path) -> Files:
    """Read them all.

    Raises `InvalidInput` for what the tool would refuse, or a `dbdeed.sum` in conflict.
    """
    layout = chosen.layout(root)
    migrations = tuple(chosen.read(engine, layout))
    listed = sums.read(layout.folder)
    if listed is None:
        return Files(chosen, layout, migrations)
    found = sums.mismatches(listed, sums.checksums_of(layout.folder, paths_of(migrations)))
    return Files(chosen, layout, migrations, tuple(found), summed=True)


def paths_of(migrations: Sequence[Migration]) -> tuple[Path, ...]:
    """Each file once: a file may hold several migrations."""
    return tuple(dict.fromkeys(one.path for one in migrations))


@dataclass(frozen=True, slots=True)
class Tool:
    """The tool's own program, for files that only it can run; with the database that it is to run them in."""

    process: Process | None
    target: Target


@dataclass
class Report:
    """What a run did, in order."""

    done: list[Migration] = field(default_factory=list)


def where_all_stand(desk: Desk, files: Files) -> list[Line]:
    """A line for each migration; never writes."""
    applied = desk.history.applied(desk.session)
    lines = standings(files.migrations, applied, desk.table.all(desk.session))
    edited = {files.layout.folder / one.name for one in files.mismatches if one.problem == "edited"}
    return [_as_summed(one, edited) for one in lines] if edited else lines


def _as_summed(line: Line, edited: set[Path]) -> Line:
    """Where the tool's history has no checksum, `dbdeed.sum` says whether a file is the one that ran."""
    known = line.applied is not None and line.applied.checksum
    if line.standing is Standing.APPLIED and not known and line.migration and line.migration.path in edited:
        return replace(line, standing=Standing.EDITED)
    return line


@contextmanager
def locked(desk: Desk) -> Iterator[ToolLock]:
    """Hold our lock and the tool's own. Raises `Unavailable` where somebody has one of them."""
    with desk.engine.exclusive(desk.session):
        with desk.session.transaction():
            desk.table.create(desk.session)
        if not desk.history.exists(desk.session):
            with desk.session.transaction():
                desk.history.create(desk.session)
        with ToolLock(desk.history, desk.session) as lock:
            try:
                yield lock
            finally:
                _settings_gone(desk)


def _settings_gone(desk: Desk) -> None:
    """What the files have set is no longer set, as far as the connection still lives."""
    with suppress(Unavailable):
        desk.engine.begin_file(desk.session)


def up(
    desk: Desk,
    files: Files,
    scratch: Scratch,
    tool: Tool | None = None,
    *,
    until: str = "",
    short_of: str = "",
    out_of_order: bool = False,
    report: Report | None = None,
) -> Report:
    """Run what is pending.

    Args:
        desk: of the live database.
        files: of the project.
        scratch: used only where a migration was stopped and it is not clear where.
        tool: for files that only their tool can run.
        until: the version after which to stop; "" for all.
        short_of: the key of the one before which to stop; "" for none.
        out_of_order: run also what comes before migrations that are applied.
        report: told as it happens, so that what was done before an error is known too.

    Raises:
        Refused: something is not in order, or a person must decide how a migration goes on.
        MigrationFailed: the database refused a statement.
    """
    report = report or Report()
    if not _pending(where_all_stand(desk, files)):
        require_order(where_all_stand(desk, files), out_of_order=out_of_order)
        return report
    with locked(desk) as lock:
        lines = where_all_stand(desk, files)
        require_order(lines, out_of_order=out_of_order)
        todo = _short_of(_until(_pending(lines), until, files), short_of)
        before = [one.migration for one in lines if one.is_applied and one.migration is not None]
        with desk.progress.step("Running the migrations", total=len(todo)) as task:
            fresh = False
            for foreign, group in groupby(todo, _is_foreign):
                if foreign:
                    together = [one.migration for one in group if one.migration is not None]
                    up_by_tool(desk, together, tool, lock, report)
                    before += together
                    fresh = False
                    task.advance(len(together), len(todo))
                    continue
                for line in group:
                    assert line.migration is not None
                    _up_one(desk, scratch, before, line, fresh=fresh)
                    fresh = all_plain(line.migration.up or ())
                    before.append(line.migration)
                    report.done.append(line.migration)
                    task.advance(1, len(todo))
    return report


def pending_of(lines: Sequence[Line], until: str, files: Files) -> list[Line]:
    """What `up` would run, in order, up to a version."""
    return _until(_pending(lines), until, files)


def _short_of(todo: list[Line], key: str) -> list[Line]:
    keys = [one.key for one in todo]
    return todo[: keys.index(key)] if key in keys else todo


def _pending(lines: Sequence[Line]) -> list[Line]:
    """What `up` runs, in the tool's order; what was begun comes first."""
    found = [one for one in lines if one.standing in RUNS]
    return sorted(found, key=lambda one: one.standing is not Standing.BEGUN)


def _has_place(one: Migration) -> bool:
    """Whether it stands somewhere among the versions: all but what runs after all others."""
    return one.kind is not Kind.REPEATABLE or bool(one.version)


def _goes_back(one: Migration) -> bool:
    return _has_place(one) and one.kind is not Kind.BASELINE


def _until(todo: list[Line], until: str, files: Files) -> list[Line]:
    if not until:
        return todo
    ordered = [one.version for one in files.migrations]
    if until not in ordered:
        raise _unknown_version(until, files)
    last = len(ordered) - 1 - ordered[::-1].index(until)
    wanted = {one.key for one in files.migrations[: last + 1] if _has_place(one)}
    return [one for one in todo if one.key in wanted]


def _is_foreign(line: Line) -> bool:
    """Whether only its tool can run it."""
    return line.migration is not None and line.migration.up is None


def _up_one(desk: Desk, scratch: Scratch, before: Sequence[Migration], line: Line, *, fresh: bool) -> None:
    migration = line.migration
    assert migration is not None
    assert migration.up is not None
    done = 0
    if line.standpoint is not None:
        _require_direction(line, Direction.UP)
        done = where_it_stands(desk, scratch, before, migration, line.standpoint, lambda: live_catalog(desk))
    with desk.progress.step(f"Running {migration.path.name}"):
        begun = line.standpoint is not None
        run_migration(desk, migration, migration.up, done=done, begun=begun, fresh=fresh)


def live_catalog(desk: Desk) -> Catalog:
    """What the database holds, without what the tool keeps there for itself."""
    desk.session.left_out |= desk.history.tables
    return desk.engine.inspect(desk.session)


def _require_direction(line: Line, direction: Direction) -> None:
    if line.standpoint is not None and line.standpoint.direction is not direction:
        was = "taken back" if line.standpoint.direction is Direction.DOWN else "run"
        raise Refused(
            f"{line.version} {line.description} was being {was} when it was stopped.",
            hint=f"Go on with `dbdeed migrate {line.standpoint.direction}` first.",
            code="migration-under-way",
        )


def down(
    desk: Desk,
    files: Files,
    scratch: Scratch,
    tool: Tool | None = None,
    *,
    count: int = 1,
    after: str | None = None,
    report: Report | None = None,
) -> Report:
    """Take back the latest migrations.

    Args:
        desk: of the live database.
        files: of the project.
        scratch: as for `up`.
        tool: as for `up`.
        count: how many.
        after: instead of a number, all that come after this version; "" for every one.
        report: as for `up`.

    Raises:
        Refused: one of them has no way back; then nothing is run.
    """
    report = report or Report()
    with locked(desk) as lock:
        lines = where_all_stand(desk, files)
        require_order(lines, out_of_order=True)
        todo = back_from(desk, lines, files, count=count, after=after)
        before = [one.migration for one in lines if one.is_applied and one.migration is not None]
        with desk.progress.step("Taking migrations back", total=len(todo)) as task:
            for line in todo:
                assert line.migration is not None
                before = [one for one in before if one.key != line.key]
                _down_one(desk, scratch, tool, lock, before, line)
                report.done.append(line.migration)
                task.advance(1, len(todo))
    return report


def back_from(
    desk: Desk, lines: Sequence[Line], files: Files, *, count: int = 1, after: str | None = None
) -> list[Line]:
    """What `down` takes back, the latest first. Raises `Refused` where one has no way back."""
    rows = {one.key: number for number, one in enumerate(desk.history.applied(desk.session))}
    there = [one for one in lines if one.key in rows and one.standing is not Standing.BASELINE]
    there = [one for one in there if one.migration is None or _goes_back(one.migration)]
    there.sort(key=lambda one: rows[one.key], reverse=True)
    if after is not None:
        ordered = {one.key: number for number, one in enumerate(files.migrations)}
        versions = [one.version for one in files.migrations]
        if after and after not in versions:
            raise _unknown_version(after, files)
        border = versions.index(after) if after else -1
        there = [one for one in there if ordered.get(one.key, border + 1) > border]
    else:
        there = there[:count]
    for one in there:
        if one.standpoint is not None:
            _require_direction(one, Direction.DOWN)
        migration = one.migration
        if migration is None or (migration.down is None and not migration.needs):
            raise Refused(
                f"{one.version} {one.description} has no way back"
                + (": its file is missing." if migration is None else " in its file."),
                hint="Write one, or a new migration that undoes what it did.",
                code="migration-no-way-back",
            )
    return there


def _down_one(
    desk: Desk,
    scratch: Scratch,
    tool: Tool | None,
    lock: ToolLock,
    before: Sequence[Migration],
    line: Line,
) -> None:
    migration = line.migration
    assert migration is not None
    if migration.down is None:
        down_by_tool(desk, migration, tool, lock)
        return
    done = 0
    if line.standpoint is not None:
        done = where_it_stands(desk, scratch, before, migration, line.standpoint, lambda: live_catalog(desk))
    with desk.progress.step(f"Taking back {migration.path.name}"):
        run_migration(
            desk,
            migration,
            migration.down,
            Direction.DOWN,
            done=done,
            begun=line.standpoint is not None,
        )


def _unknown_version(version: str, files: Files) -> InvalidInput:
    latest = ", ".join(one.version for one in files.migrations[-3:]) or "none"
    return InvalidInput(
        f"There is no migration of version {version}.",
        hint=f"The latest are: {latest}.",
        code="migration-unknown",
    )
