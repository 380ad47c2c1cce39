"""Transactions on either engine: parts, what follows their end, and several repositories in one."""
# ruff: noqa: PT012, SIM117 - a block that is undone is what these are about

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def drive(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def keys(database: sync.Database) -> list[int]:
    return [row[0] for row in database.rows("SELECT id FROM t ORDER BY id")]


@pytest.fixture
def table(address: str) -> str:
    with sync.Database(address) as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    return address


def insert(session: sync.Session, key: int) -> None:
    session.execute(f"INSERT INTO t VALUES ({key})")


def test_hooks_follow_the_outermost_commit_in_order(table: str) -> None:
    said: list[str] = []
    with sync.Database(table, pool=access.PoolSettings(max=1)) as database:
        with database.transaction() as outer:
            outer.after_commit(lambda: said.append("first"))
            with outer.transaction() as inner:
                inner.after_commit(lambda: said.append(f"second, seeing {keys(database)}"))
                insert(inner, 1)
            assert said == []
            outer.after_rollback(lambda: said.append("never"))
    # The only connection was free again for the second one.
    assert said == ["first", "second, seeing [1]"]


def test_hooks_of_what_was_undone_never_run(table: str) -> None:
    said: list[str] = []
    with sync.Database(table) as database:
        with database.transaction() as outer:
            outer.after_commit(lambda: said.append("outer"))
            with pytest.raises(KeyError), outer.transaction() as inner:
                inner.after_commit(lambda: said.append("undone"))
                insert(inner, 1)
                with inner.transaction() as deeper:
                    deeper.after_commit(lambda: said.append("deeper"))
                raise KeyError
            outer.after_commit(lambda: said.append("later"))
            insert(outer, 2)
        assert (said, keys(database)) == (["outer", "later"], [2])
        with pytest.raises(KeyError), database.transaction() as outer:
            outer.after_commit(lambda: said.append("no"))
            outer.after_rollback(lambda: said.append("rolled back"))
            raise KeyError
        assert said[2:] == ["rolled back"]


def test_a_hook_that_fails_is_reported_and_undoes_nothing(
    table: str, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []

    async def work() -> None:
        async def later() -> None:
            await asyncio.sleep(0)
            said.append("awaited")

        def breaks() -> None:
            raise ZeroDivisionError("at the bakery")

        async with access.Database(table) as database:
            async with database.transaction() as transaction:
                await transaction.execute("INSERT INTO t VALUES (7)")
                transaction.after_commit(breaks)
                transaction.after_commit(later)
            assert await database.rows("SELECT id FROM t") == [(7,)]

    with caplog.at_level(logging.ERROR, "dbdeed.access"):
        drive(work)
    assert said == ["awaited"]
    (record,) = caplog.records
    assert "breaks failed after its transaction had ended: at the bakery" in record.message
    assert record.exc_info is not None


def test_a_commit_that_fails_is_a_rollback(address: str) -> None:
    said: list[str] = []
    with sync.Database(address) as database:
        database.execute("CREATE TABLE p (id INTEGER PRIMARY KEY)")
        database.execute("CREATE TABLE c (p INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(access.ForeignKeyViolation), database.transaction() as transaction:
            transaction.after_commit(lambda: said.append("no"))
            transaction.after_rollback(lambda: said.append("yes"))
            transaction.execute("INSERT INTO c VALUES (1)")
    assert said == ["yes"]


def test_a_work_that_is_run_again_leaves_only_its_last_hooks(table: str) -> None:
    said: list[int] = []
    attempts = 0

    def work(transaction: sync.Transaction) -> None:
        nonlocal attempts
        attempts += 1
        here = attempts
        transaction.after_commit(lambda: said.append(here))
        if attempts < 3:
            raise access.DeadlockDetected("on purpose")

    with sync.Database(table, retry=access.RetryPolicy(attempts=3, first=0)) as database:
        database.run(work)
    assert said == [3]


def test_parts_are_undone_by_themselves(table: str) -> None:
    with sync.Database(table) as database:
        with database.transaction() as outer:
            insert(outer, 1)
            with pytest.raises(access.UniqueViolation), outer.transaction() as inner:
                insert(inner, 2)
                insert(inner, 1)
            with outer.transaction() as inner:
                insert(inner, 3)
                with pytest.raises(KeyError), inner.transaction() as deeper:
                    insert(deeper, 4)
                    raise KeyError
                insert(inner, 5)
        assert keys(database) == [1, 3, 5]


class Keys:
    """A repository as the generator writes them: over any session."""

    def __init__(self, session: sync.Session) -> None:
        self._session = session

    def add(self, key: int) -> None:
        insert(self._session, key)


def test_several_repositories_are_one_unit_of_work(table: str) -> None:
    with sync.Database(table) as database:
        with pytest.raises(access.UniqueViolation), database.transaction() as transaction:
            one, other = Keys(transaction), Keys(transaction)
            one.add(1)
            other.add(2)
            one.add(2)
        assert keys(database) == []
        with database.transaction() as transaction:
            Keys(transaction).add(1)
            Keys(transaction).add(2)
        assert keys(database) == [1, 2]


def test_what_a_transaction_wants_otherwise() -> None:
    settings = access.TransactionSettings(lock_timeout=3, statement_timeout=4)
    assert settings.changed(None, None, None, None) == settings
    changed = settings.changed("serializable", True, 1.5, 2.5)
    assert (changed.isolation, changed.read_only) == (access.Isolation.SERIALIZABLE, True)
    assert (changed.statement_timeout, changed.lock_timeout) == (1.5, 2.5)
