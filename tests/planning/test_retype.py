"""A column's new type on a table with rows: beside the column, while others write, and the rows stay."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dbdeed.app.apply import Consent
from dbdeed.app.undo import undo
from dbdeed.engines.change import Form, HazardKind, LockLevel
from dbdeed.engines.faults import LockTimeout, SqlRejected
from dbdeed.planning.apply import StepFailed, apply_plan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dbdeed.engines.seam import Session
    from dbdeed.planning.plan import Plan

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BLOCKING = {HazardKind.BLOCKS_READS, HazardKind.BLOCKS_WRITES, HazardKind.REWRITES}


@pytest.fixture
def postgresql(place: Place) -> Place:
    if not place.is_postgresql:
        pytest.skip("SQLite rebuilds the table, with one writer")
    return place


def _some(names: Iterable[str], every: int) -> list[Any]:
    """All of them; but for each so many'th they are slow."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if number % every else [])
        for number, name in enumerate(names)
    ]


class Case(NamedTuple):
    """Two schemas, the first one's rows, and whether each value can be had again from what it becomes."""

    before: str
    after: str
    rows: str
    keeps: bool = True


T = "CREATE TABLE t (id integer PRIMARY KEY, a integer, b text);"
ROWS = "INSERT INTO t SELECT n, nullif(n, 7), 'b' || n FROM generate_series(1, 500) n;"


def retyped(old: str, new: str, more: str = "", rows: str = ROWS, *, keeps: bool = True) -> Case:
    return Case(T + more, (T + more).replace(old, new), rows, keeps)


