"""psycopg 3 as used by hand: one held connection in autocommit, rows into `msgspec.Struct`."""

from __future__ import annotations

from typing import Any

import psycopg
from benchmarks.accessing.contestants import rows
from benchmarks.accessing.contestants.psycopg_by_hand import COPY, GET, INSERT, ORDERS_OF, UPDATE


class Contestant:
    def open(self, place: dict[str, str]) -> None:
        self.connection = psycopg.connect(place["url"], autocommit=True)

    def close(self) -> None:
        self.connection.close()

    def get(self, key: int) -> Any:
        return rows.User(*self.connection.execute(GET, (key,)).fetchone())

    def listed(self) -> Any:
        return rows.users(self.connection.execute(rows.LIST).fetchall())

    def insert(self, new: tuple[Any, ...]) -> Any:
        return rows.User(*self.connection.execute(INSERT, new).fetchone())

    def update(self, key: int, name: str) -> Any:
        return rows.User(*self.connection.execute(UPDATE, (name, key)).fetchone())

    def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        with self.connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for one in new:
                copy.write_row(one)

    def fetch(self) -> Any:
        return rows.orders(self.connection.execute(rows.FETCH).fetchall())

    def related(self) -> Any:
        users = rows.users(self.connection.execute(rows.LIST).fetchall())
        orders = self.connection.execute(ORDERS_OF, ([user.id for user in users],)).fetchall()
        return rows.beside(users, rows.orders(orders))
