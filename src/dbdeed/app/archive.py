"""`dbdeed archive`: what a database still has of what plans removed, and getting rid of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of, open_target
from dbdeed.engines.change import Form
from dbdeed.engines.faults import SqlRejected
from dbdeed.errors import Refused
from dbdeed.planning.archive import HERE, PURGED, RETURNED, entries, purged
from dbdeed.planning.journal import Journal
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.app.apply import Consent
    from dbdeed.engines.seam import Engine, Session, Target
    from dbdeed.planning.archive import Entry
    from dbdeed.planning.journal import Told
    from dbdeed.progress import Progress

KEPT_FOR = timedelta(days=30)
"""How long the archive is meant to last. Nothing goes by itself: after it `archive purge` takes it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in the archive.

    Attributes:
        entry: as the database has it.
        plan: the id of the plan that removed it, "" where the journal does not know.
        rows: how many rows it has; None where it holds none or is gone.
        size: bytes on disk; 0 where nobody can say.
        expires: when `archive purge` takes it.
    """

    entry: Entry
    plan: str
    rows: int | None
    size: int
    expires: datetime

    @property
    def here(self) -> bool:
        """Whether there is a table that holds it."""
        returned = self.entry.state == RETURNED and self.entry.kept.form is not Form.MOVED
        return bool(self.entry.kept.place) and (self.entry.state == HERE or returned)


@dataclass(frozen=True, slots=True)
class ArchiveList:
    """The archive of one database: its lines, oldest first, and the plans of the journal, newest first."""

    database: str
    lines: tuple[Line, ...]
    plans: tuple[Told, ...]


def archive(
    document: Path,
    *,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> ArchiveList:
    """List it, and change nothing. Raises `InvalidInput`, `Unavailable`."""
    with _opened(document, database, environment, progress) as (engine, target, session):
        plans = tuple(Journal(engine, session).plans())
        lines = tuple(_lines(engine, session, plans))
        return ArchiveList(target.label, tuple(one for one in lines if one.entry.state != PURGED), plans)


def purge(
    document: Path,
    *,
    older_than: timedelta,
    consent: Consent,
    confirm: Callable[[Sequence[Line]], bool] | None,
    now: datetime,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> ArchiveList:
    """Remove for good what has been in the archive for longer than `older_than`.

    Args:
        document: the path of DATABASE.md.
        older_than: nothing younger goes.
        consent: `yes` or an embedded database needs no question.
        confirm: asks a person who has seen the lines; None where nobody can be asked.
        now: the time in UTC.
        database: what `--database` says.
        environment: of the process.
        progress: where steps are announced.

    Returns:
        What was removed.

    Raises:
        Refused: nobody confirmed it.
        Unavailable: no database, or somebody else changes it.
    """
    with _opened(document, database, environment, progress) as (engine, target, session):
        plans = tuple(Journal(engine, session).plans())
        old = [
            one
            for one in _lines(engine, session, plans)
            if one.entry.state != PURGED and _age(one.entry, now) >= older_than
        ]
        if old and not (consent.yes or (confirm is not None and confirm(old))):
            raise Refused(
                "Nobody confirmed that the archive's data is removed for good.",
                hint="`dbdeed archive` lists it; then give --yes.",
                code="not-confirmed",
            )
        if old:
            with engine.exclusive(session), progress.step("Removing"), session.transaction():
                for one in old:
                    purged(engine, session, one.entry)
        return ArchiveList(target.label, tuple(old), plans)


@contextmanager
def _opened(
    document: Path, database: str, environment: Mapping[str, str] | None, progress: Progress
) -> Iterator[tuple[Engine, Target, Session]]:
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    with open_target(
        project,
        architecture,
        engine,
        database=database,
        environment=os.environ if environment is None else environment,
        progress=progress,
        reading=True,  # where there is none yet, there is nothing to purge either
    ) as target:
        session = engine.connect(target)
        try:
            yield engine, target, session
        finally:
            session.close()


def _lines(engine: Engine, session: Session, plans: Sequence[Told]) -> Iterator[Line]:
    by_number = {one.number: one.id for one in plans}
    for entry in entries(engine, session):
        line = Line(entry, by_number.get(entry.generation, ""), None, 0, _when(entry) + KEPT_FOR)
        yield _measured(engine, session, line) if line.here else line


def _measured(engine: Engine, session: Session, line: Line) -> Line:
    place = line.entry.kept.place
    try:
        ((rows,),) = session.fetch(f"SELECT count(*) FROM {place}")
    except SqlRejected:
        return line  # somebody removed it by hand
    held = None if line.entry.kept.form is Form.NUMBER else int(rows)
    return Line(line.entry, line.plan, held, engine.private_size(session, place), line.expires)


def _when(entry: Entry) -> datetime:
    try:
        return datetime.fromisoformat(entry.when)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC) - KEPT_FOR


def _age(entry: Entry, now: datetime) -> timedelta:
    return now - _when(entry)
