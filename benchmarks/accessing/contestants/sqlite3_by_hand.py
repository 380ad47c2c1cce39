"""Python's sqlite3 as used by hand: one held connection, the conversions written out."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from benchmarks.accessing.contestants import rows
from benchmarks.accessing.contestants import sqlite_rows as sql


class Contestant:
    def open(self, place: dict[str, str]) -> None:
        self.connection = sqlite3.connect(place["path"], isolation_level=None)
        self.connection.execute("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        self.connection.close()

    def get(self, key: int) -> Any:
        return sql.users([self.connection.execute(sql.GET, (key,)).fetchone()])[0]

    def listed(self) -> Any:
        return sql.users(self.connection.execute(sql.LIST))

    def insert(self, new: tuple[Any, ...]) -> Any:
        return sql.users(self.connection.execute(sql.INSERT, sql.taken(new)).fetchall())[0]

    def update(self, key: int, name: str) -> Any:
        return sql.users(self.connection.execute(sql.UPDATE, (name, key)).fetchall())[0]

    def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        self.connection.execute("BEGIN IMMEDIATE")
        with self.connection:
            self.connection.executemany(sql.INSERT_MANY, map(sql.taken, new))

    def fetch(self) -> Any:
        return sql.orders(self.connection.execute(sql.FETCH))

    def related(self) -> Any:
        users = sql.users(self.connection.execute(sql.LIST))
        keys = json.dumps([user.id for user in users])
        return rows.beside(users, sql.orders(self.connection.execute(sql.ORDERS_OF, (keys,))))
