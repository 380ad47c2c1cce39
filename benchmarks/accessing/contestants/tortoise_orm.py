"""Tortoise over asyncpg, as its documentation shows."""

from __future__ import annotations

import enum
from typing import Any

from tortoise import Tortoise, fields
from tortoise.models import Model


class OrderStatus(enum.StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


class User(Model):
    id = fields.BigIntField(primary_key=True)
    email = fields.TextField()
    name = fields.TextField()
    active = fields.BooleanField(default=True)
    credit = fields.DecimalField(max_digits=12, decimal_places=2, default=0)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "users"


class Order(Model):
    id = fields.BigIntField(primary_key=True)
    user = fields.ForeignKeyField("models.User", related_name="orders")
    status = fields.CharEnumField(OrderStatus)
    total = fields.DecimalField(max_digits=12, decimal_places=2)
    note = fields.TextField(null=True)
    placed_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "orders"
        ordering = ("id",)


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        credentials = {key: place[key] for key in ("host", "port", "user", "database")}
        credentials |= {"password": "", "minsize": 1, "maxsize": 10}
        await Tortoise.init(
            config={
                "connections": {
                    "default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}
                },
                "apps": {"models": {"models": [__name__], "default_connection": "default"}},
                "use_tz": True,
            }
        )

    async def close(self) -> None:
        await Tortoise.close_connections()

    async def get(self, key: int) -> Any:
        return await User.get(id=key)

    async def listed(self) -> Any:
        return await User.filter(active=True).order_by("id").limit(100)

    async def insert(self, new: tuple[Any, ...]) -> Any:
        email, name, credit = new
        return await User.create(email=email, name=name, credit=credit)

    async def update(self, key: int, name: str) -> Any:
        user = await User.get(id=key)
        user.name = name
        await user.save(update_fields=["name"])
        return user

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        await User.bulk_create([User(email=email, name=name, credit=credit) for email, name, credit in new])

    async def fetch(self) -> Any:
        return await Order.all().order_by("id")

    async def related(self) -> Any:
        users = await User.filter(active=True).order_by("id").limit(100).prefetch_related("orders")
        return [(user, list(user.orders)) for user in users]
