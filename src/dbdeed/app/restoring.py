"""What a restore brings back: a backup as it was taken, or the moment that the log after it leads to."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.receive import send_spooled
from dbdeed.app.vault import archiving_of, utc_now
from dbdeed.errors import InvalidInput, Refused
from dbdeed.progress import SILENT
from dbdeed.recovery.chains import chain_damages, reading_whole
from dbdeed.recovery.drill import method_of
from dbdeed.recovery.logs import Logs
from dbdeed.recovery.moments import choose, parse_until, spans_of
from dbdeed.recovery.points import newest
from dbdeed.recovery.rooms import work_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.app.project import Project
    from dbdeed.app.vault import Vault
    from dbdeed.engines.archiving import LogArchiving, Replay, Replayed, Until
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Engine, Session, Target
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be brought back.

    Attributes:
        manifest: the backup.
        until: where the log after it is replayed to; None for the backup as it was taken.
    """

    project: Project
    vault: Vault
    engine: Engine
    manifest: Manifest
    until: Until | None = None

    @property
    def method(self) -> BackupMethod:
        return method_of(self.engine, self.manifest)

    @property
    def whole_systems(self) -> bool:
        """Whether what is brought back are a server's files, with every database in it."""
        archiving = self.engine.log_archiving()
        return archiving is not None and self.manifest.method == archiving.base

    @property
    def moment(self) -> str:
        """For people: to when it is replayed."""
        if self.until is None or self.until.time is None:
            return self.until.position if self.until is not None and self.until.position else "the log's end"
        return f"{self.until.time:%Y-%m-%d %H:%M:%S %Z}"

    @property
    def name(self) -> str:
        """For a folder's name."""
        if self.until is None:
            return self.manifest.id
        if self.until.time is not None:
            return f"{self.manifest.id}-to-{self.until.time:%Y%m%dT%H%M%S}"
        return f"{self.manifest.id}-to-{self.until.position.replace('/', '-') or 'latest'}"

    def require_sound(self, progress: Progress) -> None:
        """Raises `Refused` where a file of the backup, or of what it builds on, is not as it was written."""
        problems = chain_damages(self.vault.store, self.manifest, progress)
        if problems:
            raise Refused(
                f"The backup {self.manifest.id} is damaged: {problems[0]}",
                hint="Restore another one: `dbdeed backup verify` says which are sound.",
                code="backup-damaged",
            )

    def restore_checked(self, place: Path, progress: Progress) -> Replayed | None:
        """The same into files, which are looked at meanwhile: what is found damaged is taken away again.

        Raises `Refused` as `require_sound`.
        """
        require_nothing(place)
        with ThreadPoolExecutor(1) as pool:
            checking = pool.submit(self.require_sound, SILENT)
            try:
                where = self.restore(place, progress)
                with progress.step("Wait until every file is checked"):
                    checking.result()
            except BaseException:
                _remove(place)
                checking.result()  # that a file is damaged says more than what it led to
                raise
        return where

    def restore(self, place: Target | Path, progress: Progress) -> Replayed | None:
        """Into an empty place; where the replay stopped, if there was one."""
        if self.until is None:
            with self._whole(progress) as (data, spend, _):
                self.method.restore(data, place, progress, spend=spend)
            return None
        if not isinstance(place, Path):
            raise InvalidInput("The log leads on in files, not in a database.")
        with self._whole(progress) as (data, spend, work):
            replay = self._fetched(self.until, work, progress)
            return self._archiving.recover(data, place, replay, progress, spend=spend)

    @contextmanager
    def opened(self, progress: Progress) -> Iterator[tuple[Session, Replayed | None, Path]]:
        """In a throwaway server that reaches nobody, and a folder to work in."""
        with self._whole(progress) as (data, spend, work):
            if self.until is None:
                with self.method.restored(data, work, progress, spend=spend) as session:
                    yield session, None, work
                return
            replay = self._fetched(self.until, work, progress)
            with self._archiving.recovered(data, work, replay, progress, spend=spend) as (session, where):
                yield session, where, work

    def replace(self, target: Target, progress: Progress) -> tuple[str, Replayed | None]:
        """In place of a live database; a sentence about where what was there is kept."""
        with self._whole(progress) as (data, spend, work):
            if self.until is None:
                return self.method.replace(data, target, progress), None
            replay = self._fetched(self.until, work, progress)
            return self._archiving.replace(data, target, replay, progress, spend=spend)

    @property
    def _archiving(self) -> LogArchiving:
        return archiving_of(self.engine)

    @contextmanager
    def _whole(self, progress: Progress) -> Iterator[tuple[Path, bool, Path]]:
        """The backup's data as one whole, whether it may be spent, and a folder to work in."""
        self.project.prepare()
        with (
            work_folder(self.project.state / "work") as work,
            reading_whole(self.vault.store, self.method, self.manifest, work, progress) as (data, spend),
        ):
            yield data, spend, work

    def _fetched(self, until: Until, work: Path, progress: Progress) -> Replay:
        folder = work / "log"
        folder.mkdir(mode=0o700)
        return Logs(self._archiving, self.vault.store.shelf).fetch(self.manifest, until, folder, progress)


def require_nothing(place: Path) -> None:
    """Raises `Refused` where something is there already."""
    if place.is_symlink() or (place.exists() and (not place.is_dir() or any(place.iterdir()))):
        raise Refused(
            f"{place} is not empty; a restore does not overwrite.",
            hint="Name an empty or a new folder.",
            code="not-empty",
        )


def _remove(place: Path) -> None:
    """Take away what a restore made of a place where nothing was."""
    for one in (place, place.with_name(f"{place.name}-tablespaces")):
        if one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink(missing_ok=True)


def wanted(project: Project, vault: Vault, engine: Engine, backup: str, to: str) -> Wanted:
    """The newest backup or one by id; with `to`, the one from which that moment can be reached.

    Raises `InvalidInput` where there is none, `Refused` for a moment that cannot be reached, with what can.
    """
    if not to:
        return Wanted(project, vault, engine, _backup(vault, backup))
    until = parse_until(to)
    archiving = archiving_of(engine)
    if until.position:
        archiving.position_of(until.position)
    send_spooled(project, vault, archiving)
    logs, listing = Logs(archiving, vault.store.shelf), vault.listing()
    spans = [one for one in spans_of(logs, listing) if backup in ("", one.backup.id)]
    return Wanted(project, vault, engine, choose(logs, spans, until).backup, until)


def _backup(vault: Vault, backup: str) -> Manifest:
    if backup:
        return vault.store.find(backup)
    found = newest(vault.listing().backups, utc_now())
    if found is None:
        raise InvalidInput(
            f"There is no backup of this project in {vault.store.label}.", hint=vault.why_none()
        )
    return found
