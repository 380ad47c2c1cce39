"""SQLModel over asyncpg: a session for each call, as its documentation shows."""

# Without `from __future__ import annotations`: SQLModel reads the annotations of relationships itself.
import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from benchmarks.accessing.contestants.sqlalchemy_core import engine_of
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession


class OrderStatus(enum.StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


_STATUS = sa.Enum(OrderStatus, name="order_status", values_callable=lambda kind: [one.value for one in kind])


def _now() -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


class User(SQLModel, table=True):
    __tablename__ = "users"
    id: int | None = Field(
        default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    )
    email: str
    name: str
    active: bool = True
    credit: Decimal = Field(max_digits=12, decimal_places=2)
    created_at: dt.datetime | None = Field(default=None, sa_column=_now())
    orders: list["Order"] = Relationship(sa_relationship_kwargs={"order_by": "Order.id"})


class Order(SQLModel, table=True):
    __tablename__ = "orders"
    id: int | None = Field(
        default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    )
    user_id: int = Field(foreign_key="users.id")
    status: OrderStatus = Field(sa_column=sa.Column(_STATUS, nullable=False))
    total: Decimal = Field(max_digits=12, decimal_places=2)
    note: str | None = None
    placed_at: dt.datetime | None = Field(default=None, sa_column=_now())


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        self.engine = engine_of(place)

    async def close(self) -> None:
        await self.engine.dispose()

    def session(self) -> Any:
        return AsyncSession(self.engine, expire_on_commit=False)

    async def get(self, key: int) -> Any:
        async with self.session() as session:
            return await session.get_one(User, key)

    async def listed(self) -> Any:
        async with self.session() as session:
            return (await session.exec(_listed())).all()

    async def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        async with self.session() as session:
            user = User(email=email, name=name, credit=credit)
            session.add(user)
            await session.commit()
            return user

    async def update(self, key: int, name: str) -> Any:
        async with self.session() as session:
            user = await session.get_one(User, key)
            user.name = name
            session.add(user)
            await session.commit()
            return user

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        async with self.session() as session:
            session.add_all(User(email=email, name=name, credit=credit) for email, name, credit in new)
            await session.commit()

    async def fetch(self) -> Any:
        async with self.session() as session:
            return (await session.exec(select(Order).order_by(Order.id))).all()

    async def related(self) -> Any:
        async with self.session() as session:
            users = (await session.exec(_listed().options(selectinload(User.orders)))).all()
            return [(user, user.orders) for user in users]


def _listed() -> Any:
    return select(User).where(User.active).order_by(User.id).limit(100)
