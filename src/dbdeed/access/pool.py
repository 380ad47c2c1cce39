"""A pool of connections: fair, bounded, and safe under cancellation.

Handing out and taking back never wait, so that no cancellation can come between: a caller asks for a turn,
and is granted a connection, or the right to open one. Whatever happens to it afterwards, exactly one of
`release` or `_give_up` follows. A connection comes back ready or is closed; one whose session changed is
reset before its next use, by whoever uses it next.

`take` and `release` are the path of every call. They hold no mutex: a deque's `append` and `pop` are atomic,
and `release` looks for waiters after its `append`, as a waiter looks for idle connections after it queued.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from contextlib import suppress
from random import random
from typing import TYPE_CHECKING
from weakref import WeakSet

from dbdeed.access.errors import AccessError, PoolClosed, PoolTimeout, PrimaryLost, Transient, server_ends
from dbdeed.access.pool_metrics import PoolMetrics, Reason
from dbdeed.access.waiting import Patience, Ticker, Waiter, caller, caller_name, mutex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.access.connection import Connection, Connector
    from dbdeed.access.settings import PoolSettings
    from dbdeed.access.statements import Statement

# To look whether the other end is still there is a system call. What only reads is done again where it was
# not, so there it is made only where the connection was idle for some time.
_TRUSTED_FOR = 1.0
_TEXT_SHOWN = 60
_LONGEST_PAUSE = 30.0  # seconds between two tries to open what is missing


# A process that forks shares its connections' sockets with its child: two would talk on one. The child begins
# with empty pools, and keeps what it was left without touching it: even closing would be heard by the server.
_pools: WeakSet[Pool] = WeakSet()
_left_to_parent: list[Lease] = []


def _forked() -> None:
    for pool in _pools:
        _left_to_parent.extend(pool.forget())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class Lease:
    """A connection, and who has it since when.

    Attributes:
        pool: where it goes back to.
        expires: when it is too old, by the pool's clock.
        holder: the task or thread that has it; None while it is idle.
        since: when it was handed out last.
        doing: the last statement of its holder.
        doomed: why it is not to be used again, or "".
    """

    __slots__ = ("connection", "doing", "doomed", "expires", "holder", "pool", "since")

    def __init__(self, pool: Pool, connection: Connection, expires: float, now: float) -> None:
        self.pool = pool
        self.connection = connection
        self.expires = expires
        self.holder: object = None
        self.since = now
        self.doing: Statement | None = None
        self.doomed: Reason | None = None


class Pool:
    """Connections to one database.

    Args:
        clock: seconds, monotonic.
        chance: a random number from 0 to 1, for spreading lifetimes.
    """

    def __init__(
        self,
        connector: Connector,
        settings: PoolSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random,
    ) -> None:
        self._connector = connector
        self._settings = settings
        self._always_reset = settings.reset == "always"
        self._clock = clock
        self._chance = chance
        self._mutex = mutex()
        self._idle: deque[Lease] = deque()  # the longest idle first
        self._leases: set[Lease] = set()  # idle and in use
        self._size = 0  # idle, in use and being opened
        self._waiters: deque[Waiter[Lease | None]] = deque()
        self._patience = Patience(settings.acquire_timeout)
        self._drained: Waiter[None] | None = None
        limits = [one for one in (settings.idle_timeout, settings.lifetime) if one is not None]
        self._every = max(min(limits) / 2, 0.05) if limits else None
        self._ticker: Ticker | None = None
        # A file is opened in no time, and a thread that did it would cost each call more.
        self._refills = settings.min > 0 and connector.dialect != "sqlite"
        self._failures = 0  # in a row, of opening what is missing
        self._closed = True
        self._why_closed = "the database is not open: use `async with database:`, and not after its end"
        self.acquired = 0
        self._waits = self._timeouts = self._opened = 0
        self._wait_seconds = 0.0
        self._dropped: Counter[Reason] = Counter()
        _pools.add(self)

    def __repr__(self) -> str:
        idle = len(self._idle)
        return f"<Pool {self._size} of {self._settings.max}: {idle} idle, {self._size - idle} in use>"

    def metrics(self) -> PoolMetrics:
        """How it is now, and what it did since it was opened."""
        with self._mutex:
            idle = len(self._idle)
            return PoolMetrics(
                max=self._settings.max,
                size=self._size,
                idle=idle,
                in_use=self._size - idle,
                waiting=len(self._waiters),
                acquired=self.acquired,
                waits=self._waits,
                wait_seconds=self._wait_seconds,
                timeouts=self._timeouts,
                opened=self._opened,
                dropped=dict(self._dropped),
            )

    async def open(self) -> None:
        """Open the first `min` connections; a wrong address or password shows here."""
        self._closed = False
        leases: list[Lease] = []
        try:
            for _ in range(self._settings.min):
                leases.append(await self.acquire())  # noqa: PERF401 - what was opened is kept if the next fails
        except BaseException:
            await self.close(0)
            raise
        finally:
            for lease in leases:
                self.release(lease)
        if self._every is not None:
            self._ticker = Ticker(self._every, self._keep)

    async def close(self, within: float = 10.0) -> None:
        """Give out no more, and wait up to `within` seconds for those in use.

        Whatever is in use even then is closed when it is given back: closing it under its user's hands is not
        safe in a driver. A pool is not opened a second time.
        """
        with self._mutex:
            self._closed = True
            while self._waiters:
                self._size += self._waiters.popleft().grant(None)  # it finds the pool closed, and gives up
            self._drop_idle("closed")
            drained: Waiter[None] | None = Waiter() if self._size else None
            self._drained = drained
        if self._ticker is not None:
            self._ticker.stop()
        if drained is not None and within > 0:
            with suppress(TimeoutError):
                await drained.wait(within)

    def take(self, careful: bool) -> Lease | None:
        """An idle connection that needs nothing before its use; None where `acquire` must be asked.

        Args:
            careful: look whether the other end is still there even where it was used just now, for what
                cannot be done again.
        """
        if self._waiters:
            return None
        try:
            lease = self._idle.pop()
        except IndexError:
            return None
        now = self._clock()
        connection = lease.connection
        if (  # as `_fits`, without a frame
            now >= lease.expires
            or lease.doomed is not None
            or self._always_reset
            or connection.changed
            or ((careful or now - lease.since > _TRUSTED_FOR) and not connection.alive())
        ):
            self._put_back(lease)
            return None
        lease.holder = caller()
        lease.since = now
        self.acquired += 1
        return lease

    async def acquire(self, *, careful: bool = True) -> Lease:
        """A connection that is ready, oldest request first.

        Args:
            careful: as for `take`.

        Raises:
            PoolTimeout: none was free in time.
            PoolClosed: the pool is closed.
            ConnectionFailed: a new one was needed and could not be opened.
        """
        lease = self.take(careful)
        if lease is not None:
            return lease
        lease = await self._turn()
        try:
            if lease is not None and not self._fits(lease, self._clock(), careful=careful):
                unfit = await self._unfit(lease)
                if unfit is not None:
                    self._terminate(lease, unfit)
                    lease = None
                    if unfit == "dead":
                        self._drop_dead()
            if lease is None:
                lease = await self._open_one()
        except BaseException:
            if lease is not None:
                self._terminate(lease, "reset")
            self._give_up()
            raise
        lease.holder = caller()
        lease.since = self._clock()
        self.acquired += 1
        return lease

    def release(self, lease: Lease) -> None:
        """Give a connection back, in whatever state it is. Waits for nothing."""
        lease.holder = lease.doing = None
        if lease.doomed is None and lease.connection.ready():
            self._idle.append(lease)
            if self._waiters or self._closed:
                self._settle()
        else:
            with self._mutex:
                self._drop(lease, lease.doomed or "unready")

    def give_back(self, lease: Lease) -> None:
        """Give back a connection that is ready without asking it.

        So it is after a generated statement that succeeded outside of transactions.
        """
        if lease.doomed is not None:
            self.release(lease)
            return
        lease.holder = lease.doing = None
        self._idle.append(lease)
        if self._waiters or self._closed:
            self._settle()

    def noticed(self, lease: Lease, error: AccessError) -> None:
        """A server that ended, by what `lease` met there, takes its idle connections along."""
        if not server_ends(error):
            return
        lease.doomed = "failover"
        server = lease.connection.server
        with self._mutex:
            for other in [one for one in self._idle if one.connection.server == server]:
                with suppress(ValueError):  # taken in the meantime
                    self._idle.remove(other)
                    self._drop(other, "failover")
            if isinstance(error, PrimaryLost):
                for other in self._leases:
                    if other.connection.server == server:
                        other.doomed = "failover"

    def forget(self) -> set[Lease]:
        """Begin anew in a process that was forked off; gives what belongs to its parent.

        SQLite keeps what it knows of a file for the whole process, and a child's would be wrong.
        """
        if self._connector.dialect == "sqlite":
            self._closed = True
            self._why_closed = (
                "a SQLite database that is open does not survive a fork: open it in each process"
            )
        left, self._leases = self._leases, set()
        self._mutex = mutex()  # a thread that is not here may have held it
        self._ticker = None  # its thread is not here either
        self._idle.clear()
        self._waiters.clear()
        self._size = 0
        return left

    def _put_back(self, lease: Lease) -> None:
        with self._mutex:
            self._pass_on(lease)

    def _settle(self) -> None:
        """Bring those who wait and those who are idle together; empty a pool that is closed."""
        with self._mutex:
            if self._closed:
                self._drop_idle("closed")
            while self._waiters and self._idle:
                self._pass_on(self._idle.popleft())

    async def _turn(self) -> Lease | None:
        """An idle connection, or None: the right to open one."""
        with self._mutex:
            if self._closed:
                raise PoolClosed(self._why_closed)
            if not self._waiters:
                with suppress(IndexError):
                    return self._idle.pop()
                if self._size < self._settings.max:
                    self._size += 1
                    return None
            waiter: Waiter[Lease | None] = Waiter()
            self._waiters.append(waiter)
            self._waits += 1
        if self._idle:
            self._settle()
        start = self._clock()
        try:
            return await self._patience.wait(waiter)
        except BaseException as error:
            message = self._who_holds() if isinstance(error, TimeoutError) else ""
            self._leave(waiter)
            if message:
                self._timeouts += 1
                raise PoolTimeout(message) from None
            raise
        finally:
            self._wait_seconds += self._clock() - start

    def _leave(self, waiter: Waiter[Lease | None]) -> None:
        """A waiter goes; what it was granted in the same moment goes to the next one."""
        with self._mutex:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            for lease in waiter.granted():
                if lease is None:
                    self._free_place()
                elif self._closed:
                    self._drop(lease, "closed")
                else:
                    self._pass_on(lease)

    def _fits(self, lease: Lease, now: float, *, careful: bool) -> bool:
        """Whether it can be used as it is."""
        return not (
            now >= lease.expires
            or lease.doomed is not None
            or self._always_reset
            or lease.connection.changed
            or ((careful or now - lease.since > _TRUSTED_FOR) and not lease.connection.alive())
        )

    async def _unfit(self, lease: Lease) -> Reason | None:
        """Why it cannot be used, once all was tried to make it so."""
        connection = lease.connection
        if lease.doomed is not None:
            return lease.doomed
        if self._clock() >= lease.expires:
            return "lifetime"
        if not connection.alive():
            return "dead"
        if not connection.changed and not self._always_reset:
            return None
        try:
            return None if await connection.reset() else "reset"
        except Transient:  # it went in the meantime
            return "reset"

    async def _open_one(self) -> Lease:
        if self._closed:
            raise PoolClosed("the database was closed while waiting for a connection")
        connection = await self._connector.connect()
        self._opened += 1
        lifetime = self._settings.lifetime
        age = float("inf") if lifetime is None else lifetime * (1 - 0.1 * self._chance())
        now = self._clock()
        lease = Lease(self, connection, now + age, now)
        with self._mutex:
            self._leases.add(lease)
        return lease

    def _give_up(self) -> None:
        with self._mutex:
            self._free_place()
            self._hurry()

    def _pass_on(self, lease: Lease) -> None:
        while self._waiters:
            if self._waiters.popleft().grant(lease):
                return
        self._idle.append(lease)

    def _terminate(self, lease: Lease, why: Reason) -> None:
        with self._mutex:
            self._leases.discard(lease)
            self._dropped[why] += 1
        lease.connection.terminate()

    def _drop(self, lease: Lease, why: Reason) -> None:
        self._leases.discard(lease)
        self._dropped[why] += 1
        lease.connection.terminate()
        self._free_place()
        self._hurry()

    def _drop_idle(self, why: Reason) -> None:
        while self._idle:
            self._drop(self._idle.popleft(), why)

    def _drop_dead(self) -> None:
        """Where one went unnoticed, others may have: a server that is gone takes all along."""
        with self._mutex:
            for lease in [one for one in self._idle if not one.connection.alive()]:
                with suppress(ValueError):  # taken in the meantime
                    self._idle.remove(lease)
                    self._drop(lease, "dead")

    def _free_place(self) -> None:
        """One connection less; the first who waits may open another."""
        while self._waiters:
            if self._waiters.popleft().grant(None):
                return
        self._size -= 1
        if self._drained is not None and self._size == 0:
            self._drained.grant(None)

    def _hurry(self) -> None:
        """Where some are missing to `min`, have them opened soon, so that no caller has to wait for it."""
        if self._refills and self._size < self._settings.min and not self._closed:
            if self._ticker is None:
                self._ticker = Ticker(self._pause(), self._keep)
            else:
                self._ticker.hurry(self._pause())

    def _pause(self) -> float:
        """Seconds until another try to open what is missing."""
        return min(2 ** (self._failures - 1), _LONGEST_PAUSE) if self._failures else 0.0

    async def _keep(self) -> float:
        """Close what is gone, old or unused, and open what is missing to `min`; when to do it again."""
        self._drop_dead()  # what lies lowest may not be used, and so not be looked at, for long
        self._close_idle()
        while self._refills:
            with self._mutex:
                if self._closed or self._size >= self._settings.min:
                    break
                self._size += 1
            try:
                lease = await self._open_one()
            except BaseException as error:
                self._failures += 1  # before the place is free: who is refused does not try at once
                self._give_up()
                if not isinstance(error, AccessError):
                    raise
                return self._pause()
            self._failures = 0
            self.release(lease)
        return self._every or _LONGEST_PAUSE

    def _close_idle(self) -> None:
        """Close what is old, and what is more than `min` and unused."""
        now, limit = self._clock(), self._settings.idle_timeout
        with self._mutex:
            for lease in [*self._idle]:
                unused = limit is not None and now - lease.since >= limit and self._size > self._settings.min
                if unused or now >= lease.expires:
                    with suppress(ValueError):  # taken in the meantime
                        self._idle.remove(lease)
                        self._drop(lease, "idle" if unused else "lifetime")

    def _who_holds(self) -> str:
        now = self._clock()
        with self._mutex:
            waiting = len(self._waiters)
            lent = sorted((one for one in self._leases if one.holder is not None), key=lambda one: one.since)
            opening = self._size - len(self._leases)
        holders = ", ".join(
            f"{caller_name(one.holder)} for {now - one.since:.1f} s{_doing(one)}" for one in lent[:5]
        )
        more = f" and {len(lent) - 5} more" if len(lent) > 5 else ""
        opened = f", {opening} being opened" if opening else ""
        return (
            f"no connection was free within {self._settings.acquire_timeout:g} s: "
            f"{len(lent)} of {self._settings.max} in use (by {holders or 'none'}{more}){opened}, "
            f"{waiting} waiting"
        )


def _doing(lease: Lease) -> str:
    statement = lease.doing
    if statement is None:
        return ""
    text = " ".join(statement.text.split())
    return f" ({text[:_TEXT_SHOWN]}…)" if len(text) > _TEXT_SHOWN else f" ({text})"
