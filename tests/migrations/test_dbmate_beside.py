"""dbmate and we, in one database: either runs the next file, and each says that all is applied."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.migrations.beside import Beside
from tests.migrations.conftest import Course
from tests.migrations.dbmate_project import DbmateProject, dbmate_project
from tests.migrations.drafts import batch, draft, hostile_draft, rebuilding_drafts, table_drafts, write_all
from tests.migrations.hostile import HOSTILE
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.migrations.formats.dbmate.settings import settings_of


class Pair(Beside):
    def __init__(self, course: Course, theirs: DbmateProject) -> None:
        super().__init__(course, theirs.environment)
        self.theirs = theirs


@pytest.fixture
def pair(beside: Place, courses: Callable[..., Course], tmp_path: Path) -> Pair:
    course = courses(beside, Tool.DBMATE)
    return Pair(course, dbmate_project(tmp_path, course.target))


def test_either_runs_the_next_file(pair: Pair) -> None:
    pair.write(0, 2)
    pair.theirs.ask("up")
    assert pair.standing() == ["applied"] * 2
    pair.write(2, 2)
    assert pair.up() == ["add table t2", "add table t3"]
    assert pair.theirs.all_done(4)
    assert pair.down() == ["add table t3"]
    pair.theirs.ask("rollback")
    assert pair.standing() == ["applied", "applied", "pending", "pending"]
    assert len(pair.up()) == 2
    assert pair.theirs.all_done(4)
    for _ in range(4):
        pair.theirs.ask("rollback")
    assert pair.standing() == ["pending"] * 4
    assert len(pair.up()) == 4
    assert pair.theirs.all_done(4)
    assert pair.count("t3") == 1
    assert len(pair.down(4)) == 4
    pair.theirs.ask("up")
    assert pair.standing() == ["applied"] * 4


def test_our_table_is_theirs(pair: Pair, courses: Callable[..., Course]) -> None:
    pair.write(0, 1)
    pair.theirs.ask("up")
    pair.theirs.ask("rollback")
    place, ours = pair.course.place, courses(pair.course.place, Tool.DBMATE)
    assert not ours.desk.history.exists(ours.session)
    ours.desk.history.create(ours.session)
    assert place.engine.inspect(ours.session).objects == place.engine.inspect(pair.session).objects


def test_their_settings_are_ours(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, courses: Callable[..., Course]
) -> None:
    (tmp_path / ".env").write_text(
        "SECRET=1\nexport DBMATE_MIGRATIONS_DIR='sql/steps' # here\nDBMATE_MIGRATIONS_TABLE=steps # there\n"
    )
    pair.write(0, 2)
    assert len(list((tmp_path / "sql" / "steps").iterdir())) == 2
    assert len(pair.up()) == 2
    assert pair.theirs.all_done(2)
    assert pair.count("steps") == 2
    monkeypatch.setenv("DBMATE_MIGRATIONS_TABLE", "inner.other")
    assert settings_of(tmp_path).table == "other"
    if pair.course.place.is_postgresql:
        ours = courses(pair.course.place, Tool.DBMATE)
        theirs = dbmate_project_env(pair.theirs, ours)
        theirs.ask("up")
        assert {str(one.standing) for one in ours.lines()} == {"applied"}


def dbmate_project_env(theirs: DbmateProject, ours: Course) -> DbmateProject:
    """The same project in another database."""
    environment = {**theirs.environment, "DATABASE_URL": f"{ours.target.url}&sslmode=disable"}
    return DbmateProject(theirs.root, theirs.program, environment)


@pytest.mark.parametrize("beside", ["postgresql-15"], indirect=True)
def test_its_lock_keeps_us_out_and_ours_keeps_it_out(pair: Pair) -> None:
    pair.write(0, 1)
    history = pair.course.desk.history
    other = pair.course.place.open(pair.course.target)
    history.create(other)
    with history.locked(other):
        with pytest.raises(
            Unavailable, match=r"dbmate is at work in this database: dbdeed of live \(process"
        ):
            pair.up()
        with pair.theirs.begin("--migration-lock", "up") as process:
            time.sleep(0.7)
            assert process.poll() is None
            other.close()
            process.communicate(timeout=30)
    assert pair.theirs.all_done(1)


def test_no_way_back_fails_there_too(pair: Pair) -> None:
    one = draft("drop it", [batch("CREATE TABLE t (a text)")], None)
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, [one])
    pair.theirs.ask("up")
    assert "No way back: The column's values are gone." in pair.theirs.refuses("rollback")
    assert pair.standing() == ["applied"]
    with pytest.raises(Refused, match="has no way back"):
        pair.down()


def test_hostile_texts_reach_the_database(pair: Pair) -> None:
    texts = [one for one in HOSTILE if "\x00" not in one and not one.startswith("-- migrate")]
    texts.append("".join(texts))
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, [hostile_draft(texts)])
    pair.theirs.ask("up")
    theirs = [row[0] for row in pair.session.fetch("SELECT a FROM said ORDER BY id")]
    assert theirs == texts
    pair.down()
    pair.up()
    assert [row[0] for row in pair.session.fetch("SELECT a FROM said ORDER BY id")] == texts


def test_what_cannot_be_in_a_transaction(pair: Pair) -> None:
    alone = ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY j ON t (a)")
    back = ("DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY j")
    if not pair.course.place.is_postgresql:
        alone = back = ("VACUUM", "VACUUM")
    one = draft(
        "index",
        [
            batch("CREATE TABLE t (a text)"),
            batch(*alone, transactional=False),
            batch("INSERT INTO t VALUES ('x')"),
        ],
        [batch(*back, transactional=False), batch("DROP TABLE t")],
    )
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, [one, *table_drafts(1, 3)])
    pair.theirs.ask("up")
    assert (pair.count("t"), pair.standing()) == (1, ["applied"] * 2)
    assert len(pair.down(2)) == 2
    assert len(pair.up()) == 2
    assert (pair.count("t"), pair.theirs.all_done(2)) == (1, True)
    pair.theirs.ask("rollback")
    pair.theirs.ask("rollback")
    assert pair.standing() == ["pending"] * 2


def test_two_of_one_version_are_refused(pair: Pair) -> None:
    pair.write(0, 1)
    pair.course.write("20261122101500_other.sql", "-- migrate:up\n-- migrate:down\n")
    with pytest.raises(InvalidInput, match="the same version"):
        pair.course.lines()


@pytest.mark.parametrize("beside", ["sqlite"], indirect=True)
def test_a_rebuilt_table_keeps_its_children(pair: Pair) -> None:
    """Where the connection enforces foreign keys, a dropped table takes what refers to it."""
    pair.environment["DATABASE_URL"] += "?_foreign_keys=on"
    write_all(pair.course.place.engine, pair.course.format, pair.course.root, rebuilding_drafts())
    pair.theirs.ask("up")
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
    assert pair.down() == ["name not null"]
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
    assert pair.up() == ["name not null"]
    pair.theirs.ask("rollback")
    assert (pair.count("shops"), pair.count("items")) == (1, 2)
