"""The server that is backed up, and how a restored one is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dbdeed.engines.postgresql.servers.account import account, own, reachable
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.server import initialise, throwaway
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.postgresql.servers.server import Server

SUPERUSER = "postgres"
_ROWS_OF_A_GB = 6_600_000
_PATIENCE = 120


class Contestant(Protocol):
    """A tool. Each work gives something that `Bench.check` can hold against what is right, or None."""

    name: str

    def absent(self, bench: Bench) -> str:
        """Why it cannot take part; "" where it can."""

    def prepare(self, bench: Bench) -> None: ...
    def ready(self, bench: Bench, work: str) -> None:
        """What goes before a work, while the clock does not run."""

    def backup(self, bench: Bench) -> object | None: ...
    def incremental(self, bench: Bench) -> object | None: ...
    def restore(self, bench: Bench) -> object | None: ...
    def moment(self, bench: Bench) -> object | None: ...
    def clean(self, bench: Bench) -> None: ...


@dataclass
class Bench:
    """A running server, and a folder for the contestants.

    Attributes:
        work: theirs; anybody may pass through it.
        conf: a file of settings that the server reads at `reload`.
    """

    server: Server
    major: int
    bin: Path
    work: Path
    conf: Path

    @property
    def environment(self) -> dict[str, str]:
        """For libpq's programs."""
        return {
            **os.environ, "PGHOST": str(self.server.socket), "PGUSER": SUPERUSER, "PGDATABASE": "postgres",
            "PGPORT": "5432", "LC_ALL": "C",
        }  # fmt: skip

    @property
    def url(self) -> str:
        return self.server.target("postgres", user=SUPERUSER).url

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        """A program as the server's user; what it says goes to the file `said`."""
        who = account()
        identity = {"user": who.user, "group": who.group, "extra_groups": [who.group]} if who.foreign else {}
        with (self.work / "said").open("wb") as file:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
                [str(one) for one in command],
                env={**self.environment, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd="/",
                **identity,
            )

    def run(self, *command: str | Path, **environment: str) -> str:
        """The same to its end; its output."""
        code, said = self.start(*command, **environment).wait(), (self.work / "said").read_text()
        if code:
            sys.exit(f"{command[0]}: {said[-2000:]}")
        return said

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        with closing(connect(self.server.target("postgres", user=SUPERUSER))) as session:
            found: list[tuple[object, ...]] = []
            for statement in statements:
                found = session.fetch(statement)
            return found

    def until(self, question: str) -> None:
        """Wait until the server says yes to a query of one value."""
        deadline = time.monotonic() + _PATIENCE
        while self.sql(question) != [(True,)]:
            if time.monotonic() > deadline:
                sys.exit(f"Still not after {_PATIENCE} s: {question}")
            time.sleep(0.1)

    def settings(self, **values: str) -> None:
        """Set what a contestant needs on the server, in place of what another one did."""
        given = {"archive_command": "true", **values}
        self.conf.write_text("".join(f"{name} = '{value}'\n" for name, value in given.items()))
        self.sql("SELECT pg_reload_conf()")

    def quiet(self) -> None:
        """Nothing is left to be written when the clock starts."""
        self.settings()
        self.sql("CHECKPOINT")
        os.sync()

    def change(self) -> None:
        """A hundredth of the rows, side by side, as a day's work leaves them."""
        [(rows,)] = self.sql("SELECT reltuples::int8 FROM pg_class WHERE relname = 'pgbench_accounts'")
        self.sql(
            f"UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid <= {int(str(rows)) // 100}",
            "INSERT INTO marks SELECT coalesce(max(mark), 0) + 1 FROM marks",
        )

    @property
    def mark(self) -> int:
        """Grows with every change."""
        return int(str(self.sql("SELECT coalesce(max(mark), 0) FROM marks")[0][0]))

    def folder(self, name: str) -> Path:
        """A new, empty folder of the server's user."""
        place = self.work / name
        shutil.rmtree(place, ignore_errors=True)
        return own(place, account())

    def answer(self, data: Path) -> int:
        """Start a server on restored files and ask it; when it has answered, it is stopped."""
        settings = {"archive_mode": "off", "hot_standby": "off", "shared_buffers": "128MB"}
        with (
            throwaway(find(self.major), data, self.work / "r", settings) as server,
            closing(connect(server.target("postgres", user=SUPERUSER))) as session,
        ):
            return self.found(session.fetch("SELECT max(mark) FROM marks"))

    def found(self, rows: Sequence[tuple[object, ...]]) -> int:
        return int(str(rows[0][0]))

    def check(self, done: object) -> None:
        """What came back must be what is there. Backups give nothing to check."""
        if isinstance(done, int) and not isinstance(done, bool) and done != self.mark:
            sys.exit(f"What came back is of change {done}, and it is at {self.mark}.")


@contextmanager
def opened(major: int, size: float, work: Path) -> Iterator[Bench]:
    """A server with about so many GB in it, which can be archived and backed up by everybody."""
    programs, who = find(major), account()
    data = own(work / "data", who)
    initialise(
        reachable(programs, who), data, who, superuser=SUPERUSER, options=["--locale=C", "--auth=trust"]
    )
    conf = data / "bench.conf"
    conf.write_text("")
    with (data / "postgresql.conf").open("a") as file:
        file.write("include 'bench.conf'\n")
    settings = {
        "shared_buffers": "256MB", "max_wal_size": "4GB", "wal_level": "replica", "archive_mode": "on",
        "max_wal_senders": "10", "autovacuum": "off",
        **({"summarize_wal": "on"} if major >= 17 else {}),
    }  # fmt: skip
    with throwaway(programs, data, work / "s", settings, who=who, isolated=False) as server:
        (work / "s").chmod(0o755)
        bench = Bench(server, major, reachable(programs, who).folder, work, conf)
        bench.settings()
        rows = int(size * _ROWS_OF_A_GB)
        print(f"Filling {size:g} GB of PostgreSQL {major} …", file=sys.stderr)
        bench.run(bench.bin / "pgbench", "-i", "-q", "-s", str(max(1, rows // 100_000)))
        bench.sql("CREATE TABLE marks (mark int)", "INSERT INTO marks VALUES (0)", "ANALYZE pgbench_accounts")
        yield bench
