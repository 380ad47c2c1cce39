"""Many rows at once, on every engine: streamed out, sent together, copied in."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator

TABLE = "CREATE TABLE t (id integer PRIMARY KEY, name text)"
ALL = access.Statement("SELECT id, name FROM t ORDER BY id")
COUNT = access.Statement("SELECT count(*) FROM t")


def marked(address: str, text: str, *, writes: bool = True) -> access.Statement:
    """`?` as the engine has it."""
    if address.startswith("postgresql"):
        for number in range(1, text.count("?") + 1):
            text = text.replace("?", f"${number}", 1)
    return access.Statement(text, writes=writes)


def names(rows: Iterable[access.Row]) -> list[str]:
    return [name for _, name in rows]


def drive(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.fixture
def filled(address: str) -> str:
    with sync.Database(address) as database:
        database.execute(TABLE)
        assert database.copy_in("t", "id, name", ((n, f"name {n}") for n in range(1000))) == 1000
    return address


def test_a_stream_gives_every_row(filled: str) -> None:
    async def work() -> None:
        async with access.Database(filled) as database:
            found = [name async for name in database.stream(ALL, (), names, batch=7)]
            assert found == [f"name {n}" for n in range(1000)]
            assert [name async for name in database.stream(ALL, (), names)] == found
            async with database.transaction() as transaction:
                assert [name async for name in transaction.stream(ALL, (), names, batch=300)] == found

    drive(work)
    with sync.Database(filled) as database:
        assert list(database.stream(ALL, (), names, batch=7)) == [f"name {n}" for n in range(1000)]


def test_a_stream_that_is_left_early_harms_nothing(filled: str) -> None:
    async def work() -> None:
        async with access.Database(filled, pool=access.PoolSettings(max=1)) as database:
            for _ in range(3):
                async with aclosing(database.stream(ALL, (), names, batch=10)) as found:
                    async for name in found:
                        assert name == "name 0"
                        break
                assert await database.rows(COUNT) == [(1000,)]
            async with database.transaction() as transaction:
                async with aclosing(transaction.stream(ALL, (), names, batch=10)) as found:
                    async for _ in found:
                        break
                assert await transaction.rows(COUNT) == [(1000,)]

    drive(work)
    with sync.Database(filled, pool=access.PoolSettings(max=1)) as database:
        with closing(database.stream(ALL, (), names, batch=10)) as found:
            assert next(found) == "name 0"
        assert database.rows(COUNT) == [(1000,)]


def test_many_is_all_or_nothing(filled: str) -> None:
    insert = marked(filled, "INSERT INTO t VALUES (?, ?)")
    update = marked(filled, "UPDATE t SET name = ? WHERE id <= ?")

    async def work() -> None:
        async with access.Database(filled) as database:
            assert await database.many(insert, [(n, "new") for n in range(2000, 2300)]) == 300
            assert await database.many(update, [("a", 1), ("b", -5), ("c", 4)]) == 2 + 0 + 5
            assert await database.many(insert, []) == 0
            with pytest.raises(access.UniqueViolation):
                await database.many(insert, [(n, "new") for n in (3000, 3001, 5, 3002)])
            assert await database.rows(COUNT) == [(1300,)]
            async with database.transaction() as transaction:
                assert await transaction.many(insert, [(n, None) for n in range(4000, 4010)]) == 10
            assert await database.rows(COUNT) == [(1310,)]

    drive(work)
    with sync.Database(filled) as database:
        assert database.many(insert, [(n, "new") for n in range(5000, 5003)]) == 3
        with pytest.raises(access.UniqueViolation):
            database.many(insert, [(6000, "new"), (5, "new")])
        assert database.rows(COUNT) == [(1313,)]


def test_rows_are_copied_in_all_or_none(filled: str) -> None:
    def failing() -> Iterator[tuple[int, str]]:
        yield 3000, "a"
        raise ZeroDivisionError

    async def work() -> None:
        async with access.Database(filled, pool=access.PoolSettings(max=1)) as database:
            odd = [(2000, "tab\t, \\N, \\, new\nline, 'quote' \"\x01 é 🌍"), (2001, None), (2002, "")]
            assert await database.copy_in("t", "id, name", odd) == 3
            kept = marked(filled, "SELECT id, name FROM t WHERE id >= ? ORDER BY id", writes=False)
            assert await database.rows(kept, (2000,)) == odd
            with pytest.raises(access.UniqueViolation):
                await database.copy_in("t", "id, name", [(3000, "a"), (1, "b")])
            with pytest.raises(ZeroDivisionError):
                await database.copy_in("t", "id, name", failing())
            assert await database.copy_in("t", "id, name", []) == 0
            assert await database.rows(COUNT) == [(1003,)]

    drive(work)
