"""SQLAlchemy Core over asyncpg: an engine with its pool, a connection for each call, rows as its `Row`s."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

METADATA = sa.MetaData()
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("credit", sa.Numeric(12, 2), nullable=False, server_default="0"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)
ORDERS = sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False),
    sa.Column("status", sa.Enum("placed", "paid", "shipped", name="order_status"), nullable=False),
    sa.Column("total", sa.Numeric(12, 2), nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)


def engine_of(place: dict[str, str]) -> Any:
    address = {key: place[key] for key in ("host", "port", "user", "database")}
    return create_async_engine("postgresql+asyncpg://", connect_args=address, pool_size=10, max_overflow=0)


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        self.engine = engine_of(place)

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(sa.select(USERS).where(USERS.c.id == key))).one()

    async def listed(self) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(_listed())).all()

    async def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        async with self.engine.begin() as connection:
            statement = sa.insert(USERS).values(email=email, name=name, credit=credit).returning(USERS)
            return (await connection.execute(statement)).one()

    async def update(self, key: int, name: str) -> Any:
        async with self.engine.begin() as connection:
            statement = sa.update(USERS).where(USERS.c.id == key).values(name=name).returning(USERS)
            return (await connection.execute(statement)).one()

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        async with self.engine.begin() as connection:
            values = [{"email": email, "name": name, "credit": credit} for email, name, credit in new]
            await connection.execute(sa.insert(USERS), values)

    async def fetch(self) -> Any:
        async with self.engine.connect() as connection:
            return (await connection.execute(sa.select(ORDERS).order_by(ORDERS.c.id))).all()

    async def related(self) -> Any:
        async with self.engine.connect() as connection:
            users = (await connection.execute(_listed())).all()
            groups: dict[int, list[Any]] = {user.id: [] for user in users}
            of_them = sa.select(ORDERS).where(ORDERS.c.user_id.in_(groups))
            ordered = of_them.order_by(ORDERS.c.user_id, ORDERS.c.id)
            for order in await connection.execute(ordered):
                groups[order.user_id].append(order)
            return [(user, groups[user.id]) for user in users]


def _listed() -> Any:
    return sa.select(USERS).where(USERS.c.active).order_by(USERS.c.id).limit(100)
