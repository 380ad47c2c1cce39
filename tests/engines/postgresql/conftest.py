"""Real servers of every major version at hand: Debian's and the wheel's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.superuser import in_transactions, superuser_server

from dbdeed.document.architecture import CodeBlock, whole
from dbdeed.document.source import Source
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.running import SETTINGS
from dbdeed.engines.postgresql.servers.programs import find, found
from dbdeed.engines.postgresql.servers.scratch import open_scratch
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.planning.joining import as_one
from dbdeed.planning.order import order_changes
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch
    from dbdeed.engines.postgresql.session import Session

MAJORS = sorted({one.major for one in found()}) or [0]


@pytest.fixture(scope="session", params=MAJORS, ids=lambda major: f"pg{major}")
def major(request: pytest.FixtureRequest) -> int:
    if request.param == 0:
        pytest.skip("no PostgreSQL programs on this machine")
    return int(request.param)


@pytest.fixture(scope="session")
def programs(major: int) -> Programs:
    return find(major)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def private(major: int, cache: Path) -> Iterator[PrivateScratch]:
    """A private scratch server."""
    with open_scratch(ScratchNeeds(cache, (major,)), SILENT) as scratch:
        yield scratch  # type: ignore[misc]


@pytest.fixture
def db(private: PrivateScratch) -> Iterator[Session]:
    """A session in an empty scratch database, without superuser."""
    with private.database() as session:
        yield session


@pytest.fixture(scope="session")
def server(programs: Programs) -> Iterator[SuperuserServer]:
    """A server on which tests are superuser."""
    with superuser_server(programs) as running:
        yield running


@pytest.fixture
def block() -> Callable[[str], CodeBlock]:
    """Makes a code block that stands after a heading in a document of its own."""

    def make(sql: str, heading: str = "# Title\n\n```sql\n") -> CodeBlock:
        source = Source("DATABASE.md", f"{heading}{sql}\n```\n".encode())
        start, offsets = len(heading.encode()), []
        for line in sql.split("\n"):
            offsets.append(start)
            start += len(line.encode()) + 1
        return CodeBlock(sql, "sql", whole(source), tuple(offsets), "Schema Design")

    return make


@contextmanager
def _scratch(cache: Path, major: int) -> Iterator[PrivateScratch]:
    with open_scratch(ScratchNeeds(cache, (major,)), SILENT) as scratch:
        yield scratch  # type: ignore[misc]


@pytest.fixture
def new_scratch(cache: Path, major: int) -> Callable[[], object]:
    """Opens a scratch server of one's own."""
    return lambda: _scratch(cache, major)


@pytest.fixture
def migrate() -> Callable[[Session, Catalog], list[Step]]:
    """Leads a database to a catalog by a plan's steps; gives them."""

    def run(session: Session, target: Catalog) -> list[Step]:
        current = ENGINE.inspect(session)
        changes = as_one(order_changes(ENGINE.compare(current, target).changes, current, target))
        steps = [step for change in changes for step in change.steps]
        steps.sort(key=lambda step: step.after_all)
        for name, value in SETTINGS.items():
            session.execute(f"SET {name} = '{value}'")
        for together, some in in_transactions(session, steps):
            with together:
                for step in some:
                    session.execute(step.sql)
        session.execute("SET search_path = public")
        return steps

    return run
