"""Servers of one's own: to stop, to kill, and to follow."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import psycopg

from dbdeed.engines.postgresql.servers import account, programs, room, server
from dbdeed.engines.postgresql.servers.account import Launch

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

MAJORS = (15, 18)
SETTINGS = {"fsync": "off", "max_connections": "60", "deadlock_timeout": "50ms"}


def admin(address: str, sql: str) -> list[Any]:
    """Run it as the superuser, on a session of its own that the runtime knows nothing of."""
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def sessions(address: str) -> int:
    """How many sessions of the runtime the server of this database has."""
    found: int = admin(
        address,
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'dbdeed' AND datname = current_database()",
    )[0][0]
    return found


# A server ends with the thread that started it: this one lasts.
_STARTER = ThreadPoolExecutor(1)


class Own:
    """A server that can be stopped and started, with its data in a folder of its own."""

    def __init__(self, major: int, folder: Path, name: str, settings: dict[str, str] | None = None) -> None:
        self._who = account.account()
        self._programs = account.reachable(programs.find(major), self._who)
        self._settings = SETTINGS | (settings or {})
        self._stack = ExitStack()
        self.data = folder / name
        self.socket = folder / f"{name}-s"
        self.standby = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Its database `postgres`, as its superuser."""
        return server.socket_url(self.socket, "postgres", "postgres")

    def make(self) -> None:
        """Its data folder, new."""
        account.own(self.data, self._who)
        server.initialise(
            self._programs, self.data, self._who, superuser="postgres", options=["--no-sync", "--no-locale"]
        )

    def follow(self, primary: Own) -> None:
        """Its data folder, as a copy that streams from `primary`."""
        account.own(self.data, self._who)
        command = [
            str(self._programs.path("pg_basebackup")), "-D", str(self.data), "-h", str(primary.socket),
            "-p", str(server.PORT), "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync",
        ]  # fmt: skip
        done = account.run(
            Launch(tuple(command), parent=os.getpid()).arguments(self._who), account.ourselves()
        )
        assert done.returncode == 0, done.stderr
        self.standby = True

    def start(self) -> None:
        """Start it, and wait until it answers."""
        running = server.throwaway(
            self._programs,
            self.data,
            self.socket,
            self._settings,
            who=self._who,
            isolated=False,
            standby=self.standby,
        )
        _STARTER.submit(self._stack.enter_context, running).result()

    def stop(self) -> None:
        """End it at once, as a crash does."""
        self._stack.close()

    def shut_down(self) -> None:
        """End it in good order: sessions are told."""
        server.stop(self.data)
        self._stack.close()


def folder(stack: ExitStack) -> Path:
    """A folder that a server's unprivileged user reaches; it goes with the stack."""
    return stack.enter_context(room.room("access-tests"))
