"""SQLite by hand: SQL and the conversions to and from what it keeps, as a careful person would write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from benchmarks.accessing.contestants.rows import (
    FETCH,
    GET,
    INSERT,
    LIST,
    STATUS,
    UPDATE,
    Order,
    User,
    question,
)
from benchmarks.accessing.contestants.rows import ORDER as _ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GET, INSERT, UPDATE = map(question, (GET, INSERT, UPDATE))
INSERT_MANY = "INSERT INTO users (email, name, credit) VALUES (?, ?, ?)"
ORDERS_OF = (
    f"SELECT {_ORDER} FROM orders WHERE user_id IN (SELECT value FROM json_each(?)) ORDER BY user_id, id"
)

__all__ = ["FETCH", "GET", "INSERT", "INSERT_MANY", "LIST", "ORDERS_OF", "UPDATE", "orders", "taken", "users"]


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _money(number: float) -> Decimal:
    return Decimal(repr(number))


def users(rows: Iterable[Sequence[Any]]) -> list[User]:
    return [
        User(id_, email, name, bool(active), _money(credit), _moment(created_at))
        for id_, email, name, active, credit, created_at in rows
    ]


def orders(rows: Iterable[Sequence[Any]]) -> list[Order]:
    return [
        Order(id_, user_id, STATUS[status], _money(total), note, _moment(placed_at))
        for id_, user_id, status, total, note, placed_at in rows
    ]


def taken(new: tuple[str, str, Decimal]) -> tuple[str, str, float]:
    """A new user's values as SQLite takes them."""
    email, name, credit = new
    return email, name, float(credit)