M = "CREATE TYPE mood AS ENUM ('low', 'high');"
CASES = {
    "wider": retyped("a integer", "a bigint"),
    "narrower": retyped("a integer", "a smallint"),
    "the primary key": retyped("id integer", "id bigint"),
    "not null": Case(T.replace("a integer", "a integer NOT NULL"), T.replace("a integer", "a bigint NOT NULL"),
                     "INSERT INTO t SELECT n, n FROM generate_series(1, 500) n"),
    "not null from now on": Case(T, T.replace("a integer", "a bigint NOT NULL"),
                                 "INSERT INTO t SELECT n, n FROM generate_series(1, 500) n"),
    "null from now on": Case(T.replace("a integer", "a integer NOT NULL"), T.replace("a integer", "a bigint"),
                             "INSERT INTO t SELECT n, n FROM generate_series(1, 500) n"),
    "a number as text": retyped("a integer", "a text"),
    "text as a number": Case(T.replace("a integer", "a text"), T, ROWS.replace("nullif(n, 7)", "'0' || n"), keeps=False),
    "fewer digits": Case(T.replace("a integer", "a numeric(8,3)"), T.replace("a integer", "a numeric(8,1)"), ROWS, keeps=False),
    "a truth": Case(T.replace("a integer", "a boolean"), T,
                    ROWS.replace("nullif(n, 7)", "n % 2 = 0"), keeps=False),
    "text of a length": retyped("b text", "b varchar(9)", keeps=False),
    "a moment": Case(T.replace("a integer", "a date"), T.replace("a integer", "a timestamp"),
                     ROWS.replace("nullif(n, 7)", "DATE '2024-01-01' + n")),
    "a default": retyped("a integer", "a bigint", "ALTER TABLE t ALTER a SET DEFAULT 5;"),
    "another default": Case(T.replace("a integer", "a integer DEFAULT 5"), T.replace("a integer", "a bigint DEFAULT 6"), ROWS),
    "a serial": Case(T.replace("a integer", "a serial"), T.replace("a integer", "a bigserial"),
                     "INSERT INTO t (id) SELECT n FROM generate_series(1, 500) n"),
    "a serial no more": Case(T.replace("a integer", "a serial"), T.replace("a integer", "a bigint NOT NULL"),
                             "INSERT INTO t (id) SELECT n FROM generate_series(1, 500) n"),
    "indexes": retyped("a integer", "a bigint",
                       "CREATE INDEX i ON t (a DESC NULLS LAST, b) INCLUDE (id) WITH (fillfactor = 70) WHERE b <> '';"
                       "CREATE UNIQUE INDEX j ON t (a, id) NULLS NOT DISTINCT; COMMENT ON INDEX j IS 'mine';"),
    "an index that goes": Case(T + "CREATE INDEX i ON t (a); ALTER TABLE t ADD CHECK (a > 0), ADD UNIQUE (a)",
                               T.replace("a integer", "a bigint"), ROWS),
    "keys and checks": retyped("a integer", "a bigint",
                               "ALTER TABLE t ADD CONSTRAINT once UNIQUE (a, b) DEFERRABLE, ADD CONSTRAINT few CHECK (a > 0 AND b <> '');"
                               "COMMENT ON CONSTRAINT once ON t IS 'x'; COMMENT ON CONSTRAINT few ON t IS 'y';"),
    "what is said of it": retyped("b text", "b varchar(30)",
                                  "COMMENT ON COLUMN t.b IS 'it''s'; GRANT SELECT (b), UPDATE (b) ON t TO PUBLIC;"
                                  "ALTER TABLE t ALTER b SET STATISTICS 77, ALTER b SET STORAGE EXTERNAL, ALTER b SET COMPRESSION pglz, ALTER b SET (n_distinct = 5);", keeps=False),
    "what is said of it changes": Case(
        T + "COMMENT ON COLUMN t.a IS 'x'; GRANT SELECT (a), UPDATE (a) ON t TO PUBLIC; COMMENT ON COLUMN t.b IS 'gone';",
        T.replace("a integer", "a bigint").replace("b text", "b varchar(50)") + "COMMENT ON COLUMN t.a IS 'y'; GRANT UPDATE (a) ON t TO PUBLIC;", ROWS, keeps=False),
    "strange names": Case('CREATE TABLE "T t" ("A""b" integer, "select" text); CREATE INDEX "I i" ON "T t" ("A""b", "select");',
                          'CREATE TABLE "T t" ("A""b" bigint, "select" text); CREATE INDEX "I i" ON "T t" ("A""b", "select");',
                          """INSERT INTO "T t" SELECT n, 'x' FROM generate_series(1, 500) n"""),
    "two of them": Case(T + "CREATE INDEX i ON t (a); CREATE INDEX j ON t (b);",
                        T.replace("a integer", "a bigint").replace("b text", "b varchar(40)") + "CREATE INDEX i ON t (a); CREATE INDEX j ON t (b);", ROWS, keeps=False),
    "a view beside it": retyped("a integer", "a bigint", "CREATE VIEW v AS SELECT id, b FROM t;"),
    "a policy beside it": retyped("a integer", "a bigint", "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id > 0);"),
    "a time zone": Case(T.replace("a integer", "a timestamp"), T.replace("a integer", "a timestamptz"),
                        ROWS.replace("nullif(n, 7)", "CASE WHEN n <> 7 THEN TIMESTAMP '2024-03-31' + n * interval '1 minute' END")),
    "an epoch": Case(T.replace("a integer", "a bigint"), T.replace("a integer", "a timestamp"), ROWS, keeps=False),
    "an enum": Case(M + T.replace("a integer", "a varchar(9) DEFAULT 'low'"), M + T.replace("a integer", "a mood DEFAULT 'low'"),
                    ROWS.replace("nullif(n, 7)", "CASE n % 3 WHEN 0 THEN 'low' WHEN 1 THEN 'high' END"), keeps=False),
    "lists of an enum": Case(T.replace("a integer", "a text[]"), M + T.replace("a integer", "a mood[]"),
                             ROWS.replace("nullif(n, 7)", "CASE n % 3 WHEN 0 THEN '{low,high}'::text[] WHEN 1 THEN '{}' END"), keeps=False),
    "an identity": Case(T.replace("a integer", "a integer GENERATED ALWAYS AS IDENTITY"),
                        T.replace("a integer", "a bigint GENERATED ALWAYS AS IDENTITY"),
                        "INSERT INTO t (id) SELECT n FROM generate_series(1, 500) n"),
    "an identity from now on": Case(T.replace("a integer", "a integer NOT NULL"),
                                    T.replace("a integer", "a bigint GENERATED BY DEFAULT AS IDENTITY (START 1000)"),
                                    "INSERT INTO t (id, a) SELECT n, n FROM generate_series(1, 500) n"),
    "a name that is taken": Case(T.replace("b text", "a_dbdeed text"), T.replace("b text", "a_dbdeed text").replace("a integer", "a bigint"), ROWS),
}  # fmt: skip


