"""The records of a packed store: which backups and proofs it has, and which of them can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.recovery.manifest import Damaged, Manifest, Proof, Record, decode
from dbdeed.recovery.objects import NoObject
from dbdeed.recovery.packs import in_order
from dbdeed.recovery.store import is_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dbdeed.recovery.objects import Entry, Objects
    from dbdeed.recovery.shelf import Codec

PACKED, PROOFS, MANIFEST = "packed/", "proofs/", "manifest"


class Records:
    """Reads records, several at a time; none is read twice while it stays as it is.

    Args:
        objects: the place.
        codec: opens them.
        suffix: of the names of those that it opens; others are not believed.
    """

    def __init__(self, objects: Objects, codec: Codec, suffix: str) -> None:
        self._objects, self._codec, self._suffix = objects, codec, suffix
        self._known: dict[Entry, Manifest | Proof] = {}

    def backups(self, damaged: dict[str, str], foreign: str) -> list[Manifest]:
        """Every whole backup; `damaged` is told of the others, with `foreign` of what is stored otherwise."""
        groups = by_backup(self._objects.listing(PACKED))
        chosen = {id_: self._own(group) for id_, group in groups.items() if any(map(is_manifest, group))}
        damaged |= {id_: foreign for id_, entry in chosen.items() if entry is None}
        found = self._read([entry for entry in chosen.values() if entry is not None], Manifest, damaged)
        return [one for one in found if not _incomplete(one, groups[one.id], damaged)]

    def proofs(self, damaged: dict[str, str]) -> list[Proof]:
        """Every proof that can be trusted; `damaged` is told of the others."""
        entries = [one for one in self._objects.listing(PROOFS) if is_id(_stem(one.name))]
        return list(self._read([one for one in entries if self._is_own(one)], Proof, damaged))

    def find(self, id_: str, foreign: str) -> Manifest | None:
        """One backup's record; None where there is none. Raises `Damaged`."""
        group = [one for one in self._objects.listing(f"{PACKED}{id_}/") if is_manifest(one)]
        if not group:
            return None
        entry = self._own(group)
        if entry is None:
            raise Damaged(foreign, where=id_)
        return self._decoded(entry, Manifest)

    def _read(
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
        known = self._known.get(entry)
        if isinstance(known, kind):
            return known
        try:
            stored = self._objects.get(entry.name)
        except NoObject as error:
            raise Damaged("Its record is gone.", where=_name_of(entry)) from error
        record = decode(self._codec.decode(entry.name, stored), kind, _name_of(entry))
        _require_own(record, entry)
        self._known[entry] = record
        return record

    def _own(self, group: Iterable[Entry]) -> Entry | None:
        return next((one for one in group if is_manifest(one) and self._is_own(one)), None)

    def _is_own(self, entry: Entry) -> bool:
        return entry.name.endswith(self._suffix)


def by_backup(entries: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    """The objects of each backup, by its id."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        id_ = _name_of(entry)
        if is_id(id_):
            groups.setdefault(id_, []).append(entry)
    return groups


def is_manifest(entry: Entry) -> bool:
    """Whether it is what lists a backup."""
    return _stem(entry.name) == MANIFEST


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0]


def _name_of(entry: Entry) -> str:
    """The backup's id, or the name of a proof."""
    return entry.name.split("/")[1]


def _require_own(record: Manifest | Proof, entry: Entry) -> None:
    """A record that says what cannot be was made by somebody else, where nothing is sealed."""
    if not isinstance(record, Manifest):
        return
    if record.id != _name_of(entry):
        raise Damaged(f"This is the record of {record.id!r}.", where=_name_of(entry))
    there = {path: 0 for path, facts in record.files.items() if not facts.link}
    for pack in record.packs:
        for piece in pack.pieces:
            if there.get(piece.path) != piece.offset or piece.length < 0:
                raise Damaged(f"Its record has {piece.path!r} in pieces that do not fit.", where=record.id)
            there[piece.path] += piece.length
        if not pack.name.startswith(f"{PACKED}{record.id}/data/"):
            raise Damaged(f"Its record has data elsewhere, in {pack.name!r}.", where=record.id)
    for path, size in there.items():
        if size != record.files[path].size:
            raise Damaged(f"Its record has {path!r} in part.", where=record.id)


def _incomplete(manifest: Manifest, group: Iterable[Entry], damaged: dict[str, str]) -> bool:
    sizes = {one.name: one.size for one in group}
    for pack in manifest.packs:
        if sizes.get(pack.name) != pack.size:
            found = "is missing" if pack.name not in sizes else "is not as long as it was"
            damaged[manifest.id] = f"The object {pack.name} {found}."
            return True
    return False
