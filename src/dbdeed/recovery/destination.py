"""Where backups go, by the document's Destination and Encryption."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput
from dbdeed.recovery.keys import Keyring, read_keys, require_cryptography
from dbdeed.recovery.objects import FolderObjects
from dbdeed.recovery.packed import PackedStore
from dbdeed.recovery.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.document.values.types import Destination, Encryption
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
    `NotYet` for object stores.
    """
    folder = _folder(root.resolve(), destination, environment)
    if encryption is None or encryption.key is None:
        return FolderStore(folder)
    require_cryptography()
    objects, keys = FolderObjects(folder), read_keys(encryption.key.name, environment)
    return PackedStore(objects, root.resolve() / SPOOL, Keyring(objects, keys))


def _folder(root: Path, destination: Destination | None, environment: Mapping[str, str]) -> Path:
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


def _from_environment(root: Path, name: str, environment: Mapping[str, str]) -> Path:
    value = environment.get(name, "")
    if not value:
        raise InvalidInput(
            f"The environment variable {name} is not set; the document's Destination names it."
        )
    scheme = _SCHEME.match(value)
    if scheme and scheme.group(1).lower() != "file":
        raise NotYet(
            f"{name} names an object store; backups go to folders so far.",
            hint=f"Set {name} to a folder, such as a mounted one.",
        )
    return _outside_caches(root, (root / value[scheme.end() if scheme else 0 :]).resolve())


def _outside_caches(root: Path, path: Path) -> Path:
    if path.is_relative_to(root / ".dbdeed") or path == root:
        raise InvalidInput(
            f"Backups cannot be kept in {path}.",
            hint="Choose a folder of their own; what is in `.dbdeed/` may be deleted at any time.",
        )
    return path
