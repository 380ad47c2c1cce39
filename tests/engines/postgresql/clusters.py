"""Real clusters that tests of backups and of the log fill, kill and restore."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.backup.digests import table_digests
from dbdeed.engines.postgresql.servers.account import account, own, reachable
from dbdeed.engines.postgresql.servers.programs import find, found
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import initialise, throwaway
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dbdeed.engines.postgresql.servers.server import Server
    from dbdeed.engines.seam import Target

MAJORS = sorted({one.major for one in found()} & {15, 18})
SMALL = {"shared_buffers": "16MB", "autovacuum": "off", "max_logical_replication_workers": "0"}


@dataclass(frozen=True)
class Cluster:
    """A running server whose superuser needs no password."""

    server: Server

    @property
    def target(self) -> Target:
        return self.server.target("postgres", user="boss")

    def run(self, *statements: str) -> None:
        with closing(connect(self.target)) as session:
            for statement in statements:
                session.execute(statement)

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        with closing(connect(self.target)) as session:
            return session.fetch(query)

    @property
    def tables(self) -> dict[str, tuple[int, str]]:
        with closing(connect(self.target)) as session:
            return dict(table_digests(session))


@contextmanager
def cluster(major: int, *, segment: int = 16, **settings: str) -> Iterator[Cluster]:
    """A new cluster; `segment` is the size of its log's files in MB."""
    programs, who = find(major), account()
    with room("clustertest") as place:
        data = own(place / "data", who)
        options = ("--locale=C", "--auth=trust", "--no-sync", f"--wal-segsize={segment}")
        initialise(reachable(programs, who), data, who, superuser="boss", options=options)
        given = {**SMALL, "fsync": "off", **settings}
        with throwaway(programs, data, place / "s", given, who=who) as server:
            yield Cluster(server)
