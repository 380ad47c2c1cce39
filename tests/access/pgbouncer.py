"""A pgbouncer of one's own, on a socket of its own, before a server of one's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg import conninfo

from dbdeed.engines.postgresql.servers import account
from dbdeed.engines.postgresql.servers.account import Launch

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_PORT = 6432  # a name within its folder: it listens on no network
_KEEPS_STATEMENTS = (1, 21)  # the first version that carries prepared statements over
_PATIENCE = 20.0


@cache
def program() -> str:
    """Where it is; "" where it is not installed."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


@cache
def keeps_statements() -> bool:
    """Whether this version knows `max_prepared_statements`."""
    said = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    assert found is not None, said
    return (int(found[1]), int(found[2])) >= _KEEPS_STATEMENTS


class PgBouncer:
    """Stands before the server of `address`, for as long as it is entered.

    Args:
        folder: of its own, which its unprivileged user may enter.
        mode: `session` or `transaction`.
        kept: how many prepared statements it carries over; only some versions can.
        sessions: with the server.
    """

    def __init__(self, address: str, folder: Path, mode: str, *, kept: int = 0, sessions: int = 2) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._database = conninfo.conninfo_to_dict(address)
        lines = {
            "pool_mode": mode,
            "default_pool_size": sessions,
            "auth_type": "any",
            "listen_port": _PORT,
            "unix_socket_dir": folder,
            "logfile": folder / "log",
            **({"max_prepared_statements": kept} if keeps_statements() else {}),
        }
        server = " ".join(f"{key}={self._database[key]}" for key in ("host", "port", "dbname", "user"))
        self._settings = "\n".join(
            ["[databases]", f"{self._database['dbname']} = {server}", "[pgbouncer]"]
            + [f"{key} = {value}" for key, value in lines.items()]
        )

    @property
    def address(self) -> str:
        """As the server's, by way of this."""
        name, user = self._database["dbname"], self._database["user"]
        return f"postgresql://{user}@/{name}?host={self._folder}&port={_PORT}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it lets through to the server."""
        who = account.account()
        account.own(self._folder, who)
        settings = self._folder / "ini"
        settings.write_text(self._settings + "\n")
        settings.chmod(0o644)
        command = Launch((program(), str(settings)), parent=os.getpid()).arguments(who)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self.address).close()
            except psycopg.OperationalError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            with suppress(FileNotFoundError):
                (self._folder / f".s.PGSQL.{_PORT}").unlink()
