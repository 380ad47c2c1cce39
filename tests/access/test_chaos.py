"""Clients at work while their sessions are killed, their server restarts, and the wire between them breaks.

Whatever happens: no write is lost, doubled or done by half, each reply carries what was asked for, and at the
end the pool holds just the sessions that the server has.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
import time
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import conninfo
from tests.access.ledger import TABLE, Ledger, until
from tests.access.proxy import Proxy
from tests.access.servers import MAJORS, Own, admin, folder, sessions

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Callable

POOL = access.PoolSettings(min=2, max=6, acquire_timeout=20, statement_timeout=10)
RETRY = access.RetryPolicy(attempts=6, first=0.01, longest=0.3)
KILL_SOME = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dbdeed' "
    "AND datname = current_database() AND random() < 0.4"
)
WORLDS = pytest.mark.parametrize("world", ["async", "sync"])


def work(world: str, address: str, ledger: Ledger, disturb: Callable[[], None], seed: int) -> None:
    """Let eight clients work until `disturb` has ended, and then be at rest; then look at the pool."""
    if world == "async":
        asyncio.run(_tasks(address, ledger, disturb, seed))
    else:
        _threads(address, ledger, disturb, seed)


async def _tasks(address: str, ledger: Ledger, disturb: Callable[[], None], seed: int) -> None:
    async with access.Database(address, pool=POOL, retry=RETRY) as database:
        disturbing = asyncio.create_task(asyncio.to_thread(disturb))

        async def client(number: int) -> None:
            chance = random.Random(seed * 1000 + number)
            while not disturbing.done():
                await ledger.act(database, chance)
                await asyncio.sleep(0)

        await asyncio.gather(*(client(number) for number in range(8)))
        await disturbing
        for _ in range(POOL.max * 3):
            await asyncio.gather(*(ledger.act(database, random.Random(one)) for one in range(POOL.max)))
        # What was killed while it lay idle is found by its next user: all are used.
        async with AsyncExitStack() as all_at_once:
            for _ in range(POOL.max):
                await all_at_once.enter_async_context(database.transaction(read_only=True))
        await asyncio.to_thread(at_rest, address, database.metrics())


def _threads(address: str, ledger: Ledger, disturb: Callable[[], None], seed: int) -> None:
    with sync.Database(address, pool=POOL, retry=RETRY) as database:
        over = threading.Event()

        def client(number: int) -> None:
            chance = random.Random(seed * 1000 + number)
            while not over.is_set():
                ledger.act_sync(database, chance)

        threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        try:
            disturb()
        finally:
            over.set()
            for thread in threads:
                thread.join()
        for number in range(POOL.max * 6):
            ledger.act_sync(database, random.Random(number))
        with ExitStack() as all_at_once:
            for _ in range(POOL.max):
                all_at_once.enter_context(database.transaction(read_only=True))
        at_rest(address, database.metrics())


def at_rest(address: str, found: access.PoolMetrics) -> None:
    """No connection is held by nobody, and none is open that the pool does not know."""
    assert (found.in_use, found.waiting) == (0, 0)
    assert found.idle == found.size <= POOL.max
    if address.startswith("postgresql"):
        until(lambda: sessions(address) == found.size, why=lambda: f"{sessions(address)} sessions, {found}")
        open_still = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dbdeed' AND state <> 'idle'"
        )
        assert admin(address, open_still) == [(0,)]


def count_rows(address: str) -> list[tuple[Any, ...]]:
    if address.startswith("sqlite"):
        raw = sqlite3.connect(address.removeprefix("sqlite:///"))
        try:
            return raw.execute("SELECT id, part FROM ledger").fetchall()
        finally:
            raw.close()
    return admin(address, "SELECT id, part FROM ledger")


@pytest.fixture
def table(postgresql: str) -> str:
    admin(postgresql, TABLE)
    return postgresql


@WORLDS
def test_sessions_are_killed(table: str, world: str) -> None:
    ledger = Ledger(table)

    def kill() -> None:
        for _ in range(40):
            time.sleep(0.05)
            admin(table, KILL_SOME)

    work(world, table, ledger, kill, 1)
    ledger.audit(count_rows(table))
    assert len(ledger.done) > 100
    assert ledger.errors["OutcomeUnknown"] > 0  # some were hit in the middle


@WORLDS
@pytest.mark.parametrize("major", MAJORS)
def test_the_server_restarts(major: int, world: str) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Own(major, folder(stack), "data", {"fsync": "on"}))
        server.make()
        server.start()
        admin(server.address, TABLE)
        ledger = Ledger(server.address)

        def restart() -> None:
            for end in (server.stop, server.shut_down):
                time.sleep(0.4)
                end()
                server.start()
            time.sleep(0.4)

        work(world, server.address, ledger, restart, 2)
        ledger.audit(count_rows(server.address))
        assert len(ledger.done) > 50


@WORLDS
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 8))])
def test_the_wire_breaks(table: str, world: str, seed: int) -> None:
    parts = conninfo.conninfo_to_dict(table)
    chance = random.Random(seed)
    with Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port', 5432)}", chance) as proxy:
        changed = {
            **parts,
            "host": "127.0.0.1",
            "port": proxy.port,
            "sslmode": "disable",
            "gssencmode": "disable",
        }
        ledger = Ledger(table)

        def wait() -> None:
            time.sleep(4)
            proxy.calm = True
            proxy.drop_all()

        # libpq's own form of an address; `sessions` and `admin` go through the calm wire by then.
        work(world, conninfo.make_conninfo("", **changed), ledger, wait, seed)
        until(lambda: sessions(table) == 0)
        ledger.audit(count_rows(table))
        assert len(ledger.done) > 50
        assert all(proxy.met[fault] for fault in ("cut", "reset", "deaf", "mute", "crumble"))


@pytest.mark.parametrize("number", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_calls_are_cancelled_at_random(address: str, number: int) -> None:
    with sync.Database(address) as database:
        database.execute(TABLE)
    ledger = Ledger(address)
    cancelled = 0

    async def drive() -> None:
        nonlocal cancelled
        chance = random.Random(number)
        async with access.Database(address, pool=POOL, retry=RETRY) as database:

            async def client() -> None:
                nonlocal cancelled
                task = asyncio.create_task(ledger.act(database, chance))
                await asyncio.sleep(chance.random() ** 3 / 50)
                task.cancel()
                (outcome,) = await asyncio.gather(task, return_exceptions=True)
                cancelled += isinstance(outcome, asyncio.CancelledError)

            for _ in range(number // 20):
                await asyncio.gather(*(client() for _ in range(20)))
            for _ in range(20):
                await asyncio.gather(*(ledger.act(database, chance) for _ in range(POOL.max)))
            await asyncio.to_thread(at_rest, address, database.metrics())

    asyncio.run(drive())
    ledger.audit(count_rows(address))
    assert cancelled > number / 20
    assert set(ledger.errors) <= {"CancelledError"}


@WORLDS
def test_more_clients_than_connections(address: str, world: str) -> None:
    """Some wait in vain, which is said, and whoever was served was served right."""
    with sync.Database(address) as database:
        database.execute(TABLE)
    ledger = Ledger(address)
    pool = access.PoolSettings(min=1, max=2, acquire_timeout=0.25)
    said: list[str] = []

    async def tasks() -> access.PoolMetrics:
        async with access.Database(address, pool=pool, retry=RETRY) as database:

            async def hold() -> None:
                try:
                    async with database.transaction(read_only=True):
                        await asyncio.sleep(0.1)
                except access.PoolTimeout as error:
                    said.append(str(error))

            chance = random.Random(5)
            await asyncio.gather(
                *(hold() for _ in range(20)), *(ledger.act(database, chance) for _ in range(60))
            )
            return database.metrics()

    def threads() -> access.PoolMetrics:
        with sync.Database(address, pool=pool, retry=RETRY) as database:

            def hold() -> None:
                try:
                    with database.transaction(read_only=True):
                        time.sleep(0.1)
                except access.PoolTimeout as error:
                    said.append(str(error))

            chance = random.Random(5)
            running = [threading.Thread(target=hold) for _ in range(20)]
            running += [threading.Thread(target=ledger.act_sync, args=(database, chance)) for _ in range(20)]
            for one in running:
                one.start()
            for one in running:
                one.join()
            return database.metrics()

    found = asyncio.run(tasks()) if world == "async" else threads()
    assert (found.in_use, found.waiting) == (0, 0)
    assert found.timeouts > 0
    assert said
    assert "2 of 2 in use (by t" in said[0]
    ledger.audit(count_rows(address))
