"""Up, down and standing with our own format, on real databases."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.migrations.replay import ReplayFailed, state_of
from dbdeed.migrations.runner import down
from dbdeed.migrations.running import MigrationFailed

Course = Any  # tests/migrations/conftest.py has it


@pytest.fixture
def course(beside: Any, courses: Any) -> Course:
    """On one of each system."""
    return courses(beside)


A, B, C = "20260101T000000", "20260102T000000", "20260103T000000"
ONE = """CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO users VALUES (1, 'ann');
-- dbdeed: down
DROP TABLE users;
"""
TWO = """ALTER TABLE users ADD COLUMN age integer;
UPDATE users SET age = 30;
-- dbdeed: down
ALTER TABLE users DROP COLUMN age;
"""


def test_pending_files_run_in_order_and_once(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    course.write(f"{B}_age.sql", TWO)
    assert course.standing() == {A: "pending", B: "pending"}
    assert [one.version for one in course.up().done] == [A, B]
    assert course.standing() == {A: "applied", B: "applied"}
    assert course.session.fetch("SELECT id, name, age FROM users") == [(1, "ann", 30)]
    assert course.up().done == []


def test_the_replayed_state_is_the_live_one(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    course.write(f"{B}_age.sql", TWO)
    course.up()
    engine = course.place.engine
    there = engine.inspect(course.session)
    made = engine.as_there(
        course.session, there, state_of(engine, course.place.scratch, course.files.migrations)
    )
    assert there.objects == made.objects


def test_a_look_writes_nothing(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    course.lines()
    assert not course.desk.history.exists(course.session)


def test_until_a_version(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    course.write(f"{B}_age.sql", TWO)
    assert [one.version for one in course.up(until=A).done] == [A]
    with pytest.raises(InvalidInput) as error:
        course.up(until="7")
    assert error.value.code == "migration-unknown"


def test_down_takes_back_the_latest_first(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    course.write(f"{B}_age.sql", TWO)
    course.up()
    report = down(course.desk, course.files, course.place.scratch)
    assert [one.version for one in report.done] == [B]
    assert course.standing() == {A: "applied", B: "pending"}
    course.up()
    report = down(course.desk, course.files, course.place.scratch, after="")
    assert [one.version for one in report.done] == [B, A]
    assert not course.place.engine.inspect(course.session).objects.keys() & {("table", ("public", "users"))}


def test_without_a_way_back_nothing_is_taken_back(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE.partition("-- dbdeed: down")[0])
    course.write(f"{B}_age.sql", TWO)
    course.up()
    with pytest.raises(Refused) as error:
        down(course.desk, course.files, course.place.scratch, count=2)
    assert error.value.code == "migration-no-way-back"
    assert course.standing() == {A: "applied", B: "applied"}


def test_a_failed_file_leaves_nothing_and_says_where(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    path = course.write(f"{B}_age.sql", "CREATE TABLE t (x integer);\n\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(MigrationFailed) as error:
        course.up()
    assert error.value.where.startswith(f"migrations/{B}_age.sql:3:")
    assert course.standing() == {A: "applied", B: "pending"}
    path.write_text("CREATE TABLE t (x integer);\n", encoding="utf-8")
    assert [one.version for one in course.up().done] == [B]


def test_begin_and_commit_in_a_file_mean_what_they_say(course: Course) -> None:
    text = "BEGIN;\nCREATE TABLE t (x integer);\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES (1);\nSELECT nonsense;\nCOMMIT;\n"
    path = course.write(f"{A}_t.sql", text)
    with pytest.raises(MigrationFailed):
        course.up()
    assert course.session.fetch("SELECT count(*) FROM t") == [(0,)]
    assert course.standing() == {A: "begun"}
    path.write_text(text.replace("SELECT nonsense", "INSERT INTO t VALUES (2)"), encoding="utf-8")
    course.up()
    assert course.session.fetch("SELECT x FROM t ORDER BY x") == [(1,), (2,)]


def test_what_was_done_of_a_file_may_not_be_edited(course: Course) -> None:
    text = "BEGIN;\nCREATE TABLE t (x integer);\nCOMMIT;\nSELECT nonsense;\n"
    path = course.write(f"{A}_t.sql", text)
    with pytest.raises(MigrationFailed):
        course.up()
    path.write_text(text.replace("x integer", "x text"), encoding="utf-8")
    with pytest.raises(Refused) as error:
        course.up()
    assert error.value.code == "migration-undecided"


def test_an_edited_applied_file_stops_everything(course: Course) -> None:
    path = course.write(f"{A}_users.sql", ONE)
    course.up()
    path.write_text(ONE + "-- later\n", encoding="utf-8")
    course.write(f"{B}_age.sql", TWO)
    assert course.standing() == {A: "edited", B: "pending"}
    with pytest.raises(Refused) as error:
        course.up()
    assert error.value.code == "migration-edited"
    assert error.value.exit_code == 4


def test_a_missing_applied_file_is_named(course: Course) -> None:
    path = course.write(f"{A}_users.sql", ONE)
    course.up()
    path.unlink()
    assert course.standing() == {A: "missing"}
    with pytest.raises(Refused) as error:
        course.up()
    assert error.value.code == "migration-gone"


def test_a_file_before_applied_ones_needs_a_word(course: Course) -> None:
    course.write(f"{B}_users.sql", ONE)
    course.up()
    course.write(f"{A}_other.sql", "CREATE TABLE other (x integer);\n")
    assert course.standing() == {A: "pending, out of order", B: "applied"}
    with pytest.raises(Refused) as error:
        course.up()
    assert error.value.code == "migration-late"
    assert [one.version for one in course.up(out_of_order=True).done] == [A]
    assert course.standing() == {A: "applied", B: "applied"}


def test_one_runner_at_a_time(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    other = course.place.open(course.target)
    try:
        with course.place.engine.exclusive(other), pytest.raises(Unavailable) as error:
            course.up()
        assert error.value.exit_code == 3
    finally:
        other.close()
    assert course.up().done


def test_a_file_that_does_not_follow_from_those_before_it_is_named(course: Course) -> None:
    course.write(f"{A}_users.sql", ONE)
    course.write(f"{B}_x.sql", "ALTER TABLE nowhere ADD COLUMN x integer;\n")
    with pytest.raises(ReplayFailed) as error:
        state_of(course.place.engine, course.place.scratch, course.files.migrations)
    assert error.value.where.startswith(f"migrations/{B}_x.sql:1:")


def test_a_secret_is_filled_when_it_runs_and_never_shown(course: Course) -> None:
    course.write(f"{A}_s.sql", "-- dbdeed: needs SECRET\nCREATE TABLE s (x text DEFAULT '${SECRET}');\n")
    with pytest.raises(InvalidInput) as error:
        course.up()
    assert error.value.code == "environment-missing"
    from dataclasses import replace

    from dbdeed.migrations.runner import up

    desk = replace(course.desk, environment={"SECRET": "it's"})
    assert "it's" not in repr(desk)
    up(desk, course.files, course.place.scratch)
    course.session.execute("INSERT INTO s DEFAULT VALUES")
    assert course.session.fetch("SELECT x FROM s") == [("it's",)]


def test_settings_of_one_file_do_not_reach_the_next(postgresql: Any, courses: Any) -> None:
    course = courses(postgresql)
    course.write(
        f"{A}_s.sql", "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE SCHEMA other;\n"
    )
    course.write(f"{B}_t.sql", "CREATE TABLE t (x integer);\n")
    course.write(f"{C}_u.sql", "SET search_path = other;\nCREATE TABLE u (x integer);\n")
    course.up()
    found = "SELECT to_regclass('public.t') IS NOT NULL, to_regclass('other.u') IS NOT NULL"
    assert course.session.fetch(found) == [(True, True)]


def test_a_lock_that_is_not_to_be_had_is_tried_again(postgresql: Any, courses: Any) -> None:
    from dataclasses import replace

    from dbdeed.migrations.runner import up
    from dbdeed.planning.apply import Patience

    course = courses(postgresql)
    course.write(f"{A}_users.sql", ONE)
    course.up()
    course.write(f"{B}_age.sql", TWO)
    other = course.place.open(course.target)
    other.execute("BEGIN")
    other.execute("SELECT * FROM users")
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        other.execute("COMMIT")

    up(replace(course.desk, patience=Patience(sleep=sleep)), course.files, course.place.scratch)
    other.close()
    assert len(waits) == 1
    assert course.session.fetch("SELECT age FROM users") == [(30,)]
