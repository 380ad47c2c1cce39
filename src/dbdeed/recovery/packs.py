"""The files of a backup as a few objects of one size: small files together, large ones in pieces.

A thousand files of 8 KiB become one object, and a dump of 100 GB becomes three thousand, several of which are
on their way at once; what was sent before a kill is not sent again. Only what is on its way is in memory.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import msgspec

from dbdeed.recovery.files import explained
from dbdeed.recovery.manifest import Damaged, Pack, Piece
from dbdeed.recovery.objects import NoObject

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from dbdeed.progress import Task
    from dbdeed.recovery.manifest import FileFacts, Manifest
    from dbdeed.recovery.objects import Objects
    from dbdeed.recovery.shelf import Codec

PACK_SIZE = 32 << 20
WORKERS = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


def plan_packs(files: Mapping[str, FileFacts], size: int = PACK_SIZE) -> list[tuple[Piece, ...]]:
    """Which pieces go together; the same files always give the same plan. Links and empty files need none."""
    packs: list[tuple[Piece, ...]] = []
    here: list[Piece] = []
    room = size
    for path in sorted(files):
        offset, left = 0, files[path].size
        while left:
            length = min(left, room)
            here.append(Piece(path, offset, length))
            offset, left, room = offset + length, left - length, room - length
            if not room:
                packs.append(tuple(here))
                here, room = [], size
    return [*packs, tuple(here)] if here else packs


class Journal:
    """What of a draft was sent, on disk, so that a later run goes on where a killed one stopped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def read(self) -> dict[str, Pack]:
        """Packs that were sent, by name; a line that a kill tore is none."""
        sent: dict[str, Pack] = {}
        with suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                with suppress(msgspec.MsgspecError):
                    pack = msgspec.json.decode(line, type=Pack)
                    sent[pack.name] = pack
        return sent

    def add(self, pack: Pack) -> None:
        """Remember one that arrived."""
        with self._lock, explained(self._path), self._path.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(pack))


def send(
    objects: Objects, codec: Codec, prefix: str, data: Path, files: Mapping[str, FileFacts], journal: Journal
) -> tuple[Pack, ...]:
    """Store the files under `data`; what the journal and the place both have is not sent again.

    Raises `Unavailable`; what arrived so far is in the journal.
    """
    there = {one.name: one.size for one in objects.listing(prefix)}
    before = journal.read()

    def one(numbered: tuple[int, tuple[Piece, ...]]) -> Pack:
        number, pieces = numbered
        name = f"{prefix}{number:06}{codec.suffix}"
        known = before.get(name)
        if known is not None and known.pieces == pieces and there.get(name) == known.size:
            return known
        stored = codec.encode(name, b"".join(_read(data, piece) for piece in pieces))
        objects.put(name, stored)
        pack = Pack(name, len(stored), hashlib.sha256(stored).hexdigest(), pieces)
        journal.add(pack)
        return pack

    return tuple(in_order(one, enumerate(plan_packs(files), 1)))


def fetch(objects: Objects, codec: Codec, manifest: Manifest, into: Path, task: Task) -> None:
    """Write a backup's files into an empty folder. Raises `Damaged` for an object that is not sound."""
    with explained(into):
        _prepare(manifest, into)

        def one(pack: Pack) -> int:
            data = memoryview(unpacked(objects, codec, pack))
            with explained(into):
                return _write(into, pack, data, manifest.files)

        for amount in in_order(one, manifest.packs):
            task.advance(amount)
        for path, facts in manifest.files.items():  # last, so that nothing is written through a link
            if facts.link:
                (into / path).symlink_to(facts.link)


def part_of(manifest: Manifest, only: Collection[str]) -> Manifest:
    """A backup's record as if it held these files alone, and the objects that they are in."""
    files = {path: facts for path, facts in manifest.files.items() if path in only}
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"."}
    packs = [pack for pack in manifest.packs if any(piece.path in files for piece in pack.pieces)]
    size = sum(facts.size for facts in files.values())
    return msgspec.structs.replace(
        manifest, files=files, folders=tuple(sorted(folders)), packs=tuple(packs), size=size
    )


def unpacked(objects: Objects, codec: Codec, pack: Pack) -> bytes:
    """What a pack holds. Raises `Damaged` where it is not what was stored."""
    try:
        stored = objects.get(pack.name)
    except NoObject as error:
        raise Damaged("It is missing.", where=pack.name) from error
    if len(stored) != pack.size:
        raise Damaged(f"It has {len(stored)} bytes in place of {pack.size}.", where=pack.name)
    if hashlib.sha256(stored).hexdigest() != pack.sha256:
        raise Damaged("It was changed.", where=pack.name)
    data = codec.decode(pack.name, stored)
    if len(data) != sum(piece.length for piece in pack.pieces):
        raise Damaged("It does not hold what the record says.", where=pack.name)
    return data


def differing(
    objects: Objects, codec: Codec, manifest: Manifest, present: Iterable[str], task: Task
) -> list[str]:
    """What of a backup is not as it was stored, one sentence each."""
    expected = {pack.name for pack in manifest.packs}
    problems = [f"The object {name} does not belong to it." for name in sorted({*present} - expected)]
    hashes = {path: hashlib.sha256() for path, facts in manifest.files.items() if not facts.link}
    unknown: set[str] = set()

    def one(pack: Pack) -> tuple[Pack, bytes, str]:
        try:
            return pack, unpacked(objects, codec, pack), ""
        except Damaged as error:
            return pack, b"", str(error)

    for pack, data, problem in in_order(one, manifest.packs):
        if problem:
            problems.append(problem)
            unknown |= {piece.path for piece in pack.pieces}
        else:
            start, view = 0, memoryview(data)
            for piece in pack.pieces:
                hashes[piece.path].update(view[start : start + piece.length])
                start += piece.length
        task.advance(sum(piece.length for piece in pack.pieces))
    return problems + [
        f"The file {path} was changed."
        for path, digest in hashes.items()
        if path not in unknown and digest.hexdigest() != manifest.files[path].sha256
    ]


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Results in the order of the items, several at work at once, and no more waiting than that."""
    pool = ThreadPoolExecutor(WORKERS)
    waiting = deque[Future[Result]]()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read(data: Path, piece: Piece) -> bytes:
    with explained(data), (data / piece.path).open("rb") as file:
        file.seek(piece.offset)
        return file.read(piece.length)


def _prepare(manifest: Manifest, into: Path) -> None:
    """The folders and files, empty and as long as they will be."""
    for name in (*manifest.folders, *manifest.files):
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise Damaged(f"{name!r} leads out of the backup.", where=manifest.id)
    for folder in manifest.folders:
        (into / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, facts in manifest.files.items():
        if not facts.link:
            descriptor = os.open(into / path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            os.truncate(descriptor, facts.size)
            os.close(descriptor)


def _write(into: Path, pack: Pack, data: memoryview, files: Collection[str]) -> int:
    start = 0
    for piece in pack.pieces:
        if piece.path not in files:
            start += piece.length
            continue
        descriptor = os.open(into / piece.path, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            view, offset = data[start : start + piece.length], piece.offset
            while view:
                done = os.pwrite(descriptor, view, offset)
                view, offset = view[done:], offset + done
        finally:
            os.close(descriptor)
        start += piece.length
    return start
