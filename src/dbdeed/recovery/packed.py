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
from dbdeed.recovery.keys import Keyring, WrongKey, key_id
from dbdeed.recovery.manifest import Damaged, Manifest, Proof, decode, encode
from dbdeed.recovery.objects import ABANDONED, FolderObjects, StoreLocked
from dbdeed.recovery.packs import Journal, differing, fetch, part_of, send
from dbdeed.recovery.records import MANIFEST, PACKED, PROOFS, Records, by_backup, is_manifest
from dbdeed.recovery.rooms import work_folder
from dbdeed.recovery.seal import Sealed
from dbdeed.recovery.shelf import Compressed, Shelf
from dbdeed.recovery.store import Draft, FolderStore, Listing, describe, is_id, keep_out_of_repository, new_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from dbdeed.engines.recovering import BackupFacts
    from dbdeed.progress import Progress
    from dbdeed.recovery.objects import Held, Objects
    from dbdeed.recovery.shelf import Codec

_SHELF_KEY = "shelf-"
_RECORD, _SENT = "record.json", "sent-"
_SEALED = "It is sealed; the document names no key."
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
        self._records = Records(objects, self._codec(""), self._suffix)

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
        return bool(self._objects.listing(PACKED))

    def listing(self, project: str | None = None) -> Listing:
        """As `Store.listing`; a backup of which an object is missing or cut short is damaged."""
        damaged: dict[str, str] = {}
        backups = self._records.backups(damaged, _UNSEALED if self._keyring is not None else _SEALED)
        proofs = sorted(self._records.proofs(damaged), key=lambda one: one.at)
        if isinstance(self._objects, FolderObjects):
            damaged |= dict.fromkeys(FolderStore(self._objects.root).ids(), _UNSEALED)
        mine = tuple(one for one in backups if project is None or one.project == project)
        return Listing(mine, tuple(proofs), damaged)

    def find(self, id_: str) -> Manifest:
        """As `Store.find`."""
        if is_id(id_):
            found = self._records.find(id_, _UNSEALED if self._keyring is not None else _SEALED)
            if found is not None:
                return found
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
            present = [one.name for one in self._objects.listing(f"{PACKED}{manifest.id}/data/")]
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
        name = f"{PROOFS}{new_id(proof.at, proof.kind, token)}{self._suffix}"
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

    def _data_key(self, id_: str) -> str:
        """Make a backup's data key; what names it, so that what was sealed with another is sent again."""
        if self._keyring is None:
            return ""
        self._keyring.make(id_)
        return key_id(self._keyring.get(id_))

    def _finish(self, folder: Path) -> Manifest:
        """Send a whole draft, list it, and only then forget it here."""
        id_ = folder.name
        manifest = decode((folder / _RECORD).read_bytes(), Manifest, id_)
        codec, journal = self._codec(id_), Journal(folder / f"{_SENT}{self._data_key(id_)}")
        prefix = f"{PACKED}{id_}/data/"
        packs = send(self._objects, codec, prefix, folder / "data", manifest.files, journal)
        manifest = msgspec.structs.replace(manifest, packs=packs)
        assert self._held is not None, "publishing needs `writing`"
        self._held.check()
        if self._keyring is not None:
            self._keyring.confirm(id_)
        name = f"{PACKED}{id_}/{MANIFEST}{self._suffix}"
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
        groups = by_backup(self._objects.listing(PACKED))
        waiting = {one.name for one in self._pending()}
        for id_, group in groups.items():
            if id_ not in waiting and not any(is_manifest(one) for one in group):
                self._delete(id_)
        if self._keyring is not None:
            for name in self._keyring.names():
                if is_id(name) and name not in groups and name not in waiting:
                    self._keyring.delete(name)
        if isinstance(self._objects, FolderObjects):
            self._objects.sweep(PACKED, older=0)
            self._objects.sweep("", older=ABANDONED)

    def _delete(self, id_: str) -> None:
        """The record first, so that nothing that is listed is ever without its data."""
        entries = self._objects.listing(f"{PACKED}{id_}/")
        for entry in sorted(entries, key=lambda one: not is_manifest(one)):
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
