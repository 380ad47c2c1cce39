"""advanced-alchemy's repository over asyncpg: a session and a repository for each call."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from advanced_alchemy.base import DefaultBase
from advanced_alchemy.filters import LimitOffset
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from benchmarks.accessing.contestants.sqlalchemy_core import engine_of
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column, relationship


class OrderStatus(enum.StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


class User(DefaultBase):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(sa.Text, unique=True)
    name: Mapped[str] = mapped_column(sa.Text)
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    credit: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2), server_default="0")
    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    orders: Mapped[list[Order]] = relationship(order_by="Order.id")


class Order(DefaultBase):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    status: Mapped[OrderStatus] = mapped_column(
        sa.Enum(OrderStatus, name="order_status", values_callable=lambda kind: [one.value for one in kind])
    )
    total: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    note: Mapped[str | None] = mapped_column(sa.Text)
    placed_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())


class Users(SQLAlchemyAsyncRepository[User]):
    model_type = User


class Orders(SQLAlchemyAsyncRepository[Order]):
    model_type = Order


_LISTED = (User.active.is_(True), LimitOffset(limit=100, offset=0))


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        self.engine = engine_of(place)
        self.session = async_sessionmaker(self.engine, expire_on_commit=False)

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Any:
        async with self.session() as session:
            return await Users(session=session).get(key)

    async def listed(self) -> Any:
        async with self.session() as session:
            return await Users(session=session).list(*_LISTED, order_by=("id", False))

    async def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        async with self.session() as session:
            user = User(email=email, name=name, credit=credit)
            return await Users(session=session).add(user, auto_commit=True)

    async def update(self, key: int, name: str) -> Any:
        async with self.session() as session:
            return await Users(session=session).update(User(id=key, name=name), auto_commit=True)

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        async with self.session() as session:
            users = [User(email=email, name=name, credit=credit) for email, name, credit in new]
            await Users(session=session).add_many(users, auto_commit=True)

    async def fetch(self) -> Any:
        async with self.session() as session:
            return await Orders(session=session).list(order_by=("id", False))

    async def related(self) -> Any:
        async with self.session() as session:
            repository = Users(session=session)
            users = await repository.list(*_LISTED, order_by=("id", False), load=[User.orders])
            return [(user, user.orders) for user in users]
