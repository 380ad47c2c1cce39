"""Transactions in each other's way on purpose: whatever is retried, money is neither made nor lost."""
# ruff: noqa: B023 - what a work binds is used before its loop goes on

from __future__ import annotations

import asyncio
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import conninfo
from tests.access.proxy import Proxy
from tests.access.servers import admin, sessions

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNTS = 4
CLIENTS, TRANSFERS = 6, 12
RETRY = access.RetryPolicy(attempts=40, first=0.002, longest=0.05)


@pytest.fixture
def bank(address: str) -> Iterator[str]:
    with sync.Database(address) as database:
        database.execute("CREATE TABLE accounts (id integer PRIMARY KEY, money integer NOT NULL)")
        database.execute("CREATE TABLE transfers (number integer NOT NULL)")
        for key in range(ACCOUNTS):
            database.execute(f"INSERT INTO accounts VALUES ({key}, 100)")
    yield address
    with sync.Database(address) as database:
        assert database.rows("SELECT sum(money) FROM accounts") == [(100 * ACCOUNTS,)]
        numbers = [row[0] for row in database.rows("SELECT number FROM transfers ORDER BY number")]
        assert numbers == list(range(CLIENTS * TRANSFERS))


def statements(address: str) -> tuple[access.Statement, access.Statement, access.Statement]:
    texts = (
        "SELECT money FROM accounts WHERE id = $1",
        "UPDATE accounts SET money = $1 WHERE id = $2",
        "INSERT INTO transfers VALUES ($1)",
    )
    if address.startswith("sqlite"):
        texts = tuple(text.replace("$1", "?").replace("$2", "?") for text in texts)  # type: ignore[assignment]
    read, write, note = texts
    return access.Statement(read), access.Statement(write, writes=True), access.Statement(note, writes=True)


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_tasks_that_transfer(bank: str, isolation: str) -> None:
    read, write, note = statements(bank)
    chance = random.Random(isolation)
    told: list[int] = []
    attempts = 0

    async def work() -> None:
        async with access.Database(bank, retry=RETRY, pool=access.PoolSettings(max=CLIENTS)) as database:

            async def client(number: int) -> None:
                for step in range(TRANSFERS):
                    one, other = chance.sample(range(ACCOUNTS), 2)
                    key = number * TRANSFERS + step

                    async def transfer(transaction: access.Transaction) -> None:
                        nonlocal attempts
                        attempts += 1
                        transaction.after_commit(lambda: told.append(key))
                        for account, change in ((one, -1), (other, 1)):
                            ((money,),) = await transaction.rows(read, (account,))
                            await asyncio.sleep(0)
                            await transaction.execute(write, (money + change, account))
                        await transaction.execute(note, (key,))

                    await database.run(transfer, isolation=isolation)

            await asyncio.gather(*(client(number) for number in range(CLIENTS)))

    asyncio.run(work())
    assert sorted(told) == list(range(CLIENTS * TRANSFERS))
    if bank.startswith("postgresql"):
        assert attempts > CLIENTS * TRANSFERS  # else nothing was in anybody's way


def test_threads_that_transfer(bank: str) -> None:
    read, write, note = statements(bank)
    told: list[int] = []
    with sync.Database(bank, retry=RETRY, pool=access.PoolSettings(max=CLIENTS)) as database:

        def client(number: int) -> None:
            chance = random.Random(number)
            for step in range(TRANSFERS):
                one, other = chance.sample(range(ACCOUNTS), 2)
                key = number * TRANSFERS + step

                def transfer(transaction: sync.Transaction) -> None:
                    transaction.after_commit(lambda: told.append(key))
                    for account, change in ((one, -1), (other, 1)):
                        ((money,),) = transaction.rows(read, (account,))
                        transaction.execute(write, (money + change, account))
                    transaction.execute(note, (key,))

                database.run(transfer, isolation="serializable")

        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(told) == list(range(CLIENTS * TRANSFERS))


def test_tasks_that_share_a_transaction_take_turns(address: str) -> None:
    echo = "SELECT CAST(? AS integer)" if address.startswith("sqlite") else "SELECT CAST($1 AS integer)"

    async def work() -> None:
        async with access.Database(address) as database, database.transaction() as transaction:
            found = await asyncio.gather(
                *(
                    transaction.rows(access.Statement(echo, writes=number % 2 == 0), (number,))
                    for number in range(50)
                )
            )
            assert found == [[(number,)] for number in range(50)]

    asyncio.run(work())


def test_a_wait_between_attempts_can_be_cancelled(address: str) -> None:
    async def work() -> None:
        retry = access.RetryPolicy(attempts=5, first=30, longest=30, jitter=False)
        async with access.Database(address, retry=retry) as database:

            async def fail(transaction: access.Transaction) -> None:
                raise access.DeadlockDetected("on purpose")

            start = time.monotonic()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await database.run(fail)
            assert time.monotonic() - start < 5
            assert database.metrics().in_use == 0

    asyncio.run(work())


def test_a_server_that_says_nothing_is_left_when_its_caller_leaves(postgresql: str) -> None:
    parts: dict[str, Any] = conninfo.conninfo_to_dict(postgresql)
    chance = random.Random(1)
    with Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port', 5432)}", chance) as proxy:
        proxy.calm = True
        parts |= {"host": "127.0.0.1", "port": proxy.port, "sslmode": "disable", "gssencmode": "disable"}

        async def work() -> None:
            pool = access.PoolSettings(min=1, max=1, acquire_timeout=20)
            async with access.Database(conninfo.make_conninfo("", **parts), pool=pool) as database:
                assert await database.rows(access.Statement("SELECT 1")) == [(1,)]
                proxy.flowing.clear()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await database.rows(access.Statement("SELECT 2"))
                assert database.metrics().in_use == 0
                assert database.metrics().dropped == {"unready": 1}
                proxy.flowing.set()
                assert await database.rows(access.Statement("SELECT 3")) == [(3,)]

        asyncio.run(work())
    assert admin(postgresql, "SELECT 1") == [(1,)]
    assert sessions(postgresql) == 0
