"""Flyway's own command line and our runner by turns on one history, as its configuration files say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.migrations.conftest import Course
from tests.migrations.flyway_project import FlywayProject, flyway_project
from tests.migrations.test_flyway_beside import FILES, NEWEST
from tests.migrations.tunnel import Tunnels
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool
from dbdeed.migrations.runner import down

EACH = pytest.mark.parametrize(
    "place",
    ["sqlite", pytest.param("postgresql-15", marks=pytest.mark.slow), NEWEST],
    indirect=True,
    scope="session",
)
CONF = "flyway.locations=filesystem:sql\nflyway.placeholders.word=it''s\n"
TOML = """[flyway]
locations = ["filesystem:sql"]

[flyway.placeholders]
word = "it''s"
"""
UNDONE = {name: text for name, text in FILES.items() if not name.startswith("U")}


class Pair:
    """A project of ours and Flyway's, and their database."""

    def __init__(self, course: Course, tunnels: Tunnels) -> None:
        self.course = course
        course.session.execute("SELECT 1")  # makes a file, where it is one
        self.flyway: FlywayProject = flyway_project(course.root, tunnels.reach(course.target))

    def write(self, configuration: str, text: str, files: dict[str, str]) -> None:
        (self.course.root / configuration).write_text(text)
        for name, sql in files.items():
            path: Path = self.course.root / "sql" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(sql.encode())

    def agree(self) -> None:
        """Both say that all is applied, as it stands in the files."""
        assert set(self.course.standing().values()) == {"applied"}
        assert self.flyway.left() == {}


@pytest.fixture
def pair(place: Place, courses: Callable[..., Course], tunnels: Tunnels) -> Pair:
    return Pair(courses(place, Tool.FLYWAY), tunnels)


@EACH
def test_they_apply_half_and_we_the_rest(pair: Pair) -> None:
    pair.write("flyway.conf", CONF, FILES)
    pair.flyway.ask("-target=1.2", "migrate")
    assert [one.version for one in pair.course.up().done] == ["1.10", "2.1"]
    pair.agree()
    course = pair.course
    down(course.desk, course.files, course.place.scratch, count=2)
    assert list(pair.flyway.states().values()).count("Pending") == 2
    pair.flyway.ask("migrate")
    pair.agree()


@EACH
def test_we_apply_half_and_they_the_rest(pair: Pair) -> None:
    pair.write("flyway.toml", TOML, FILES)
    pair.course.up(until="1.2")
    assert "Successfully applied 3 migrations" in pair.flyway.ask("migrate")
    pair.agree()
    assert pair.course.up().done == []


def test_both_read_one_configuration(newest: Place, courses: Callable[..., Course], tunnels: Tunnels) -> None:
    """The files that we find are those that it finds, in its order."""
    pair = Pair(courses(newest, Tool.FLYWAY), tunnels)
    pair.write("flyway.toml", TOML, UNDONE)
    theirs = [one["filepath"] for one in pair.flyway.info()]
    assert theirs == [str(one.path) for one in pair.course.files.migrations]
