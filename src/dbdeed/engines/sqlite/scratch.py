"""Throwaway databases: in memory, private to this process, gone when closed."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.guard import guard
from dbdeed.engines.sqlite.session import memory
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.seam import ScratchNeeds
    from dbdeed.engines.sqlite.session import SqliteSession


class SqliteScratch:
    """Makes databases in memory; each is guarded, since it runs a document's SQL."""

    @property
    def version(self) -> tuple[int, ...]:
        return sqlite3.sqlite_version_info

    @contextmanager
    def database(self) -> Iterator[SqliteSession]:
        session = memory("the scratch database")
        try:
            guard(session)
            yield session
        finally:
            session.close()


@contextmanager
def scratch(needs: ScratchNeeds) -> Iterator[SqliteScratch]:
    """A place for throwaway databases. Raises `InvalidInput` where another major version is asked for."""
    if needs.version and needs.version[0] != sqlite3.sqlite_version_info[0]:
        raise InvalidInput(
            f"SQLite {needs.version[0]} is asked for; this is SQLite {sqlite3.sqlite_version}.",
            hint="Write the version under Overview, as in `3.40`.",
        )
    yield SqliteScratch()
