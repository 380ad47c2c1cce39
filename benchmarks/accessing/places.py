"""The databases that are read and written, and the repositories that dbdeed generates for them."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sqlite3
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import psycopg
from benchmarks.accessing.worker import USERS

from dbdeed.app.generate import generate_for
from dbdeed.engines.postgresql.servers.processes import members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.planning.server import Server

ORDERS_EACH = 10
DATABASE = "bench_access"
_HERE = Path(__file__).parent
_STATUSES = ("placed", "paid", "shipped")
_BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_USER = "INSERT INTO users (email, name, credit, created_at) VALUES "
_ORDER = "INSERT INTO orders (user_id, status, total, note, placed_at) VALUES "
_ADDED = f"SELECT count(*) FROM users WHERE id > {USERS}"
_KEPT = f"DELETE FROM users WHERE id > {USERS}"


def statements(engine: str) -> list[str]:
    """The SQL of an engine's document."""
    text = (_HERE / f"{engine}.md").read_text(encoding="utf-8")
    return re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def project(engine: str, folder: Path) -> Path:
    """A folder with the document and what `dbdeed generate` writes for it."""
    folder.mkdir(parents=True)
    shutil.copy(_HERE / f"{engine}.md", folder / "DATABASE.md")
    generate_for(folder / "DATABASE.md")
    return folder


class PostgresqlPlace:
    """A database on a server."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.socket = server.folder / "s"
        self._data = server.folder / "data"
        self._processes: list[int] = []
        server.create(DATABASE, statements("postgresql"))
        self._url = server.url(DATABASE)
        with psycopg.connect(self._url, autocommit=True) as connection:
            with connection.cursor() as cursor:
                cursor.executemany(f"{_USER}(%s, %s, %s, %s)", [*_users()])
                cursor.executemany(f"{_ORDER}(%s, %s, %s, %s, %s)", [*_orders()])
            connection.execute("VACUUM ANALYZE")
        self._project = project("postgresql", folder / "postgresql")

    def at(self, socket: Path | None = None) -> dict[str, str]:
        """Where it is, in every form that a contestant may want.

        Args:
            socket: the folder of a socket that stands before the server's.
        """
        with psycopg.connect(self._url) as connection:
            info = connection.info
            host, port = str(socket or self.socket), str(info.port)
            url = self._url.replace(str(self.socket), host)
            return {
                "host": host,
                "port": port,
                "user": info.user,
                "database": DATABASE,
                "url": url,
                "project": str(self._project),
            }

    def look(self) -> None:
        """See which processes the server has now, for `processor`."""
        self._processes = members(self._data)

    def settle(self) -> None:
        """The server does it by itself."""

    def processor(self) -> float:
        """Seconds that the server's processes have worked."""
        return sum(map(_worked, self._processes))

    def added(self) -> int:
        """How many users were added."""
        with psycopg.connect(self._url) as connection:
            return int(connection.execute(_ADDED).fetchall()[0][0])

    def clean(self) -> None:
        """Take away what was added."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(_KEPT)
            connection.execute("VACUUM users")


class SqlitePlace:
    """A database in a file; it is in WAL mode, as dbdeed opens it."""

    def __init__(self, folder: Path) -> None:
        self._project = project("sqlite", folder / "sqlite")
        self._path = folder / "bench.db"
        connection = sqlite3.connect(self._path)
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in statements("sqlite"):
            connection.executescript(statement)
        with connection:
            connection.executemany(
                f"{_USER}(?, ?, ?, ?)",
                ((email, name, float(credit), _text(at)) for email, name, credit, at in _users()),
            )
            connection.executemany(
                f"{_ORDER}(?, ?, ?, ?, ?)",
                (
                    (user, status, float(total), note, _text(at))
                    for user, status, total, note, at in _orders()
                ),
            )
        connection.execute("ANALYZE")
        connection.close()

    def at(self) -> dict[str, str]:
        return {
            "path": str(self._path),
            "url": f"sqlite:///{self._path}",
            "project": str(self._project),
        }

    def look(self) -> None:
        """There is no server."""

    def settle(self) -> None:
        """Bring what was written to its place, so that no contestant does it for the one before."""
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()

    def processor(self) -> float:
        return 0.0

    def added(self) -> int:
        connection = sqlite3.connect(self._path, isolation_level=None)
        (found,) = connection.execute(_ADDED).fetchone()
        connection.close()
        return int(found)

    def clean(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute(_KEPT)
        connection.close()


def _worked(pid: int) -> float:
    """A process's seconds on a processor, to the nanosecond."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:
        return 0.0


def _text(moment: dt.datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(sep=" ")


def _users() -> Iterator[tuple[str, str, str, dt.datetime]]:
    chance = Random(1)
    for number in range(1, USERS + 1):
        credit = f"{chance.randint(0, 10**6) / 100:.2f}"
        at = _BEGAN + dt.timedelta(seconds=chance.randint(0, 10**7), microseconds=chance.randint(0, 999_999))
        yield f"user{number}@example.org", f"User Number {number}", credit, at


def _orders() -> Iterator[tuple[int, str, str, str | None, dt.datetime]]:
    chance = Random(2)
    for number in range(USERS * ORDERS_EACH):
        total = f"{chance.randint(0, 10**6) / 100:.2f}"
        note = None if chance.random() < 0.5 else f"Leave it at door {number}"
        at = _BEGAN + dt.timedelta(seconds=chance.randint(0, 10**7), microseconds=chance.randint(0, 999_999))
        yield number // ORDERS_EACH + 1, chance.choice(_STATUSES), total, note, at
