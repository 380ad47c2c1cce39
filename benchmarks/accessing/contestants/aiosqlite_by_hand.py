"""aiosqlite as used by hand: one held connection, the conversions written out."""

from __future__ import annotations

import json
from typing import Any

import aiosqlite
from benchmarks.accessing.contestants import rows
from benchmarks.accessing.contestants import sqlite_rows as sql


class Contestant:
    async def open(self, place: dict[str, str]) -> None:
        self.connection = await aiosqlite.connect(place["path"], isolation_level=None)
        await self.connection.execute("PRAGMA foreign_keys = ON")

    async def close(self) -> None:
        await self.connection.close()

    async def get(self, key: int) -> Any:
        return sql.users(await self.connection.execute_fetchall(sql.GET, (key,)))[0]

    async def listed(self) -> Any:
        return sql.users(await self.connection.execute_fetchall(sql.LIST))

    async def insert(self, new: tuple[Any, ...]) -> Any:
        return sql.users(await self.connection.execute_fetchall(sql.INSERT, sql.taken(new)))[0]

    async def update(self, key: int, name: str) -> Any:
        return sql.users(await self.connection.execute_fetchall(sql.UPDATE, (name, key)))[0]

    async def insert_many(self, new: list[tuple[Any, ...]]) -> Any:
        await self.connection.execute("BEGIN IMMEDIATE")
        await self.connection.executemany(sql.INSERT_MANY, map(sql.taken, new))
        await self.connection.commit()

    async def fetch(self) -> Any:
        return sql.orders(await self.connection.execute_fetchall(sql.FETCH))

    async def related(self) -> Any:
        users = sql.users(await self.connection.execute_fetchall(sql.LIST))
        keys = json.dumps([user.id for user in users])
        return rows.beside(users, sql.orders(await self.connection.execute_fetchall(sql.ORDERS_OF, (keys,))))
