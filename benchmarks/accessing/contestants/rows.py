"""The typed rows of the contestants written by hand, with their SQL: what a careful person would write."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from itertools import starmap
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LISTED = 100
USER = "id, email, name, active, credit, created_at"
ORDER = "id, user_id, status, total, note, placed_at"

GET = f"SELECT {USER} FROM users WHERE id = $1"
LIST = f"SELECT {USER} FROM users WHERE active = true ORDER BY id LIMIT {LISTED}"
INSERT = f"INSERT INTO users (email, name, credit) VALUES ($1, $2, $3) RETURNING {USER}"
UPDATE = f"UPDATE users SET name = $1 WHERE id = $2 RETURNING {USER}"
FETCH = f"SELECT {ORDER} FROM orders ORDER BY id"
ORDERS_OF = f"SELECT {ORDER} FROM orders WHERE user_id = ANY($1) ORDER BY user_id, id"


class OrderStatus(enum.StrEnum):
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


class User(msgspec.Struct, frozen=True):
    id: int
    email: str
    name: str
    active: bool
    credit: Decimal
    created_at: dt.datetime


class Order(msgspec.Struct, frozen=True):
    id: int
    user_id: int
    status: OrderStatus
    total: Decimal
    note: str | None
    placed_at: dt.datetime


STATUS = {one.value: one for one in OrderStatus}


def users(rows: Iterable[Sequence[Any]]) -> list[User]:
    return list(starmap(User, rows))


def orders(rows: Iterable[Sequence[Any]]) -> list[Order]:
    return [
        Order(id_, user_id, STATUS[status], total, note, placed_at)
        for id_, user_id, status, total, note, placed_at in rows
    ]


def beside(found: Sequence[User], of_them: Iterable[Order]) -> list[tuple[User, list[Order]]]:
    groups: dict[int, list[Order]] = {user.id: [] for user in found}
    for order in of_them:
        groups[order.user_id].append(order)
    return [(user, groups[user.id]) for user in found]


def percent(sql: str) -> str:
    """The same SQL with psycopg's placeholders; each stands once and in order."""
    for number in range(1, 4):
        sql = sql.replace(f"${number}", "%s")
    return sql


def question(sql: str) -> str:
    """The same SQL with SQLite's placeholders."""
    return percent(sql).replace("%s", "?")
