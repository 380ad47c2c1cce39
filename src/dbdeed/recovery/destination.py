"""Where backups go, by the document's Destination and Encryption."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.recovery.keys import Keyring, read_keys, require_cryptography
from dbdeed.recovery.objects import FolderObjects
from dbdeed.recovery.packed import PackedStore
from dbdeed.recovery.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.document.values.types import Destination, Encryption
    from dbdeed.recovery.objects import Objects
    from dbdeed.recovery.store import Store

# In the project, and not under `.dbdeed/`, whose caches anybody may delete.
DEFAULT_FOLDER = "backups"
# Backups on their way to a store, and those that are being read, where the store is no plain folder.
SPOOL = ".dbdeed/spool"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def open_store(
    root: Path, destination: Destination | None, encryption: Encryption | None, environment: Mapping[str, str]
) -> Store:
    """The store that a document names; without one, `backups/` in the project folder `root`.

    A folder without Encryption holds backups as the engine wrote them, to be used by hand; every other place
    holds them compressed, and sealed where the document names a key.

    Raises `InvalidInput` for a folder that leads out of the project, an unset variable or what is no key,
    `NotYet` for a place of another kind.
    """
    place, spool = _place(root.resolve(), destination, environment), root.resolve() / SPOOL
    sealed = encryption is not None and encryption.key is not None
    if isinstance(place, Path) and not sealed:
        return FolderStore(place)
    objects: Objects = FolderObjects(place) if isinstance(place, Path) else place
    if encryption is None or encryption.key is None:
        return PackedStore(objects, spool)
    require_cryptography()
    return PackedStore(objects, spool, Keyring(objects, read_keys(encryption.key.name, environment)))


def _place(root: Path, destination: Destination | None, environment: Mapping[str, str]) -> Path | Objects:
    if destination is not None and destination.env is not None:
        return _from_environment(root, destination.env.name, environment)
    folder = destination.folder if destination is not None else ""
    path = (root / (folder or DEFAULT_FOLDER)).resolve()
    if not Path(folder).is_absolute() and not path.is_relative_to(root):
        raise InvalidInput(
            f"The backup folder {folder or DEFAULT_FOLDER!r} leads out of the project folder.",
            hint="Name a folder inside the project, or an absolute one.",
        )
    return _outside_caches(root, path)


def _from_environment(root: Path, name: str, environment: Mapping[str, str]) -> Path | Objects:
    value = environment.get(name, "")
    if not value:
        raise InvalidInput(
            f"The environment variable {name} is not set; the document's Destination names it."
        )
    scheme = _SCHEME.match(value)
    if scheme and scheme.group(1).lower() != "file":
        from dbdeed.recovery.cloud import open_cloud

        return open_cloud(value, name)
    return _outside_caches(root, (root / value[scheme.end() if scheme else 0 :]).resolve())


def _outside_caches(root: Path, path: Path) -> Path:
    if path.is_relative_to(root / ".dbdeed") or path == root:
        raise InvalidInput(
            f"Backups cannot be kept in {path}.",
            hint="Choose a folder of their own; what is in `.dbdeed/` may be deleted at any time.",
        )
    return path
