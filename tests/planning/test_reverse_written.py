"""Whoever writes while a plan or its way back is under way loses nothing by it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dbdeed.planning.apply import apply_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbdeed.engines.seam import Session

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other


class Case(NamedTuple):
    """Rows are written in the middle of the way back, right before the statement `at`.

    Attributes:
        before, after: two schemas with a table `t`, whose column `a` holds less in the second.
        fill: the rows of the first, each by its `b`.
        wrote: what somebody makes of the row whose `b` is 2, in the words that the column has at that moment.
        wanted: what all rows are in the end, by `b`.
    """

    before: str
    after: str
    fill: str
    at: str
    wrote: str
    wanted: list[str]


T = "CREATE TABLE t (id integer PRIMARY KEY, b integer, a numeric(8,3));"
LESS = T.replace("(8,3)", "(8,1)")
LOOSE = T.replace(" PRIMARY KEY", "")
INDEXED = "CREATE INDEX t_b ON t (b);"
VIEW = "CREATE VIEW v AS SELECT a FROM t;"
VALUES = "INSERT INTO t SELECT n, n, n + 0.123 FROM generate_series(1, 3) n"
ALIKE = "INSERT INTO t SELECT 1, least(n, 2), n + 0.123 FROM generate_series(1, 3) n"
DIGITS = ["1.123", "7.000", "3.123"]
MOMENT = T.replace("numeric(8,3)", "timestamp")
MOMENTS = "INSERT INTO t SELECT n, n, TIMESTAMP '2024-01-02 03:04' + n * interval '1 day' FROM generate_series(1, 3) n"
TIMES = ["2024-01-03 03:04:00", "2030-05-06 00:00:00", "2024-01-05 03:04:00"]
MOOD = "CREATE TYPE mood AS ENUM ('low', 'high');"
BEFORE_FILL = "SET a = a.dbdeed_was"
CASES = {
    "an index comes after it": Case(
        T + INDEXED + VIEW, LESS + VIEW, VALUES, "CREATE INDEX", "7", DIGITS
    ),
    "an index comes before it": Case(
        T + VIEW, LESS + VIEW + INDEXED, VALUES, "DROP INDEX", "7", DIGITS
    ),
    "beside the column": Case(T, LESS, VALUES, "VALIDATE CONSTRAINT", "7", DIGITS),
    "when it is back": Case(T + INDEXED, LESS, VALUES, BEFORE_FILL, "7", DIGITS),
    "no value": Case(T + INDEXED, LESS, VALUES, "CREATE INDEX", "NULL", ["1.123", "None", "3.123"]),
    "without a key": Case(
        LOOSE + INDEXED + VIEW, LESS.replace(" PRIMARY KEY", "") + VIEW, ALIKE, "CREATE INDEX", "7",
        ["1.123", "7.000", "7.000"],
    ),
    "as text meanwhile": Case(
        MOMENT + INDEXED, MOMENT.replace("timestamp", "time"), MOMENTS, "CREATE INDEX", "'2030-05-06'", TIMES
    ),
    "to a type that goes": Case(
        T.replace("numeric(8,3)", "varchar(9)") + INDEXED,
        MOOD + T.replace("numeric(8,3)", "mood"),
        "INSERT INTO t VALUES (1, 1, 'low'), (2, 2, 'high'), (3, 3, 'low')",
        "CREATE INDEX", "'else'", ["low", "else", "low"],
    ),
}  # fmt: skip


@contextmanager
def writing(session: Session, at: str, write: Callable[[], object]) -> Iterator[list[str]]:
    """`write` is called once, before the first statement with the words `at`; gives the statement."""
    met: list[str] = []

    def execute(sql: str) -> None:
        if at in sql and not met:
            met.append(sql)
            write()
        type(session).execute(session, sql)

    def fetch(sql: str, *parameters: Any) -> Any:
        if at in sql and "journal" not in sql and not met:
            met.append(sql)
            write()
        return type(session).fetch(session, sql, *parameters)

    session.execute, session.fetch = execute, fetch  # type: ignore[method-assign]
    try:
        yield met
    finally:
        del session.execute, session.fetch


def rows(session: Session) -> list[str]:
    return [str(a) for (a,) in session.fetch("SELECT a FROM public.t ORDER BY b, a::text")]


def _once(place: Place) -> None:
    if place.name != "postgresql-18":
        pytest.skip("nothing here depends on the version")


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_on_the_way_back_stays(postgresql: Place, name: str) -> None:
    _once(postgresql)
    case = CASES[name]
    target = postgresql.new()
    session, other = postgresql.open(target), postgresql.open(target)
    try:
        postgresql.run(session, case.before)
        session.execute(case.fill)
        engine = postgresql.engine
        plan, _ = postgresql.plan(session, case.after, empty=lambda one: engine.rows(session, one) == 0)
        apply_plan(engine, session, plan, tool="test")
        with writing(
            session, case.at, lambda: other.execute(f"UPDATE public.t SET a = {case.wrote} WHERE b = 2")
        ) as met:
            apply_plan(engine, session, plan.reverse, tool="test")
        assert met
        assert rows(session) == case.wanted
    finally:
        session.close()
        other.close()


def test_what_is_written_while_values_come_back_stays(postgresql: Place) -> None:
    """A writer that has not committed yet when the values come back, and does while they wait for it."""
    _once(postgresql)
    target = postgresql.new()
    session, other = postgresql.open(target), postgresql.open(target)
    engine = postgresql.engine
    written = threading.Event()

    def write() -> None:
        with other.transaction():
            other.execute("UPDATE public.t SET a = 7 WHERE b = 2")
            written.set()
            time.sleep(0.3)

    def begin() -> None:
        writer.start()
        assert written.wait(10)

    writer = threading.Thread(target=write)
    try:
        postgresql.run(session, T + INDEXED)
        session.execute(VALUES)
        plan, _ = postgresql.plan(session, LESS, empty=lambda _: False)
        apply_plan(engine, session, plan, tool="test")
        with writing(session, BEFORE_FILL, begin) as met:
            apply_plan(engine, session, plan.reverse, tool="test")
        writer.join()
        assert met
        assert rows(session) == DIGITS
    finally:
        session.close()
        other.close()


def test_what_is_written_on_the_way_there_comes_back(postgresql: Place) -> None:
    """Written while the column's new type is made beside it, and cut short only at the end."""
    _once(postgresql)
    target = postgresql.new()
    session, other = postgresql.open(target), postgresql.open(target)
    engine = postgresql.engine

    def write() -> None:
        other.execute("UPDATE public.t SET a = 7.777 WHERE b = 2")
        other.execute("INSERT INTO public.t VALUES (4, 4, 4.444)")

    try:
        postgresql.run(session, T)
        session.execute(VALUES)
        plan, _ = postgresql.plan(session, LESS, empty=lambda _: False)
        with writing(session, "VALIDATE CONSTRAINT", write) as met:
            apply_plan(engine, session, plan, tool="test")
        assert met
        assert rows(session) == ["1.1", "7.8", "3.1", "4.4"]
        apply_plan(engine, session, plan.reverse, tool="test")
        assert rows(session) == ["1.123", "7.777", "3.123", "4.444"]
    finally:
        session.close()
        other.close()
