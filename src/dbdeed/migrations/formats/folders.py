"""Migrations in several folders, as some tools' configurations have them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.migrations.seam import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def layout_of(root: Path, folders: Sequence[Path]) -> Layout:
    """Of a project: its one folder, or the nearest that holds all of them, where `dbdeed.sum` then is."""
    shared = Path(os.path.commonpath(folders))
    outside = len(folders) > 1 and root.is_relative_to(shared)  # one of them is: the project's own folder
    return Layout(root, root if outside else shared)


def files_in(folders: Sequence[Path]) -> Iterator[Path]:
    """Each file that stands in one of them, folder by folder; one that is not there holds none."""
    for folder in dict.fromkeys(folders):
        if folder.is_dir():
            yield from (one for one in folder.iterdir() if one.is_file())