def full(place: Place, session: Session, after: str, **options: Any) -> Plan:
    plan: Plan = place.plan(
        session, after, empty=lambda one: place.engine.rows(session, one) == 0, **options
    )[0]
    return plan


def rows(session: Session) -> list[Any]:
    """All columns by their names, whatever their places."""
    ((table,),) = session.fetch(
        "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    found = session.fetch(f"SELECT to_jsonb(t) FROM public.{table} t")
    return sorted((sorted((key, str(value)) for key, value in one.items()) for (one,) in found), key=repr)


@pytest.mark.parametrize("name", _some(CASES, 3))
def test_the_type_changes_beside_the_column(postgresql: Place, name: str) -> None:
    case = CASES[name]
    with postgresql.live(case.before) as session:
        short = full(postgresql, session, case.after, scratch=None)
        assert not any("_dbdeed" in step.sql and "TRIGGER" in step.sql for step in short.steps)
        postgresql.run(session, case.rows)
        before = rows(session)
        plan = full(postgresql, session, case.after)
        assert any("CREATE TRIGGER" in step.sql for step in plan.steps)
        assert not any(step.rewrites or "ALTER COLUMN a TYPE" in step.sql for step in plan.steps)
        for group in plan.groups:
            for step in (one.step for one in group.steps if not one.step.keeps):  # archiving says its own
                assert not {hazard.kind for hazard in step.hazards} & BLOCKING, step
                assert not (step.scans and step.lock > LockLevel.SHARE_UPDATE_EXCLUSIVE), step
        assert any(one.form is Form.CHANGED for one in plan.keeps) != case.keeps
        assert not any(one.kind == "column" for one in plan.destroys)
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(case.after), tool="test")
        postgresql.settle(session)
        assert postgresql.plan(session, case.after)[0].empty
        after = rows(session)
        back = full(postgresql, session, case.before)
        apply_plan(postgresql.engine, session, back, postgresql.catalog(case.before), tool="test")
        postgresql.settle(session)
        assert len(after) == 500
        if case.keeps:
            assert rows(session) == before


WIDER = T.replace("a integer", "a bigint")
U = "CREATE TABLE u (a integer REFERENCES t (a));"
KEYED = T.replace("a integer", "a integer UNIQUE")
F = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
AT_ONCE = {
    "a foreign key to it": (KEYED + U, (KEYED + U).replace("a integer", "a bigint")),
    "a foreign key of it": (
        T + "CREATE TABLE u (a integer PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u;",
        WIDER + "CREATE TABLE u (a integer PRIMARY KEY); ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u;",
    ),
    "a view": (T + "CREATE VIEW v AS SELECT a FROM t", WIDER + "CREATE VIEW v AS SELECT a FROM t"),
    "a policy": (T + "CREATE POLICY p ON t USING (a > 0)", WIDER + "CREATE POLICY p ON t USING (a > 0)"),
    "a policy for its owner": (
        T + "ALTER TABLE t FORCE ROW LEVEL SECURITY",
        WIDER + "ALTER TABLE t FORCE ROW LEVEL SECURITY",
    ),
    "a trigger": (
        T + F + "CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        WIDER + F + "CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
    ),
    "a trigger from now on": (
        T + F,
        WIDER + F + "CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
    ),
    "a rule": (
        T + "CREATE RULE r AS ON UPDATE TO t DO ALSO SELECT 1",
        WIDER + "CREATE RULE r AS ON UPDATE TO t DO ALSO SELECT 1",
    ),
    "a generated column": (
        T + "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1) STORED",
        WIDER + "ALTER TABLE t ADD g integer GENERATED ALWAYS AS (a + 1) STORED",
    ),
    "a function of its rows": (
        T + "CREATE FUNCTION r(t) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        WIDER + "CREATE FUNCTION r(t) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    ),
    "an heir": (T + "CREATE TABLE h () INHERITS (t)", WIDER + "CREATE TABLE h () INHERITS (t)"),
    "a publication": (
        T + "CREATE PUBLICATION p FOR TABLE t (id, b)",
        WIDER + "CREATE PUBLICATION p FOR TABLE t (id, b)",
    ),
    "statistics": (T + "CREATE STATISTICS s ON a, b FROM t", WIDER + "CREATE STATISTICS s ON a, b FROM t"),
    "an expression": (T + "CREATE INDEX i ON t ((a + 1))", WIDER + "CREATE INDEX i ON t ((a + 1))"),
    "a condition": (T + "CREATE INDEX i ON t (b) WHERE a > 0", WIDER + "CREATE INDEX i ON t (b) WHERE a > 0"),
    "an exclusion": (
        T + "ALTER TABLE t ADD EXCLUDE USING btree (a WITH =)",
        WIDER + "ALTER TABLE t ADD EXCLUDE USING btree (a WITH =)",
    ),
    "a check that does not fit": (
        T + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
        T.replace("a integer", "a text") + "ALTER TABLE t ADD CONSTRAINT k CHECK (a > '0')",
    ),
    "a type of somebody's own": (
        "CREATE DOMAIN d AS integer; " + T,
        "CREATE DOMAIN d AS integer; " + T.replace("a integer", "a d"),
    ),
    "a list of texts of a length": (
        T.replace("b text", "b text[]"),
        T.replace("b text", "b varchar(5)[]"),
    ),
    "nothing that is written": (T.replace("b text", "b varchar(9)"), T.replace("b text", "b varchar(10)")),
}


