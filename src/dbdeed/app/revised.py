"""A document as it is after edits, read again in memory: nothing is written."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING

from dbdeed.document.edit import apply_edits
from dbdeed.document.read import read
from dbdeed.document.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.architecture import Architecture
    from dbdeed.document.edit import Edit


def revised(architecture: Architecture, edits: Sequence[tuple[Source, Edit]]) -> Architecture:
    """The document and its linked files after edits, each of which names its file."""
    own: defaultdict[int, list[Edit]] = defaultdict(list)
    for source, edit in edits:
        own[id(source)].append(edit)
    files = {
        one.name: Source(one.name, apply_edits(one, own[id(one)])) if id(one) in own else one
        for one in (architecture.source, *architecture.included)
    }
    folder = PurePath(architecture.source.name).parent

    def open_link(target: str) -> Source | None:
        return files.get(str(folder / target))

    return read(files[architecture.source.name], open_link=open_link)
