"""Backups as compressed, and where the document says so sealed, objects: in an object store or a folder.

    packed/ID/data/000001.sealed …   the files, packed; see `packs`
    packed/ID/manifest.sealed        written last: it is what lists a backup
    proofs/…                         one object each
    keys/ID                          the backup's data key, wrapped; only where sealed
    lock, readers/ID                 held by the run that writes, and by those that read

A backup is first made in a local spool folder. From the moment it is whole there, a kill or a store that does
not answer only delays it: the next run sends what is missing and lists it.
"""

from __future__ import annotations

import secrets
import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.faults import RestoreFailed
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.progress import SILENT
from dbdeed.recovery.files import explained, sync_folder, write_durably
from dbdeed.recovery.keys import Keyring, WrongKey
from dbdeed.recovery.manifest import Damaged, Manifest, Proof, Record, decode, encode
from dbdeed.recovery.objects import FolderObjects, NoObject, StoreLocked
from dbdeed.recovery.packs import Journal, differing, fetch, in_order, part_of, send
from dbdeed.recovery.rooms import work_folder
from dbdeed.recovery.seal import Sealed
from dbdeed.recovery.shelf import Compressed, Shelf
from dbdeed.recovery.store import Draft, FolderStore, Listing, describe, is_id, keep_out_of_repository, new_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from dbdeed.engines.recovering import BackupFacts
    from dbdeed.progress import Progress
    from dbdeed.recovery.objects import Entry, Held, Objects
    from dbdeed.recovery.shelf import Codec

_PACKED, _PROOFS, _MANIFEST = "packed/", "proofs/", "manifest"
_SHELF_KEY = "shelf-"
_RECORD, _SENT = "record.json", "sent"
_UNSEALED = "It is not sealed, although the document asks for that. Set Encryption to none to use it."