@pytest.mark.parametrize("name", _some(AT_ONCE, 3))
def test_where_more_looks_at_the_column_it_is_changed_at_once(postgresql: Place, name: str) -> None:
    before, after = AT_ONCE[name]
    with postgresql.live(before) as session:
        plan = postgresql.plan(session, after, scratch=None)[0]
        assert not any("CREATE TRIGGER" in step.sql and "_dbdeed" in step.sql for step in plan.steps)
        step = next(one for one in plan.steps if " TYPE " in one.sql)
        assert step.lock is LockLevel.ACCESS_EXCLUSIVE
        assert step.hazards


def test_in_a_maintenance_window_it_is_changed_at_once(postgresql: Place) -> None:
    with postgresql.live(T + ROWS) as session:
        plan = full(postgresql, session, WIDER, online=False)
        assert [step.rewrites for step in plan.steps] == [True]


def test_a_column_goes_on_counting_where_it_was(postgresql: Place) -> None:
    before = T.replace("a integer", "a integer GENERATED ALWAYS AS IDENTITY")
    after = before.replace("a integer", "a bigint")
    with postgresql.live(before + "INSERT INTO t (id) SELECT n FROM generate_series(1, 70) n") as session:
        apply_plan(postgresql.engine, session, full(postgresql, session, after), tool="test")
        postgresql.settle(session)
        session.execute("INSERT INTO t (id) VALUES (0)")
        assert session.fetch("SELECT a FROM t WHERE id = 0") == [(71,)]


