"""A migration that was stopped in a statement outside of transactions, and what `up` finds."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.errors import Refused
from dbdeed.migrations.pieces import pieces_of
from dbdeed.migrations.progress import Direction, standpoint
from dbdeed.migrations.running import MigrationFailed

Course = Any  # tests/migrations/conftest.py has it

A, B = "20260101T000000", "20260102T000000"
INDEX = """CREATE TABLE t (x integer);
INSERT INTO t VALUES (1), (1);
-- dbdeed: outside of transactions
CREATE UNIQUE INDEX CONCURRENTLY t_x ON t (x);
UPDATE t SET x = x + 10;
"""


def stopped(course: Course, done: int, opened: int) -> None:
    """Write down what a runner that was killed in a statement leaves."""
    (migration,) = course.files.migrations
    desk = course.desk
    statements = [one for piece in pieces_of(desk.engine, migration.up or ()) for one in piece.statements]
    with course.session.transaction():
        desk.table.create(course.session)
        desk.history.create(course.session)
        desk.table.set(course.session, standpoint(migration.key, Direction.UP, statements, done, opened))


def test_what_a_failed_build_left_is_dropped_and_built_again(postgresql: Any, courses: Any) -> None:
    course = courses(postgresql)
    course.write(f"{A}_t.sql", INDEX)
    with pytest.raises(MigrationFailed) as error:
        course.up()
    assert error.value.where.startswith(f"migrations/{A}_t.sql:4:")
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass"
    assert course.session.fetch(valid) == [(False,)]
    course.session.execute("UPDATE t SET x = 2 WHERE ctid = '(0,1)'")
    course.up()
    assert course.session.fetch(valid) == [(True,)]
    assert course.session.fetch("SELECT x FROM t ORDER BY x") == [(11,), (12,)]
    assert course.standing() == {A: "applied"}


def test_a_failed_statement_may_be_corrected_in_its_file(postgresql: Any, courses: Any) -> None:
    course = courses(postgresql)
    path = course.write(f"{A}_t.sql", INDEX)
    with pytest.raises(MigrationFailed):
        course.up()
    path.write_text(INDEX.replace("UNIQUE ", "").replace("t_x", "t_y"), encoding="utf-8")
    course.up()
    names = course.session.fetch("SELECT indexname::text FROM pg_indexes WHERE tablename = 't'")
    assert names == [("t_y",)]


@pytest.mark.parametrize("built", [False, True])
def test_the_catalog_tells_whether_a_statement_ended(postgresql: Any, courses: Any, built: bool) -> None:
    course = courses(postgresql)
    course.write(f"{A}_t.sql", INDEX.replace("UNIQUE ", ""))
    stopped(course, 2, 3)
    course.place.run(course.session, "CREATE TABLE t (x integer); INSERT INTO t VALUES (1), (1);")
    if built:
        course.session.execute("CREATE INDEX t_x ON t (x)")
    course.up()
    assert course.session.fetch("SELECT x FROM t") == [(11,), (11,)]
    assert course.session.fetch("SELECT count(*) FROM pg_indexes WHERE tablename = 't'") == [(1,)]


def test_what_is_neither_before_nor_after_is_for_a_person(postgresql: Any, courses: Any) -> None:
    course = courses(postgresql)
    course.write(f"{A}_t.sql", INDEX.replace("UNIQUE ", ""))
    stopped(course, 2, 3)
    course.place.run(course.session, "CREATE TABLE t (x integer); CREATE INDEX t_x ON t ((x + 1));")
    with pytest.raises(Refused) as error:
        course.up()
    assert error.value.code == "migration-undecided"
    assert "t_x" in error.value.message
    assert f"repair --done {A}:3" in error.value.hint
    assert error.value.where.startswith(f"migrations/{A}_t.sql:4:")


def test_a_statement_that_no_catalog_shows_is_for_a_person(postgresql: Any, courses: Any) -> None:
    course = courses(postgresql)
    text = (
        "CREATE TABLE t (x integer);\n-- dbdeed: outside of transactions\n"
        "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;\n"
    )
    course.write(f"{A}_t.sql", text)
    stopped(course, 1, 2)
    course.session.execute("CREATE TABLE t (x integer)")
    with pytest.raises(Refused) as error:
        course.up()
    assert error.value.code == "migration-undecided"
    assert f"repair --again {A}:2" in error.value.hint


def test_upkeep_runs_again(place: Any, courses: Any) -> None:
    course = courses(place)
    course.write(
        f"{A}_t.sql",
        "CREATE TABLE t (x integer);\n-- dbdeed: outside of transactions\nVACUUM;\nINSERT INTO t VALUES (1);\n",
    )
    stopped(course, 1, 2)
    course.session.execute("CREATE TABLE t (x integer)")
    course.up()
    assert course.session.fetch("SELECT x FROM t") == [(1,)]


def test_settings_of_the_file_are_made_again(postgresql: Any, courses: Any) -> None:
    course = courses(postgresql)
    course.write(
        f"{A}_t.sql",
        "-- dbdeed: outside of transactions\nCREATE SCHEMA s;\nSET search_path = s;\nCREATE TABLE t (x integer);\n"
        "VACUUM t;\n",
    )
    stopped(course, 2, 0)
    course.session.execute("CREATE SCHEMA s")
    course.up()
    assert course.session.fetch("SELECT to_regclass('s.t') IS NOT NULL") == [(True,)]


def test_a_procedure_that_commits_runs_outside_of_transactions(newest: Any, courses: Any) -> None:
    course = courses(newest)
    course.write(
        f"{A}_t.sql",
        "CREATE TABLE t (x integer);\n"
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;\n"
        "-- dbdeed: outside of transactions\nCALL p();\n",
    )
    course.up()
    assert course.session.fetch("SELECT x FROM t") == [(1,)]


def test_what_can_be_in_no_transaction_says_so(newest: Any, courses: Any) -> None:
    course = courses(newest)
    course.write(f"{A}_t.sql", "CREATE TABLE t (x integer);\nCREATE INDEX CONCURRENTLY t_x ON t (x);\n")
    with pytest.raises(MigrationFailed) as error:
        course.up()
    assert "outside of them" in error.value.hint
    assert course.standing() == {A: "pending"}
