"""The key of a store, from the environment, and the data keys that it wraps.

What is stored is sealed with a random data key of its own backup. Data keys lie in the store, under `keys/`,
each wrapped by the key of the environment and bound to its name. Changing the environment's key therefore
wraps some small objects anew and reads no backup; where a data key is deleted, its backup is unreadable.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery.manifest import Damaged
from dbdeed.recovery.objects import NoObject, StoreLocked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.recovery.objects import Objects

FORMAT = "dbdeed-key/1"
KEYS = "keys/"
KEY_SIZE = 32
_NONCE_SIZE = 12
_ADVICE = "It is 32 random bytes in base64 or hexadecimal: `head -c 32 /dev/urandom | base64` makes one."


class WrongKey(Damaged):
    """It is sealed with a key that the environment does not hold."""

    default_code = "wrong-key"


@dataclass(frozen=True, slots=True)
class StoreKeys:
    """The environment's keys; none of them is ever shown.

    Attributes:
        name: of the environment variable.
        current: id of the key that seals what is written.
        secrets: every key that may open what is read, by id.
    """

    name: str
    current: str
    secrets: Mapping[str, bytes] = field(repr=False)


def read_keys(name: str, environment: Mapping[str, str]) -> StoreKeys:
    """The key in the variable `name`, and former ones, for reading, in `NAME_OLD`, separated by commas.

    Raises `InvalidInput` where there is none or it is not a key; the message shows nothing of it.
    """
    text = environment.get(name, "").strip()
    if not text:
        raise InvalidInput(
            f"The environment variable {name} is not set; the document's Encryption names it.", hint=_ADVICE
        )
    current = _key(text, name)
    former = [
        _key(one, f"{name}_OLD") for one in environment.get(f"{name}_OLD", "").split(",") if one.strip()
    ]
    return StoreKeys(name, key_id(current), {key_id(one): one for one in (*former, current)})


def _key(text: str, name: str) -> bytes:
    text = text.strip()
    for decode in (bytes.fromhex, lambda one: base64.b64decode(one, validate=True)):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_SIZE:
            return key
    raise InvalidInput(f"The environment variable {name} holds no key.", hint=_ADVICE)


def key_id(key: bytes) -> str:
    """What names a key and tells nothing of it: 16 hexadecimal digits."""
    return derived(key, b"", b"dbdeed key id")[:8].hex()


def derived(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    """A key for one purpose: HKDF with SHA-256 (RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_SIZE, salt or None, purpose).derive(key)


class _Wrapped(msgspec.Struct, forbid_unknown_fields=True):
    """A data key as it lies in the store; bytes in base64."""

    format: str
    key_id: str
    nonce: bytes
    wrapped: bytes


_WRAPPED = msgspec.json.Decoder(_Wrapped)  # made by one thread, as in `manifest`


class Keyring:
    """The data keys of one store."""

    def __init__(self, objects: Objects, keys: StoreKeys) -> None:
        self.keys = keys
        self._objects = objects
        self._known: dict[str, bytes] = {}
        self._lock = Lock()

    def make(self, name: str) -> None:
        """Make a new data key of this name unless there is one."""
        data_key = os.urandom(KEY_SIZE)
        self._objects.create(f"{KEYS}{name}", self._wrap(name, data_key))

    def get(self, name: str) -> bytes:
        """A data key. Raises `Damaged` where it is gone or was changed, `WrongKey`."""
        with self._lock:
            if name not in self._known:
                self._known[name] = self._unwrap(name, self._stored(name))
            return self._known[name]

    def confirm(self, name: str) -> None:
        """Raise `StoreLocked` where the data key that is known by now is no longer the one in the store.

        A run that lost its lock may have had its key, and all that it sent, swept away by the next.
        """
        try:
            same = self._unwrap(name, self._stored(name)) == self._known.get(name)
        except Damaged:
            same = False
        if not same:
            raise StoreLocked("Another run took over and removed what this one had sent.", where=name)

    def names(self) -> list[str]:
        """Every data key in the store."""
        return [one.name.removeprefix(KEYS) for one in self._objects.listing(KEYS)]

    def delete(self, name: str) -> None:
        """Forget a data key for good."""
        self._objects.delete(f"{KEYS}{name}")
        with self._lock:
            self._known.pop(name, None)

    def rewrap(self, name: str) -> bool:
        """Wrap a data key with the current key; False where it was already. Raises as `get`."""
        stored = self._stored(name)
        data_key = self._unwrap(name, stored)
        if stored.key_id == self.keys.current:
            return False
        self._objects.put(f"{KEYS}{name}", self._wrap(name, data_key))
        return True

    def _stored(self, name: str) -> _Wrapped:
        try:
            stored = _WRAPPED.decode(self._objects.get(f"{KEYS}{name}"))
        except NoObject as error:
            raise Damaged("Its data key is gone.", where=name) from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Damaged("Its data key cannot be read.", where=name) from error
        if stored.format != FORMAT:
            raise Damaged(
                f"Its data key has the format {stored.format!r}; {FORMAT!r} is understood.", where=name
            )
        return stored

    def _wrap(self, name: str, data_key: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        id_ = self.keys.current
        nonce = os.urandom(_NONCE_SIZE)
        cipher = AESGCM(derived(self.keys.secrets[id_], b"", b"dbdeed wrap"))
        return msgspec.json.encode(
            _Wrapped(FORMAT, id_, nonce, cipher.encrypt(nonce, data_key, _bound(id_, name)))
        )

    def _unwrap(self, name: str, stored: _Wrapped) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        secret = self.keys.secrets.get(stored.key_id)
        if secret is None:
            raise WrongKey(
                f"It is sealed with the key {stored.key_id:.16}; {self.keys.name} holds {self.keys.current}.",
                hint=f"Put that key into {self.keys.name}, or into {self.keys.name}_OLD for reading.",
                where=name,
            )
        try:
            cipher = AESGCM(derived(secret, b"", b"dbdeed wrap"))
            data_key = cipher.decrypt(stored.nonce, stored.wrapped, _bound(stored.key_id, name))
        except (InvalidTag, ValueError) as error:
            raise Damaged("Its data key was changed.", where=name) from error
        return data_key


def _bound(key_id_: str, name: str) -> bytes:
    return f"{FORMAT}\0{key_id_}\0{name}".encode()


def require_cryptography() -> None:
    """Raises `Unavailable` where the library that seals is not installed."""
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise Unavailable(
            "Sealed backups need the package cryptography.", hint="pip install 'dbdeed[cli]'", code="missing"
        ) from error
