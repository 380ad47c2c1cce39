"""Backup and Recovery: where the block of measured facts goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.blocks import Html, List, Paragraph
from dbdeed.document.inline import plain
from dbdeed.document.keyed import find_keys
from dbdeed.document.names import words
from dbdeed.document.source import Place, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.blocks import Block
    from dbdeed.document.outline import Part

_PLAN = {words("Recovery Plan"), words("Disaster Recovery Plan"), words("Recovery Objectives")}
_PLAN_KEYS = {"RPO", "RTO", "Procedure"}
# One of these is in every name of the plan and of its keys: most paragraphs need not be read closer.
_MENTION = re.compile(rb"recover|rpo|rto|objective|procedure|step", re.IGNORECASE)


def plan_place(parts: Sequence[Part]) -> Place | None:
    """The end of the Recovery Plan's list: after the last block with one of its keys, or its heading."""
    own = [part for part in parts if part.opens or part.source is parts[0].source]
    if not own:
        return None
    for part in reversed(own):
        backwards = range(len(part.blocks) - 1, -1, -1)
        index = next((i for i in backwards if _is_plan(part, part.blocks[i])), None)
        if index is not None:
            return _after(part, _with_list(part.blocks, index))
        if words(part.title) in _PLAN and part.blocks:
            return _after(part, part.blocks[-1])
    last = own[-1]
    if last.blocks:
        return _after(last, last.blocks[-1])
    return _after(last, last.heading) if last.heading else None


def _is_plan(part: Part, block: Block) -> bool:
    if not _MENTION.search(part.source.data, block.span.start, block.span.end):
        return False
    if isinstance(block, Paragraph) and words(plain(part.source.data, block.lines).text) in _PLAN:
        return True
    found = find_keys(part.source, [block], lambda name: keys.known_key(keys.RECOVERY, name))
    return any(keyed.known in _PLAN_KEYS for keyed in found)


def _with_list(blocks: Sequence[Block], index: int) -> Block:
    """The list under a key that stands in a paragraph belongs to it."""
    following = [block for block in blocks[index + 1 :] if not isinstance(block, Html)]
    if isinstance(blocks[index], Paragraph) and following and isinstance(following[0], List):
        return following[0]
    return blocks[index]


def _after(part: Part, block: Block) -> Place:
    return Place(part.source, Span(block.span.end, block.span.end))
