"""A place for named, whole objects: what a folder and an object store have in common.

An object is some tens of megabytes at most and is handed over as bytes: it can then be sent again as it is,
and nothing on the way needs a second copy on disk. Names are relative, with `/`, and lead nowhere else.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery.files import explained, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=@-]*(/[A-Za-z0-9][A-Za-z0-9._+=@-]*)*")
_PARTIAL = ".partial-"

ABANDONED = 600.0
"""Seconds after which half an object is nobody's any more."""


class NoObject(Unavailable):
    """There is no object of this name."""

    default_code = "no-object"


class StoreLocked(Unavailable):
    """Another run writes to this store."""

    default_code = "store-locked"


@dataclass(frozen=True, slots=True)
class Entry:
    """An object in a listing: `size` in bytes as stored, `modified` in seconds by the place's own clock."""

    name: str
    size: int
    modified: float


class Held(Protocol):
    """A lock that is held."""

    def check(self) -> None:
        """Raise `StoreLocked` where it was lost: this process slept for longer than a lock lasts."""


class Objects(Protocol):
    """Where objects are kept. Every method raises `Unavailable` where the place does not answer."""

    @property
    def label(self) -> str:
        """Which place, for people; holds no secret."""

    def put(self, name: str, data: bytes) -> None:
        """Keep an object for good, in place of any other of that name; nobody ever sees half of it."""

    def create(self, name: str, data: bytes) -> bool:
        """As `put`, but only where the name is free; False where it is not. Of two at once, one wins."""

    def get(self, name: str) -> bytes:
        """A whole object. Raises `NoObject`, and `Damaged` where the place itself knows it to be unsound."""

    def listing(self, prefix: str = "") -> list[Entry]:
        """Every whole object whose name begins so, by name. An empty or missing place lists nothing."""

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no fault."""

    def exclusive(self, name: str) -> AbstractContextManager[Held]:
        """Be the only one, and have nobody in `shared`. Raises `StoreLocked` at once where that cannot be.

        A process that dies lets go: at once in a folder, after some time in an object store.
        """

    def shared(self, name: str) -> AbstractContextManager[Held]:
        """Be one of several, and keep `exclusive` away. Raises `StoreLocked` where somebody is."""

    def forget(self, name: str) -> None:
        """Remove what a lock that nobody will want again has left."""


def checked(name: str) -> str:
    """A name that leads nowhere else. Raises `InvalidInput`."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name of an object.")
    return name


class _Flock:
    """Held until the process lets go or dies; the system sees to it."""

    def check(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class FolderObjects:
    """Objects as files in a local folder, durable before `put` returns."""

    root: Path

    @property
    def label(self) -> str:
        return str(self.root)

    def put(self, name: str, data: bytes) -> None:
        with explained(self.root):
            path = self.root / checked(name)
            self._partial(path, data).replace(path)
            sync_folder(path.parent)

    def create(self, name: str, data: bytes) -> bool:
        with explained(self.root):
            path = self.root / checked(name)
            partial = self._partial(path, data)
            try:
                os.link(partial, path)
            except FileExistsError:
                return False
            finally:
                partial.unlink()
            sync_folder(path.parent)
        return True

    def get(self, name: str) -> bytes:
        try:
            with explained(self.root):
                return (self.root / checked(name)).read_bytes()
        except Unavailable as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                raise NoObject(f"There is no {name} in {self.label}.") from error
            raise

    def listing(self, prefix: str = "") -> list[Entry]:
        start = self.root / prefix.rpartition("/")[0]
        found: list[Entry] = []
        with explained(self.root):
            for here, folders, names in os.walk(start, onerror=_unless_missing):
                folders[:] = [one for one in folders if not one.startswith(".")]
                for file in names:
                    path = Path(here) / file
                    name = path.relative_to(self.root).as_posix()
                    if name.startswith(prefix) and _NAME.fullmatch(name) and not path.is_symlink():
                        found += _entry(path, name)
        return sorted(found, key=lambda one: one.name)

    def delete(self, name: str) -> None:
        with explained(self.root):
            path = self.root / checked(name)
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            sync_folder(path.parent)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[Held]:
        with self._locked(name, fcntl.LOCK_EX) as held:
            yield held

    @contextmanager
    def shared(self, name: str) -> Iterator[Held]:
        with self._locked(name, fcntl.LOCK_SH) as held:
            yield held

    def forget(self, name: str) -> None:
        self.delete(name)

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[Held]:
        with explained(self.root):
            path = self.root / checked(name)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = path.open("a+")
        with file:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreLocked(
                    f"Another run is at work in {self.label}.", hint="Wait for it to finish, then try again."
                ) from error
            yield _Flock()

    def _partial(self, path: Path, data: bytes) -> Path:
        """The data on disk under a name that no listing shows; a crash leaves it to `sweep`."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_name(f"{_PARTIAL}{secrets.token_hex(4)}-{path.name}")
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return partial

    def sweep(self, prefix: str, *, older: float) -> None:
        """Remove what killed `put`s left more than so many seconds ago: others may be under way just now."""
        limit = time.time() - older
        with explained(self.root):
            for one in (self.root / prefix).rglob(f"{_PARTIAL}*"):
                if re.match(rf"{re.escape(_PARTIAL)}[0-9a-f]{{8}}-", one.name):
                    with suppress(FileNotFoundError):
                        if one.stat().st_mtime <= limit:
                            one.unlink()


def _entry(path: Path, name: str) -> list[Entry]:
    try:
        facts = path.stat()
    except FileNotFoundError:  # deleted since
        return []
    return [Entry(name, facts.st_size, facts.st_mtime)]


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
