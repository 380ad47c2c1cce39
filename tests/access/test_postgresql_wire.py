"""Conversations with PostgreSQL that are left in the middle, overlap, or are large."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import signal
import subprocess
import threading
import tracemalloc
from contextlib import aclosing, closing, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import capabilities
from tests.access.between import Encrypting
from tests.access.servers import admin, sessions

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
    from pathlib import Path

ONE = access.PoolSettings(min=1, max=1)
READ = access.Statement("SELECT id, n FROM t WHERE id = $1")
BUMP = access.Statement("UPDATE t SET n = n + 1 WHERE id = $1 RETURNING n", writes=True)
SLOW = access.Statement("SELECT $1::int, pg_sleep($2)")
EVERY = access.Statement("SELECT i, repeat('x', 1000) FROM generate_series(1, $1::int) AS i")
ADD = access.Statement(
    "INSERT INTO t SELECT i, 0 FROM generate_series(100, $1::int) AS i RETURNING id, n", writes=True
)


@pytest.fixture
def table(postgresql: str) -> str:
    admin(postgresql, "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)")
    admin(postgresql, "INSERT INTO t SELECT i, 0 FROM generate_series(1, 10) AS i")
    return postgresql


def rows(found: Sequence[access.Row]) -> list[access.Row]:
    return [*found]


def drive(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_nobody_reads_anothers_rows_whatever_is_cancelled(table: str) -> None:
    """Thousands of calls of all kinds, a half of which is cancelled at any moment."""
    chance = random.Random(5)

    async def work() -> None:
        async with access.Database(
            table, pool=access.PoolSettings(min=3, max=3, acquire_timeout=60)
        ) as database:

            async def get(key: int) -> None:
                assert [row[0] for row in await database.rows(READ, (key,))] == [key]

            async def slow(key: int) -> None:
                assert [row[0] for row in await database.rows(SLOW, (key, chance.random() / 300))] == [key]

            async def fresh(key: int) -> None:
                statement = access.Statement(f"SELECT {key}, {chance.randrange(40)}, $1::text")
                assert [row[0] for row in await database.rows(statement, ("x",))] == [key]

            async def transaction(key: int) -> None:
                async with database.transaction() as one:
                    assert [row[0] for row in await one.rows(READ, (key,))] == [key]
                    assert [row[0] for row in await one.rows(SLOW, (key, 0.0005))] == [key]

            async def stream(key: int) -> None:
                found = [row[0] async for row in database.stream(EVERY, (key * 30,), rows, batch=10)]
                assert found == [*range(1, key * 30 + 1)]

            async def many(key: int) -> None:
                assert await database.many(READ, [(key,)] * 20) == 20

            kinds = (get, get, slow, fresh, transaction, stream, many)

            async def one(*, cancelled: bool) -> None:
                task = asyncio.create_task(chance.choice(kinds)(chance.randrange(1, 11)))
                if cancelled:
                    await asyncio.sleep(chance.random() * chance.choice((0.0005, 0.005, 0.05)))
                    task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

            for _ in range(25):
                await asyncio.gather(*(one(cancelled=chance.random() < 0.5) for _ in range(40)))
            assert sessions(table) <= 3
            await asyncio.gather(*(get(key) for key in range(1, 11)))
            busy = (
                "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' OR wait_event = 'PgSleep'"
            )
            assert admin(table, busy) == [(0,)]

    drive(work)


def test_a_cancelled_call_keeps_its_session(table: str) -> None:
    pid = access.Statement("SELECT pg_backend_pid()")

    async def work() -> None:
        async with access.Database(table, pool=ONE) as database:
            before = await database.rows(pid)
            await database.rows(SLOW, (1, 0.0))
            for _ in range(5):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await database.rows(SLOW, (1, 60.0))
                assert await database.rows(READ, (1,)) == [(1, 0)]
            assert await database.rows(pid) == before

    drive(work)


def test_an_interrupted_thread_leaves_a_session_that_works(table: str) -> None:
    with sync.Database(table, pool=ONE) as database:
        database.rows(READ, (1,))
        before = database.rows(access.Statement("SELECT pg_backend_pid()"))

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        previous = signal.signal(signal.SIGALRM, stop)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                database.rows(SLOW, (1, 60.0))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        assert database.rows(READ, (1,)) == [(1, 0)]
        assert database.rows(access.Statement("SELECT pg_backend_pid()")) == before


def test_tasks_that_share_a_transaction_take_turns(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=ONE) as database:  # noqa: SIM117
            async with database.transaction() as transaction:
                found = await asyncio.gather(*(transaction.rows(READ, (key,)) for key in range(1, 11)))
                assert found == [[(key, 0)] for key in range(1, 11)]
                tasks = [asyncio.create_task(transaction.rows(SLOW, (key, 0.01))) for key in range(6)]
                await asyncio.sleep(0.005)
                tasks[2].cancel()
                tasks[4].cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert [one[0][0] for one in ended if not isinstance(one, BaseException)][::3] == [0, 5]

    drive(work)


def test_threads_that_share_a_transaction_take_turns(table: str) -> None:
    with sync.Database(table, pool=ONE) as database, database.transaction() as transaction:
        wrong: list[int] = []

        def read(key: int) -> None:
            for _ in range(50):
                if transaction.rows(READ, (key,)) != [(key, 0)]:
                    wrong.append(key)  # noqa: PERF401

        threads = [threading.Thread(target=read, args=(key,)) for key in range(1, 6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


def test_what_is_large_goes_both_ways(table: str) -> None:
    """More than any buffer between holds, so that writing has to wait for the other end, and reading goes on."""
    big = random.Random(1).randbytes(20_000_000)
    echo = access.Statement("SELECT $1::bytea, length($1::bytea)")
    text = access.Statement("SELECT $1::text")

    async def work() -> None:
        async with access.Database(table, pool=ONE) as database:
            for _ in range(2):
                assert await database.rows(echo, (big,)) == [(big, len(big))]
                assert await database.rows(text, (big.hex(),)) == [(big.hex(),)]
            assert await database.many(text, [(big.hex()[:100_000],)] * 200) == 200

    drive(work)
    with sync.Database(table, pool=ONE) as database:
        for _ in range(2):
            assert database.rows(echo, (big,)) == [(big, len(big))]
        assert database.many(text, [(big.hex()[:100_000],)] * 200) == 200


@pytest.mark.parametrize("chunked", [True, False])
def test_a_stream_holds_little(table: str, chunked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 MB go by; Python holds a batch, and libpq's memory is seen by the process's size."""
    if not chunked:
        monkeypatch.setattr(capabilities, "has_stream_chunked", lambda: False)

    def resident() -> int:
        with open("/proc/self/statm") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * 4096

    async def slowly(found: AsyncIterator[access.Row]) -> int:
        count = 0
        async for _ in found:
            count += 1
            if count % 2000 == 0:
                await asyncio.sleep(0.001)  # the loop looks at its sockets meanwhile
        return count

    async def work() -> None:
        async with access.Database(table, pool=ONE) as database:
            assert await slowly(database.stream(EVERY, (1000,), rows)) == 1000
            gc.collect()
            before = resident()
            assert await slowly(database.stream(EVERY, (100_000,), rows)) == 100_000
            assert resident() - before < 20_000_000
            async with database.transaction() as transaction:
                assert await slowly(transaction.stream(EVERY, (100_000,), rows)) == 100_000
            assert resident() - before < 20_000_000

    drive(work)


