"""A folder of backups. Nothing is listed until it is whole.

    STORE/20260301T020000Z-physical-1f3a5c/manifest.json   written last
    STORE/20260301T020000Z-physical-1f3a5c/data/…           what the engine wrote
    STORE/proofs/20260301T020500Z-drill-77aa01.json
    STORE/.partial-ID, STORE/.trash-ID                      under way; swept by the next run
    STORE/lock                                              held by the one run that writes

A backup is made under a partial name, made durable file by file, given its manifest and only then renamed.
Removing goes the other way. Whoever reads a backup holds a shared lock on its manifest, so that pruning
leaves it alone; the operating system releases both locks when a process dies. An object store needs the same
order and no rename: there the manifest is what lists a backup.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.progress import SILENT
from dbdeed.recovery.files import differences, explained, held, survey, sync_folder, write_durably
from dbdeed.recovery.manifest import Damaged, Manifest, Proof, TableFacts, decode, encode
from dbdeed.recovery.objects import ABANDONED, FolderObjects, StoreLocked
from dbdeed.recovery.shelf import Compressed, Shelf

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.recovering import BackupFacts
    from dbdeed.progress import Progress
    from dbdeed.recovery.files import Seen

_ID = re.compile(r"\d{8}T\d{6}Z-[a-z]+-[0-9a-f]{6,}")
_PATIENCE = 30
_LOG = "wal"  # what others than backups keep on the shelf
_PARTIAL, _TRASH = ".partial-", ".trash-"
_SEALED = "It is sealed, and the document names no key: set Encryption."
_MANIFEST, _DATA, _PROOFS = "manifest.json", "data", "proofs"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a store holds, oldest first; `damaged` says which records cannot be trusted, by name, and why."""

    backups: tuple[Manifest, ...]
    proofs: tuple[Proof, ...]
    damaged: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A backup under way: the engine writes into `data`.

    Attributes:
        seen: files that were looked at already.
        durable: files that are on the disk already.
    """

    id: str
    folder: Path
    seen: dict[str, Seen] = field(default_factory=dict)
    durable: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / _DATA


def new_id(moment: datetime, kind: str, token: str) -> str:
    """An id that sorts by time. `token` is random hexadecimal: two runs of one second differ."""
    return f"{moment:%Y%m%dT%H%M%SZ}-{kind}-{token}"


def is_id(text: str) -> bool:
    """Whether it looks like an id; such a name leads nowhere else."""
    return _ID.fullmatch(text) is not None


def moment_of(id_: str) -> str:
    """The second in which an id was given; sorts by time."""
    return id_.partition("-")[0]


def describe(
    draft: Draft, facts: BackupFacts, *, project: str, engine: str, method: str, needs: tuple[str, ...]
) -> Manifest:
    """The record of a draft, whose files are on disk for good afterwards."""
    files, folders = survey(draft.data, draft.seen, draft.durable)
    return Manifest(
        id=draft.id,
        project=project,
        engine=engine,
        method=method,
        started=facts.started,
        finished=facts.finished,
        consistent_at=facts.consistent_at,
        position=facts.position,
        size=sum(file.size for file in files.values()),
        engine_version=facts.engine_version,
        tables={name: TableFacts(*table) for name, table in sorted(facts.tables.items())},
        notes=facts.notes,
        files=files,
        folders=folders,
        needs=needs,
        log=facts.log,
    )


class Store(Protocol):
    """Backups and their proofs, wherever they are kept."""

    @property
    def label(self) -> str:
        """Which place, for people; holds no secret."""

    @property
    def shelf(self) -> Shelf:
        """Single files beside the backups: segments of a log."""

    @property
    def copies(self) -> bool:
        """What `reading` gives is a copy, whose files the reader may make its own."""

    def within(self, folder: Path) -> bool:
        """Whether it lies in this local folder."""

    def exists(self) -> bool:
        """Whether anything was ever kept here."""

    def listing(self, project: str | None = None) -> Listing:
        """What is there, of one project or of all."""

    def find(self, id_: str) -> Manifest:
        """One backup by id. Raises `InvalidInput` where there is none, `Damaged` for a bad record."""

    def writing(self) -> AbstractContextManager[None]:
        """Be the only run that writes; sweeps what a crashed one left behind. Raises `StoreLocked`."""

    def draft(self, id_: str) -> AbstractContextManager[Draft]:
        """A place for a new backup; gone afterwards unless it was published. Hold `writing`."""

    def publish(
        self,
        draft: Draft,
        facts: BackupFacts,
        *,
        project: str,
        engine: str,
        method: str,
        needs: tuple[str, ...] = (),
    ) -> Manifest:
        """Make a finished draft durable and list it; `needs` are ids of backups that it builds upon."""

    def reading(
        self, manifest: Manifest, progress: Progress = SILENT, *, only: Collection[str] | None = None
    ) -> AbstractContextManager[Path]:
        """A local folder with the backup's data, safe from pruning while the context lasts.

        With `only`, no more than these files need be there.
        """

    def damages(self, manifest: Manifest, progress: Progress = SILENT) -> list[str]:
        """Files that are missing, changed or foreign, one sentence each; empty where all is as written."""

    def remove(self, id_: str) -> bool:
        """Take a backup out of the list at once, then delete it; False where somebody is reading it."""

    def record(self, proof: Proof, token: str) -> None:
        """Keep a proof beside the backups."""


@dataclass(frozen=True, slots=True)
class FolderStore:
    """The backups in one local folder, as the engine wrote them."""

    root: Path
    copies = False

    @property
    def label(self) -> str:
        return str(self.root)

    @property
    def shelf(self) -> Shelf:
        return Shelf(FolderObjects(self.root), Compressed())

    def within(self, folder: Path) -> bool:
        return self.root.is_relative_to(folder)

    def exists(self) -> bool:
        return self.root.is_dir()

    def listing(self, project: str | None = None) -> Listing:
        """What is there, of one project or of all."""
        with explained(self.root):
            folders = sorted(self._folders())
            records = sorted(one for one in (self.root / _PROOFS).glob("*.json") if _ID.fullmatch(one.stem))
        backups: list[Manifest] = []
        proofs: list[Proof] = []
        damaged: dict[str, str] = {}
        for folder in folders:
            try:
                backups.append(self._manifest(folder.name))
            except Damaged as error:
                damaged[folder.name] = error.message
        for record in records:
            try:
                proofs.append(decode(_read(record), Proof, record.name))
            except Damaged as error:
                damaged[record.name] = error.message
        with explained(self.root):
            damaged |= {one.parent.name: _SEALED for one in self.root.glob("packed/*/manifest.*")}
        mine = tuple(one for one in backups if project is None or one.project == project)
        return Listing(mine, tuple(sorted(proofs, key=lambda one: one.at)), damaged)

    def find(self, id_: str) -> Manifest:
        """One backup by id. Raises `InvalidInput` where there is none, `Damaged` for a bad record."""
        if not _ID.fullmatch(id_) or not (self.root / id_).is_dir():
            raise InvalidInput(f"There is no backup {id_!r} here.", hint="`dbdeed backup list` shows them.")
        return self._manifest(id_)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only run that writes; sweeps what a crashed one left behind. Raises `StoreLocked`."""
        with explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.root / _PROOFS).mkdir(exist_ok=True, mode=0o700)
            keep_out_of_repository(self.root)
        busy = StoreLocked(
            f"Another run is writing to {self.root}.", hint="Wait for it to finish, then try again."
        )
        with held(self.root / "lock", busy):
            with explained(self.root):
                self._sweep()
            yield

    @contextmanager
    def draft(self, id_: str) -> Iterator[Draft]:
        """A place for a new backup; gone afterwards unless it was published. Hold `writing`."""
        draft = Draft(id_, self.root / f"{_PARTIAL}{id_}")
        with explained(self.root):
            draft.data.mkdir(parents=True, mode=0o700)
        try:
            with explained(self.root):
                yield draft
        finally:
            if draft.folder.exists():
                _discard(draft.folder)

    def publish(
        self,
        draft: Draft,
        facts: BackupFacts,
        *,
        project: str,
        engine: str,
        method: str,
        needs: tuple[str, ...] = (),
    ) -> Manifest:
        """Make a finished draft durable and list it."""
        manifest = describe(draft, facts, project=project, engine=engine, method=method, needs=needs)
        write_durably(draft.folder / _MANIFEST, encode(manifest))
        draft.folder.rename(self.root / draft.id)
        sync_folder(self.root)
        return manifest

    @contextmanager
    def reading(
        self,
        manifest: Manifest,
        progress: Progress = SILENT,  # noqa: ARG002 - nothing takes time here
        *,
        only: Collection[str] | None = None,  # noqa: ARG002 - all of it lies there
    ) -> Iterator[Path]:
        """The backup's data where it lies, safe from pruning while the context lasts."""
        folder = self.root / manifest.id
        try:
            record = (folder / _MANIFEST).open("rb")
        except OSError as error:
            raise Unavailable(f"The backup {manifest.id} is gone: {error.strerror}.") from error
        with record:
            fcntl.flock(record, fcntl.LOCK_SH)
            if not folder.is_dir():  # pruned between opening and locking
                raise Unavailable(f"The backup {manifest.id} is gone.")
            yield folder / _DATA

    def damages(self, manifest: Manifest, progress: Progress = SILENT) -> list[str]:
        """Files that are missing, changed or foreign, one sentence each; empty where all is as written."""
        with self.reading(manifest) as data, progress.step("Check the files", total=manifest.size) as task:
            if not data.is_dir():
                return ["Its data is missing."]
            return differences(data, manifest.files, manifest.folders, task)

    def remove(self, id_: str) -> bool:
        """Take a backup out of the list at once, then delete it; False where somebody is reading it."""
        folder = self.root / id_
        with explained(self.root), (folder / _MANIFEST).open("rb") as record:
            try:
                fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            trash = self.root / f"{_TRASH}{id_}"
            folder.rename(trash)
            sync_folder(self.root)
            shutil.rmtree(trash)
        return True

    def record(self, proof: Proof, token: str) -> None:
        """Keep a proof beside the backups."""
        name = new_id(proof.at, proof.kind, token)
        with explained(self.root):
            (self.root / _PROOFS).mkdir(exist_ok=True, mode=0o700)
            write_durably(self.root / _PROOFS / f"{name}.json", encode(proof))

    def _manifest(self, id_: str) -> Manifest:
        manifest = decode(_read(self.root / id_ / _MANIFEST), Manifest, id_)
        if manifest.id != id_:
            raise Damaged(f"This is the record of {manifest.id!r}.", where=id_)
        return manifest

    def ids(self) -> list[str]:
        """Every backup, whatever its record says."""
        with explained(self.root):
            return sorted(one.name for one in self._folders())

    def _folders(self) -> list[Path]:
        if not self.root.is_dir():
            return []
        return [one for one in self.root.iterdir() if _ID.fullmatch(one.name) and one.is_dir()]

    def _sweep(self) -> None:
        """Remove what a crashed run left. Only names that this module gives are touched."""
        for one in self.root.iterdir():
            for prefix in (_PARTIAL, _TRASH):
                if one.name.startswith(prefix) and _ID.fullmatch(one.name.removeprefix(prefix)):
                    _discard(one)
        for one in (self.root / _PROOFS).glob(f"{_PARTIAL}*.json"):
            with suppress(FileNotFoundError):
                one.unlink()
        FolderObjects(self.root).sweep(_LOG, older=ABANDONED)


def keep_out_of_repository(folder: Path) -> None:
    """Backups are never committed."""
    if not (ignore := folder / ".gitignore").exists():
        ignore.write_text("# Backups are no part of the repository.\n*\n", "utf-8")


def _discard(folder: Path) -> None:
    """Delete a folder; a killed run's program may be writing its last for a moment yet."""
    for _ in range(_PATIENCE):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
    shutil.rmtree(folder)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Damaged(
            f"Its record cannot be read: {error.strerror or error}.", where=str(path.name)
        ) from error
