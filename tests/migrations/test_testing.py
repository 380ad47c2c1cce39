"""Each file up, back and up again."""

from __future__ import annotations

from typing import Any

from dbdeed.migrations.testing import try_all

A, B, C = "20260101T000000", "20260102T000000", "20260103T000000"
SAMPLES = "INSERT INTO t VALUES (1, 'a');"


def tried(course: Any) -> list[Any]:
    place = course.place
    return list(try_all(place.engine, place.scratch, course.files.migrations, place.statements(SAMPLES)))


def test_each_file_is_tried_with_sample_rows(course: Any) -> None:
    course.write(
        f"{A}_t.sql", "CREATE TABLE t (id integer PRIMARY KEY, x text);\n-- dbdeed: down\nDROP TABLE t;\n"
    )
    course.write(f"{B}_rows.sql", "UPDATE t SET x = 'b';\n")
    course.write(
        f"{C}_x.sql", "ALTER TABLE t DROP COLUMN x;\n-- dbdeed: down\nALTER TABLE t ADD COLUMN x text;\n"
    )
    one, two, three = tried(course)
    assert (one.problem, one.back, one.lost) == ("", True, ())
    assert (two.problem, two.back) == ("", False)
    assert (three.problem, three.back) == ("", True)
    assert [name.rpartition(".")[2] for name in three.lost] == ["t"]


def test_a_way_back_that_ends_elsewhere_is_named(course: Any) -> None:
    course.write(
        f"{A}_t.sql",
        "CREATE TABLE t (id integer);\nCREATE TABLE u (id integer);\n-- dbdeed: down\nDROP TABLE t;\n",
    )
    (one,) = tried(course)
    assert "does not end where it began" in one.problem
    assert "u" in one.problem


def test_a_file_that_fails_on_the_sample_rows_is_named(course: Any) -> None:
    course.write(f"{A}_t.sql", "CREATE TABLE t (id integer PRIMARY KEY, x text);\n")
    course.write(f"{B}_x.sql", "CREATE TABLE v (x integer NOT NULL);\nINSERT INTO v SELECT NULL FROM t;\n")
    course.write(f"{C}_y.sql", "SELECT 1;\n")
    one, two = tried(course)
    assert not one.problem
    assert two.problem
    assert two.where.startswith(f"migrations/{B}_x.sql:2:")