def test_a_moment_is_what_utc_says_whoever_plans_and_writes(postgresql: Place) -> None:
    """A writer in another time zone, in the middle: what it wrote is read like the rest, and said to be."""
    before, after = (T.replace("a integer", f"a {one}") for one in ("timestamp", "timestamptz"))
    with postgresql.live(before + "INSERT INTO t VALUES (1, '2024-01-01 12:00')") as session:
        session.execute("SET timezone = 'Asia/Tokyo'")
        plan = full(postgresql, session, after)
        assert any("taken as UTC" in each.message for step in plan.steps for each in step.hazards)
        assert killed_at(postgresql, session, plan, "DROP TRIGGER")
        postgresql.settle(session)
        session.execute("SET timezone = 'America/New_York'; UPDATE t SET b = 'x'")
        session.execute("INSERT INTO t (id, a) VALUES (2, '2024-01-01 12:00')")
        plan = full(postgresql, session, after)
        assert not any("CREATE TRIGGER" in step.sql for step in plan.steps)
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(after), tool="test")
        assert (
            session.fetch("SELECT (a AT TIME ZONE 'UTC')::text FROM public.t")
            == [("2024-01-01 12:00:00",)] * 2
        )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("timestamp", "timestamptz", "2024-01-01 12:00:00"),
        ("timestamptz", "timestamp", "2024-01-01 03:00:00"),
        ("date", "timestamptz", "2024-01-01 00:00:00"),
        ("timestamptz", "date", "2024-01-01 00:00:00"),
    ],
)
def test_the_short_form_reads_moments_so_too(postgresql: Place, old: str, new: str, said: str) -> None:
    """Whoever runs the statement, and wherever: psql, Flyway, a server elsewhere."""
    before, after = (T.replace("a integer", f"a {one}") for one in (old, new))
    with postgresql.live(before) as session:
        plan = full(postgresql, session, after, online=False)
        session.execute("SET timezone = 'Asia/Tokyo'; INSERT INTO t VALUES (1, '2024-01-01 12:00')")
        for step in plan.steps:
            if "ALTER TABLE" in step.sql:
                session.execute(step.sql)
        stored = "a AT TIME ZONE 'UTC'" if new == "timestamptz" else "a::timestamp"
        assert session.fetch(f"SELECT ({stored})::text FROM public.t") == [(said,)]


class Killed(BaseException):
    """An end without warning, as far as one process can play it."""


MORE = (
    "CREATE INDEX i ON t (a, b);"
    "ALTER TABLE t ADD CONSTRAINT once UNIQUE (a) NOT DEFERRABLE, ADD CONSTRAINT few CHECK (a > 0);"
)
NEEDED = T.replace("a integer", "a integer NOT NULL") + MORE
NEEDED_WIDER = NEEDED.replace("a integer", "a bigint")
COUNTED = "INSERT INTO t SELECT n, n, 'b' || n FROM generate_series(1, 500) n;"


def killed_at(place: Place, session: Session, plan: Plan, at: int | str) -> bool:
    """Whether the plan was stopped before its statement number `at`, or the first that has these words."""
    calls = 0

    def counted(real: Any) -> Any:
        def call(sql: str, *rest: Any) -> Any:
            nonlocal calls
            calls += not sql.startswith("SET ")
            if calls == at or (isinstance(at, str) and at in sql):
                raise Killed
            return real(session, sql, *rest)

        return call

    session.execute, session.fetch = counted(type(session).execute), counted(type(session).fetch)  # type: ignore[method-assign]
    try:
        apply_plan(place.engine, session, plan, tool="test")
    except Killed:
        return True
    finally:
        del session.execute, session.fetch
    return False


STATEMENTS = (
    *("CREATE FUNCTION", "UPDATE public.t", "NOT VALID", "same_dbdeed CHECK", "VALIDATE", "i_dbdeed"),
    *("once_dbdeed", "DROP TRIGGER", "RENAME COLUMN", "ADD CONSTRAINT few", "VALIDATE CONSTRAINT few"),
)


@pytest.mark.parametrize("at", _some(STATEMENTS, 2))
def test_stopped_at_a_statement_the_next_plan_goes_on(postgresql: Place, at: str) -> None:
    target = postgresql.new()
    session = postgresql.open(target)
    postgresql.run(session, NEEDED + COUNTED)
    before = rows(session)
    stopped = killed_at(postgresql, session, full(postgresql, session, NEEDED_WIDER, scratch=None), at)
    session.close()
    assert stopped
    session = postgresql.open(target)
    try:
        session.execute("INSERT INTO t (id, a, b) VALUES (501, 501, 'late')")
        (again, wanted) = postgresql.plan(session, NEEDED_WIDER)
        assert not again.destroys
        assert not any(step.rewrites for step in again.steps)
        if at not in ("CREATE FUNCTION", "VALIDATE CONSTRAINT few"):
            assert not any("CREATE TRIGGER" in step.sql for step in again.steps)
        apply_plan(postgresql.engine, session, again, wanted, tool="test")
        postgresql.settle(session)
        assert postgresql.plan(session, NEEDED_WIDER)[0].empty
        after = rows(session)
        assert len(after) == 501
        assert [one for one in after if ("b", "late") not in one] == before
    finally:
        session.close()


