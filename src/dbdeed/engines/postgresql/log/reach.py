"""How far the files of an archived log lead on from a backup: the chain is followed name by name.

A file that is missing ends it, whatever comes after: PostgreSQL would stop there too, and say that all is
well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.archiving import Reach
from dbdeed.engines.faults import LogDamaged
from dbdeed.engines.postgresql.log.names import shelf_name
from dbdeed.engines.postgresql.log.positions import (
    HISTORY,
    PARTIAL,
    UNIT,
    Branch,
    Segment,
    parse_history,
    parse_name,
    parse_position,
    write_position,
)
from dbdeed.errors import DbdeedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dbdeed.engines.recovering import LogRange

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Files:
    """What the shelf has of one system, by the server's own names: sizes, and how to read one."""

    system: str
    unit: int
    sizes: Mapping[str, int]
    read: Callable[[str], bytes]

    def has(self, segment: Segment) -> bool:
        return segment.name(self.unit) in self.sizes

    def branches(self) -> list[Branch]:
        found = []
        for name in self.sizes:
            if history := HISTORY.fullmatch(name):
                text = self.read(shelf_name(self.system, name)).decode("utf-8", "replace")
                found.append(parse_history(int(history[1], 16), text))
        return sorted(found, key=lambda one: one.timeline)


def follow(log: LogRange, names: Sequence[tuple[str, int]], read: Callable[[str], bytes]) -> Reach:
    """From a backup's end along the newest timeline that goes on from it."""
    unit = log.unit or UNIT
    files = _Files(log.system, unit, {name.rpartition("/")[2]: size for name, size in names}, read)
    end = parse_position(log.end)
    branch = _newest(files, log.timeline, end)
    # All histories, so that a promoted copy takes a timeline that nobody has had.
    chain = sorted(name for name in files.sizes if HISTORY.fullmatch(name))
    histories, at, timeline = len(chain), end // unit, log.timeline
    while True:
        left = branch.left_at(timeline) if branch is not None else None
        if left is not None and at >= left // unit:
            # The next timeline's own file begins with what this one had up to there.
            timeline = _next(branch, timeline)
            continue
        segment = Segment(timeline, at)
        if not files.has(segment):
            break
        chain.append(segment.name(unit))
        at += 1
    last = Segment(timeline, at).name(unit)
    reached = max(at * unit, end)
    if f"{last}{PARTIAL}" in files.sizes:
        chain.append(f"{last}{PARTIAL}")
        reached = max(end, at * unit + _length(files, f"{last}{PARTIAL}"))
    return Reach(
        files=tuple(shelf_name(log.system, name) for name in chain),
        size=max(0, reached - end // unit * unit),
        start=log.end,
        end=write_position(reached),
        timeline=timeline,
        missing=_missing(files, timeline, at),
        connected=len(chain) > histories,
    )


def _newest(files: _Files, timeline: int, end: int) -> Branch | None:
    """The newest timeline that left ours after the backup's end."""
    found = [one for one in files.branches() if (one.left_at(timeline) or 0) >= end]
    return found[-1] if found else None


def _next(branch: Branch | None, timeline: int) -> int:
    assert branch is not None
    after = [one for one, _ in branch.ancestors if one > timeline]
    return min(after, default=branch.timeline)


def _length(files: _Files, name: str) -> int:
    """Bytes of an unfinished file that have come; those that are kept have no zeros at their end.

    None of one that cannot be read: whoever fetches it is told.
    """
    try:
        return len(files.read(shelf_name(files.system, name)))
    except DbdeedError:
        return 0


def _missing(files: _Files, timeline: int, at: int) -> tuple[str, ...]:
    """What would have to be there for the next file that is."""
    present = [parse_name(name.removesuffix(PARTIAL), files.unit) for name in files.sizes]
    later = [
        one.number for one in present if one is not None and one.timeline == timeline and one.number > at
    ]
    if not later:
        return ()
    absent = range(at, min(later))
    names = [Segment(timeline, one).name(files.unit) for one in absent[:_SHOWN]]
    return (*names, *([f"and {len(absent) - _SHOWN} more"] if len(absent) > _SHOWN else []))


def completed(name: str, data: bytes, unit: int) -> tuple[str, bytes]:
    """A file as the server wants it: an unfinished one under its final name, zeros up to its full length."""
    stem = name.removesuffix(PARTIAL)
    if stem == name:
        return name, data
    if len(data) > unit:
        raise LogDamaged(f"{name} has {len(data)} bytes, and a whole one {unit}.")
    return stem, data.ljust(unit, b"\0")
