"""Behind a real pgbouncer: whose session a statement meets is left to the pooler."""

from __future__ import annotations

import asyncio
import random
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest
from tests.access.pgbouncer import PgBouncer, keeps_statements, program
from tests.access.servers import admin, folder

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not program(), reason="pgbouncer is not installed")

READ = access.Statement("SELECT n, c FROM t WHERE id = $1")
ADD = access.Statement("INSERT INTO t (id, c) VALUES ($1, $2) RETURNING id, c", writes=True)
BUMP = access.Statement("UPDATE t SET n = n + 1 WHERE id = $1", writes=True)
IDS = access.Statement("SELECT id FROM t WHERE id > $1 ORDER BY id")

# How it pools, how many statements it carries over, and whether the runtime was told.
WAYS = [
    ("session", 0, True),
    ("transaction", 0, False),
    ("transaction", 0, True),  # as someone who did not read the manual
    ("transaction", 100, True),
]


@pytest.fixture
def table(postgresql: str) -> str:
    admin(postgresql, "CREATE TYPE colour AS ENUM ('red', 'blue')")
    admin(postgresql, "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL DEFAULT 0, c colour)")
    admin(postgresql, "INSERT INTO t (id) SELECT generate_series(1, 4)")
    return postgresql


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{way[1]}-{'untold' if way[2] else 'told'}")
def way(request: pytest.FixtureRequest, table: str) -> Iterator[tuple[PgBouncer, access.PoolSettings]]:
    """A pgbouncer, and the settings of the pool before it."""
    mode, kept, prepared = request.param
    if kept and not keeps_statements():
        pytest.skip("this pgbouncer carries no prepared statements over (it is older than 1.21)")
    with ExitStack() as stack:
        one = stack.enter_context(PgBouncer(table, folder(stack) / "b", mode, kept=kept))
        most = 2 if mode == "session" else 8  # as many as it has sessions, or some would wait for ever
        yield one, access.PoolSettings(min=1, max=most, prepared=prepared)


def test_everything_works(way: tuple[PgBouncer, access.PoolSettings], table: str) -> None:
    pooler, settings = way

    async def each(database: access.Database, task: int) -> None:
        async def work(transaction: access.Transaction, number: int) -> None:
            assert await transaction.rows(READ, (number,)) == [(0, "red")]
            assert await transaction.many(BUMP, [(number,), (number,)]) == 2
            async with transaction.transaction():
                await transaction.execute(BUMP, (number,))
            assert await transaction.rows(READ, (number,)) == [(3, "red")]

        for number in range(100 * task, 100 * task + 10):
            assert await database.rows(ADD, (number, "red")) == [(number, "red")]
            await database.run(lambda one, number=number: work(one, number))  # type: ignore[misc]
            assert await database.rows(READ, (number,)) == [(3, "red")]
            assert await database.many(BUMP, [(number,), (number,)]) == 2

    async def main() -> None:
        async with access.Database(pooler.address, pool=settings) as database:
            await asyncio.gather(*(each(database, task) for task in range(1, 9)))
            assert len([one async for one in database.stream(IDS, (4,), list, batch=7)]) == 80
            async with database.transaction() as transaction:
                assert len([one async for one in transaction.stream(IDS, (4,), list, batch=7)]) == 80
            assert await database.copy_in("t", "id, c", [(5, "blue"), (6, None)]) == 2

    asyncio.run(main())
    assert admin(table, "SELECT count(*), sum(n), count(c) FROM t") == [(86, 80 * 5, 81)]


def test_threads_share_its_sessions(way: tuple[PgBouncer, access.PoolSettings], table: str) -> None:
    pooler, settings = way
    with sync.Database(pooler.address, pool=settings) as database:
        for number in range(10, 40):
            assert database.rows(ADD, (number, "blue")) == [(number, "blue")]
            with database.transaction() as transaction:
                assert transaction.execute(BUMP, (number,)) == 1
                assert transaction.rows(READ, (number,)) == [(1, "blue")]
            database.rows("SELECT set_config('search_path', 'nowhere', false)")  # it is reset afterwards
            assert database.rows(READ, (number,)) == [(1, "blue")]
    assert admin(table, "SELECT count(*), sum(n) FROM t") == [(34, 30)]


def test_cancellations_lose_and_double_nothing(
    way: tuple[PgBouncer, access.PoolSettings], table: str
) -> None:
    pooler, settings = way
    chance = random.Random(4)
    done = tried = 0

    async def one(database: access.Database) -> None:
        nonlocal done, tried
        key = chance.randint(1, 4)

        async def work(transaction: access.Transaction) -> None:
            await transaction.execute(BUMP, (key,))
            await transaction.rows("SELECT pg_sleep($1)", (chance.random() / 50,))

        tried += 1
        await database.run(work)
        done += 1

    async def main() -> None:
        async with access.Database(pooler.address, pool=settings) as database:
            for _ in range(12):
                tasks = [asyncio.create_task(one(database)) for _ in range(10)]
                await asyncio.sleep(chance.random() / 20)
                for task in chance.sample(tasks, 5):
                    task.cancel()
                found = await asyncio.gather(*tasks, return_exceptions=True)
                assert not [each for each in found if isinstance(each, Exception)]
            assert len(await database.rows(IDS, (0,))) == 4
            metrics = database.metrics()
            assert metrics.in_use == 0
            assert metrics.size <= settings.max

    asyncio.run(main())
    ((total,),) = admin(table, "SELECT sum(n) FROM t")
    assert done <= total <= tried


def test_its_sessions_end_and_it_restarts(way: tuple[PgBouncer, access.PoolSettings], table: str) -> None:
    pooler, settings = way
    with sync.Database(pooler.address, pool=settings) as database:
        for number in range(10, 20):
            database.rows(ADD, (number, "red"))
            if number % 3 == 0:
                admin(
                    table,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
                )
            if number % 4 == 0:
                pooler.stop()
                pooler.start()
            assert database.rows(READ, (number,)) == [(0, "red")]
            with suppress(access.OutcomeUnknown):
                database.execute(BUMP, (number,))
    ((found,),) = admin(table, "SELECT count(*) FROM t WHERE id >= 10")
    assert found == 10


def test_a_setting_that_it_does_not_take_is_named(table: str) -> None:
    with ExitStack() as stack:
        pooler = stack.enter_context(PgBouncer(table, folder(stack) / "b", "transaction"))
        settings = access.PoolSettings(statement_timeout=5, prepared=False)
        database = sync.Database(pooler.address, pool=settings)
        with pytest.raises(access.ConfigurationError, match="ALTER ROLE"), database:
            pass
