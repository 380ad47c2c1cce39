"""SQLAlchemy's ORM over asyncpg: a session for each call, as its documentation shows."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from benchmarks.accessing.contestants.sqlalchemy_core import engine_of
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload


class OrderStatus(enum.StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(sa.Text, unique=True)
    name: Mapped[str] = mapped_column(sa.Text)
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    credit: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2), server_default="0")
    created_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    orders: Mapped[list[Order]] = relationship(order_by="Order.id")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    status: Mapped[OrderStatus] = mapped_column(
        sa.Enum(OrderStatus, name="order_status", values_callable=lambda kind: [one.value for one in kind])
    )
    total: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    note: Mapped[str | None] = mapped_column(sa.Text)
    placed_at: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        self.engine = engine_of(place)
        self.session = async_sessionmaker(self.engine, expire_on_commit=False)

    async def close(self) -> None:
        await self.engine.dispose()

    async def get(self, key: int) -> Any:
        async with self.session() as session:
            return await session.get_one(User, key)

    async def listed(self) -> Any:
        async with self.session() as session:
            return (await session.scalars(_listed())).all()

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
            await session.commit()
            return user

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        async with self.session() as session:
            values = [{"email": email, "name": name, "credit": credit} for email, name, credit in new]
            await session.execute(sa.insert(User), values)
            await session.commit()

    async def fetch(self) -> Any:
        async with self.session() as session:
            return (await session.scalars(sa.select(Order).order_by(Order.id))).all()

    async def related(self) -> Any:
        async with self.session() as session:
            users = (await session.scalars(_listed().options(selectinload(User.orders)))).all()
            return [(user, user.orders) for user in users]


def _listed() -> Any:
    return sa.select(User).where(User.active).order_by(User.id).limit(100)
