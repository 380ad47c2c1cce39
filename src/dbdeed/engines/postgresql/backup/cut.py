"""Where in the log a snapshot lies: all that it sees was committed before that position, and nothing else.

Transactions become visible a moment after their commit is in the log, and not always in the order of the log.
So a snapshot has such a position only where, of the commits around it, all that it sees come before all that
it does not. That is read from the log itself, and proven or not; nobody is made to wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_XIDS = 1 << 32


class Commit(NamedTuple):
    """A commit record: where it begins in the log, and the 32 bits of its transaction's number."""

    position: int
    xid: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one moment saw.

    Attributes:
        id: by which other sessions take it.
        top: the first transaction (64 bits) that had not begun; none from here on is seen.
        running: those below it that had not ended, and so are not seen.
        before, after: positions in the log, read before and after the moment.
    """

    id: str
    top: int
    running: frozenset[int]
    before: int
    after: int

    def sees(self, xid: int) -> bool:
        """Whether a committed transaction, given by its 32 bits, is visible."""
        distance = (xid - self.top) % _XIDS
        if distance < _XIDS // 2:  # transaction numbers are compared around a circle
            return False
        return self.top + distance - _XIDS not in self.running

    @property
    def still(self) -> bool:
        """Nobody was writing: no transaction ran that could have committed, and the log stood still."""
        return not self.running and self.before == self.after


def read_snapshot(id_: str, text: str, before: int, after: int) -> Snapshot:
    """From PostgreSQL's `xmin:xmax:xip,…` (pg_snapshot)."""
    _, top, running = text.split(":")
    return Snapshot(id_, int(top), frozenset(int(one) for one in running.split(",") if one), before, after)


def position_of(snapshot: Snapshot, commits: Iterable[Commit]) -> int | None:
    """The position at which a recovery must stop (before the record there) to hold what the snapshot sees.

    `commits` are all records that may matter: from well before the snapshot to well after. None where the
    snapshot has no such position.
    """
    last_seen, first_unseen = -1, None
    for one in commits:
        if snapshot.sees(one.xid):
            last_seen = max(last_seen, one.position)
        elif first_unseen is None or one.position < first_unseen:
            first_unseen = one.position
    if first_unseen is None:
        return max(snapshot.after, last_seen + 1)
    return first_unseen if last_seen < first_unseen else None


def lsn(text: str) -> int:
    """`16/B374D848` as a number of bytes."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(position: int) -> str:
    """The reverse of `lsn`."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
