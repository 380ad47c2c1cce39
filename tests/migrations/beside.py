"""A project that another tool runs as well: what tests ask of our side."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.migrations.drafts import table_drafts, write_all

from dbdeed.migrations.runner import Tool, down, up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.migrations.conftest import Course

    from dbdeed.engines.seam import Session


WAITS = "SELECT pg_advisory_xact_lock(7243)"
"""A statement of PostgreSQL's that ends when `held_up` does."""

_WAITING = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7243 AND NOT granted"


@contextmanager
def held_up(course: Course) -> Iterator[Callable[[], None]]:
    """Whoever runs `WAITS` in the course's database waits; gives what waits for that one."""
    other = course.place.open(course.target)

    def until_there() -> None:
        late = time.monotonic() + 120
        while not other.fetch(_WAITING):
            assert time.monotonic() < late
            time.sleep(0.02)

    try:
        other.fetch(WAITS.replace("_xact", ""))
        yield until_there
    finally:
        other.close()


class Beside:
    """A project of ours, and in its folder one of another tool's."""

    def __init__(self, course: Course, environment: dict[str, str]) -> None:
        self.course = course
        self.environment = environment
        course.session.execute("SELECT 1")  # makes a file, which their tool would otherwise make beside it

    @property
    def session(self) -> Session:
        return self.course.session

    def write(self, first: int, count: int) -> None:
        write_all(self.course.place.engine, self.course.format, self.course.root, table_drafts(count, first))

    @property
    def tool(self) -> Tool:
        environment = {**os.environ, **self.environment}
        process = self.course.format.process(self.course.files.layout, environment)
        return Tool(process, self.course.target)

    def up(self) -> list[str]:
        course = self.course
        report = up(course.desk, course.files, course.place.scratch, self.tool)
        return [one.description for one in report.done]

    def down(self, count: int = 1) -> list[str]:
        course = self.course
        report = down(course.desk, course.files, course.place.scratch, self.tool, count=count)
        return [one.description for one in report.done]

    def standing(self) -> list[str]:
        return [str(one.standing) for one in self.course.lines()]

    def count(self, table: str) -> int:
        return int(self.session.fetch(f"SELECT count(*) FROM {table}")[0][0])
