"""dbdeed: the generated repositories, over their `Database` with a pool, without asyncio."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from dbdeed.access import PoolSettings, sync


class Contestant:
    def open(self, place: dict[str, str]) -> None:
        sys.path.insert(0, place["project"])
        generated = importlib.import_module("generated")
        self.new_user, self.changes = generated.NewUser, generated.UserChanges
        repositories = importlib.import_module("generated.sync")
        self.database = sync.Database(place["url"], pool=PoolSettings(min=1, max=10))
        self.database.open()
        self.users = repositories.UserRepository(self.database)
        self.orders = repositories.OrderRepository(self.database)

    def close(self) -> None:
        self.database.close()

    def get(self, key: int) -> Any:
        return self.users.get(key)

    def listed(self) -> Any:
        return self.users.list(active=True, limit=100)

    def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        return self.users.insert(self.new_user(email=email, name=name, credit=credit))

    def update(self, key: int, name: str) -> Any:
        return self.users.update(key, self.changes(name=name))

    def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        return self.users.insert_many(
            [self.new_user(email=email, name=name, credit=credit) for email, name, credit in new]
        )

    def fetch(self) -> Any:
        return self.orders.list()

    def related(self) -> Any:
        users = self.users.list(active=True, limit=100)
        orders = self.orders.list_by_user_id([user.id for user in users])
        return [(user, orders[user.id]) for user in users]
