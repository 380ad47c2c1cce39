"""What clients did under faults, and whether the database agrees: nothing lost, nothing doubled, nothing mixed up.

Each write has a number of its own, and a table without any key takes it, so that a doubled one would show. A
single statement writes one row, a transaction two: by half it would show too. Each read carries a number that
the reply must carry.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

TABLE = "CREATE TABLE ledger (id bigint NOT NULL, part integer NOT NULL)"


class Statements:
    """The clients' statements in an engine's own placeholders."""

    def __init__(self, address: str) -> None:
        first, second = ("?", "?") if address.startswith("sqlite") else ("$1", "$2")
        number = "integer" if address.startswith("sqlite") else "bigint"
        self.insert = access.Statement(f"INSERT INTO ledger VALUES ({first}, {second})", writes=True)
        self.echo = access.Statement(f"SELECT CAST({first} AS {number}), CAST({second} AS text)")
        self.several = access.Statement(
            f"WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 40) "
            f"SELECT n, CAST({first} AS {number}) FROM c"
        )


class Ledger:
    """The outcome of each write, as its client learned it.

    Attributes:
        wrong: replies that were not what was asked for.
        errors: how often each error was met.
    """

    def __init__(self, address: str) -> None:
        self.statements = Statements(address)
        self.numbers = itertools.count(1)
        self.done: dict[int, int] = {}  # how many rows each is
        self.refused: set[int] = set()
        self.unknown: dict[int, int] = {}
        self.wrong: list[object] = []
        self.errors: Counter[str] = Counter()
        self.reads = 0

    def settle(self, key: int, parts: int, error: BaseException | None) -> None:
        """Note how a write ended."""
        if error is None:
            self.done[key] = parts
            return
        self.errors[type(error).__name__] += 1
        if isinstance(error, access.OutcomeUnknown | asyncio.CancelledError):
            self.unknown[key] = parts
        elif isinstance(error, access.AccessError):
            self.refused.add(key)
        else:
            self.wrong.append(error)
            self.unknown[key] = parts

    def audit(self, rows: list[tuple[Any, ...]]) -> None:
        """Hold the table's rows, all of them, against what was learned."""
        assert self.wrong == [], [repr(one)[:300] for one in self.wrong[:3]]
        found = Counter(key for key, _ in rows)
        assert len(rows) == len(set(rows)), "a write was doubled"
        lost = {key for key, parts in self.done.items() if found[key] != parts}
        assert lost == set(), "a write was lost, or done by half"
        assert self.refused & found.keys() == set(), "a write that was said to have failed was done"
        halves = {key for key, parts in self.unknown.items() if found[key] not in (0, parts)}
        assert halves == set(), "a transaction was done by half"
        assert found.keys() <= self.done.keys() | self.unknown.keys()

    # --- what clients do

    async def act(self, database: access.Database, chance: random.Random) -> None:
        """One thing of several, on an asynchronous database."""
        kind, key = chance.randrange(6), next(self.numbers)
        if kind < 3:
            await self._read(database, kind, key)
            return
        parts = 1 if kind == 3 else 2
        error: BaseException | None = None
        try:
            if kind == 3:
                await database.execute(self.statements.insert, (key, 1))
            elif kind == 4:
                await database.many(self.statements.insert, [(key, 1), (key, 2)])
            else:

                async def both(transaction: access.Transaction) -> None:
                    await transaction.execute(self.statements.insert, (key, 1))
                    await transaction.execute(self.statements.insert, (key, 2))

                await database.run(both)
        except BaseException as caught:
            error = caught
            if not isinstance(caught, access.AccessError):
                raise
        finally:
            self.settle(key, parts, error)

    async def _read(self, database: access.Database, kind: int, key: int) -> None:
        try:
            if kind == 0:
                self._same(
                    await database.rows(self.statements.echo, (key, f"text {key}")), [(key, f"text {key}")]
                )
            elif kind == 1:
                self._same(
                    await database.rows(self.statements.several, (key,)), [(n, key) for n in range(1, 41)]
                )
            else:
                found = [row async for row in database.stream(self.statements.several, (key,), list, batch=7)]
                self._same(found, [(n, key) for n in range(1, 41)])
        except access.AccessError as error:
            self.errors[type(error).__name__] += 1

    def act_sync(self, database: sync.Database, chance: random.Random) -> None:
        """The same on a database without asyncio."""
        kind, key = chance.randrange(6), next(self.numbers)
        if kind < 3:
            self._read_sync(database, kind, key)
            return
        error: BaseException | None = None
        try:
            if kind == 3:
                database.execute(self.statements.insert, (key, 1))
            elif kind == 4:
                database.many(self.statements.insert, [(key, 1), (key, 2)])
            else:

                def both(transaction: sync.Transaction) -> None:
                    transaction.execute(self.statements.insert, (key, 1))
                    transaction.execute(self.statements.insert, (key, 2))

                database.run(both)
        except Exception as caught:  # noqa: BLE001 - the audit tells what was wrong
            error = caught
        self.settle(key, 1 if kind == 3 else 2, error)

    def _read_sync(self, database: sync.Database, kind: int, key: int) -> None:
        try:
            if kind == 0:
                self._same(database.rows(self.statements.echo, (key, f"text {key}")), [(key, f"text {key}")])
            elif kind == 1:
                self._same(database.rows(self.statements.several, (key,)), [(n, key) for n in range(1, 41)])
            else:
                found = list(database.stream(self.statements.several, (key,), list, batch=7))
                self._same(found, [(n, key) for n in range(1, 41)])
        except access.AccessError as error:
            self.errors[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001 - the audit tells what was wrong
            self.wrong.append(error)

    def _same(self, found: list[Any], wanted: list[Any]) -> None:
        self.reads += 1
        if [tuple(row) for row in found] != wanted:
            self.wrong.append((found, wanted))


def until(true: Callable[[], object], within: float = 20.0, why: Callable[[], str] | None = None) -> None:
    """Wait for something to come true; `why` says how things stand where it does not."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, why() if why is not None else "it did not come true in time"
        time.sleep(0.01)
