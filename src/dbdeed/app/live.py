"""Reading live databases."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Target
    from dbdeed.progress import Progress


def read_databases(engine: Engine, databases: Sequence[Target], progress: Progress) -> list[Catalog]:
    """What each database holds; they are read at the same time, which halves the wait for their servers.

    Raises:
        Unavailable: one of them cannot be reached.
    """
    if not databases:
        return []
    with progress.step(f"Reading {' and '.join(one.label for one in databases)}"):
        others = [_Reader(engine, one) for one in databases[1:]]
        return [_read(engine, databases[0]), *(one.result() for one in others)]


def _read(engine: Engine, database: Target) -> Catalog:
    session = engine.connect(database)
    try:
        return engine.inspect(session)
    finally:
        session.close()


class _Reader(Thread):
    """Reads one database beside us; an interrupted program does not wait for it."""

    def __init__(self, engine: Engine, database: Target) -> None:
        super().__init__(daemon=True)
        self._engine, self._database = engine, database
        self._found: Catalog | BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._found = _read(self._engine, self._database)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._found = error

    def result(self) -> Catalog:
        self.join()
        if isinstance(self._found, BaseException):
            raise self._found
        assert self._found is not None
        return self._found