def test_a_copy_holds_little(table: str) -> None:
    def endless() -> Iterator[tuple[int, int]]:
        for number in range(300_000):
            yield number + 1000, number

    with sync.Database(table, pool=ONE) as database:
        tracemalloc.start()
        try:
            assert database.copy_in("t", "id, n", endless()) == 300_000
            assert tracemalloc.get_traced_memory()[1] < 3_000_000
        finally:
            tracemalloc.stop()


def test_other_statements_come_between_the_rows_of_a_stream(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=ONE) as database, database.transaction() as transaction:
            seen = 0
            async for row in transaction.stream(EVERY, (1000,), rows, batch=100):
                seen += 1
                if row[0] % 100 == 1:
                    await transaction.execute(BUMP, (1,))
            assert seen == 1000
            assert await transaction.rows(READ, (1,)) == [(1, 10)]
            # What changes rows cannot go through a cursor: its rows are taken as they come, and nothing else.
            async with aclosing(transaction.stream(ADD, (5000,), rows, batch=10)) as added:
                async for row in added:
                    assert row == (100, 0)
                    with pytest.raises(access.StatementFailed, match="stream"):
                        await transaction.rows(READ, (1,))
                    with pytest.raises(access.StatementFailed, match="stream"):
                        await transaction.many(BUMP, [(1,)])
                    break
            assert await transaction.rows(READ, (5000,)) == [(5000, 0)]

    drive(work)


def test_a_stream_that_fails_in_the_middle(table: str) -> None:
    fails = access.Statement("SELECT 1 / (5000 - i) FROM generate_series(1, 9000) AS i")
    with sync.Database(table, pool=ONE) as database:
        for _ in range(2):
            with pytest.raises(access.InvalidValue, match="zero"):
                list(database.stream(fails, (), rows, batch=10))
            assert database.rows(READ, (1,)) == [(1, 0)]
            with pytest.raises(access.InvalidValue, match="zero"), database.transaction() as transaction:
                list(transaction.stream(fails, (), rows, batch=10))
        with pytest.raises(access.StatementFailed, match="at least 1"):
            list(database.stream(fails, (), rows, batch=0))


