"""Throwaway databases: in memory, private to this process, gone when closed."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.guard import guard
from dbdeed.engines.sqlite.session import SqliteSession, memory
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.seam import ScratchNeeds


class SqliteScratch:
    """Makes databases in memory; each is guarded, since it runs a document's SQL."""

    @property
    def version(self) -> tuple[int, ...]:
        return sqlite3.sqlite_version_info

    @contextmanager
    def database(self, *, reachable: bool = False) -> Iterator[SqliteSession]:
        with ExitStack() as stack:
            session = stack.enter_context(_file()) if reachable else memory("the scratch database")
            stack.callback(session.close)
            guard(session)
            yield session


@contextmanager
def _file() -> Iterator[SqliteSession]:
    """A database in a file of its own, in a folder that nobody else may read."""
    with tempfile.TemporaryDirectory(prefix="dbdeed-scratch-") as folder:
        target = Target(f"sqlite:///{folder}/scratch.db", "the scratch database")
        session = SqliteSession.of(target)
        session.execute("PRAGMA synchronous=OFF")
        session.reachable = target
        yield session


@contextmanager
def scratch(needs: ScratchNeeds) -> Iterator[SqliteScratch]:
    """A place for throwaway databases. Raises `InvalidInput` where another major version is asked for."""
    if needs.version and needs.version[0] != sqlite3.sqlite_version_info[0]:
        raise InvalidInput(
            f"SQLite {needs.version[0]} is asked for; this is SQLite {sqlite3.sqlite_version}.",
            hint="Write the version under Overview, as in `3.40`.",
        )
    yield SqliteScratch()
