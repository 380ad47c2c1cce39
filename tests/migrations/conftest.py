"""Real databases to migrate: SQLite files, PostgreSQL 15 and 18, each with a scratch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.migrations.peers import JavaPeer, java_peer
from tests.migrations.tunnel import Tunnels
from tests.planning.conftest import Place, _postgresql, _sqlite

from dbdeed.document.values.types import Tool
from dbdeed.engines.seam import Session, Target
from dbdeed.migrations.progress import ProgressTable
from dbdeed.migrations.registry import format_for
from dbdeed.migrations.runner import Files, Report, read_files, up, where_all_stand
from dbdeed.migrations.running import Desk
from dbdeed.migrations.standing import Line


@pytest.fixture(scope="session", params=["sqlite", "postgresql-15", "postgresql-18"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("migrations")
    with _sqlite(folder) if request.param == "sqlite" else _postgresql(folder, request.param) as found:
        yield found


@pytest.fixture(scope="session", params=["postgresql-15", "postgresql-18"])
def postgresql(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with _postgresql(tmp_path_factory.mktemp("migrations"), request.param) as found:
        yield found


@pytest.fixture(scope="session")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One PostgreSQL, for what is the same in all of them."""
    with _postgresql(tmp_path_factory.mktemp("migrations"), "postgresql-18") as found:
        yield found


@pytest.fixture(
    scope="session",
    params=["sqlite", "postgresql-15", pytest.param("postgresql-18", marks=pytest.mark.slow)],
)
def beside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One of each system, for tests beside the real tools."""
    folder = tmp_path_factory.mktemp("beside")
    with _sqlite(folder) if request.param == "sqlite" else _postgresql(folder, request.param) as found:
        yield found


class Course:
    """A project's folder and one live database."""

    def __init__(self, place: Place, root: Path, tool: Tool = Tool.DBDEED) -> None:
        self.place = place
        self.root = root
        self.format = format_for(tool)
        self.target: Target = place.new()
        self.session: Session = place.open(self.target)

    @property
    def files(self) -> Files:
        return read_files(self.place.engine, self.format, self.root)

    @property
    def desk(self) -> Desk:
        history = self.format.history(self.place.engine, self.format.layout(self.root))
        table = ProgressTable(self.place.engine, self.format.name)
        return Desk(self.place.engine, self.session, history, table)

    def write(self, name: str, text: str) -> Path:
        path = self.format.layout(self.root).folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def up(self, *, until: str = "", out_of_order: bool = False) -> Report:
        return up(self.desk, self.files, self.place.scratch, until=until, out_of_order=out_of_order)

    def lines(self) -> list[Line]:
        return where_all_stand(self.desk, self.files)

    def standing(self) -> dict[str, str]:
        return {one.version: str(one.standing) for one in self.lines()}


@pytest.fixture
def course(place: Place, tmp_path: Path) -> Iterator[Course]:
    made = Course(place, tmp_path)
    yield made
    made.session.close()


@pytest.fixture
def courses(tmp_path: Path) -> Iterator[Callable[..., Course]]:
    made: list[Course] = []

    def make(place: Place, tool: Tool = Tool.DBDEED) -> Course:
        made.append(Course(place, tmp_path, tool))
        return made[-1]

    yield make
    for one in made:
        one.session.close()


@pytest.fixture(scope="session")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JavaPeer]:
    """Flyway and Liquibase themselves."""
    with java_peer(tmp_path_factory.mktemp("java") / "log") as peer:
        yield peer


@pytest.fixture(scope="session")
def tunnels() -> Iterator[Tunnels]:
    with ExitStack() as stack:
        yield Tunnels(stack)
