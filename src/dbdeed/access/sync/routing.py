# Derived from dbdeed/access/routing.py by tools/derive_sync.py: change that one, then run it.
"""Which server work goes to: the primary, or a replica for what only reads.

A program reads what it wrote. Each context (a task with those it starts, or a thread) remembers when it wrote
last, and a replica is read from only where it is known to hold all that was committed up to then; a context
that begins takes over what this process has written before. What is known of a replica is a moment: the
primary's position in its log is asked for, and once a replica has replayed so far, it holds all that was
committed before the asking. Where a server cannot tell (some hosted ones), a replica is held to lag by up to
`lag` seconds. Reads wait for no replica: where none holds enough they go to the primary.
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from contextvars import ContextVar
from itertools import cycle
from typing import TYPE_CHECKING

from dbdeed.access.errors import (
    AccessError,
    ConnectionFailed,
    ConnectionLost,
    PoolTimeout,
    SchemaMismatch,
    StatementFailed,
    Transient,
)
from dbdeed.access.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbdeed.access.pool_metrics import PoolMetrics
    from dbdeed.access.sync.connection import Connection
    from dbdeed.access.sync.pool import Lease, Pool

_ASK_EVERY = 0.05
_REST, _LONGEST_REST = 1.0, 30.0
_POSITIONS_KEPT = 400

_PAGE_HEADERS = (24, 40)  # bytes: of an ordinary page, and of a segment's first

# The insert position, not the flushed one: a commit that does not wait for the disk counts too.
_BLOCK = "pg_catalog.current_setting('wal_block_size')::int"
_WRITTEN = Statement(f"SELECT pg_catalog.pg_current_wal_insert_lsn()::text, {_BLOCK}")
_REPLAYED = Statement(
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "
    f"ELSE pg_catalog.pg_current_wal_insert_lsn() END::text, {_BLOCK}"
)

_marks: ContextVar[weakref.WeakKeyDictionary[object, list[float]] | None] = ContextVar("marks", default=None)


class Replica:
    """A replica: its pool, and what is known of it.

    Attributes:
        holds: all that was committed up to this moment.
        rests_until: it failed, and is not tried before.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.holds = float("-inf")
        self.rests_until = float("-inf")
        self.failures = 0


