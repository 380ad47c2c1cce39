"""A pool of connections: fair, bounded, and safe under cancellation.

Handing out and taking back never wait, so that no cancellation can come between: a caller asks for a turn,
and is granted a connection, or the right to open one. Whatever happens to it afterwards, exactly one of
`release` or `_give_up` follows. A connection comes back ready or is closed; one whose session changed is
reset before its next use, by whoever uses it next.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from random import random
from typing import TYPE_CHECKING

from dbdeed.access.errors import PoolClosed, PoolTimeout, Transient
from dbdeed.access.waiting import Ticker, Waiter, caller_name, mutex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.access.connection import Connection, Connector
    from dbdeed.access.settings import PoolSettings


class Lease:
    """A connection, and who has it since when."""

    __slots__ = ("connection", "expires", "holder", "since")

    def __init__(self, connection: Connection, expires: float) -> None:
        self.connection = connection
        self.expires = expires
        self.holder = ""
        self.since = 0.0


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
        self._clock = clock
        self._chance = chance
        self._mutex = mutex()
        self._idle: deque[Lease] = deque()  # the longest idle first
        self._lent: set[Lease] = set()
        self._size = 0  # idle, lent and being opened
        self._waiters: deque[Waiter[Lease | None]] = deque()
        self._drained: Waiter[None] | None = None
        self._ticker: Ticker | None = None
        self._closed = True

    def __repr__(self) -> str:
        return (
            f"<Pool {self._size} of {self._settings.max}: {len(self._idle)} idle, {len(self._lent)} in use>"
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
        if self._settings.idle_timeout is not None:
            self._ticker = Ticker(max(self._settings.idle_timeout / 2, 0.05), self._close_idle)

    async def close(self, within: float = 10.0) -> None:
        """Give out no more, and wait up to `within` seconds for those in use.

        Whatever is in use even then is closed when it is given back: closing it under its user's hands is not
        safe in a driver. A pool is not opened a second time.
        """
        with self._mutex:
            self._closed = True
            while self._waiters:
                self._size += self._waiters.popleft().grant(None)  # it finds the pool closed, and gives up
            while self._idle:
                self._drop(self._idle.popleft())
            drained: Waiter[None] | None = Waiter() if self._lent else None
            self._drained = drained
        if self._ticker is not None:
            self._ticker.stop()
        if drained is not None and within > 0:
            with suppress(TimeoutError):
                await drained.wait(within)

    async def acquire(self) -> Lease:
        """A connection that is ready, oldest request first.

        Raises:
            PoolTimeout: none was free in time.
            PoolClosed: the pool is closed.
            ConnectionFailed: a new one was needed and could not be opened.
        """
        lease = await self._turn()
        try:
            if lease is not None and not await self._fit(lease):
                lease.connection.terminate()
                lease = None
            if lease is None:
                lease = await self._open_one()
        except BaseException:
            if lease is not None:
                lease.connection.terminate()
            self._give_up()
            raise
        lease.holder = caller_name()
        lease.since = self._clock()
        with self._mutex:
            self._lent.add(lease)
        return lease

    def release(self, lease: Lease) -> None:
        """Give a connection back, in whatever state it is. Waits for nothing."""
        with self._mutex:
            self._lent.discard(lease)
            fit = lease.connection.ready() and not self._closed and self._clock() < lease.expires
            if fit:
                self._pass_on(lease)
            else:
                self._drop(lease)
            if self._drained is not None and not self._lent:
                self._drained.grant(None)

    async def _turn(self) -> Lease | None:
        """An idle connection, or None: the right to open one."""
        with self._mutex:
            if self._closed:
                raise PoolClosed(
                    "the database is not open: use `async with database:`, and not after its end"
                )
            if self._idle:
                return self._idle.pop()
            if self._size < self._settings.max:
                self._size += 1
                return None
            waiter: Waiter[Lease | None] = Waiter()
            self._waiters.append(waiter)
        try:
            return await waiter.wait(self._settings.acquire_timeout)
        except BaseException as error:
            self._leave(waiter)
            if isinstance(error, TimeoutError):
                raise PoolTimeout(self._who_holds()) from None
            raise

    def _leave(self, waiter: Waiter[Lease | None]) -> None:
        """A waiter goes; what it was granted in the same moment goes to the next one."""
        with self._mutex:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            for lease in waiter.granted():
                if lease is None:
                    self._free_place()
                elif self._closed:
                    self._drop(lease)
                else:
                    self._pass_on(lease)

    async def _fit(self, lease: Lease) -> bool:
        connection = lease.connection
        if self._clock() >= lease.expires or not connection.alive():
            return False
        if not connection.changed and self._settings.reset == "changed":
            return True
        try:
            return await connection.reset()
        except Transient:  # it went in the meantime
            return False

    async def _open_one(self) -> Lease:
        if self._closed:
            raise PoolClosed("the database was closed while waiting for a connection")
        connection = await self._connector.connect()
        lifetime = self._settings.lifetime
        age = float("inf") if lifetime is None else lifetime * (1 - 0.1 * self._chance())
        return Lease(connection, self._clock() + age)

    def _give_up(self) -> None:
        with self._mutex:
            self._free_place()

    def _pass_on(self, lease: Lease) -> None:
        while self._waiters:
            if self._waiters.popleft().grant(lease):
                return
        lease.since = self._clock()
        self._idle.append(lease)

    def _drop(self, lease: Lease) -> None:
        lease.connection.terminate()
        self._free_place()

    def _free_place(self) -> None:
        """One connection less; the first who waits may open another."""
        while self._waiters:
            if self._waiters.popleft().grant(None):
                return
        self._size -= 1

    def _close_idle(self) -> None:
        limit = self._settings.idle_timeout
        with self._mutex:
            while self._idle and limit is not None and self._size > self._settings.min:
                if self._clock() - self._idle[0].since < limit:
                    return
                self._drop(self._idle.popleft())

    def _who_holds(self) -> str:
        now = self._clock()
        with self._mutex:
            lent = sorted(self._lent, key=lambda lease: lease.since)
            waiting = len(self._waiters)
        holders = ", ".join(f"{lease.holder} for {now - lease.since:.1f} s" for lease in lent[:5])
        more = f" and {len(lent) - 5} more" if len(lent) > 5 else ""
        return (
            f"no connection was free within {self._settings.acquire_timeout:g} s: "
            f"{len(lent)} of {self._settings.max} in use (by {holders or 'none'}{more}), {waiting} waiting"
        )
