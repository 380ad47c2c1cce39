"""Piccolo over asyncpg, with its connection pool started, as its documentation shows."""

from __future__ import annotations

import enum
from typing import Any

from piccolo.columns import BigSerial, Boolean, ForeignKey, Numeric, Text, Timestamptz, Varchar
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.engine.postgres import PostgresEngine
from piccolo.table import Table

DB = PostgresEngine(config={}, extensions=())


class OrderStatus(enum.StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


class User(Table, tablename="users", db=DB):
    id = BigSerial(primary_key=True)
    email = Text(unique=True)
    name = Text()
    active = Boolean(default=True)
    credit = Numeric(digits=(12, 2))
    created_at = Timestamptz(default=TimestamptzNow())


class Order(Table, tablename="orders", db=DB):
    id = BigSerial(primary_key=True)
    user_id = ForeignKey(references=User)
    status = Varchar(choices=OrderStatus)
    total = Numeric(digits=(12, 2))
    note = Text(null=True, default=None)
    placed_at = Timestamptz(default=TimestamptzNow())


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        DB.config = {key: place[key] for key in ("host", "port", "user", "database")}
        await DB.start_connection_pool(min_size=1, max_size=10)

    async def close(self) -> None:
        await DB.close_connection_pool()

    async def get(self, key: int) -> Any:
        return await User.objects().get(User.id == key)

    async def listed(self) -> Any:
        return await User.objects().where(User.active.eq(value=True)).order_by(User.id).limit(100)

    async def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        user = User(email=email, name=name, credit=credit)
        await user.save()
        return user

    async def update(self, key: int, name: str) -> Any:
        user = await User.objects().get(User.id == key)
        await user.update_self({User.name: name})
        return user

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        await User.insert(*[User(email=email, name=name, credit=credit) for email, name, credit in new])

    async def fetch(self) -> Any:
        return await Order.objects().order_by(Order.id)

    async def related(self) -> Any:
        users = await self.listed()
        groups: dict[int, list[Any]] = {user.id: [] for user in users}
        for order in await Order.objects().where(Order.user_id.is_in([*groups])).order_by(Order.id):
            groups[order.user_id].append(order)
        return [(user, groups[user.id]) for user in users]
