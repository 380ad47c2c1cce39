"""Positions in the log, and the names of the files that hold them (src/include/access/xlog_internal.h)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dbdeed.errors import InvalidInput

_POSITION = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
_NAME = re.compile(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})")
HISTORY = re.compile(r"([0-9A-F]{8})\.history")
PARTIAL = ".partial"
UNIT = 16 << 20
"""Bytes of a file unless `initdb --wal-segsize` said otherwise."""


def parse_position(text: str) -> int:
    """`0/15E68D8` as the byte's number. Raises `InvalidInput`."""
    found = _POSITION.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is no position in a PostgreSQL log.", hint="Such as 0/15E68D8.")
    return int(found[1], 16) << 32 | int(found[2], 16)


def write_position(number: int) -> str:
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file: the `number`th part of the log, on a timeline."""

    timeline: int
    number: int

    def name(self, unit: int) -> str:
        """As the server calls it, parts being `unit` bytes long."""
        per = (1 << 32) // unit
        return f"{self.timeline:08X}{self.number // per:08X}{self.number % per:08X}"


def parse_name(name: str, unit: int) -> Segment | None:
    """A whole segment by its name; None for anything else."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    timeline, high, low = (int(part, 16) for part in found.groups())
    return Segment(timeline, high * ((1 << 32) // unit) + low)


@dataclass(frozen=True, slots=True)
class Branch:
    """A timeline by its history file: (ancestor, the position at which it was left), oldest first."""

    timeline: int
    ancestors: tuple[tuple[int, int], ...]

    def left_at(self, timeline: int) -> int | None:
        """Where the branch left an ancestor; None where that is none."""
        return dict(self.ancestors).get(timeline)


def parse_history(timeline: int, text: str) -> Branch:
    """Read a history file (src/backend/access/transam/timeline.c)."""
    ancestors = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) >= 2 and words[0].isdigit():
            ancestors.append((int(words[0]), parse_position(words[1])))
    return Branch(timeline, tuple(ancestors))