@pytest.mark.parametrize("way", ["given up", "another type", "emptied", "in a window"])
def test_stopped_and_then_wanted_otherwise_nothing_is_left(postgresql: Place, way: str) -> None:
    after = {"given up": NEEDED, "another type": NEEDED.replace("a integer", "a numeric")}.get(
        way, NEEDED_WIDER
    )
    for at in ("VALIDATE", "CREATE INDEX", "DROP TRIGGER"):
        with postgresql.live(NEEDED + COUNTED) as session:
            plan = full(postgresql, session, NEEDED_WIDER, scratch=None)
            assert killed_at(postgresql, session, plan, at)
            postgresql.settle(session)
            assert session.fetch("SELECT FROM pg_trigger WHERE tgname = 't_a_dbdeed'")
            if way == "emptied":
                session.execute("DELETE FROM t")
            before = rows(session) if way == "emptied" else None
            plan = full(postgresql, session, after, online=way != "in a window")
            assert not any(one.kind == "column" for one in plan.destroys)
            apply_plan(postgresql.engine, session, plan, postgresql.catalog(after), tool="test")
            postgresql.settle(session)
            assert postgresql.plan(session, after)[0].empty
            assert session.fetch("SELECT count(*) FROM t WHERE a = id") == [(0 if before == [] else 500,)]
            assert session.fetch("SELECT FROM pg_proc WHERE proname LIKE '%dbdeed%'") == []


def test_a_column_of_that_name_that_is_somebodys_own_is_not_taken_for_ours(postgresql: Place) -> None:
    with postgresql.live(T + ROWS) as session:
        plan = full(postgresql, session, WIDER, scratch=None)
        assert killed_at(postgresql, session, plan, "VALIDATE")
        postgresql.settle(session)
        session.execute("DROP TRIGGER t_a_dbdeed ON t")
        plan = full(postgresql, session, WIDER)
        assert [one.name[-1] for one in plan.destroys] == ["a_dbdeed"]
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(WIDER), tool="test")
        postgresql.settle(session)
        assert postgresql.plan(session, WIDER)[0].empty


def test_writers_go_on_and_nothing_of_theirs_is_lost(postgresql: Place) -> None:
    target = postgresql.new()
    session, other, watcher = (postgresql.open(target) for _ in range(3))
    postgresql.run(session, NEEDED)
    session.execute("INSERT INTO t SELECT n, n, repeat('b', 200) FROM generate_series(1, 20000) n")
    plan = full(postgresql, session, NEEDED_WIDER)
    done, written, waits, wrong = threading.Event(), [0], [0.0], []

    def write() -> None:
        """Values that say of themselves whether they are right: `b` ends with what `a` is."""
        number = 20000
        other.execute("SET search_path = public")
        while not done.is_set():
            number += 1
            began = time.monotonic()
            try:
                other.execute(
                    f"INSERT INTO t VALUES ({number}, {number}, '{number}');"
                    f"UPDATE t SET a = {number + 100000}, b = '{number + 100000}' WHERE id = {number - 19000};"
                    f"UPDATE t SET b = b || '.' WHERE id = {number - 18000};"
                    f"DELETE FROM t WHERE id = {number - 10000}"
                )
            except (LockTimeout, SqlRejected) as error:  # a writer must never see one
                wrong.append(str(error))
            waits[0] = max(waits[0], time.monotonic() - began)
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        apply_plan(postgresql.engine, session, plan, postgresql.catalog(NEEDED_WIDER), tool="test")
    finally:
        done.set()
        writer.join()
    assert wrong == []
    assert written[0] > 20
    postgresql.settle(session)
    assert postgresql.plan(session, NEEDED_WIDER)[0].empty
    count = written[0]
    assert session.fetch("SELECT count(*) FROM t") == [(20000,)]
    changed = session.fetch("SELECT count(*) FROM t WHERE a > 100000 AND b IN (a::text, a::text || '.')")
    assert changed == [(count,)]
    assert session.fetch("SELECT count(*) FROM t WHERE a < 100000 AND a <> id") == [(0,)]
    for one in (session, other, watcher):
        one.close()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("a integer", "a smallint", "smallint"),
        ("b text", "b varchar(5)", "more than 5 characters"),
        ("b text", "b integer", "integer"),
    ],
)
def test_a_value_that_does_not_fit_stops_it_and_changes_nothing(
    postgresql: Place, old: str, new: str, says: str
) -> None:
    after = T.replace(old, new)
    with postgresql.live(T + "INSERT INTO t VALUES (0, 70000, '1234567x'), (1, 1, '12   ')") as session:
        before = postgresql.engine.inspect(session).objects
        with pytest.raises(StepFailed, match=says):
            apply_plan(postgresql.engine, session, full(postgresql, session, after), tool="test")
        postgresql.settle(session)
        assert postgresql.engine.inspect(session).objects == before
        session.execute("DELETE FROM t WHERE id = 0")
        apply_plan(postgresql.engine, session, full(postgresql, session, after), tool="test")
        postgresql.settle(session)
        assert postgresql.plan(session, after)[0].empty
        assert session.fetch("SELECT a, rtrim(b::text) FROM t") == [(1, "12")]


