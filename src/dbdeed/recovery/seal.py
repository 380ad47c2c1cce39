r"""Sealed objects: compressed, then encrypted so that any change is noticed.

    "dbdeed-seal/1\n" | length and name of the data key | 32 bytes of salt | chunk | chunk | … | last chunk

Each object has a key of its own, derived from the data key, the salt and the object's name: an object under
another's name does not open. A chunk is 1 MiB, AES-256-GCM, its nonce the number of the chunk and whether
it is the last (the STREAM construction): chunks missing, doubled or in another order do not open either.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.recovery.keys import derived
from dbdeed.recovery.manifest import Damaged
from dbdeed.recovery.shelf import Compressed

if TYPE_CHECKING:
    from dbdeed.recovery.keys import Keyring
    from dbdeed.recovery.shelf import Codec

_MAGIC = b"dbdeed-seal/1\n"
_SALT_SIZE = 32
_CHUNK = 1 << 20
_TAG_SIZE = 16


@dataclass(frozen=True, slots=True)
class Sealed:
    """Compress, then seal with the data key of this name; opens whatever data key an object names."""

    keyring: Keyring
    data_key: str
    inner: Codec = field(default_factory=Compressed)

    @property
    def suffix(self) -> str:
        return ".sealed"

    def encode(self, name: str, data: bytes) -> bytes:
        header = _header(self.data_key, os.urandom(_SALT_SIZE))
        key = _object_key(self.keyring.get(self.data_key), header, name)
        return header + b"".join(_encrypt(key, header, self.inner.encode(name, data)))

    def decode(self, name: str, stored: bytes) -> bytes:
        header, data_key = _read_header(name, stored)
        key = _object_key(self.keyring.get(data_key), header, name)
        return self.inner.decode(name, _decrypt(key, header, memoryview(stored)[len(header) :], name))


def _header(data_key: str, salt: bytes) -> bytes:
    name = data_key.encode("ascii")
    return _MAGIC + bytes([len(name)]) + name + salt


def _read_header(name: str, stored: bytes) -> tuple[bytes, str]:
    """The header's bytes and the name of the data key that it gives."""
    start = len(_MAGIC) + 1
    if not stored.startswith(_MAGIC) or len(stored) < start:
        raise Damaged("It is not sealed, or its beginning was changed.", where=name)
    end = start + stored[start - 1]
    data_key = stored[start:end].decode("ascii", "replace")
    if len(stored) < end + _SALT_SIZE + _TAG_SIZE or not data_key.replace("-", "").isalnum():
        raise Damaged("It is cut short, or its beginning was changed.", where=name)
    return stored[: end + _SALT_SIZE], data_key


def _object_key(data_key: bytes, header: bytes, name: str) -> bytes:
    return derived(data_key, header[-_SALT_SIZE:], b"dbdeed seal\0" + name.encode())


def _nonce(number: int, *, last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + bytes([last])


def _encrypt(key: bytes, header: bytes, data: bytes) -> list[bytes]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, view = AESGCM(key), memoryview(data)
    starts = range(0, max(len(view), 1), _CHUNK)
    return [
        cipher.encrypt(_nonce(number, last=number == len(starts) - 1), view[start : start + _CHUNK], header)
        for number, start in enumerate(starts)
    ]


def _decrypt(key: bytes, header: bytes, sealed: memoryview, name: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, step = AESGCM(key), _CHUNK + _TAG_SIZE
    starts = range(0, len(sealed), step)
    try:
        return b"".join(
            cipher.decrypt(
                _nonce(number, last=number == len(starts) - 1), sealed[start : start + step], header
            )
            for number, start in enumerate(starts)
        )
    except (InvalidTag, ValueError) as error:
        raise Damaged("It was changed, cut short, or belongs under another name.", where=name) from error
