"""The file that a dump is kept in: compressed with zstandard where that is installed."""

from __future__ import annotations

import io
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING

from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PLAIN, _COMPRESSED = "database.sql", "database.sql.zst"
DUMPS = (_COMPRESSED, _PLAIN)


def _has_zstandard() -> bool:
    return find_spec("zstandard") is not None


@contextmanager
def writing(folder: Path) -> Iterator[IO[str]]:
    """A text stream into a new dump. Line ends and texts' own bytes are kept as they are."""
    if not _has_zstandard():
        with (folder / _PLAIN).open("w", encoding="utf-8", newline="") as plain:
            yield plain
        return
    import zstandard

    with (
        (folder / _COMPRESSED).open("wb") as file,
        zstandard.ZstdCompressor(level=3, write_checksum=True).stream_writer(file) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream,
    ):
        yield stream


def find_dump(folder: Path) -> Path | None:
    return next((folder / name for name in DUMPS if (folder / name).is_file()), None)


@contextmanager
def reading(dump: Path) -> Iterator[IO[str]]:
    """A text stream of a dump. Raises `ValueError` for a damaged one, while it is read."""
    if dump.name == _PLAIN:
        with dump.open(encoding="utf-8", newline="\n") as plain:
            yield plain
        return
    if not _has_zstandard():
        raise Unavailable(
            f"{dump.name} is compressed with zstandard, which is not installed.",
            hint="pip install zstandard, or unpack it with `zstd -d`.",
        )
    import zstandard

    with (
        dump.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as unpacked,
        io.TextIOWrapper(unpacked, encoding="utf-8", newline="\n") as stream,
    ):
        try:
            yield stream
        except zstandard.ZstdError as error:
            raise ValueError(f"{dump.name} is damaged: {error}") from error


def commands_to_read() -> list[str]:
    """Shell commands that read a dump into a new file."""
    if _has_zstandard():
        return [f'zstd -dc "$BACKUP/{_COMPRESSED}" | sqlite3 -bail "$DATABASE.restored"']
    return [f'sqlite3 -bail "$DATABASE.restored" < "$BACKUP/{_PLAIN}"']
