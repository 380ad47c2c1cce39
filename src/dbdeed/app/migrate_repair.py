"""`dbdeed migrate repair`: a person has looked, and says how it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.migrate import require_yes
from dbdeed.app.migrate_new import write_sum
from dbdeed.app.migrations import format_of, open_workshop
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of
from dbdeed.errors import InvalidInput
from dbdeed.migrations.pieces import pieces_of
from dbdeed.migrations.progress import Direction, standpoint
from dbdeed.migrations.runner import Files, locked, where_all_stand
from dbdeed.migrations.seam import Migration, State
from dbdeed.migrations.standing import Standing
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.app.migrate import MigrateConsent
    from dbdeed.app.migrations import Workshop
    from dbdeed.migrations.running import Desk
    from dbdeed.migrations.standing import Line
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What was put right, a sentence each; `sum` where it was written."""

    database: str
    done: tuple[str, ...]
    sum: Path | None = None


def write_sums(document: Path) -> Path:
    """Write `dbdeed.sum` anew for the files as they are; no database is needed.

    Raises `InvalidInput` where the document or a migration cannot be read.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    engine, chosen = engine_of(architecture), format_of(architecture)
    layout = chosen.layout(project.root)
    migrations = tuple(chosen.read(engine, layout))
    path = write_sum(Files(chosen, layout, migrations, summed=True), migrations)
    assert path is not None
    return path


def migrate_repair(
    document: Path,
    *,
    consent: MigrateConsent,
    done: str = "",
    again: str = "",
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> RepairResult:
    """Make the history say what a person knows to be so; runs no migration.

    Without `done` and `again`: checksums and descriptions of edited files become those of the files, rows of
    failed ones go, and so do rows whose file is missing.

    Args:
        document: the path of DATABASE.md.
        consent: what may be done.
        done: VERSION or VERSION:STATEMENT that is done: the migration, or up to that statement of it.
        again: VERSION:STATEMENT that has to run (again).
        database: what `--database` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such migration or statement, or it is not under way.
        Refused: missing consent.
    """
    with open_workshop(document, database=database, environment=environment, progress=progress) as shop:
        lines = where_all_stand(shop.desk, shop.files)
        if done or again:
            said = _decided(shop, lines, done, again, consent)
            return RepairResult(shop.database, (said,))
        wrong = [one for one in lines if one.standing in _PUT_RIGHT]
        if wrong:
            require_yes(shop, consent, [one.migration or _ghost(one) for one in wrong], back=False)
            with locked(shop.desk), shop.desk.session.transaction():
                said_all = tuple(_put_right(shop.desk, one) for one in wrong)
        else:
            said_all = ()
        path = write_sum(shop.files, shop.files.migrations) if shop.files.mismatches else None
        return RepairResult(shop.database, said_all, path)


_PUT_RIGHT = frozenset({Standing.EDITED, Standing.GONE, Standing.FAILED})


def _put_right(desk: Desk, line: Line) -> str:
    name = f"{line.version} {line.description}"
    if line.migration is None:
        desk.history.forget(desk.session, _ghost(line))
        return f"{name}: its row is gone from the history, as its file is."
    desk.history.correct(desk.session, line.migration)
    if line.standing is Standing.FAILED:
        return f"{name}: the history no longer says that it failed; `dbdeed migrate up` runs it."
    return f"{name}: the history has the file's checksum."


def _ghost(line: Line) -> Migration:
    """What the history knows of a migration whose file is missing."""
    from pathlib import Path

    assert line.applied is not None
    row = line.applied
    return Migration(row.key, row.version, row.description, Path(row.key), row.checksum, ())


def _decided(shop: Workshop, lines: list[Line], done: str, again: str, consent: MigrateConsent) -> str:
    version, separator, text = (done or again).partition(":")
    line = next((one for one in lines if one.version == version and one.migration is not None), None)
    if line is None or line.migration is None or (separator and not text.isdigit()):
        raise InvalidInput(
            f"There is no migration {done or again}.",
            hint="It is VERSION:STATEMENT, as `dbdeed migrate up` told it.",
            code="migration-unknown",
        )
    if line.standpoint is None or (again and not separator):
        raise InvalidInput(
            f"Migration {version} was not stopped on its way.",
            hint="`dbdeed migrate status` says where each stands.",
            code="migration-not-begun",
        )
    require_yes(shop, consent, [line.migration], back=False)
    desk, migration, point = shop.desk, line.migration, line.standpoint
    batches = (migration.up if point.direction is Direction.UP else migration.down) or ()
    statements = [one for piece in pieces_of(desk.engine, batches) for one in piece.statements]
    number = int(text) if separator else len(statements)
    if not 0 < number <= len(statements):
        raise InvalidInput(f"{migration.path.name} has {len(statements)} statements.", code="usage")
    with locked(desk), desk.session.transaction():
        if done and not separator:
            if point.direction is Direction.UP:
                desk.history.record(desk.session, migration, state=State.DONE, seconds=0.0)
            else:
                desk.history.forget(desk.session, migration)
            desk.table.remove(desk.session, migration.key)
            what = "applied" if point.direction is Direction.UP else "taken back"
            return f"{version} {migration.description} is {what}."
        reached = number if done else number - 1
        desk.table.set(desk.session, standpoint(migration.key, point.direction, statements, reached))
    return (
        f"{version} {migration.description} goes on with statement {reached + 1}: "
        f"`dbdeed migrate {point.direction}`."
    )
