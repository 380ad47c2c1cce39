"""A log file's pages: whose they are, and whether every one of them is there.

PostgreSQL replays up to the first page that is not as it should be, and calls that the end of the log. So
what is archived is looked at page by page: magic, system, timeline and address (XLogPageHeaderData and
XLogLongPageHeaderData of src/include/access/xlog_internal.h).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dbdeed.engines.postgresql.log.positions import Segment, write_position

_SHORT = struct.Struct("=HHIQ")
_LONG = struct.Struct("=HHIQI4xQII")
_HAS_LONG = 0x0002
_KNOWN = range(0xD000, 0xE000)  # the magic numbers of every version since 8.4


@dataclass(frozen=True, slots=True)
class Opening:
    """What a file says of itself: `unit` is its size, `page` that of its pages."""

    magic: int
    timeline: int
    address: int
    system: int
    unit: int
    page: int


def read_opening(data: bytes) -> Opening | None:
    """The header of a file's first page; None where it does not begin like one."""
    if len(data) < _LONG.size:
        return None
    magic, info, timeline, address, _, system, unit, page = _LONG.unpack_from(data)
    if magic not in _KNOWN or not info & _HAS_LONG or page < 512 or unit % page:
        return None
    return Opening(magic, timeline, address, system, unit, page)


def problems_of(data: bytes, segment: Segment, system: str, unit: int, *, whole: bool = True) -> list[str]:
    """What is wrong with a file, one sentence; none where it is sound.

    Args:
        data: its bytes.
        segment: which one it should be.
        system: identifier of the system that should have written it.
        unit: how long a file is.
        whole: it must be complete; else it may end anywhere.
    """
    name = segment.name(unit)
    if whole and len(data) != unit:
        return [f"{name} has {len(data)} bytes in place of {unit}."]
    if not whole and not data.strip(b"\0"):
        return []
    opening = read_opening(data)
    if opening is None:
        return [f"{name} does not begin like a part of a log."]
    if str(opening.system) != system:
        return [f"{name} was written by the system {opening.system}, not by {system}."]
    if opening.unit != unit:
        return [f"{name} belongs to a log in parts of {opening.unit} bytes, not {unit}."]
    return _broken_page(data, segment, opening, name)


def _broken_page(data: bytes, segment: Segment, opening: Opening, name: str) -> list[str]:
    """The first page that is not where it says it is.

    After a switch to the next file the rest of this one is nothing but zeros.
    """
    start, page = segment.number * opening.unit, opening.page
    for offset in range(0, len(data) - _SHORT.size + 1, page):
        magic, _, timeline, address = _SHORT.unpack_from(data, offset)
        if magic == opening.magic and address == start + offset and 0 < timeline <= segment.timeline:
            continue
        if offset and not data[offset:].strip(b"\0"):
            return []
        return [f"{name} is damaged: its page at {write_position(start + offset)} is not what belongs there."]
    return []