def test_streams_that_are_left(table: str) -> None:
    with sync.Database(table, pool=access.PoolSettings(min=1, max=2)) as database:
        for statement, given in ((EVERY, (200_000,)), (ADD, (100_000,))):
            with closing(database.stream(statement, given, rows, batch=10)) as found:
                next(found)
            assert database.rows(READ, (1,)) == [(1, 0)]
        assert database.rows(READ, (99_999,)) == [(99_999, 0)]  # a change is done, read or not
        with database.transaction() as transaction:
            found = transaction.stream(EVERY, (200_000,), rows, batch=10)
            next(found)
            found.close()
            assert transaction.rows("SELECT name FROM pg_cursors") == []
            transaction.execute(BUMP, (1,))
        assert database.rows(READ, (1,)) == [(1, 1)]

    async def work() -> None:
        async with access.Database(table, pool=ONE) as database:

            async def endless() -> None:
                async for _ in database.stream(EVERY, (10_000_000,), rows, batch=10):
                    await asyncio.sleep(0)

            for _ in range(3):
                task = asyncio.create_task(endless())
                await asyncio.sleep(0.02)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await database.rows(READ, (1,)) == [(1, 1)]

    drive(work)


def test_a_cancelled_copy_adds_nothing(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=ONE) as database:
            current = asyncio.current_task()
            assert current is not None

            def given() -> Iterator[tuple[int, int]]:
                for number in range(2_000_000):
                    if number == 500_000:
                        task.cancel()
                    yield number + 1000, 0

            task = asyncio.create_task(database.copy_in("t", "id, n", given()))
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await database.rows(access.Statement("SELECT count(*) FROM t")) == [(10,)]

    drive(work)


def test_cancelled_many_is_all_or_nothing(table: str) -> None:
    chance = random.Random(3)
    count = access.Statement("SELECT n FROM t WHERE id = 1")

    async def work() -> None:
        async with access.Database(table, pool=ONE) as database:
            before = 0
            for _ in range(60):
                task = asyncio.create_task(database.many(BUMP, [(1,)] * 100))
                await asyncio.sleep(chance.random() / 100)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                ((now,),) = await database.rows(count)
                assert now - before in (0, 100)
                before = now

    drive(work)


def test_an_error_that_comes_with_the_implicit_commit_is_seen(table: str) -> None:
    admin(table, "ALTER TABLE t ADD up int REFERENCES t DEFERRABLE INITIALLY DEFERRED")
    insert = access.Statement("INSERT INTO t VALUES ($1, 0, $2) RETURNING id", writes=True)
    with sync.Database(table, pool=ONE) as database:
        for _ in range(3):
            with pytest.raises(access.ForeignKeyViolation):
                database.rows(insert, (20, 77))
        with pytest.raises(access.ForeignKeyViolation):
            database.many(insert, [(20, 1), (21, 77)])
        with pytest.raises(access.ForeignKeyViolation):
            list(database.stream(insert, (20, 77), rows))
        with pytest.raises(access.ForeignKeyViolation):
            database.copy_in("t", "id, n, up", [(20, 0, 77)])
        with pytest.raises(access.ForeignKeyViolation), database.transaction() as transaction:
            assert transaction.rows(insert, (20, 77)) == [(20,)]
        assert database.rows(READ, (20,)) == []


def test_a_copy_by_hand_is_refused_and_harms_nothing(table: str) -> None:
    with sync.Database(table, pool=ONE) as database:
        for text in ("COPY t TO STDOUT", "COPY t FROM STDIN"):
            for statement in (text, access.Statement(text)):
                with pytest.raises(access.StatementFailed, match="copy_in"):
                    database.rows(statement)
                assert database.rows(READ, (1,)) == [(1, 0)]


def test_statements_that_no_transaction_may_hold(table: str) -> None:
    with sync.Database(table, pool=ONE) as database:
        database.execute("VACUUM t")
        database.execute("CREATE INDEX CONCURRENTLY ON t (n)")
        database.execute(access.Statement("VACUUM t"))
        database.execute(access.Statement("CREATE INDEX CONCURRENTLY ON t (n, id)"))
        assert database.rows("SELECT 1; SELECT 2, 3") == [(2, 3)]
        assert database.rows("") == []
        assert database.rows(access.Statement("")) == []
        with pytest.raises(access.InvalidValue):
            database.rows("SELECT 1\0")
        with pytest.raises(access.InvalidValue):
            database.rows(access.Statement("SELECT '\ud800'"))


