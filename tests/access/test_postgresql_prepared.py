"""Prepared statements under a schema that changes, and behind poolers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.access.between import Counting, Pooler
from tests.access.servers import admin

from dbdeed import access
from dbdeed.access import postgresql_prepared, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = access.PoolSettings(min=1, max=1)
TRUST = access.Statement("SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql")
READ = access.Statement("SELECT * FROM t WHERE id = $1")
ADD = access.Statement("INSERT INTO t (id, c) VALUES ($1, $2) RETURNING *", writes=True)
SET = access.Statement("UPDATE t SET c = $2 WHERE id = $1", writes=True)


@pytest.fixture
def table(postgresql: str) -> str:
    admin(postgresql, "CREATE TYPE colour AS ENUM ('red'); CREATE TABLE t (id int PRIMARY KEY, c colour)")
    admin(postgresql, "INSERT INTO t VALUES (1, 'red')")
    return postgresql


@pytest.fixture
def database(table: str) -> Iterator[sync.Database]:
    retry = access.RetryPolicy(attempts=1)
    with sync.Database(table, pool=ONE, retry=retry) as found:
        for _ in range(2):
            assert found.rows(READ, (1,)) == [(1, "red")]
            assert found.rows(ADD, (2, "red")) == [(2, "red")]
            found.execute(SET, (2, "red"))
            found.execute(access.Statement("DELETE FROM t WHERE id = 2", writes=True))
        yield found


CHANGES = {
    "a column more": ("ALTER TABLE t ADD x text DEFAULT 'x'", (1, "red", "x"), "red"),
    "a column less": ("ALTER TABLE t ADD x text; ALTER TABLE t DROP x", (1, "red"), "red"),
    "a wider type": ("ALTER TABLE t ALTER id TYPE bigint", (1, "red"), "red"),
    "another type": ("ALTER TABLE t ALTER c TYPE text", (1, "red"), "blue"),
    "another type of the key": ("ALTER TABLE t ALTER id TYPE numeric", None, "red"),
    "an enum's new value": ("ALTER TYPE colour ADD VALUE 'blue'", (1, "red"), "blue"),
    "the enum anew": (
        (
            "ALTER TABLE t ALTER c TYPE text; DROP TYPE colour; CREATE TYPE colour AS ENUM ('red', 'blue'); "
            "ALTER TABLE t ALTER c TYPE colour USING c::colour"
        ),
        (1, "red"),
        "blue",
    ),
    "the table anew": (
        "DROP TABLE t; CREATE TABLE t (c colour, id bigint PRIMARY KEY); INSERT INTO t VALUES ('red', 1)",
        ("red", 1),
        "red",
    ),
    "table and enum anew": (
        (
            "DROP TABLE t; DROP TYPE colour; CREATE TYPE colour AS ENUM ('blue', 'red'); "
            "CREATE TABLE t (id int PRIMARY KEY, c colour); INSERT INTO t VALUES (1, 'red')"
        ),
        (1, "red"),
        "blue",
    ),
    "nothing prepared": ("SELECT 1", (1, "red"), "red"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_statements_go_on_after_the_schema_changed(table: str, database: sync.Database, change: str) -> None:
    sql, row, value = CHANGES[change]
    admin(table, sql)
    if change == "nothing prepared":
        database.execute("DEALLOCATE ALL")
        database.execute("DISCARD ALL")
    for number in (5, 6):
        found = database.rows(READ, (1,))
        assert row is None or found == [row]
        assert len(database.rows(ADD, (number, value))) == 1
        assert database.execute(SET, (number, value)) == 1
    assert admin(table, "SELECT count(*) FROM t") == [(3,)]


@pytest.mark.parametrize("change", CHANGES)
def test_transactions_are_run_again_after_the_schema_changed(table: str, change: str) -> None:
    sql, row, value = CHANGES[change]

    async def work() -> None:
        attempts = 0
        async with access.Database(table, pool=access.PoolSettings(min=1, max=3)) as database:

            async def each(transaction: access.Transaction) -> None:
                nonlocal attempts
                attempts += 1
                await transaction.execute(access.Statement("SELECT 1"))
                found = await transaction.rows(READ, (1,))
                assert attempts < 2 or row is None or found == [row]
                await transaction.rows(ADD, (7, value if attempts > 1 else "red"))
                await transaction.execute(SET, (7, value if attempts > 1 else "red"))
                if attempts == 1:
                    raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                await database.run(each)
            await asyncio.to_thread(admin, table, sql)
            await database.run(each)
            assert attempts <= 4
            assert await database.rows("SELECT c::text FROM t WHERE id = 7") == [(value,)]

    asyncio.run(work())


def test_a_stale_statement_that_begins_a_transaction_is_no_fault(table: str, database: sync.Database) -> None:
    admin(table, "ALTER TABLE t ADD x text")
    with database.transaction() as transaction:
        assert transaction.rows(READ, (1,)) == [(1, "red", None)]
        assert transaction.rows(ADD, (8, "red")) == [(8, "red", None)]
    assert admin(table, "SELECT count(*) FROM t") == [(2,)]


def test_many_and_streams_are_prepared_anew(table: str, database: sync.Database) -> None:
    clear = access.Statement("DELETE FROM t WHERE id = $1 RETURNING *", writes=True)
    rows = access.Statement("SELECT * FROM t WHERE id >= $1 ORDER BY id")

    def work() -> list[object]:
        assert database.many(ADD, [(7, "red"), (8, "red")]) == 2
        found = list[object](database.stream(rows, (1,), list))
        assert database.many(clear, [(7,), (8,)]) == 2
        return found

    assert work() == work() == [(1, "red"), (7, "red"), (8, "red")]
    admin(table, "ALTER TABLE t ADD x text")
    assert work() == work() == [(1, "red", None), (7, "red", None), (8, "red", None)]
    with pytest.raises(access.SchemaChanged), database.transaction() as transaction:  # noqa: PT012
        transaction.execute(access.Statement("SELECT 1"))
        admin(table, "ALTER TABLE t DROP x")
        transaction.many(ADD, [(9, "red")])
    assert work() == [(1, "red"), (7, "red"), (8, "red")]


def test_a_stream_that_fails_among_its_rows_gives_none_twice(postgresql: str) -> None:
    text = "SELECT $1::int + g FROM generate_series(1, 20) g"  # the eighth is out of range
    with sync.Database(postgresql, pool=ONE) as database:
        for _ in range(3):
            found: list[object] = []
            with pytest.raises(access.InvalidValue):
                found.extend(database.stream(access.Statement(text), (2**31 - 8,), list, batch=2))
            for row in found:
                assert found.count(row) == 1
            assert len(found) >= 6


def test_within_a_transaction_the_change_is_named(table: str, database: sync.Database) -> None:
    with pytest.raises(access.SchemaChanged) as raised, database.transaction() as transaction:  # noqa: PT012
        transaction.execute(access.Statement("SELECT 1"))
        admin(table, "ALTER TABLE t ADD x text")
        transaction.rows(READ, (1,))
    assert raised.value.retryable
    assert database.rows(READ, (1,)) == [(1, "red", None)]


def test_what_a_session_has_prepared_is_bounded(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_prepared, "LIMIT", 8)
    with sync.Database(postgresql, pool=ONE) as database:
        for number in range(40):
            assert database.rows(access.Statement(f"SELECT {number}")) == [(number,)]
            database.rows(access.Statement("SELECT 'often'"))
        assert database.number(TRUST, ()) <= 10
        held = access.Statement(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT ''often'''"
        )
        assert database.number(held, ()) == 1


def test_a_statement_that_is_refused_is_not_kept(postgresql: str) -> None:
    with sync.Database(postgresql, pool=ONE) as database:
        for _ in range(5):
            with pytest.raises(access.SchemaMismatch):
                database.rows(access.Statement("SELECT * FROM nowhere"))
        assert database.number(TRUST, ()) == 1


@pytest.mark.parametrize("prepared", [True, False])
def test_behind_a_pooler_in_transaction_mode(table: str, prepared: bool) -> None:
    """With `prepared`, as someone who did not read the manual: it is noticed, and works from then on."""
    settings = access.PoolSettings(min=1, max=1, prepared=prepared)
    with Pooler(table) as pooler, sync.Database(pooler.address, pool=settings) as database:
        for number in range(10, 60):
            assert database.rows(ADD, (number, "red")) == [(number, "red")]
            assert database.rows(READ, (number,)) == [(number, "red")]

            def work(transaction: sync.Transaction, number: int = number) -> None:
                assert transaction.execute(SET, (number, None)) == 1
                assert transaction.rows(READ, (number,)) == [(number, None)]
                assert transaction.many(SET, [(number, "red"), (number, None)]) == 2

            database.run(work)
            assert database.many(SET, [(number, "red"), (number, "red")]) == 2
        ids = access.Statement("SELECT id FROM t WHERE id > $1 ORDER BY id")
        assert len(list(database.stream(ids, (1,), list))) == 50
        with database.transaction() as transaction:
            assert len(list(transaction.stream(ids, (1,), list, batch=7))) == 50
        assert database.copy_in("t", "id, c", [(100, "red"), (101, None)]) == 2
    assert admin(table, "SELECT count(*), count(c) FROM t") == [(53, 52)]


def test_unnamed_statements_cost_one_round_trip_too(table: str) -> None:
    settings = access.PoolSettings(min=1, max=1, prepared=False)
    with Counting(table) as counting, sync.Database(counting.address, pool=settings) as database:
        for _ in range(3):
            counting.forget()
            assert database.rows(READ, (1,)) == [(1, "red")]
            assert database.execute(SET, (1, "red")) == 1
            assert counting.trips <= 3  # the first meets the enum, and asks for it
        assert counting.trips == 2
        assert counting.sent == "PBDESPBDES"
        assert database.number(TRUST, ()) == 0
