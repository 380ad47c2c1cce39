"""apsw as used by hand: one held connection, the conversions written out."""

from __future__ import annotations

import json
from typing import Any

import apsw
from benchmarks.accessing.contestants import rows
from benchmarks.accessing.contestants import sqlite_rows as sql


class Contestant:
    def open(self, place: dict[str, str]) -> None:
        self.connection = apsw.Connection(place["path"])
        self.connection.set_busy_timeout(5000)
        self.connection.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        self.connection.close()

    def get(self, key: int) -> Any:
        return sql.users(self.connection.execute(sql.GET, (key,)))[0]

    def listed(self) -> Any:
        return sql.users(self.connection.execute(sql.LIST))

    def insert(self, new: tuple[Any, ...]) -> Any:
        return sql.users(self.connection.execute(sql.INSERT, sql.taken(new)))[0]

    def update(self, key: int, name: str) -> Any:
        return sql.users(self.connection.execute(sql.UPDATE, (name, key)))[0]

    def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany(sql.INSERT_MANY, map(sql.taken, new))
        self.connection.execute("COMMIT")

    def fetch(self) -> Any:
        return sql.orders(self.connection.execute(sql.FETCH))

    def related(self) -> Any:
        users = sql.users(self.connection.execute(sql.LIST))
        keys = json.dumps([user.id for user in users])
        return rows.beside(users, sql.orders(self.connection.execute(sql.ORDERS_OF, (keys,))))
