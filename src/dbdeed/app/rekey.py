"""`dbdeed backup rekey`: wrap the data keys of sealed backups with the environment's current key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.vault import open_vault
from dbdeed.errors import InvalidInput
from dbdeed.recovery.packed import PackedStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def rekey_backups(document: Path, *, environment: Mapping[str, str] | None = None) -> int:
    """How many data keys were wrapped anew; those that are so already are left alone.

    Raises `InvalidInput` where the document names no key, `WrongKey` where one is wrapped with a key that the
    environment does not hold, `StoreLocked` where another run writes.
    """
    project = open_project(document)
    store = open_vault(project, read_architecture(project), environment).store
    if not isinstance(store, PackedStore):
        raise InvalidInput("The backups are not sealed.", hint="The document's Encryption names the key.")
    with store.writing():
        return store.rekey()