class Routes:
    """The pools of one database.

    Args:
        lag: seconds that a replica is held to be behind where it cannot tell.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        primary: Pool,
        replicas: Sequence[Pool] = (),
        *,
        lag: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.primary = primary
        self.replicas = tuple(map(Replica, replicas))
        self._turns = cycle(self.replicas)
        self._lag = lag
        self._clock = clock
        self._written = float("-inf")  # by any context of this process
        self._positions: deque[tuple[float, int]] = deque(maxlen=_POSITIONS_KEPT)
        self._asked = float("-inf")
        self._can_tell = True
        self._write_after_all: set[str] = set()

    def lease(
        self,
        *,
        primary: bool,
        prepare: Callable[[Connection], None] | None = None,
    ) -> Lease:
        """A connection, prepared.

        The primary takes the place of a replica that fails, which is rested, or whose pool is all in use.
        """
        if not primary and self.replicas:
            replica = self._reader()
            if replica is not None:
                try:
                    return _prepared(replica.pool, prepare)
                except Transient:
                    self._rest(replica)
                except PoolTimeout:
                    pass  # it works, and has more to do than its pool allows
        return _prepared(self.primary, prepare)

    def release(self, lease: Lease) -> None:
        """Give a connection back, in whatever state it is."""
        lease.pool.release(lease)

    def noticed(self, lease: Lease, error: AccessError) -> None:
        """Draw the conclusions from what `lease` met: about its server, and about its replica."""
        lease.pool.noticed(lease, error)
        if isinstance(error, ConnectionLost | ConnectionFailed):
            for replica in self.replicas:
                if replica.pool is lease.pool:
                    self._rest(replica)

    def reads_only(self, statement: Statement) -> bool:
        """Whether a replica may be asked for it."""
        return not statement.writes and statement.trusted and statement.text not in self._write_after_all

    def writes_after_all(self, statement: Statement) -> None:
        """It was taken for reading (a function in it writes): let it go to the primary from now on."""
        self._write_after_all.add(statement.text)

    def wrote(self) -> None:
        """This context has changed something just now."""
        if self.replicas:
            self._mark()[0] = self._written = self._clock()

    def _mark(self) -> list[float]:
        marks = _marks.get()
        if marks is None:
            marks = weakref.WeakKeyDictionary()
            _marks.set(marks)
        return marks.setdefault(self, [self._written])

    def _reader(self) -> Replica | None:
        """A replica that holds what this context wrote; None where there is none."""
        now, mark = self._clock(), self._mark()[0]
        found = self._fresh(mark, now)
        if found is None and now - self._asked >= _ASK_EVERY:
            self._asked = now
            self._ask(now)
            found = self._fresh(mark, now)
        return found

    def _fresh(self, mark: float, now: float) -> Replica | None:
        for _ in self.replicas:
            replica = next(self._turns)
            if replica.rests_until <= now and replica.holds >= mark:
                return replica
        return None

    def _ask(self, now: float) -> None:
        """Learn how far the replicas have come."""
        if self._can_tell:
            try:
                self._positions.append((now, _asked(self.primary, _WRITTEN)))
            except (StatementFailed, SchemaMismatch):
                self._can_tell = False
            except AccessError:
                return  # the primary itself is in trouble, which the read will meet
        for replica in self.replicas:
            if replica.rests_until <= now:
                self._look_at(replica, now)

    def _look_at(self, replica: Replica, now: float) -> None:
        try:
            if self._can_tell:
                replayed = _asked(replica.pool, _REPLAYED)
                caught_up = (at for at, written in self._positions if written <= replayed)
                replica.holds = max(caught_up, default=replica.holds)
        except (StatementFailed, SchemaMismatch):
            self._can_tell = False
        except Transient:
            self._rest(replica)
            return
        except AccessError:
            return
        if not self._can_tell:
            replica.holds = now - self._lag
        replica.failures = 0

    def _rest(self, replica: Replica) -> None:
        replica.rests_until = self._clock() + min(_REST * 2**replica.failures, _LONGEST_REST)
        replica.failures = min(replica.failures + 1, 10)
        replica.holds = float("-inf")  # it may come back as another one


def named_pools(routes: Routes) -> Callable[[], Iterator[tuple[str, PoolMetrics]]]:
    """The metrics of each pool by its name, for as long as `routes` lives."""
    weak = weakref.ref(routes)

    def pools() -> Iterator[tuple[str, PoolMetrics]]:
        found = weak()
        if found is not None:
            yield "primary", found.primary.metrics()
            for number, replica in enumerate(found.replicas, 1):
                yield f"replica {number}", replica.pool.metrics()

    return pools


def _prepared(pool: Pool, prepare: Callable[[Connection], None] | None) -> Lease:
    lease = pool.acquire()
    if prepare is None:
        return lease
    try:
        prepare(lease.connection)
    except BaseException as error:
        if isinstance(error, AccessError):
            pool.noticed(lease, error)
        pool.release(lease)
        raise
    return lease


def _asked(pool: Pool, statement: Statement) -> int:
    """A position in the log, as a number of bytes."""
    lease = pool.acquire()
    try:
        ((text, block),) = (lease.connection.run(statement, ())).rows
    except AccessError as error:
        pool.noticed(lease, error)
        raise
    finally:
        pool.release(lease)
    return position(text, block)


def position(text: str, block: int) -> int:
    """A position such as `16/B374D848` as a number of bytes.

    Right behind the header of a page it counts as that page's start: the next record will begin there, while
    a replica that has replayed the one before tells where that one ended.
    """
    high, _, low = text.partition("/")
    found = (int(high, 16) << 32) | int(low, 16)
    within = found % block
    return found - within if within in _PAGE_HEADERS else found