class PackedStore:
    """Backups in a place for objects.

    Args:
        objects: the place.
        spool: a local folder for backups under way and for those that are being read.
        keyring: of a sealed store.
    """

    copies = True

    def __init__(self, objects: Objects, spool: Path, keyring: Keyring | None = None) -> None:
        self._objects = objects
        self._spool = spool
        self._keyring = keyring
        self._suffix = ".sealed" if keyring is not None else Compressed().suffix
        self._held: Held | None = None
        self._shelf: Shelf | None = None
        self._read: dict[Entry, Manifest | Proof] = {}

    @property
    def label(self) -> str:
        return self._objects.label

    @property
    def shelf(self) -> Shelf:
        if self._shelf is None:
            self._shelf = Shelf(self._objects, self._codec(self._shelf_key()))
        return self._shelf

    def within(self, folder: Path) -> bool:
        return isinstance(self._objects, FolderObjects) and self._objects.root.is_relative_to(folder)

    def exists(self) -> bool:
        return bool(self._objects.listing(_PACKED))

    def listing(self, project: str | None = None) -> Listing:
        """As `Store.listing`; a backup of which an object is missing or cut short is damaged."""
        damaged: dict[str, str] = {}
        groups = _by_backup(self._objects.listing(_PACKED))
        manifests = [self._record_of(group) for group in groups.values()]
        backups = [
            one
            for one in self._records([entry for entry in manifests if entry], Manifest, damaged)
            if not _incomplete(one, groups[one.id], damaged)
        ]
        records = [one for one in self._objects.listing(_PROOFS) if is_id(_stem(one.name))]
        proofs = list(self._records([one for one in records if self._mine(one)], Proof, damaged))
        damaged |= {
            id_: _UNSEALED if self._keyring is not None else "It is sealed; the document names no key."
            for id_, group in groups.items()
            if self._record_of(group) is None and any(_is_manifest(one) for one in group)
        }
        if isinstance(self._objects, FolderObjects):
            damaged |= dict.fromkeys(FolderStore(self._objects.root).ids(), _UNSEALED)
        mine = tuple(one for one in backups if project is None or one.project == project)
        return Listing(mine, tuple(sorted(proofs, key=lambda one: one.at)), damaged)

    def find(self, id_: str) -> Manifest:
        """As `Store.find`."""
        if is_id(id_):
            group = self._objects.listing(f"{_PACKED}{id_}/")
            if any(_is_manifest(one) for one in group):
                entry = self._record_of(group)
                if entry is None:
                    raise Damaged(_UNSEALED if self._keyring else "It is sealed.", where=id_)
                return self._decoded(entry, Manifest)
        raise InvalidInput(f"There is no backup {id_!r} here.", hint="`dbdeed backup list` shows them.")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """As `Store.writing`; sends what an earlier run could not. Raises `WrongKey` where it is not ours."""
        with explained(self._spool):
            self._spool.mkdir(parents=True, exist_ok=True, mode=0o700)
            if isinstance(self._objects, FolderObjects):
                self._objects.root.mkdir(parents=True, exist_ok=True, mode=0o700)
                keep_out_of_repository(self._objects.root)
        with self._objects.exclusive("lock") as held:
            self._held = held
            try:
                if self._keyring is not None:
                    _ = self.shelf
                for folder in self._pending():
                    self._finish(folder)
                self._sweep()
                yield
            finally:
                self._held = None

    @contextmanager
    def draft(self, id_: str) -> Iterator[Draft]:
        """As `Store.draft`; one that is whole, and could not be sent, stays for the next run."""
        draft = Draft(id_, self._spool / id_)
        with explained(self._spool):
            draft.data.mkdir(parents=True, mode=0o700)
        try:
            with explained(self._spool):
                yield draft
        finally:
            if not (draft.folder / _RECORD).exists():
                shutil.rmtree(draft.folder, ignore_errors=True)

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
        """As `Store.publish`: pack, send and list."""
        manifest = describe(draft, facts, project=project, engine=engine, method=method, needs=needs)
        write_durably(draft.folder / _RECORD, encode(manifest))
        return self._finish(draft.folder)

    @contextmanager
    def reading(
        self, manifest: Manifest, progress: Progress = SILENT, *, only: Collection[str] | None = None
    ) -> Iterator[Path]:
        """As `Store.reading`: fetched, and gone afterwards. Raises `RestoreFailed` where it is damaged."""
        with ExitStack() as stack:
            stack.enter_context(self._kept(manifest.id))
            folder = stack.enter_context(work_folder(self._spool / "read"))
            manifest = part_of(manifest, only) if only is not None else manifest
            with progress.step("Fetch and unseal" if self._keyring else "Fetch", total=manifest.size) as task:
                try:
                    fetch(self._objects, self._codec(manifest.id), manifest, folder, task)
                except Damaged as error:
                    raise RestoreFailed(f"The backup {manifest.id} is damaged: {error}") from error
            yield folder

    def damages(self, manifest: Manifest, progress: Progress = SILENT) -> list[str]:
        """As `Store.damages`."""
        with self._kept(manifest.id), progress.step("Check the files", total=manifest.size) as task:
            present = [one.name for one in self._objects.listing(f"{_PACKED}{manifest.id}/data/")]
            return differing(self._objects, self._codec(manifest.id), manifest, present, task)

    def remove(self, id_: str) -> bool:
        """As `Store.remove`. The data key goes with it: what somebody copied can no longer be read."""
        try:
            with self._objects.exclusive(f"readers/{id_}"):
                self._delete(id_)
        except StoreLocked:
            return False
        self._objects.forget(f"readers/{id_}")
        return True

    def record(self, proof: Proof, token: str) -> None:
        """As `Store.record`."""
        name = f"{_PROOFS}{new_id(proof.at, proof.kind, token)}{self._suffix}"
        self._objects.put(name, self.shelf.codec.encode(name, encode(proof)))

    def rekey(self) -> int:
        """Wrap every data key with the environment's current key; how many were not. Hold `writing`."""
        if self._keyring is None:
            raise InvalidInput("The backups are not sealed.", hint="The document's Encryption names the key.")
        return sum(self._keyring.rewrap(name) for name in self._keyring.names())

    def _codec(self, data_key: str) -> Codec:
        return Compressed() if self._keyring is None else Sealed(self._keyring, data_key)

    def _shelf_key(self) -> str:
        """The data key of what belongs to no backup. Raises `WrongKey` where the store's is not ours."""
        if self._keyring is None:
            return ""
        for name in self._keyring.names():
            if name.startswith(_SHELF_KEY):
                try:
                    self._keyring.get(name)
                except WrongKey:
                    raise
                except Damaged:
                    continue
                return name
        name = f"{_SHELF_KEY}{secrets.token_hex(8)}"
        self._keyring.make(name)
        return name

    def _finish(self, folder: Path) -> Manifest:
        """Send a whole draft, list it, and only then forget it here."""
        id_ = folder.name
        manifest = decode((folder / _RECORD).read_bytes(), Manifest, id_)
        if self._keyring is not None:
            self._keyring.make(id_)
        codec, journal = self._codec(id_), Journal(folder / _SENT)
        prefix = f"{_PACKED}{id_}/data/"
        packs = send(self._objects, codec, prefix, folder / "data", manifest.files, journal)
        manifest = msgspec.structs.replace(manifest, packs=packs)
        assert self._held is not None, "publishing needs `writing`"
        self._held.check()
        name = self._manifest_name(id_)
        self._objects.put(name, codec.encode(name, encode(manifest)))
        with explained(folder):
            (folder / _RECORD).unlink()  # first: what is half gone must not look whole after a kill
            sync_folder(folder)
            shutil.rmtree(folder)
        return manifest

    def _pending(self) -> list[Path]:
        """Drafts that are whole; what a killed run left of others goes."""
        with explained(self._spool):
            drafts = sorted(one for one in self._spool.iterdir() if is_id(one.name))
            whole = [one for one in drafts if (one / _RECORD).is_file()]
            for one in drafts:
                if one not in whole:
                    shutil.rmtree(one)
        return whole

    def _sweep(self) -> None:
        """Remove objects of backups that are not listed, and what killed runs left of single files."""
        groups = _by_backup(self._objects.listing(_PACKED))
        waiting = {one.name for one in self._pending()}
        for id_, group in groups.items():
            if id_ not in waiting and not any(_is_manifest(one) for one in group):
                self._delete(id_)
        if self._keyring is not None:
            for name in self._keyring.names():
                if is_id(name) and name not in groups and name not in waiting:
                    self._keyring.delete(name)
        if isinstance(self._objects, FolderObjects):
            self._objects.sweep()

    def _delete(self, id_: str) -> None:
        """The record first, so that nothing that is listed is ever without its data."""
        entries = self._objects.listing(f"{_PACKED}{id_}/")
        for entry in sorted(entries, key=lambda one: not _is_manifest(one)):
            self._objects.delete(entry.name)
        if self._keyring is not None:
            self._keyring.delete(id_)

    @contextmanager
    def _kept(self, id_: str) -> Iterator[None]:
        """Safe from pruning; where nothing may be written there is nobody who prunes either."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._objects.shared(f"readers/{id_}"))
            except StoreLocked:
                raise Unavailable(f"The backup {id_} is being removed.") from None
            except Unavailable as error:
                if not isinstance(error.__cause__, PermissionError):
                    raise
            yield

    def _records(
        self, entries: Iterable[Entry], kind: type[Record], damaged: dict[str, str]
    ) -> Iterator[Record]:
        """Those that can be trusted; of the others it is said why."""

        def one(entry: Entry) -> tuple[Entry, Record | Damaged]:
            try:
                return entry, self._decoded(entry, kind)
            except Damaged as error:
                return entry, error

        for entry, record in in_order(one, entries):
            if isinstance(record, Damaged):
                damaged[_name_of(entry)] = record.message
            else:
                yield record

    def _decoded(self, entry: Entry, kind: type[Record]) -> Record:
        known = self._read.get(entry)
        if isinstance(known, kind):
            return known
        try:
            stored = self._objects.get(entry.name)
        except NoObject as error:
            raise Damaged("Its record is gone.", where=_name_of(entry)) from error
        data = self._codec("").decode(entry.name, stored)
        record = decode(data, kind, _name_of(entry))
        _require_own(record, entry)
        self._read[entry] = record
        return record

    def _record_of(self, group: Iterable[Entry]) -> Entry | None:
        return next((one for one in group if _is_manifest(one) and self._mine(one)), None)

    def _mine(self, entry: Entry) -> bool:
        return entry.name.endswith(self._suffix)

    def _manifest_name(self, id_: str) -> str:
        return f"{_PACKED}{id_}/{_MANIFEST}{self._suffix}"


def _by_backup(entries: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        id_ = entry.name.split("/")[1]
        if is_id(id_):
            groups.setdefault(id_, []).append(entry)
    return groups


def _is_manifest(entry: Entry) -> bool:
    return _stem(entry.name) == _MANIFEST


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _name_of(entry: Entry) -> str:
    """The backup's id, or the name of a proof."""
    parts = entry.name.split("/")
    return parts[1]


def _require_own(record: Manifest | Proof, entry: Entry) -> None:
    if isinstance(record, Manifest) and record.id != _name_of(entry):
        raise Damaged(f"This is the record of {record.id!r}.", where=_name_of(entry))


def _incomplete(manifest: Manifest, group: Iterable[Entry], damaged: dict[str, str]) -> bool:
    sizes = {one.name: one.size for one in group}
    for pack in manifest.packs:
        if sizes.get(pack.name) != pack.size:
            found = "is missing" if pack.name not in sizes else "is not as long as it was"
            damaged[manifest.id] = f"The object {pack.name} {found}."
            return True
    return False
