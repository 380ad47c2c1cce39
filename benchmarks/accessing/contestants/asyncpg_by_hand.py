"""asyncpg as used by hand: one held connection, its own statement cache, rows into `msgspec.Struct`."""

from __future__ import annotations

from typing import Any

import asyncpg
from benchmarks.accessing.contestants import rows


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        address = {key: place[key] for key in ("host", "port", "user", "database")}
        self.connection = await asyncpg.connect(**address)
        self.pool = await asyncpg.create_pool(**address, min_size=10, max_size=10)

    async def close(self) -> None:
        await self.connection.close()
        await self.pool.close()

    async def get(self, key: int) -> Any:
        return rows.User(*await self.connection.fetchrow(rows.GET, key))

    async def pooled_get(self, key: int) -> Any:
        async with self.pool.acquire() as connection:
            return rows.User(*await connection.fetchrow(rows.GET, key))

    async def listed(self) -> Any:
        return rows.users(await self.connection.fetch(rows.LIST))

    async def insert(self, new: tuple[Any, ...]) -> Any:
        return rows.User(*await self.connection.fetchrow(rows.INSERT, *new))

    async def update(self, key: int, name: str) -> Any:
        return rows.User(*await self.connection.fetchrow(rows.UPDATE, name, key))

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        return await self.connection.copy_records_to_table(
            "users", records=new, columns=["email", "name", "credit"]
        )

    async def fetch(self) -> Any:
        return rows.orders(await self.connection.fetch(rows.FETCH))

    async def related(self) -> Any:
        users = rows.users(await self.connection.fetch(rows.LIST))
        orders = await self.connection.fetch(rows.ORDERS_OF, [user.id for user in users])
        return rows.beside(users, rows.orders(orders))
