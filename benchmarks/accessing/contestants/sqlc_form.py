"""Written by hand in the form that sqlc's plugin for Python generates: SQLAlchemy's `text`, dataclasses."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
from typing import TYPE_CHECKING, Any

import sqlalchemy
from benchmarks.accessing.contestants.sqlalchemy_core import engine_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

GET_USER = "SELECT id, email, name, active, credit, created_at FROM users WHERE id = :p1"
LIST_USERS = (
    "SELECT id, email, name, active, credit, created_at FROM users WHERE active = true ORDER BY id LIMIT :p1"
)
CREATE_USER = (
    "INSERT INTO users (email, name, credit) VALUES (:p1, :p2, :p3) "
    "RETURNING id, email, name, active, credit, created_at"
)
CREATE_USERS = (
    "INSERT INTO users (email, name, credit) "
    "SELECT * FROM unnest(:p1\\:\\:text[], :p2\\:\\:text[], :p3\\:\\:numeric[])"
)
RENAME_USER = (
    "UPDATE users SET name = :p2 WHERE id = :p1 RETURNING id, email, name, active, credit, created_at"
)
LIST_ORDERS = "SELECT id, user_id, status, total, note, placed_at FROM orders ORDER BY id"
LIST_ORDERS_OF = (
    "SELECT id, user_id, status, total, note, placed_at FROM orders "
    "WHERE user_id = ANY(:p1\\:\\:bigint[]) ORDER BY user_id, id"
)


class OrderStatus(enum.StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


@dataclasses.dataclass()
class User:
    id: int
    email: str
    name: str
    active: bool
    credit: decimal.Decimal
    created_at: dt.datetime


@dataclasses.dataclass()
class Order:
    id: int
    user_id: int
    status: OrderStatus
    total: decimal.Decimal
    note: str | None
    placed_at: dt.datetime


def _user(row: Sequence[Any]) -> User:
    return User(id=row[0], email=row[1], name=row[2], active=row[3], credit=row[4], created_at=row[5])


def _order(row: Sequence[Any]) -> Order:
    return Order(id=row[0], user_id=row[1], status=row[2], total=row[3], note=row[4], placed_at=row[5])


class AsyncQuerier:
    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn

    async def _one(self, sql: str, values: dict[str, Any]) -> User | None:
        row = (await self._conn.execute(sqlalchemy.text(sql), values)).first()
        return None if row is None else _user(row)

    async def get_user(self, *, id_: int) -> User | None:
        return await self._one(GET_USER, {"p1": id_})

    async def create_user(self, *, email: str, name: str, credit: decimal.Decimal) -> User | None:
        return await self._one(CREATE_USER, {"p1": email, "p2": name, "p3": credit})

    async def rename_user(self, *, id_: int, name: str) -> User | None:
        return await self._one(RENAME_USER, {"p1": id_, "p2": name})

    async def create_users(
        self, *, emails: list[str], names: list[str], credits_: list[decimal.Decimal]
    ) -> None:
        values = {"p1": emails, "p2": names, "p3": credits_}
        await self._conn.execute(sqlalchemy.text(CREATE_USERS), values)

    async def list_users(self, *, limit: int) -> AsyncIterator[User]:
        async for row in await self._conn.stream(sqlalchemy.text(LIST_USERS), {"p1": limit}):
            yield _user(row)

    async def list_orders(self) -> AsyncIterator[Order]:
        async for row in await self._conn.stream(sqlalchemy.text(LIST_ORDERS)):
            yield _order(row)

    async def list_orders_of(self, *, ids: list[int]) -> AsyncIterator[Order]:
        async for row in await self._conn.stream(sqlalchemy.text(LIST_ORDERS_OF), {"p1": ids}):
            yield _order(row)


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        self.engine = engine_of(place)

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Any:
        async with self.engine.connect() as connection:
            return await AsyncQuerier(connection).get_user(id_=key)

    async def listed(self) -> Any:
        async with self.engine.connect() as connection:
            return [user async for user in AsyncQuerier(connection).list_users(limit=100)]

    async def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        async with self.engine.begin() as connection:
            return await AsyncQuerier(connection).create_user(email=email, name=name, credit=credit)

    async def update(self, key: int, name: str) -> Any:
        async with self.engine.begin() as connection:
            return await AsyncQuerier(connection).rename_user(id_=key, name=name)

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        emails, names, amounts = map(list, zip(*new, strict=True))
        async with self.engine.begin() as connection:
            await AsyncQuerier(connection).create_users(emails=emails, names=names, credits_=amounts)

    async def fetch(self) -> Any:
        async with self.engine.connect() as connection:
            return [order async for order in AsyncQuerier(connection).list_orders()]

    async def related(self) -> Any:
        async with self.engine.connect() as connection:
            querier = AsyncQuerier(connection)
            users = [user async for user in querier.list_users(limit=100)]
            groups: dict[int, list[Order]] = {user.id: [] for user in users}
            async for order in querier.list_orders_of(ids=[*groups]):
                groups[order.user_id].append(order)
            return [(user, groups[user.id]) for user in users]
