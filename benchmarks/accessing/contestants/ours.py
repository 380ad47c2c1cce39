"""dbdeed: the generated repositories, over their `Database` with a pool, for asyncio."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from dbdeed import access


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        sys.path.insert(0, place["project"])
        generated = importlib.import_module("generated")
        self.new_user, self.changes = generated.NewUser, generated.UserChanges
        settings = access.PoolSettings(min=1, max=10)
        self.database = access.Database(place["url"], pool=settings)
        self.busy = access.Database(place["url"], pool=settings)  # as asyncpg's pool is beside its connection
        await self.database.open()
        await self.busy.open()
        self.busy_users = generated.UserRepository(self.busy)
        self.users = generated.UserRepository(self.database)
        self.orders = generated.OrderRepository(self.database)

    async def close(self) -> None:
        await self.database.close()
        await self.busy.close()

    async def get(self, key: int) -> Any:
        return await self.users.get(key)

    async def pooled_get(self, key: int) -> Any:
        return await self.busy_users.get(key)

    async def listed(self) -> Any:
        return await self.users.list(active=True, limit=100)

    async def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        return await self.users.insert(self.new_user(email=email, name=name, credit=credit))

    async def update(self, key: int, name: str) -> Any:
        return await self.users.update(key, self.changes(name=name))

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        return await self.users.insert_many(
            [self.new_user(email=email, name=name, credit=credit) for email, name, credit in new]
        )

    async def fetch(self) -> Any:
        return await self.orders.list()

    async def related(self) -> Any:
        users = await self.users.list(active=True, limit=100)
        orders = await self.orders.list_by_user_id([user.id for user in users])
        return [(user, orders[user.id]) for user in users]
