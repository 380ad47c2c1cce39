"""Round trips to PostgreSQL, counted on the wire."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.access.between import Counting
from tests.access.servers import admin

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ONE = access.PoolSettings(min=1, max=1)
GET = access.Statement("SELECT id, name, at FROM t WHERE id = $1")
INSERT = access.Statement("INSERT INTO t (id, name, at) VALUES ($1, $2, $3) RETURNING *", writes=True)
UPDATE = access.Statement("UPDATE t SET name = $2 WHERE id = $1", writes=True)
LIST = access.Statement("SELECT id, name, at FROM t WHERE id = ANY($1) ORDER BY id")
MOMENT = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def counting(postgresql: str) -> Iterator[Counting]:
    admin(postgresql, "CREATE TABLE t (id int PRIMARY KEY, name text, at timestamptz)")
    with Counting(postgresql) as found:
        yield found


def rows(found: Sequence[access.Row]) -> list[access.Row]:
    return [*found]


def test_a_single_statement_is_one_round_trip(counting: Counting) -> None:
    with sync.Database(counting.address, pool=ONE) as database:

        def trips(work: Callable[[], Any]) -> int:
            counting.forget()
            work()
            return counting.trips

        # Where text could mislead, a time with its zone, the first use asks for the types before.
        assert trips(lambda: database.rows(INSERT, (1, "a", MOMENT))) == 2
        assert trips(lambda: database.rows(GET, (1,))) == 1
        assert counting.sent == "PDBDES"
        assert trips(lambda: database.execute(UPDATE, (1, "b"))) == 1
        assert trips(lambda: database.rows(LIST, ([1, 2],))) == 2
        for number in range(2, 6):
            assert trips(partial(database.rows, INSERT, (number, None, MOMENT))) == 1
            assert trips(partial(database.one, GET, (number,), rows)) == 1
            assert counting.sent == "BDES"
            assert trips(lambda: database.execute(UPDATE, (1, "b"))) == 1
            assert trips(lambda: database.all(LIST, ([1, 2],), rows)) == 1
            assert trips(lambda: database.exists(GET, (1,))) == 1
            assert trips(lambda: database.rows("SELECT 1; SELECT 2")) == 1
            database.rows(GET, (1,))  # behind it the session is reset
        assert trips(lambda: database.many(UPDATE, [(n, "c") for n in range(300)])) == 1
        # A value that is refused costs one more: its type may have been changed.
        with pytest.raises(access.InvalidValue):
            trips(lambda: database.rows(GET, (2**40,)))
        assert counting.trips == 2
        with pytest.raises(access.UniqueViolation):
            trips(lambda: database.rows(INSERT, (1, "a", MOMENT)))
        assert counting.trips == 1


def test_other_sessions_of_a_database_learn_from_the_first(counting: Counting) -> None:
    with sync.Database(counting.address, pool=access.PoolSettings(min=2, max=2)) as database:
        database.rows(INSERT, (1, "a", MOMENT))
        with database.transaction() as transaction:
            transaction.rows(GET, (1,))
            database.rows(GET, (1,))
            counting.forget()
            transaction.rows(INSERT, (2, "a", MOMENT))
            assert counting.trips == 1
            assert database.rows(INSERT, (3, "a", MOMENT)) == [(3, "a", MOMENT)]
            assert counting.trips == 2


def test_a_transaction_begins_with_its_first_statement(counting: Counting) -> None:
    settings = access.TransactionSettings(
        isolation=access.Isolation.SERIALIZABLE, statement_timeout=9, lock_timeout=3, idle_timeout=7
    )
    ask = access.Statement(
        "SELECT current_setting('transaction_isolation'), current_setting('statement_timeout'), "
        "current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), n "
        "FROM (SELECT count(*) AS n FROM t) AS x"
    )

    async def work() -> None:
        async with access.Database(counting.address, pool=ONE, transactions=settings) as database:
            for _ in range(2):
                counting.forget()
                async with database.transaction() as transaction:
                    assert counting.trips == 0
                    assert await transaction.rows(ask) == [("serializable", "9s", "3s", "7s", 0)]
                    assert counting.trips == 1
                    await transaction.execute(UPDATE, (7, "x"))
                    assert counting.trips == 2
                assert counting.trips == 3
            counting.forget()
            async with database.transaction():
                pass
            assert counting.trips == 0
            async with database.transaction() as transaction, transaction.transaction() as part:
                assert counting.trips == 1
                await part.rows(GET, (1,))
            assert counting.trips == 4
            counting.forget()
            with pytest.raises(ZeroDivisionError):
                async with database.transaction() as transaction:
                    raise ZeroDivisionError
            assert counting.trips == 0
            async with database.transaction() as transaction:
                assert await transaction.many(UPDATE, [(1, "a"), (2, "b")]) == 0
                assert counting.trips == 1
            assert counting.trips == 2

    asyncio.run(work())


def test_a_dirty_session_is_reset_in_one_round_trip(counting: Counting) -> None:
    with sync.Database(counting.address, pool=ONE) as database:
        database.rows(GET, (1,))
        database.rows("SET work_mem = '1MB'")
        counting.forget()
        database.rows(GET, (1,))
        assert counting.trips == 2


def test_streams_and_copies(counting: Counting) -> None:
    with sync.Database(counting.address, pool=ONE) as database:
        for expected in (3, 2):  # the table is described, once; COPY is asked for; the rows
            counting.forget()
            database.copy_in("t", "id, name", [(expected * 1000 + n, "x") for n in range(500)])
            assert counting.trips == expected
        every = access.Statement("SELECT id FROM t")
        assert len(list(database.stream(every, (), rows))) == 1000
        counting.forget()
        assert len(list(database.stream(every, (), rows))) == 1000
        assert counting.trips == 1
        # libpq 18 gives the first rows of what follows in chunks too, unless something came between.
        assert database.many(UPDATE, [(1, "x"), (2, "y")]) == 0
        database.rows(GET, (1,))
        with database.transaction() as transaction:
            counting.forget()
            assert len(list(transaction.stream(every, (), rows, batch=400))) == 1000
            assert counting.trips == 4  # with the first 400, twice the next, and its end
