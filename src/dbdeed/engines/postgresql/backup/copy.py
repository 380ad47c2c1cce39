"""Copying a cluster's files back, for the user that will run the server."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.faults import RestoreFailed
from dbdeed.errors import Refused
from dbdeed.writeback import writing_back

if TYPE_CHECKING:
    from dbdeed.engines.postgresql.servers.account import Account
    from dbdeed.progress import Task

TABLESPACES = "pg_tblspc"


_CHUNK = 1 << 20
_CLONE = 0x40049409  # FICLONE of linux/fs.h


def copy_cluster(
    cluster: Path,
    tablespaces: Path,
    into: Path,
    who: Account,
    task: Task | None = None,
    *,
    spend: bool = False,
) -> None:
    """Copy a data folder, and its tablespaces beside it, to an empty place that `who` owns.

    Args:
        cluster: the data folder in the backup.
        tablespaces: their folders in the backup, each named by its number; may be missing.
        into: the new data folder. Tablespaces go to `into` with `-tablespaces` at its end.
        who: the owner of everything that is made.
        task: advanced by bytes.
        spend: the backup is a copy that nobody needs afterwards: its folders are moved where that can be.
    """
    require_empty(into)
    places = {into: cluster}
    elsewhere = into.with_name(f"{into.name}-tablespaces")
    for one in sorted(tablespaces.iterdir()) if tablespaces.is_dir() else ():
        places[elsewhere / one.name] = one
    if len(places) > 1:
        require_empty(elsewhere)
        _folder(elsewhere, who)
    for target, source in places.items():
        if not (spend and _moved(source, target, who)):
            _copy(source, target, who, task)
    for target in places:
        if target != into:
            link = into / TABLESPACES / target.name
            link.unlink(missing_ok=True)
            link.symlink_to(target)
            if who.foreign:
                os.lchown(link, who.user, who.group)


def require_empty(folder: Path) -> None:
    """Raises `Refused` where something is there already."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise Refused(
            f"{folder} is not empty; a restore does not overwrite.",
            hint="Name an empty or a new folder.",
            code="not-empty",
        )


def move_cluster(data: Path, into: Path, who: Account) -> None:
    """Move a stopped cluster, with its tablespaces beside it, to an empty place that `who` owns."""
    copy_cluster(data, data.with_name(f"{data.name}-tablespaces"), into, who, spend=True)


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    with os.scandir(folder) as entries:
        return sum(
            size_of(Path(one.path))
            if one.is_dir(follow_symlinks=False)
            else one.stat(follow_symlinks=False).st_size
            for one in entries
        )


def clones(file: Path, into: Path) -> bool:
    """Whether the file system of both lets two files share their blocks until one is changed."""
    with tempfile.TemporaryFile(dir=into) as copy, file.open("rb") as original:
        try:
            fcntl.ioctl(copy.fileno(), _CLONE, original.fileno())
        except OSError:
            return False
        return True


def _moved(source: Path, target: Path, who: Account) -> bool:
    """Move a folder with all that is in it; False where it lies on another file system."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        if target.is_dir():
            target.rmdir()
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    target.chmod(0o700)
    if who.foreign:
        os.chown(target, who.user, who.group)
        for here, folders, names in os.walk(target):
            for name in (*folders, *names):
                os.chown(Path(here) / name, who.user, who.group, follow_symlinks=False)
    return True


def _copy(source: Path, target: Path, who: Account, task: Task | None) -> None:
    files: list[tuple[Path, Path]] = []
    _folder(target, who)
    for here, folders, names in os.walk(source):
        place = target / Path(here).relative_to(source)
        for name in folders:
            if not (Path(here) / name).is_symlink():
                _folder(place / name, who)
        for name in (*folders, *names):
            path = Path(here) / name
            if not path.is_symlink():
                files += [(path, place / name)] if path.is_file() else []
            elif Path(here) != source / TABLESPACES:
                raise RestoreFailed(f"The backup holds a symbolic link where none belongs: {name}.")
    with writing_back(target), ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for size in pool.map(lambda pair: _file(pair[0], pair[1], who), files):
            if task is not None:
                task.advance(size)


def _folder(folder: Path, who: Account) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if who.foreign:
        os.chown(folder, who.user, who.group)


def _file(source: Path, target: Path, who: Account) -> int:
    with source.open("rb") as original, target.open("wb") as copy:
        size = _contents(original.fileno(), copy.fileno())
        os.fchmod(copy.fileno(), 0o600)
        if who.foreign:
            os.fchown(copy.fileno(), who.user, who.group)
    return size


def _contents(source: int, target: int) -> int:
    """Copy inside the system where it can (blocks are shared where a file system does that); gives the size.

    Linux goes from page to page there, in a third of the time that reading and writing take.
    """
    size = os.fstat(source).st_size
    done = 0
    with suppress(OSError, AttributeError):  # another file system, another system
        while done < size and (count := os.copy_file_range(source, target, size - done)):
            done += count
    os.lseek(source, done, os.SEEK_SET)
    os.lseek(target, done, os.SEEK_SET)
    while chunk := os.read(source, _CHUNK):
        done += len(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
    return done
