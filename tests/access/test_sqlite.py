"""What is SQLite's own: one writer at a time, files, and what a text may be."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import random
import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

BUMP = access.Statement("UPDATE t SET n = n + 1 WHERE id = ?", writes=True)
READ = access.Statement("SELECT n FROM t WHERE id = ?")
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


@pytest.fixture
def table(sqlite: str) -> str:
    raw = sqlite3.connect(sqlite.removeprefix("sqlite:///"))
    raw.executescript(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL); INSERT INTO t VALUES (1, 0), (2, 0);"
    )
    raw.close()
    return sqlite


def drive(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def test_writers_queue_and_readers_do_not_wait(table: str) -> None:
    async def work() -> None:
        async def bump(transaction: access.Transaction) -> None:
            ((n,),) = await transaction.rows(READ, (1,))
            await asyncio.sleep(0.001)
            await transaction.execute("UPDATE t SET n = ? WHERE id = 1", (n + 1,))

        async with access.Database(table, pool=access.PoolSettings(max=8)) as database:
            await asyncio.gather(*(database.run(bump) for _ in range(40)))
            assert await database.rows(READ, (1,)) == [(40,)]
            async with database.transaction() as writer:
                await writer.execute(BUMP, (1,))
                async with asyncio.timeout(2):
                    assert await database.rows(READ, (1,)) == [(40,)]
            assert await database.rows(READ, (1,)) == [(41,)]

    drive(work)


def test_threads_share_a_file(table: str) -> None:
    with sync.Database(table, pool=access.PoolSettings(max=4)) as database:

        def work() -> None:
            for _ in range(25):
                database.execute(BUMP, (1,))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert database.rows(READ, (1,)) == [(150,)]


def test_cancellation_leaks_nothing(table: str) -> None:
    chance = random.Random(3)

    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(max=3)) as database:

            async def change() -> None:
                async with database.transaction() as transaction:
                    await transaction.execute(BUMP, (1,))
                    await asyncio.sleep(chance.random() / 300)
                    await transaction.execute(BUMP, (2,))

            async def cancelled() -> None:
                task = asyncio.create_task(change())
                await asyncio.sleep(chance.random() / 50)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

            for _ in range(15):
                await asyncio.gather(*(cancelled() for _ in range(20)))
            ((one,),), ((two,),) = [await database.rows(READ, (key,)) for key in (1, 2)]
            assert one == two  # all or nothing, every time
            async with asyncio.timeout(5):
                await change()

    drive(work)


def test_a_cancelled_statement_is_interrupted(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(max=1)) as database:
            task = asyncio.create_task(database.rows(access.Statement(ENDLESS)))
            await asyncio.sleep(0.05)
            task.cancel()
            async with asyncio.timeout(5):
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await database.rows(READ, (1,)) == [(0,)]

    drive(work)


def test_a_statement_that_takes_too_long_is_stopped(table: str) -> None:
    with sync.Database(table, pool=access.PoolSettings(statement_timeout=0.05)) as database:
        with pytest.raises(access.StatementTimeout):
            database.rows(access.Statement(ENDLESS))
        assert database.execute(BUMP, (1,)) == 1


def test_rows_that_are_copied_in_are_kept_as_rows_that_are_inserted(sqlite: str) -> None:
    raw = sqlite3.connect(sqlite.removeprefix("sqlite:///"))
    kinds = "a INTEGER, b REAL, c TEXT, d NUMERIC, e BLOB, f"
    raw.executescript(f"CREATE TABLE one ({kinds}); CREATE TABLE many ({kinds});")
    values: list[Any] = [1, 2.0, 2.5, "3", "4.0", "x", b"5", None, 2**62, "1e3", " 7 "]
    rows = [tuple(values[(start + n) % len(values)] for n in range(6)) for start in range(200)]
    with raw:
        raw.executemany("INSERT INTO one VALUES (?, ?, ?, ?, ?, ?)", rows)
    with sync.Database(sqlite) as database:
        assert database.copy_in("many", "a, b, c, d, e, f", rows) == 200
        kept = (
            "SELECT rowid, a, b, c, d, e, f, typeof(a), typeof(b), typeof(c), typeof(d), typeof(e), typeof(f)"
        )
        assert database.rows(f"{kept} FROM many") == database.rows(f"{kept} FROM one")
    raw.close()


@pytest.mark.parametrize("wrong", [(1, 0), (3, None), (4,), (5, 6, 7)])
@pytest.mark.parametrize("place", [0, 70, 129])
def test_rows_are_copied_in_all_or_none(table: str, wrong: tuple[Any, ...], place: int) -> None:
    rows: list[tuple[Any, ...]] = [(n, 0) for n in range(10, 140)]
    rows[place] = wrong
    with sync.Database(table) as database:
        with pytest.raises((access.ConstraintViolation, access.InvalidValue)):
            database.copy_in("t", "id, n", rows)
        assert database.rows("SELECT count(*) FROM t") == [(2,)]
        assert database.copy_in("t", "id, n", [(n, 0) for n in range(10, 140)]) == 130


def test_another_process_that_writes_is_waited_for_and_then_named(table: str) -> None:
    other = sqlite3.connect(table.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
    with sync.Database(table, transactions=access.TransactionSettings(lock_timeout=0.05)) as database:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(access.LockTimeout), database.transaction():
            pass
        other.execute("ROLLBACK")
        with database.transaction() as transaction:
            transaction.execute(BUMP, (1,))
    other.close()


def test_a_read_only_transaction_changes_nothing(table: str) -> None:
    with sync.Database(table, pool=access.PoolSettings(max=1)) as database:
        with pytest.raises(access.ReadOnly), database.transaction(read_only=True) as transaction:
            transaction.execute(BUMP, (1,))
        assert database.execute(BUMP, (1,)) == 1


def test_a_changed_session_is_replaced(table: str) -> None:
    with sync.Database(table, pool=access.PoolSettings(max=1)) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("CREATE TEMP TABLE left_over (a)")
        assert database.rows("PRAGMA foreign_keys") == [(1,)]
        with pytest.raises(access.SchemaMismatch):
            database.rows("SELECT * FROM left_over")
        assert database.rows("PRAGMA journal_mode") == [("wal",)]


def test_a_deferred_violation_at_commit_leaves_nothing_open(sqlite: str) -> None:
    with sync.Database(sqlite, pool=access.PoolSettings(max=1)) as database:
        database.execute("CREATE TABLE p (id INTEGER PRIMARY KEY)")
        database.execute("CREATE TABLE c (p INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(access.ForeignKeyViolation), database.transaction() as transaction:
            transaction.execute("INSERT INTO c VALUES (1)")
        assert database.rows("SELECT * FROM c") == []


@pytest.mark.parametrize("name", ["missing.db", "folder", "text.db"])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text("no database, and longer than a header is\n" * 50)
    database = sync.Database(f"sqlite:///{tmp_path}/{name}", retry=access.RetryPolicy(attempts=1))
    with pytest.raises(access.ConnectionFailed, match=name):
        database.open()
    assert not (tmp_path / "missing.db").exists()


def test_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    odd = tmp_path / "a b?mode=memory#%41 'x'.db"
    sqlite3.connect(odd).close()
    odd.touch()
    from urllib.parse import quote

    with sync.Database(f"sqlite:///{quote(str(odd))}") as database:
        database.execute("CREATE TABLE here (a)")
    raw = sqlite3.connect(odd)
    assert raw.execute("SELECT name FROM sqlite_schema").fetchall() == [("here",)]
    raw.close()


@pytest.mark.parametrize(
    "address", ["sqlite://x.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///x?cache=shared", "x", ""]
)
def test_addresses_that_cannot_be_used(address: str) -> None:
    with pytest.raises(access.ConfigurationError):
        sync.Database(address)


def test_values_that_sqlite_cannot_keep_are_refused(sqlite: str) -> None:
    with sync.Database(sqlite) as database:
        database.execute("CREATE TABLE v (a NUMERIC)")
        for value in (
            decimal.Decimal("0.1234567890123456"),
            decimal.Decimal("NaN"),
            2**63,
            "\ud800",
            object(),
        ):
            with pytest.raises(access.AccessError):
                database.execute("INSERT INTO v VALUES (?)", (value,))
        kept = (decimal.Decimal("9999999999.99"), decimal.Decimal(2**63 - 1), decimal.Decimal("-0.000001"))
        for value in kept:
            database.execute("INSERT INTO v VALUES (?)", (value,))
        assert tuple(access.to_decimal(row[0]) for row in database.rows("SELECT a FROM v")) == kept


def test_moments_are_kept_in_utc(sqlite: str) -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    moment = dt.datetime(2026, 1, 1, 1, 30, tzinfo=zone)
    with sync.Database(sqlite) as database:
        database.execute("CREATE TABLE m (a TIMESTAMP)")
        database.execute("INSERT INTO m VALUES (?)", (moment,))
        ((text,),) = database.rows("SELECT a FROM m")
    assert text == "2025-12-31 23:30:00"
    assert access.to_utc(text) == moment
    assert access.to_datetime(text) == dt.datetime(2025, 12, 31, 23, 30)  # noqa: DTZ001


LONG = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 2000000) SELECT count(*) FROM c"


def test_a_short_read_needs_no_thread_and_a_long_one_holds_nobody_up(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(min=1, max=1)) as database:
            (lease,) = database._routes.primary._leases  # type: ignore[union-attr]
            connection: Any = lease.connection
            handed_over = 0
            call = connection._worker.call

            async def counted(*arguments: Any) -> Any:
                nonlocal handed_over
                handed_over += 1
                return await call(*arguments)

            connection._worker.call = counted
            for _ in range(10):
                assert await database.rows(READ, (1,)) == [(0,)]
            assert handed_over == 0
            turns = 0

            async def watch() -> None:
                nonlocal turns
                while True:
                    await asyncio.sleep(0.001)
                    turns += 1

            watcher = asyncio.create_task(watch())
            await asyncio.sleep(0)
            for times in (1, 2):  # begun at once, then on the thread; from then on there at once
                before = turns
                assert await database.rows(access.Statement(LONG)) == [(2_000_000,)]
                assert handed_over == times
                assert turns > before + 1  # others had their turn meanwhile
            watcher.cancel()
            assert connection._long == {LONG}

    drive(work)


def test_a_long_read_within_a_transaction_loses_nothing_of_it(table: str) -> None:
    async def work() -> None:
        async with access.Database(table) as database:
            async with database.transaction() as transaction:
                await transaction.execute(BUMP, (1,))
                assert await transaction.rows(access.Statement(LONG)) == [(2_000_000,)]
            assert await database.rows(READ, (1,)) == [(1,)]

    drive(work)


def test_a_call_that_is_left_before_it_began_ends_too(table: str) -> None:
    async def work() -> None:
        async with access.Database(table, pool=access.PoolSettings(max=1)) as database:
            for _ in range(30):
                statement = access.Statement(ENDLESS, writes=True)  # on the thread from its start
                task = asyncio.create_task(database.rows(statement))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                task.cancel()
                async with asyncio.timeout(5):
                    with pytest.raises(asyncio.CancelledError):
                        await task
            assert await database.rows(READ, (1,)) == [(0,)]

    drive(work)
