"""The runner's own marks in comments of any tool's files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.migrations.seam import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATES = re.compile(r"dbdeed: from ([0-9a-f]{64}) to ([0-9a-f]{64})")
_NEEDS = re.compile(r"dbdeed: needs ([A-Za-z_][A-Za-z0-9_]*)")


def origin_in(comments: Iterable[str]) -> Origin | None:
    """The states that a file leads from and to; None for one that we did not write."""
    for one in comments:
        if found := _STATES.fullmatch(one):
            return Origin(found[1], found[2])
    return None


def environment_in(comments: Iterable[str]) -> tuple[str, ...]:
    """The environment's variables that stand in a file's SQL."""
    found = (_NEEDS.fullmatch(one) for one in comments)
    return tuple(dict.fromkeys(one[1] for one in found if one is not None))


def with_origin(text: str, origin: Origin) -> str:
    """A file's text that says other states; as it is where it says none."""
    return _STATES.sub(f"dbdeed: from {origin.before} to {origin.after}", text, count=1)
