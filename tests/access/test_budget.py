"""Retries are a share of the calls, and what is no use is not tried again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dbdeed import access
from dbdeed.access.budget import Bucket, Budget
from dbdeed.access.errors import ConnectionFailed, SerializationFailure
from dbdeed.access.sync import Database as SyncDatabase


def test_a_bucket_holds_a_share_of_the_calls_and_a_token_a_second() -> None:
    now = [0.0]
    bucket = Bucket(0.2, 10, lambda: now[0])
    assert [bucket.take(0) for _ in range(11)] == [True] * 10 + [False]
    assert [bucket.take(10) for _ in range(3)] == [True, True, False]
    assert bucket.take(14) is False
    assert bucket.take(15) is True  # what four calls left counts on
    now[0] = 1.0
    assert [bucket.take(15) for _ in range(2)] == [True, False]
    now[0] = 10_000.0
    assert [bucket.take(10**6) for _ in range(11)] == [True] * 10 + [False]  # never more than its reserve


def test_conflicts_and_faults_draw_from_different_buckets() -> None:
    budget = Budget(0.0, lambda: 0.0)
    faults, conflicts = ConnectionFailed("no"), SerializationFailure("no")
    assert [budget.allows(faults, 0) for _ in range(11)] == [True] * 10 + [False]
    assert all(budget.allows(conflicts, 0) for _ in range(100))
    assert not budget.allows(conflicts, 0)
    assert budget.allows(conflicts, 1)
    unlimited = Budget(None, lambda: 0.0)
    assert all(unlimited.allows(faults, 0) for _ in range(1000))


class Refusing:
    """A database whose connections cannot be opened any more."""

    def __init__(self) -> None:
        self.tries = 0

    dialect = database = "sqlite"

    async def connect(self) -> Any:
        self.tries += 1
        raise ConnectionFailed("nobody listens")


def test_retries_do_not_pile_up_on_a_server_in_trouble(sqlite: str) -> None:
    async def work() -> int:
        retry = access.RetryPolicy(attempts=5, first=0, longest=0)
        database = access.Database(sqlite, pool=access.PoolSettings(min=0), retry=retry)
        refusing = Refusing()
        database._connector = refusing
        await database.open()
        for _ in range(100):
            with pytest.raises(ConnectionFailed):
                await database.rows(access.Statement("SELECT 1"))
        await database.close()
        return refusing.tries

    tries = asyncio.run(work())
    assert 110 <= tries <= 115  # without the budget it would be 500


def test_what_cannot_get_better_is_tried_once(sqlite: str) -> None:
    class Locked:
        dialect = database = "sqlite"
        tries = 0

        def connect(self) -> Any:
            self.tries += 1
            raise access.AuthenticationFailed("wrong password")

    database = SyncDatabase(sqlite, retry=access.RetryPolicy(attempts=5))
    locked = Locked()
    database._connector = locked
    with pytest.raises(access.AuthenticationFailed):
        database.open()
    assert locked.tries == 1
    with pytest.raises(access.ConfigurationError, match="share"):
        access.RetryPolicy(budget=-0.1)
