"""psycopg 3 with asyncio as used by hand: one held connection in autocommit, rows into `msgspec.Struct`."""

from __future__ import annotations

from typing import Any

import psycopg
from benchmarks.accessing.contestants import rows

GET, INSERT, UPDATE = map(rows.percent, (rows.GET, rows.INSERT, rows.UPDATE))
ORDERS_OF = rows.percent(rows.ORDERS_OF)
COPY = "COPY users (email, name, credit) FROM STDIN"


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        self.connection = await psycopg.AsyncConnection.connect(place["url"], autocommit=True)

    async def close(self) -> None:
        await self.connection.close()

    async def get(self, key: int) -> Any:
        return rows.User(*await (await self.connection.execute(GET, (key,))).fetchone())

    async def listed(self) -> Any:
        return rows.users(await (await self.connection.execute(rows.LIST)).fetchall())

    async def insert(self, new: tuple[Any, ...]) -> Any:
        return rows.User(*await (await self.connection.execute(INSERT, new)).fetchone())

    async def update(self, key: int, name: str) -> Any:
        return rows.User(*await (await self.connection.execute(UPDATE, (name, key))).fetchone())

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        async with self.connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for one in new:
                await copy.write_row(one)

    async def fetch(self) -> Any:
        return rows.orders(await (await self.connection.execute(rows.FETCH)).fetchall())

    async def related(self) -> Any:
        users = rows.users(await (await self.connection.execute(rows.LIST)).fetchall())
        cursor = await self.connection.execute(ORDERS_OF, ([user.id for user in users],))
        return rows.beside(users, rows.orders(await cursor.fetchall()))
