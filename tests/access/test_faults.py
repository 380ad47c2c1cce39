"""What goes wrong with a real server: killed sessions, cancellation, deadlocks, conflicts, time running out."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

KILL_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
BUMP = access.Statement("UPDATE t SET n = n + 1 WHERE id = $1 RETURNING n", writes=True)
READ = access.Statement("SELECT n FROM t WHERE id = $1")
SLEEP = access.Statement("SELECT pg_sleep(30)")


def admin(address: str, sql: str) -> list[Any]:
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def table(postgresql: str) -> str:
    admin(postgresql, "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)")
    admin(postgresql, "INSERT INTO t SELECT i, 0 FROM generate_series(1, 10) i")
    return postgresql


def sessions(address: str) -> int:
    found: int = admin(address, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dbdeed'")[0][
        0
    ]
    return found


def drive(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_work_goes_on_after_idle_sessions_were_killed(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(min=4, max=4)) as database:
            for _ in range(3):
                admin(table, KILL_OTHERS)
                # A change too: that the session is dead is known before anything is sent.
                assert await database.execute(BUMP, (1,)) == 1
            assert await database.rows(READ, (1,)) == [(3,)]

    drive(work)


def test_threads_go_on_after_idle_sessions_were_killed(table: str) -> None:
    with sync.Database(table, pool=access.PoolSettings(min=2, max=2)) as database:
        admin(table, KILL_OTHERS)
        assert database.execute(BUMP, (1,)) == 1


def test_a_read_that_is_killed_in_the_middle_is_done_again(table: str) -> None:
    slow = access.Statement("SELECT pg_sleep(0.3), n FROM t WHERE id = 1")

    async def work() -> None:
        async with access.Database(table) as database:
            task = asyncio.create_task(database.rows(slow))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(admin, table, KILL_OTHERS)
            assert [row[1] for row in await task] == [0]

    drive(work)


def test_a_change_that_is_killed_in_the_middle_is_never_repeated(table: str) -> None:
    slow = access.Statement("UPDATE t SET n = n + 1 FROM pg_sleep(0.3) WHERE id = 1", writes=True)

    async def work() -> None:
        async with access.Database(table) as database:
            task = asyncio.create_task(database.execute(slow))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(admin, table, KILL_OTHERS)
            with pytest.raises(access.OutcomeUnknown):
                await task
            assert await database.rows(READ, (1,)) == [(0,)]

    drive(work)


def test_a_transaction_that_is_killed_is_run_again_as_a_whole(table: str) -> None:
    async def work() -> None:
        attempts = 0

        async def twice(transaction: access.Transaction) -> None:
            nonlocal attempts
            attempts += 1
            await transaction.execute(BUMP, (1,))
            if attempts == 1:
                await asyncio.to_thread(admin, table, KILL_OTHERS)
            await transaction.execute(BUMP, (2,))

        async with access.Database(table) as database:
            await database.run(twice)
            assert attempts == 2
            assert await database.rows("SELECT n FROM t WHERE id < 3 ORDER BY id") == [(1,), (1,)]

    drive(work)


def test_a_commit_whose_outcome_is_unknown_is_not_repeated(table: str) -> None:
    # A deferred trigger makes the commit itself slow, so that the session can be killed within it.
    admin(
        table,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END'",
    )
    admin(
        table,
        "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION slow()",
    )

    async def work() -> None:
        attempts = 0

        async def bump(transaction: access.Transaction) -> None:
            nonlocal attempts
            attempts += 1
            await transaction.execute(BUMP, (1,))

        async with access.Database(table) as database:
            task = asyncio.create_task(database.run(bump))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(admin, table, KILL_OTHERS)
            with pytest.raises(access.OutcomeUnknown):
                await task
            assert attempts == 1

    drive(work)


def test_conflicting_transactions_are_run_again(table: str) -> None:
    async def work() -> None:
        attempts = 0

        async def bump(transaction: access.Transaction) -> None:
            nonlocal attempts
            attempts += 1
            ((n,),) = await transaction.rows(READ, (1,))
            await asyncio.sleep(0.01)
            await transaction.execute("UPDATE t SET n = $1 WHERE id = 1", (n + 1,))

        retry = access.RetryPolicy(attempts=50, first=0.005, longest=0.1)
        async with access.Database(table, retry=retry, pool=access.PoolSettings(max=5)) as database:
            await asyncio.gather(*(database.run(bump, isolation="serializable") for _ in range(10)))
            assert attempts > 10
            assert await database.rows(READ, (1,)) == [(10,)]
            with pytest.raises(access.SerializationFailure):  # noqa: PT012
                async with database.transaction(isolation="serializable") as one:
                    await one.rows(READ, (1,))
                    async with database.transaction(isolation="serializable") as other:
                        await other.rows(READ, (1,))
                        await other.execute(BUMP, (1,))
                    await one.execute(BUMP, (1,))

    drive(work)


def test_deadlocks_are_resolved_and_run_again(table: str) -> None:
    async def work() -> None:
        attempts = 0
        meet = asyncio.Barrier(2)

        async def cross(first: int, second: int) -> Callable[[access.Transaction], Coroutine[Any, Any, None]]:
            async def bump(transaction: access.Transaction) -> None:
                nonlocal attempts
                attempts += 1
                await transaction.execute(BUMP, (first,))
                if attempts <= 2:
                    await meet.wait()
                await transaction.execute(BUMP, (second,))

            return bump

        async with access.Database(table) as database:
            await asyncio.gather(database.run(await cross(1, 2)), database.run(await cross(2, 1)))
            assert attempts == 3
            assert await database.rows("SELECT n FROM t WHERE id < 3") == [(2,), (2,)]

    drive(work)


def test_cancelled_queries_leak_nothing_and_poison_nothing(table: str) -> None:
    chance = random.Random(11)

    async def work() -> None:
        settings = access.PoolSettings(min=2, max=4, acquire_timeout=20)
        async with access.Database(table, pool=settings) as database:

            async def read() -> None:
                key = chance.randrange(1, 11)
                text = "SELECT id, pg_sleep($2::float8) FROM t WHERE id = $1"
                found = await database.rows(access.Statement(text), (key, chance.random() / 200))
                assert [row[0] for row in found] == [key]

            async def change() -> None:
                async with database.transaction() as transaction:
                    await transaction.execute(BUMP, (chance.randrange(1, 11),))
                    await asyncio.sleep(chance.random() / 200)
                    await transaction.execute(BUMP, (99,))

            async def cancelled() -> None:
                task = asyncio.create_task(chance.choice((read, change))())
                await asyncio.sleep(chance.random() / 50)
                task.cancel()
                with suppress(asyncio.CancelledError, access.DeadlockDetected):
                    await task

            for _ in range(15):
                await asyncio.gather(*(cancelled() for _ in range(20)))
            await asyncio.gather(*(read() for _ in range(50)))
            assert sessions(table) <= 4
            idle = (
                "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' OR wait_event = 'PgSleep'"
            )
            assert admin(table, idle) == [(0,)]
            async with asyncio.timeout(5):  # no row is left locked
                await database.execute("UPDATE t SET n = 0")

    drive(work)
    assert sessions(table) == 0


def test_a_cancelled_statement_stops_on_the_server(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(max=1)) as database:
            task = asyncio.create_task(database.rows(SLEEP))
            await asyncio.sleep(0.1)
            task.cancel()
            async with asyncio.timeout(5):
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await database.rows(READ, (1,)) == [(0,)]

    drive(work)


def test_timeouts_are_named_for_what_ran_out(table: str) -> None:
    async def work() -> None:
        pool = access.PoolSettings(max=2, statement_timeout=0.05, acquire_timeout=0.2)
        timeouts = access.TransactionSettings(lock_timeout=0.03, statement_timeout=10)
        async with access.Database(table, pool=pool, transactions=timeouts) as database:
            with pytest.raises(access.StatementTimeout):
                await database.rows(SLEEP)
            async with database.transaction() as holder:
                await holder.execute(BUMP, (1,))
                with pytest.raises(access.LockTimeout):
                    async with database.transaction() as other:
                        await other.execute(BUMP, (1,))
                async with database.transaction():
                    with pytest.raises(access.PoolTimeout, match="2 of 2 in use"):
                        await database.rows(READ, (1,))

    drive(work)


def test_a_session_that_was_changed_comes_back_as_new(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(max=1, statement_timeout=77)) as database:
            await database.execute("SET search_path = pg_catalog")
            await database.execute("SELECT pg_advisory_lock(1)")
            await database.execute("CREATE TEMP TABLE left_over (a int)")
            await database.execute("LISTEN noise")
            await database.execute("PREPARE one AS SELECT 1")
            await database.execute("CREATE ROLE nobody_else")
            await database.execute("SET ROLE nobody_else")
            assert await database.rows("SELECT current_user") == [("postgres",)]
            assert await database.rows("SELECT 1 FROM pg_prepared_statements WHERE from_sql") == []
            assert await database.rows("SELECT * FROM pg_listening_channels()") == []
            assert await database.rows("SHOW search_path") == [('"$user", public',)]
            assert await database.rows("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [(0,)]
            assert await database.rows("SELECT to_regclass('left_over')") == [(None,)]
            assert await database.rows("SHOW statement_timeout") == [("77s",)]
            for _ in range(10):  # past the driver's own preparing of statements
                assert await database.rows(READ, (1,)) == [(0,)]
                await database.execute("SET work_mem = '1MB'")

    drive(work)


def test_a_failed_transaction_is_not_taken_for_committed(table: str) -> None:
    async def work() -> None:
        async with access.Database(table) as database:
            with pytest.raises(access.StatementFailed, match="rolled back"):  # noqa: PT012
                async with database.transaction() as transaction:
                    await transaction.execute(BUMP, (1,))
                    with suppress(access.SchemaMismatch):
                        await transaction.execute("SELECT * FROM nowhere")
            assert await database.rows(READ, (1,)) == [(0,)]
            with pytest.raises(access.StatementFailed, match="not open"):
                await transaction.rows(READ, (1,))

    drive(work)


def test_a_transaction_that_is_rolled_back_keeps_its_session(table: str) -> None:
    with sync.Database(table, pool=access.PoolSettings(max=1)) as database:
        pid = access.Statement("SELECT pg_backend_pid()")
        before = database.rows(pid)
        with pytest.raises(ZeroDivisionError), database.transaction() as transaction:  # noqa: PT012
            transaction.execute(BUMP, (1,))
            raise ZeroDivisionError
        assert database.rows(pid) == before
        assert database.rows(READ, (1,)) == [(0,)]


def test_a_read_only_transaction_changes_nothing(table: str) -> None:
    async def work() -> None:
        async with access.Database(table) as database:
            with pytest.raises(access.AccessError):
                async with database.transaction(read_only=True) as transaction:
                    await transaction.execute(BUMP, (1,))
            assert await database.execute(BUMP, (1,)) == 1

    drive(work)


def test_threads_share_a_database(table: str) -> None:
    retry = access.RetryPolicy(attempts=20, first=0.001)
    with sync.Database(table, pool=access.PoolSettings(max=3), retry=retry) as database:

        def bump(transaction: sync.Transaction) -> None:
            transaction.execute(BUMP, (1,))

        def work() -> None:
            for _ in range(10):
                database.run(bump, isolation="repeatable read")

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert database.rows(READ, (1,)) == [(60,)]
        assert sessions(table) <= 3


def test_messages_and_representations_hold_no_secret(postgresql: str) -> None:
    del postgresql
    secret = "s3cr3t-pass"
    addresses = (
        f"postgresql://someone:{secret}@127.0.0.1:1/db",
        f"postgresql://someone:{secret}@[bad/db",
        f"host=127.0.0.1 port=1 password={secret} oops",
        f"mysql://someone:{secret}@host/db",
        f"sqlite://someone:{secret}@host/db",
    )
    for address in addresses:
        said: list[str] = []
        try:
            database = sync.Database(address, retry=access.RetryPolicy(attempts=1))
            said.append(repr(database))
            database.open()
        except access.AccessError as error:
            chain: BaseException | None = error
            while chain is not None:
                said += [str(chain), repr(chain)]
                chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
        assert said
        assert secret not in " ".join(said)


def test_a_machine_that_vanishes_is_noticed(postgresql: str) -> None:
    from psycopg import conninfo
    from tests.access.proxy import Proxy

    parts: dict[str, Any] = conninfo.conninfo_to_dict(postgresql)
    with Proxy(f"{parts['host']}/.s.PGSQL.{parts.get('port', 5432)}", random.Random(0)) as proxy:
        proxy.calm = True
        parts |= {"host": "127.0.0.1", "port": proxy.port, "sslmode": "disable", "keepalives_idle": 77}
        with sync.Database(conninfo.make_conninfo("", **parts)) as database:
            (lease,) = database._routes.primary._leases  # type: ignore[union-attr]
            raw: Any = lease.connection
            with socket.socket(fileno=os.dup(raw._wire.pgconn.socket)) as one:
                assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
                assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
                assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 77  # as the address says
