"""How many retries may be made: a share of the calls, so that retries do not pile up on a server in trouble.

A token bucket. Every call adds a part of a token, a retry takes a whole one, and a second adds one by itself
so that a program that calls rarely may retry too. Conflicts between transactions (a serialization failure, a
deadlock) are a working server's ordinary answers: they have a wider bucket, of one retry for each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.access.errors import DeadlockDetected, SerializationFailure, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

_RESERVE = 10.0
_RESERVE_FOR_CONFLICTS = 100.0
_PER_SECOND = 1.0


class Bucket:
    """Tokens, at most `reserve` of them.

    Args:
        share: what one call adds.
        clock: seconds, monotonic.
    """

    def __init__(self, share: float, reserve: float, clock: Callable[[], float]) -> None:
        self._share = share
        self._reserve = reserve
        self._tokens = reserve
        self._clock = clock
        self._calls = 0
        self._at = clock()

    def take(self, calls: int) -> bool:
        """A token, if there is one; `calls` counts all that were made so far."""
        now = self._clock()
        earned = (calls - self._calls) * self._share + (now - self._at) * _PER_SECOND
        self._calls, self._at = calls, now
        self._tokens = min(self._reserve, self._tokens + earned)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Budget:
    """The buckets of one database; `share` None lets every retry pass."""

    def __init__(self, share: float | None, clock: Callable[[], float]) -> None:
        self._faults = None if share is None else Bucket(share, _RESERVE, clock)
        self._conflicts = Bucket(1.0, _RESERVE_FOR_CONFLICTS, clock)

    def allows(self, error: Transient, calls: int) -> bool:
        """Whether work that failed by `error` may be done again now."""
        if self._faults is None:
            return True
        conflict = isinstance(error, SerializationFailure | DeadlockDetected)
        return (self._conflicts if conflict else self._faults).take(calls)