def test_a_session_that_ended_unseen_is_no_unknown_outcome(table: str) -> None:
    """Nothing was sent, so that nothing can have been done."""
    with sync.Database(table, pool=ONE) as database:
        for prepared in (True, False):
            with database.transaction() as transaction:
                connection = transaction.connection
                assert transaction.execute(BUMP, (1,)) == 1
            connection._wire.pgconn.finish()  # type: ignore[attr-defined]
            statement = BUMP if prepared else access.Statement(BUMP.text + " ", writes=True)
            for call in (connection.run, connection.many):
                with pytest.raises(access.ConnectionLost):
                    call(statement, [(1,)] if call == connection.many else (1,))  # type: ignore[arg-type]
            assert database.rows(READ, (1,)) == [(1, 1 if prepared else 2)]


def test_the_encoding_stays(table: str) -> None:
    with sync.Database(table, pool=ONE) as database:
        with pytest.raises(access.StatementFailed, match="UTF8"):
            database.execute("SET client_encoding = 'LATIN1'")
        assert database.rows("SELECT 'é', 1") == [("é", 1)]
        with pytest.raises(access.InvalidValue, match="65535"):
            database.rows(access.Statement("SELECT 1"), (1,) * 70_000)
        assert database.rows(READ, (1,)) == [(1, 0)]


def test_notices_and_notifications_are_taken(table: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "dbdeed.access")
    with sync.Database(table, pool=ONE) as database:
        with database.transaction() as transaction:
            transaction.execute("LISTEN noise")
        for _ in range(3):
            database.execute("DO $$ BEGIN RAISE NOTICE 'a word'; END $$")
            database.execute("LISTEN noise; NOTIFY noise")
            assert database.rows(READ, (1,)) == [(1, 0)]
    assert "the server says: a word" in caplog.text


def test_a_transaction_that_is_only_begun_is_none(table: str) -> None:
    with sync.Database(table, pool=ONE) as database:
        with database.transaction():
            assert admin(table, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'") == [(0,)]
        with database.transaction() as transaction:
            with pytest.raises(access.SchemaMismatch):
                transaction.rows(access.Statement("SELECT * FROM nowhere"))
            with pytest.raises(access.StatementFailed, match="aborted"):
                transaction.execute(BUMP, (1,))
            transaction.execute("ROLLBACK")
        with pytest.raises(access.StatementFailed), database.transaction() as transaction:  # noqa: PT012
            with suppress(access.SchemaMismatch):
                transaction.rows("SELECT * FROM nowhere")
            with pytest.raises(access.StatementFailed, match="aborted"):
                transaction.execute(BUMP, (1,))
        assert database.rows(READ, (1,)) == [(1, 0)]


def test_over_an_encrypted_connection(table: str, tmp_path: Path) -> None:
    certificate = tmp_path / "server.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    try:
        subprocess.run(
            [*command, "-keyout", certificate, "-out", tmp_path / "own.pem"], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("needs the program openssl")
    certificate.write_bytes(certificate.read_bytes() + (tmp_path / "own.pem").read_bytes())
    big = random.Random(1).randbytes(3_000_000)
    echo = access.Statement("SELECT $1::bytea")
    wide = access.Statement("SELECT repeat('x', $1::int)")

    async def work() -> None:
        async with access.Database(encrypting.address, pool=ONE) as database, asyncio.timeout(60):
            for _ in range(3):
                assert await database.rows(READ, (1,)) == [(1, 0)]
                assert await database.rows(echo, (big,)) == [(big,)]
            for size in range(1000, 70_000, 511):
                assert [len(row[0]) for row in await database.rows(wide, (size,))] == [size]
            found = [row[0] async for row in database.stream(EVERY, (5000,), rows)]
            assert found == [*range(1, 5001)]

    with Encrypting(table, certificate) as encrypting:
        drive(work)
        with sync.Database(encrypting.address, pool=ONE) as database:
            for _ in range(3):
                assert database.rows(echo, (big,)) == [(big,)]
            for size in range(1000, 70_000, 511):
                assert [len(row[0]) for row in database.rows(wide, (size,))] == [size]


def test_a_task_goes_on_in_its_own_context(table: str) -> None:
    """Tasks are resumed by the loop's own callback: whose turn it is, and what it carries, stays as it is."""
    who: ContextVar[int] = ContextVar("who", default=0)

    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(min=2, max=4)) as database:

            async def one(number: int) -> None:
                who.set(number)
                task = asyncio.current_task()
                for _ in range(20):
                    await database.rows(READ, (1,))
                    assert who.get() == number
                    assert asyncio.current_task() is task
                raise LookupError(number)

            ended = await asyncio.gather(*(one(number) for number in range(1, 30)), return_exceptions=True)
            assert [str(error) for error in ended] == [str(number) for number in range(1, 30)]
            assert who.get() == 0
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(database.rows(READ, (key,))) for key in range(1, 11)]
            assert [task.result() for task in tasks] == [[(key, 0)] for key in range(1, 11)]

    drive(work)
    asyncio.run(work(), debug=True)
