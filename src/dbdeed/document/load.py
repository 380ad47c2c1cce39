"""A document from the disk, with the files it links to."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.values.problem import Problem
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from dbdeed.document.architecture import Architecture

LARGEST = 64 * 1024 * 1024
"""Bytes. Real documents are below one megabyte; past this a file is none and would only fill the memory."""


@dataclass(frozen=True, slots=True)
class _Latest:
    """What was read last, and from what: the same bytes are not read twice.

    Attributes:
        links: what each of its links led to.
    """

    source: Source
    links: dict[str, Source | Problem | None]
    architecture: Architecture


_latest: list[_Latest] = []
"""At most one: a command reads its document several times, since it may have changed in between."""


def load(path: str | os.PathLike[str]) -> Architecture:
    """Read a document and what it links to inside its own folder.

    The files are read each time; where none of them has changed, what was made of them is given again.

    Raises:
        InvalidInput: it is missing, a directory, not readable, too large, or not UTF-8.
    """
    source = load_source(path)
    root = Path(path).resolve().parent
    shown = Path(path).parent

    for known in _latest:
        if _same(known.source, source) and all(
            _same(_open_inside(root, shown, target), found) for target, found in known.links.items()
        ):
            return known.architecture
    links: dict[str, Source | Problem | None] = {}

    def open_link(target: str) -> Source | Problem | None:
        links[target] = _open_inside(root, shown, target)
        return links[target]

    architecture = read(source, open_link=open_link)
    _latest[:] = [_Latest(source, links, architecture)]
    return architecture


def _same(one: Source | Problem | None, other: Source | Problem | None) -> bool:
    if isinstance(one, Source) and isinstance(other, Source):
        return (one.name, one.data) == (other.name, other.data)
    return one == other


def load_source(path: str | os.PathLike[str]) -> Source:
    """One file's bytes, named as the person named it; same errors as `load`."""
    name = os.fspath(path)
    try:
        data = _read_regular(name)
    except FileNotFoundError as error:
        raise InvalidInput(
            "there is no such file", where=name, code="no-document",
            hint="`dbdeed init` writes a new document; or give the path of yours",
        ) from error  # fmt: skip
    except IsADirectoryError as error:
        raise InvalidInput(
            "this is a directory", where=name, code="not-a-file",
            hint=f"give the document inside it: {Path(name, 'DATABASE.md')}",
        ) from error  # fmt: skip
    except PermissionError as error:
        raise InvalidInput("no permission to read this file", where=name, code="unreadable",
                           hint="make it readable for the user who runs this") from error  # fmt: skip
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidInput(f"this file cannot be read: {reason}", where=name, code="unreadable") from error
    source = Source(name, data)
    _require_text(source)
    return source


def _read_regular(name: str) -> bytes:
    """Raises OSError, or ValueError for what is no regular file or too large."""
    # Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no regular file")
        if status.st_size > LARGEST:
            raise ValueError(f"it has {status.st_size:,} bytes; at most {LARGEST:,} are read")
        return file.read()


def _require_text(source: Source) -> None:
    try:
        source.data.decode("utf-8")
    except UnicodeDecodeError as error:
        position = source.position(error.start)
        byte = source.data[error.start]
        written = "UTF-16" if source.data[:2] in (b"\xff\xfe", b"\xfe\xff") else "LATIN1"
        raise InvalidInput(
            f"this is not UTF-8 text: byte 0x{byte:02X} at line {position.line}, column {position.column}",
            where=f"{source.name}:{position.line}:{position.column}", code="not-utf-8",
            hint=f"save the document as UTF-8 (iconv -f {written} -t UTF-8 converts)",
        ) from error  # fmt: skip


def _open_inside(root: Path, shown: Path, target: str) -> Source | Problem | None:
    """A linked file, if it really lies inside the root: symbolic links are followed first."""
    accepted = ("a link to a .sql or .md file inside the project folder",)
    try:
        real = (root / target).resolve()
        if not real.is_relative_to(root):
            return Problem(f"the link “{target}” leads out of the project folder", accepted)
        if not real.exists():
            return None
        if real.is_dir():
            return Problem(f"the link “{target}” leads to a directory", accepted)
        source = Source(str(shown / target), _read_regular(str(real)))
        source.data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Problem(f"the linked file “{target}” is not UTF-8 text (byte {error.start + 1})", accepted)
    except PermissionError:
        return Problem(f"no permission to read the linked file “{target}”", accepted)
    except (OSError, ValueError, RuntimeError) as error:
        return Problem(f"the linked file “{target}” cannot be read: {error}", accepted)
    return source
