"""The pool by itself, over connections that only remember what was done to them."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed.access.errors import ConnectionFailed, ConnectionLost, PoolClosed, PoolTimeout
from dbdeed.access.pool import Pool
from dbdeed.access.settings import PoolSettings
from dbdeed.access.sync.pool import Pool as SyncPool

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


class Line:
    """A connection: whether it is open, in use, and how often it was reset."""

    changed = False
    server = "here"

    def __init__(self, made: Maker) -> None:
        self.made = made
        self.closed = self.dead = self.busy = False
        self.resets = 0

    def ready(self) -> bool:
        return not (self.closed or self.busy)

    def alive(self) -> bool:
        return not (self.closed or self.dead)

    async def reset(self) -> bool:
        await asyncio.sleep(0)
        self.resets += 1
        self.changed = False
        if self.made.reset_fails:
            raise ConnectionLost("gone")
        return True

    def terminate(self) -> None:
        if not self.closed:
            self.made.open -= 1
        self.closed = True


class Maker:
    """Opens lines, and counts those that are open."""

    dialect = database = "test"

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay
        self.open = self.most = 0
        self.fails = self.reset_fails = False
        self.lines: list[Line] = []

    async def connect(self) -> Any:
        await asyncio.sleep(self.delay)
        if self.fails:
            raise ConnectionFailed("no")
        self.open += 1
        self.most = max(self.most, self.open)
        self.lines.append(Line(self))
        return self.lines[-1]


class SyncMaker(Maker):
    def connect(self) -> Any:
        if self.fails:
            raise ConnectionFailed("no")
        self.open += 1
        self.most = max(self.most, self.open)
        self.lines.append(Line(self))
        return self.lines[-1]


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def once() -> None:
        asyncio.run(test())

    once.__name__ = test.__name__
    return once


@run
async def test_min_is_opened_and_max_is_never_passed() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=2, max=4))
    await pool.open()
    assert maker.open == 2

    async def use() -> None:
        lease = await pool.acquire()
        await asyncio.sleep(0.001)
        pool.release(lease)

    await asyncio.gather(*(use() for _ in range(50)))
    assert maker.most == 4
    await pool.close()
    assert maker.open == 0


@run
async def test_who_asks_first_is_served_first() -> None:
    pool = Pool(Maker(), PoolSettings(min=0, max=1))
    await pool.open()
    first = await pool.acquire()
    order: list[int] = []

    async def use(number: int) -> None:
        lease = await pool.acquire()
        order.append(number)
        await asyncio.sleep(0)
        pool.release(lease)

    tasks = []
    for number in range(20):
        tasks.append(asyncio.create_task(use(number)))
        await asyncio.sleep(0)
    pool.release(first)
    await asyncio.gather(*tasks)
    assert order == list(range(20))
    await pool.close()


@run
async def test_a_timeout_says_who_holds_what() -> None:
    pool = Pool(Maker(), PoolSettings(min=0, max=1, acquire_timeout=0.01))
    await pool.open()

    async def hold() -> Any:
        return await pool.acquire()

    lease = await asyncio.create_task(hold(), name="the greedy one")
    with pytest.raises(PoolTimeout, match=r"1 of 1 in use \(by task 'the greedy one' for 0\.\d s\)"):
        await pool.acquire()
    pool.release(lease)
    pool.release(await pool.acquire())
    await pool.close()


@run
async def test_a_connection_comes_back_clean_or_not_at_all() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=1))
    await pool.open()
    lease = await pool.acquire()
    line = maker.lines[0]
    line.changed = True
    pool.release(lease)
    pool.release(await pool.acquire())
    assert (line.resets, len(maker.lines)) == (1, 1)
    lease = await pool.acquire()
    line.busy = True  # in a transaction, or a query under way
    pool.release(lease)
    assert line.closed
    lease = await pool.acquire()
    assert len(maker.lines) == 2
    pool.release(lease)
    maker.lines[1].dead = True  # killed while nobody looked
    pool.release(await pool.acquire())
    assert len(maker.lines) == 3
    maker.lines[2].changed = maker.reset_fails = True
    pool.release(await pool.acquire())
    assert (len(maker.lines), maker.open) == (4, 1)
    await pool.close()


@run
async def test_reset_always_where_asked() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=1, reset="always"))
    await pool.open()
    for _ in range(3):
        pool.release(await pool.acquire())
    assert maker.lines[0].resets == 2
    await pool.close()


@run
async def test_old_and_idle_connections_are_replaced() -> None:
    now = [0.0]
    maker = Maker()
    settings = PoolSettings(min=1, max=3, lifetime=100, idle_timeout=10)
    pool = Pool(maker, settings, clock=lambda: now[0], chance=lambda: 0.5)
    await pool.open()
    leases = [await pool.acquire() for _ in range(3)]
    for lease in leases:
        pool.release(lease)
    now[0] = 9.0
    pool._close_idle()
    assert maker.open == 3
    now[0] = 11.0
    pool._close_idle()
    assert maker.open == 1  # `min` stays
    now[0] = 94.0
    pool.release(await pool.acquire())
    assert len(maker.lines) == 3
    now[0] = 95.0  # a lifetime less its random part
    pool.release(await pool.acquire())
    assert (len(maker.lines), maker.open) == (4, 1)
    await pool.close()


@run
async def test_a_failed_connect_gives_its_place_back() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=1))
    await pool.open()
    maker.fails = True
    for _ in range(5):
        with pytest.raises(ConnectionFailed):
            await pool.acquire()
    maker.fails = False
    pool.release(await pool.acquire())
    await pool.close()


@run
async def test_opening_fails_whole() -> None:
    maker = Maker()
    maker.fails = True
    pool = Pool(maker, PoolSettings(min=2, max=4))
    with pytest.raises(ConnectionFailed):
        await pool.open()
    with pytest.raises(PoolClosed):
        await pool.acquire()


@run
async def test_close_waits_for_those_in_use_and_refuses_others() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=1))
    await pool.open()
    lease = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close(5))
    with pytest.raises(PoolClosed):
        await waiting
    with pytest.raises(PoolClosed):
        await pool.acquire()
    assert not closing.done()
    pool.release(lease)
    await closing
    assert maker.open == 0


@run
async def test_close_leaves_what_is_in_use_to_its_user() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=1))
    await pool.open()
    lease = await pool.acquire()
    await pool.close(0.01)
    assert maker.open == 1
    pool.release(lease)
    assert maker.open == 0


@run
async def test_random_cancellation_leaks_nothing() -> None:
    chance = random.Random(7)
    maker = Maker(delay=0.0005)
    pool = Pool(maker, PoolSettings(min=0, max=3, acquire_timeout=5))
    await pool.open()

    async def use() -> None:
        lease = await pool.acquire()
        try:
            await asyncio.sleep(chance.random() / 500)
            lease.connection.changed = chance.random() < 0.3  # type: ignore[misc]
            lease.connection.busy = chance.random() < 0.1  # type: ignore[attr-defined]
        finally:
            pool.release(lease)

    async def cancelled() -> None:
        task = asyncio.create_task(use())
        await asyncio.sleep(chance.random() / 300)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    for _ in range(20):
        await asyncio.gather(*(cancelled() for _ in range(25)))
    assert maker.most <= 3
    assert pool._size == maker.open == len(pool._idle)
    assert pool.metrics().in_use == 0
    assert not pool._waiters
    leases = [await asyncio.wait_for(pool.acquire(), 1) for _ in range(3)]
    for lease in leases:
        pool.release(lease)
    await pool.close()
    assert maker.open == 0


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.005)


def lost(maker: Maker) -> None:
    """The server closes every connection."""
    for line in maker.lines:
        line.dead = True


@run
async def test_what_is_lost_is_opened_again_up_to_min() -> None:
    maker = Maker(delay=0.001)
    pool = Pool(maker, PoolSettings(min=3, max=5))
    await pool.open()
    lost(maker)
    pool.release(await pool.acquire())  # it finds one dead, and with it all
    await until(lambda: maker.open == 3)
    metrics = pool.metrics()
    assert (metrics.size, metrics.idle, metrics.opened, metrics.dropped) == (3, 3, 6, {"dead": 3})
    leases = [await pool.acquire() for _ in range(5)]
    for lease in leases:
        lease.connection.busy = True  # type: ignore[attr-defined]
        pool.release(lease)
    await until(lambda: maker.open == 3)
    assert maker.most <= 5
    await pool.close()
    assert (maker.open, pool.metrics().size) == (0, 0)


@run
async def test_what_dies_unused_is_found_without_a_use() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=3, idle_timeout=0.1))
    await pool.open()
    leases = [await pool.acquire() for _ in range(3)]
    for lease in leases:
        pool.release(lease)
    maker.lines[0].dead = True
    await until(lambda: pool.metrics().dropped.get("dead") == 1)
    await until(lambda: maker.open == 0)  # the others were idle for too long
    assert pool.metrics().dropped == {"dead": 1, "idle": 2}
    await pool.close()


@run
async def test_what_cannot_be_opened_again_is_tried_later() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=2, max=2))
    await pool.open()
    maker.fails = True
    lost(maker)
    for _ in range(20):
        with pytest.raises(ConnectionFailed):
            await pool.acquire()
    await asyncio.sleep(0.05)
    assert (pool._failures, pool.metrics().size, maker.open) == (1, 0, 0)  # none of the others made it try
    maker.fails = False
    await until(lambda: maker.open == 2)
    assert pool._failures == 0
    await pool.close()


@run
async def test_a_pool_that_is_closed_while_it_opens_what_is_missing_leaves_nothing() -> None:
    maker = Maker(delay=0.05)
    pool = Pool(maker, PoolSettings(min=2, max=2))
    await pool.open()
    lease = await pool.acquire()
    lease.connection.busy = True  # type: ignore[attr-defined]
    pool.release(lease)
    await asyncio.sleep(0.01)
    assert pool.metrics().size == 2  # one of them is under way
    await pool.close()
    await asyncio.sleep(0.1)
    assert (maker.open, pool.metrics().size) == (0, 0)


def test_threads_get_what_is_lost_again_too() -> None:
    async def main() -> None:
        maker = SyncMaker()
        pool = SyncPool(maker, PoolSettings(min=3, max=3))
        pool.open()
        maker.fails = True
        lost(maker)
        with pytest.raises(ConnectionFailed):
            pool.acquire()
        await until(lambda: pool._failures)
        assert maker.open == 0
        maker.fails = False
        await until(lambda: pool.metrics().idle == 3)
        lost(maker)
        pool.release(pool.acquire())
        await until(lambda: pool.metrics().idle == 3)
        pool.close()
        assert (maker.open, pool.metrics().size) == (0, 0)

    asyncio.run(main())


def test_threads_share_a_pool() -> None:
    maker = SyncMaker()
    pool = SyncPool(maker, PoolSettings(min=1, max=3, idle_timeout=0.05))
    pool.open()
    together = [0, 0]
    guard = threading.Lock()

    def use() -> None:
        for _ in range(30):
            lease = pool.acquire()
            with guard:
                together[0] += 1
                together[1] = max(together)
            time.sleep(0.0001)
            with guard:
                together[0] -= 1
            pool.release(lease)

    threads = [threading.Thread(target=use) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together[1] <= 3
    assert maker.most <= 3
    pool.close()
    assert maker.open == 0


def test_a_thread_that_times_out_leaks_nothing() -> None:
    pool = SyncPool(SyncMaker(), PoolSettings(min=0, max=1, acquire_timeout=0.002))
    pool.open()
    outcomes: list[str] = []

    def use() -> None:
        for _ in range(40):
            try:
                lease = pool.acquire()
            except PoolTimeout:
                outcomes.append("timeout")
                continue
            time.sleep(0.002)
            outcomes.append("held")
            pool.release(lease)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"timeout", "held"} == set(outcomes)
    pool.release(pool.acquire())
    assert (pool._size, len(pool._idle), len(pool._waiters)) == (1, 1, 0)
    pool.close()


@run
async def test_taking_what_is_idle_costs_no_turn_and_asks_nobody() -> None:
    now = [0.0]
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=1, max=1, lifetime=None), clock=lambda: now[0])
    await pool.open()
    line = maker.lines[0]
    asked = 0

    def alive() -> bool:
        nonlocal asked
        asked += 1
        return True

    line.alive = alive  # type: ignore[method-assign]
    lease = pool.take(False)
    assert lease is not None
    assert pool.take(False) is None
    pool.release(lease)
    assert asked == 0
    now[0] = 1.5  # idle for longer than a second
    lease = pool.take(False)
    assert lease is not None
    pool.release(lease)
    assert asked == 1
    lease = pool.take(True)
    assert lease is not None
    pool.release(lease)
    assert asked == 2
    line.changed = True
    assert pool.take(False) is None
    assert pool.metrics().idle == 1
    await pool.close()


@run
async def test_who_waits_is_not_overtaken_by_who_takes() -> None:
    pool = Pool(Maker(), PoolSettings(min=0, max=1))
    await pool.open()
    lease = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    pool.release(lease)
    assert pool.take(False) is None
    pool.release(await waiting)
    await pool.close()


@run
async def test_a_timeout_says_what_is_being_done() -> None:
    from dbdeed.access.statements import Statement

    pool = Pool(Maker(), PoolSettings(min=0, max=1, acquire_timeout=0.01))
    await pool.open()
    lease = await pool.acquire()
    lease.doing = Statement(f"SELECT  a\n FROM b WHERE {'c AND ' * 20}")
    with pytest.raises(PoolTimeout, match=r"for 0\.0 s \(SELECT a FROM b WHERE c AND .*…\)\), 1 waiting"):
        await pool.acquire()
    pool.release(lease)
    await pool.close()


@run
async def test_metrics_count_what_happened() -> None:
    now = [0.0]
    maker = Maker()
    settings = PoolSettings(min=1, max=2, acquire_timeout=0.01, idle_timeout=10, lifetime=100)
    pool = Pool(maker, settings, clock=lambda: now[0], chance=lambda: 0.0)
    await pool.open()
    one, two = await pool.acquire(), await pool.acquire()
    found = pool.metrics()
    assert (found.max, found.size, found.idle, found.in_use, found.waiting) == (2, 2, 0, 2, 0)
    waiting = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    assert pool.metrics().waiting == 1
    with pytest.raises(PoolTimeout):
        await waiting
    pool.release(one)
    maker.lines[1].busy = True
    pool.release(two)
    now[0] = 100.0
    pool._close_idle()
    found = pool.metrics()
    assert (found.size, found.acquired, found.waits, found.timeouts, found.opened) == (0, 3, 1, 1, 2)
    assert found.dropped == {"unready": 1, "lifetime": 1}
    await pool.close()


@run
async def test_a_server_that_ended_takes_its_idle_connections_along() -> None:
    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=4))
    await pool.open()
    leases = [await pool.acquire() for _ in range(4)]
    maker.lines[3].server = "elsewhere"
    for lease in leases[2:]:
        pool.release(lease)
    pool.noticed(leases[0], ConnectionLost("one session only"))
    assert maker.open == 4
    pool.noticed(leases[0], ConnectionLost("shutting down", sqlstate="57P01"))
    assert [line.closed for line in maker.lines] == [False, False, True, False]
    pool.release(leases[0])
    pool.release(leases[1])
    assert [line.closed for line in maker.lines] == [True, False, True, False]
    assert pool.metrics().dropped == {"failover": 2}
    await pool.close()


@run
async def test_a_primary_that_became_read_only_is_left_for_good() -> None:
    from dbdeed.access.errors import ReadOnly, judged

    maker = Maker()
    pool = Pool(maker, PoolSettings(min=0, max=2))
    await pool.open()
    one, two = await pool.acquire(), await pool.acquire()
    refused = ReadOnly("cannot execute UPDATE in a read-only transaction", sqlstate="25006")
    assert judged(refused, read_only=True) is refused  # its own fault
    pool.noticed(one, judged(refused, read_only=False))
    pool.release(two)  # it was in use, and is on that server too
    pool.release(one)
    assert (maker.open, pool.metrics().dropped) == (0, {"failover": 2})
    await pool.close()
