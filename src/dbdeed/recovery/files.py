"""Files of a backup: listed with their digests, made durable, and compared."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable
from dbdeed.recovery.manifest import FileFacts
from dbdeed.writeback import begin_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.progress import Task

_CHUNK = 1 << 20
AT_ONCE = min(4, os.cpu_count() or 1)
_SYNCS_AT_ONCE = 8  # they wait for the disk, and share what it writes
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an error that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise Unavailable(
                f"No space is left for {folder}.",
                hint="Free some, or name another Destination. Nothing half-written is listed.",
                code="no-space",
            ) from error
        name = error.filename or folder
        raise Unavailable(f"{name} cannot be used: {error.strerror or error}.", code="store") from error


@contextmanager
def held(lock: Path, refusal: Unavailable) -> Iterator[None]:
    """Hold a file's lock, which the system lets go of with the process; raises `refusal` where it is held."""
    with explained(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = lock.open("a+")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise refusal from error
        yield


Seen = tuple[int, int, FileFacts]
"""A file that was looked at before: its size, its time of change in nanoseconds, and what it was then."""


Durable = Mapping[str, tuple[int, int]]
"""Files that were synced: their sizes and times of change in nanoseconds as they were before that."""


def survey(
    data: Path, seen: Mapping[str, Seen] | None = None, durable: Durable | None = None
) -> tuple[dict[str, FileFacts], tuple[str, ...]]:
    """Every file and every folder under `data`, by relative path, on disk for good.

    Symbolic links are listed as what they say and never followed. What was `seen`, and has not changed since,
    is not read again, and what is `durable` not synced.
    """
    files, links, folders = _walk(data)
    now = {name: _changed(data / name) for name in files}

    def look(name: str) -> FileFacts:
        before = (seen or {}).get(name)
        known = before is not None and before[:2] == now[name]
        return before[2] if before is not None and known else digest(data / name)

    waiting = [data / name for name in files if (durable or {}).get(name) != now[name]]
    begin_all(waiting)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        facts = dict(zip(files, pool.map(look, files), strict=True))
    facts |= {name: _link(data / name) for name in links}
    _sync_all([*waiting, *(data / folder for folder in (*folders, "."))])
    return dict(sorted(facts.items())), tuple(folders)


def sync_files(data: Path) -> Durable:
    """Have what is under `data` by now on the disk; files may go meanwhile. Raises `OSError`."""
    there: dict[str, tuple[int, int]] = {}
    for name in _walk(data)[0]:
        with suppress(FileNotFoundError):
            there[name] = _changed(data / name)
    paths = [data / name for name in there]
    begin_all(paths)
    _sync_all(paths)
    return there


def _changed(path: Path) -> tuple[int, int]:
    """A file's size, and when it was last changed in nanoseconds."""
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


def _sync_all(paths: Sequence[Path]) -> None:
    """Have files and folders on the disk, but those that are gone."""
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        for _ in pool.map(_sync, paths):
            pass


def _sync(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def differences(
    data: Path, expected: Mapping[str, FileFacts], folders: tuple[str, ...], task: Task | None = None
) -> list[str]:
    """What is no longer as it was listed, one sentence each."""
    files, links, present = _walk(data)
    there = {*files, *links}
    problems = [f"The file {name} is missing." for name in expected if name not in there]
    problems += [f"The folder {name} is missing." for name in folders if name not in present]
    problems += [f"The file {name} does not belong to it." for name in sorted(there - expected.keys())]
    known = [name for name in (*files, *links) if name in expected]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda name: _difference(data / name, name, expected[name]), known)
        for name, one in zip(known, found, strict=True):
            problems += one
            if task is not None:
                task.advance(expected[name].size)
    return problems


def _difference(path: Path, name: str, expected: FileFacts) -> list[str]:
    if path.is_symlink():
        same = _link(path) == expected
        return [] if same else [f"The link {name} points elsewhere."]
    try:
        size = path.stat().st_size
        if size != expected.size:
            return [f"The file {name} has {size} bytes in place of {expected.size}."]
        if digest(path) != expected:
            return [f"The file {name} was changed."]
    except OSError as error:
        return [f"The file {name} cannot be read: {error.strerror or error}."]
    return []


def _walk(data: Path) -> tuple[list[str], list[str], list[str]]:
    """Relative paths of (files, symbolic links, folders), each sorted."""
    files: list[str] = []
    links: list[str] = []
    folders: list[str] = []
    for here, subfolders, names in os.walk(data):
        base = os.path.relpath(here, data)
        for name in (*subfolders, *names):
            path = os.path.normpath(os.path.join(base, name))  # noqa: PTH118 - may hold any byte; kept as text
            full = data / path
            if full.is_symlink():
                links.append(path)
            elif full.is_dir():
                folders.append(path)
            else:
                files.append(path)
    for name in (*files, *links, *folders):
        if not name.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in name):
            raise Unavailable(f"{name!r} is a file name that is not UTF-8.", hint="Rename it.", code="store")
    return sorted(files), sorted(links), sorted(folders)


def digest(path: Path) -> FileFacts:
    """A file's size and SHA-256."""
    hashed, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        room = memoryview(bytearray(min(_CHUNK, os.fstat(file.fileno()).st_size + 1)))
        while count := file.readinto(room):
            hashed.update(room[:count])
            size += count
    return FileFacts(size, hashed.hexdigest())


def _link(path: Path) -> FileFacts:
    target = os.readlink(path)  # noqa: PTH115 - as written, not as a path
    return FileFacts(0, hashlib.sha256(os.fsencode(target)).hexdigest(), target)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    partial = path.with_name(f".partial-{path.name}")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