DOCUMENT = """# Items

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL

## Schema Design

### Table: `t`
```sql
{sql}
```
"""


@pytest.mark.parametrize("interrupted", [False, True], ids=["whole", "interrupted"])
def test_what_a_conversion_took_from_the_values_comes_back(
    postgresql: Place, tmp_path: Path, *, interrupted: bool
) -> None:
    before = T.replace("a integer", "a numeric(8,3)")
    after = T.replace("a integer", "a numeric(8,1)")
    target = postgresql.new()
    session = postgresql.open(target)
    postgresql.run(session, before + "INSERT INTO t SELECT n, n + 0.125, 'x' FROM generate_series(1, 50) n")
    was = postgresql.engine.inspect(session).objects
    try:
        plan, wanted = postgresql.plan(session, after)
        if interrupted:
            assert killed_at(postgresql, session, plan, "DROP TRIGGER")
            session.close()
            session = postgresql.open(target)
            plan, wanted = postgresql.plan(session, after)
        apply_plan(postgresql.engine, session, plan, wanted, tool="test")
        assert session.fetch("SELECT sum(a)::text FROM public.t") == [("1280.0",)]
        session.close()
        document = tmp_path / "DATABASE.md"
        document.write_text(DOCUMENT.format(sql=after))
        undo(document, consent=Consent(yes=True), environment={"DATABASE_URL": target.url})
        session = postgresql.open(target)
        assert postgresql.engine.inspect(session).objects == was
        assert session.fetch("SELECT sum(a)::text FROM public.t") == [("1281.250",)]
    finally:
        session.close()


def test_an_undo_that_was_stopped_is_taken_back_and_then_done(
    postgresql: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped when the column is itself again and its values are not: they come back in the end."""
    if postgresql.name != "postgresql-18":
        pytest.skip("nothing here depends on the version")
    before = T.replace("a integer", "a numeric(8,3)") + "CREATE INDEX i ON t (a, b);"
    after = T.replace("a integer", "a numeric(8,1)")
    target = postgresql.new()
    session = postgresql.open(target)
    postgresql.run(session, before + "INSERT INTO t SELECT n, n + 0.125, 'x' FROM generate_series(1, 50) n")
    was = postgresql.engine.inspect(session).objects
    apply_plan(postgresql.engine, session, full(postgresql, session, after), tool="test")
    document, environment = tmp_path / "DATABASE.md", {"DATABASE_URL": target.url}
    document.write_text(DOCUMENT.format(sql=after))
    execute = type(session).execute

    def stopped(one: Session, sql: str) -> None:
        if "SET a = a.dbdeed_was" in sql:  # a scratch is sent all statements of a transaction at once
            raise Killed
        execute(one, sql)

    monkeypatch.setattr(type(session), "execute", stopped)
    with pytest.raises(Killed):
        undo(document, consent=Consent(yes=True), environment=environment)
    monkeypatch.undo()
    for digits, left in ((1, "1280.0"), (3, "1281.250")):
        undo(document, consent=Consent(yes=True), environment=environment)
        assert session.fetch("SELECT sum(a)::text, max(scale(a)) FROM public.t") == [(left, digits)]
    assert postgresql.engine.inspect(session).objects == was
    session.close()
