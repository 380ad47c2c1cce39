"""What a statement locks, reads and rewrites, as the server shows it."""

from __future__ import annotations

from typing import Any

import pytest

from dbdeed.document.values.types import How, Strategy
from dbdeed.engines.catalog import ObjectId
from dbdeed.migrations.explaining import Explanation, explain, refusals

BEFORE = """
CREATE TABLE t (id integer PRIMARY KEY, x integer, y varchar(10));
CREATE TABLE u (id integer PRIMARY KEY, t_id integer);
"""
A = "20260101T000000"
ALONE = "-- dbdeed: outside of transactions\n"


def explained(course: Any, text: str) -> Explanation:
    course.write(f"{A}_x.sql", text)
    (migration,) = course.files.migrations
    place = course.place
    sizes = {ObjectId("table", ("public", "t")): 600_000_000, ObjectId("table", ("t",)): 600_000_000}
    with place.scratch.database() as session:
        place.run(session, BEFORE)
        return explain(place.engine, session, migration, migration.up or (), sizes, lambda _: True)


@pytest.mark.parametrize(
    ("sql", "lock", "rewrites", "scans", "seconds"),
    [
        ("ALTER TABLE t ADD COLUMN z integer DEFAULT 1;", "ACCESS_EXCLUSIVE", False, False, 0),
        ("ALTER TABLE t ALTER COLUMN x TYPE bigint;", "ACCESS_EXCLUSIVE", True, True, 10),
        ("ALTER TABLE t ALTER COLUMN y TYPE varchar(20);", "ACCESS_EXCLUSIVE", False, False, 0),
        ("ALTER TABLE t ALTER COLUMN x SET NOT NULL;", "ACCESS_EXCLUSIVE", False, True, 2),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (x > 0) NOT VALID;", "ACCESS_EXCLUSIVE", False, False, 0),
        ("CREATE INDEX i ON t (x);", "SHARE", False, True, 10),
        (f"{ALONE}CREATE INDEX CONCURRENTLY i ON t (x);", "SHARE_UPDATE_EXCLUSIVE", False, True, 10),
        ("UPDATE t SET x = 1;", "ROW_EXCLUSIVE", False, True, 30),
        ("DROP TABLE t;", "ACCESS_EXCLUSIVE", False, False, 0),
    ],
)
def test_a_statement_of_postgresql(
    newest: Any, courses: Any, sql: str, lock: str, rewrites: bool, scans: bool, seconds: int
) -> None:
    (one,) = explained(courses(newest), sql).statements
    (touch,) = one.touches
    assert touch.table == ("table", ("public", "t"))
    assert (touch.lock.name, touch.rewrites, touch.scans) == (lock, rewrites, scans)
    assert round(one.seconds) == seconds


def test_a_foreign_key_locks_both_tables(newest: Any, courses: Any) -> None:
    (one,) = explained(courses(newest), "ALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t (id);").statements
    assert {(touch.table.name[-1], touch.lock.name) for touch in one.touches} == {
        ("t", "SHARE_ROW_EXCLUSIVE"),
        ("u", "SHARE_ROW_EXCLUSIVE"),
    }


def test_tables_that_the_file_makes_keep_nobody_waiting(place: Any, courses: Any) -> None:
    found = explained(courses(place), "CREATE TABLE n (id integer);\nCREATE INDEX n_id ON n (id);\n")
    assert [one.touches for one in found.statements] == [(), ()]
    assert found.destroys == ()


def test_what_is_destroyed_is_named(place: Any, courses: Any) -> None:
    found = explained(courses(place), "ALTER TABLE t DROP COLUMN y;\nDROP TABLE u;\n")
    assert {(one.kind, one.name[-1]) for one in found.destroys} == {("column", "y"), ("table", "u")}


def test_an_online_strategy_refuses_with_the_alternative(newest: Any, courses: Any) -> None:
    course = courses(newest)
    online = Strategy(how=How.ONLINE)
    (said,) = refusals(explained(course, "CREATE INDEX i ON t (x);"), online)
    assert "CONCURRENTLY" in said
    assert refusals(explained(course, f"{ALONE}CREATE INDEX CONCURRENTLY i ON t (x);"), online) == []
    assert refusals(explained(course, "CREATE INDEX i ON t (x);"), Strategy()) == []
    (said,) = refusals(explained(course, "SELECT 1;"), Strategy(reversible=True))
    assert "no way back" in said


def test_sizes_of_live_tables(place: Any) -> None:
    with place.live(BEFORE) as session:
        session.execute("INSERT INTO t (id) VALUES (1)")
        sizes = place.engine.table_sizes(session)
        assert {one.name[-1] for one in sizes} == {"t", "u"}
        assert all(size >= 0 for size in sizes.values())
