"""Single files kept beside the backups of a store, such as segments of a log.

An object is one zstd frame with its checksum, so `zstd -d` reads it where nothing else is at hand. A changed
or missing byte is noticed when it is read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import zstandard

from dbdeed.recovery.files import explained, sync_folder
from dbdeed.recovery.manifest import Damaged

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.recovery.objects import Entry, Objects

_LEVEL = 1  # the restore waits for it, and so does the next backup


class Codec(Protocol):
    """How an object's bytes are stored; bound to the object's name."""

    @property
    def suffix(self) -> str:
        """Of the names of objects that are stored so."""

    def encode(self, name: str, data: bytes) -> bytes: ...

    def decode(self, name: str, stored: bytes) -> bytes:
        """What `encode` was given. Raises `Damaged` where it is not what was stored under this name."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """zstd, with a checksum of the content and its size."""

    level: int = _LEVEL

    @property
    def suffix(self) -> str:
        return ".zst"

    def encode(self, name: str, data: bytes) -> bytes:  # noqa: ARG002 - a plain frame knows no name
        return zstandard.ZstdCompressor(
            level=self.level, write_checksum=True, write_content_size=True
        ).compress(data)

    def decode(self, name: str, stored: bytes) -> bytes:
        try:
            reader = zstandard.ZstdDecompressor().decompressobj()
            data = reader.decompress(stored)
        except zstandard.ZstdError as error:
            raise Damaged(f"It cannot be decompressed: {error}.", where=name) from error
        if not reader.eof or reader.unused_data:
            raise Damaged("It is cut short, or something was added to it.", where=name)
        return data


@dataclass(frozen=True, slots=True)
class Shelf:
    """Files of some tens of megabytes by name, stored as the store says: compressed, and sealed if it is."""

    objects: Objects
    codec: Codec

    def put_file(self, name: str, source: Path) -> None:
        """Keep a file for good under a name such as `wal/000000010000000000000004`.

        It takes the place of one that is there; nobody ever sees half of it.
        Raises `Unavailable` where the store does not answer or is full.
        """
        with explained(source):
            data = source.read_bytes()
        self.put(name, data)

    def get_file(self, name: str, into: Path) -> None:
        """Write a kept file to the path `into`, whole or not at all. Raises `NoObject`, `Damaged`."""
        data = self.get(name)
        partial = into.with_name(f".partial-{into.name}")
        with explained(into):
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(into)
            sync_folder(into.parent)

    def put(self, name: str, data: bytes) -> None:
        """Keep some bytes. As `put_file`."""
        self.objects.put(name, self.codec.encode(name, data))

    def get(self, name: str) -> bytes:
        """The bytes that were kept. Raises `NoObject`, `Damaged`."""
        return self.codec.decode(name, self.objects.get(name))

    def listing(self, prefix: str) -> list[Entry]:
        """What is kept under names that begin so, by name; sizes are as stored."""
        return self.objects.listing(prefix)

    def delete(self, name: str) -> None:
        """Remove a kept file; one that is not there is no fault."""
        self.objects.delete(name)
