"""Where files of a log lie on a store's shelf: `wal/SYSTEM/TIMELINE/NAME`."""

from __future__ import annotations

from dbdeed.engines.postgresql.log.positions import HISTORY


def shelf_folder(system: str) -> str:
    """How the names of one system's files begin."""
    return f"wal/{system}/"


def shelf_name(system: str, name: str) -> str:
    """The place of a file that the server calls `name`."""
    history = HISTORY.fullmatch(name)
    return f"{shelf_folder(system)}{history[1] if history else name[:8]}/{name}"
