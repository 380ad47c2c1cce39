"""A table that becomes partitioned, or is so no more, or otherwise: its rows, counts and dependents stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.change import HazardKind
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import read
from dbdeed.errors import DbdeedError
from dbdeed.planning.order import order_changes

if TYPE_CHECKING:
    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.session import Session

_COLUMNS = "id serial, at date NOT NULL, note text DEFAULT 'x'"
_KEYED = f"({_COLUMNS}, PRIMARY KEY (id, at))"
_INDEX = "CREATE INDEX i ON t (note);"
PLAIN = f"CREATE TABLE t {_KEYED}; {_INDEX}"
RANGE = f"""CREATE TABLE t {_KEYED} PARTITION BY RANGE (at); {_INDEX}
    CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE t2 PARTITION OF t DEFAULT;"""
HASH = f"""CREATE TABLE t {_KEYED} PARTITION BY HASH (id); {_INDEX}
    CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE t2 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);"""
SUB = RANGE.replace("('2025-01-01');", "('2025-01-01') PARTITION BY LIST (id);", 1) + (
    "CREATE TABLE t1a PARTITION OF t1 FOR VALUES IN (1); CREATE TABLE t1b PARTITION OF t1 DEFAULT;"
)
IDENTITY = PLAIN.replace("id serial", "id integer GENERATED ALWAYS AS IDENTITY")
LEFT = PLAIN + f"CREATE TABLE t2 {_KEYED.replace('serial', 'integer')}; CREATE INDEX t2_note_idx ON t2 (note)"
AROUND = """
    ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
    CREATE POLICY p ON t USING (note <> ''); ALTER TABLE t ADD CHECK (note <> 'never');
    CREATE VIEW v AS SELECT note FROM t; GRANT SELECT ON t TO PUBLIC; GRANT SELECT ON v TO PUBLIC;
    COMMENT ON TABLE t IS 'the t'; COMMENT ON COLUMN t.note IS 'n'; COMMENT ON INDEX i IS 'ii';
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    CREATE TABLE c (tid integer, tat date, FOREIGN KEY (tid, tat) REFERENCES t);
    CREATE FUNCTION g() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
    CREATE STATISTICS st ON id, note FROM t; CREATE PUBLICATION pub FOR TABLE t;
    ALTER DEFAULT PRIVILEGES GRANT UPDATE ON TABLES TO PUBLIC"""
ROWS = "INSERT INTO t (at, note) VALUES ('2024-05-05', 'a'), ('2026-01-01', 'b');"

PAIRS = {
    "plain to partitioned and back": (PLAIN, RANGE),
    "another key": (RANGE, HASH),
    "sub-partitions": (RANGE, SUB),
    "with all that is around it": (PLAIN + AROUND, RANGE + AROUND),
    "another key with all that is around it": (RANGE + AROUND, HASH + AROUND),
    "an identity": (IDENTITY, HASH),
    "other columns too": (
        PLAIN,
        RANGE.replace("note text DEFAULT 'x'", "note varchar(20), more integer DEFAULT 3"),
    ),
    "other bounds": (RANGE, RANGE.replace("2024-01-01", "2023-01-01")),
}


def run(session: Session, sql: str) -> Catalog:
    for statement in read(sql, RULES):
        session.execute(statement.sql)
    return ENGINE.inspect(session)


def _steps(session: Session, target: Catalog) -> list[Step]:
    current = ENGINE.inspect(session)
    changes = order_changes(ENGINE.compare(current, target).changes, current, target)
    return [step for change in changes for step in change.steps]


def lead(session: Session, target: Catalog) -> list[Step]:
    steps = _steps(session, target)
    session.execute("SET search_path = ''")
    session.execute("SET check_function_bodies = off")
    with session.transaction():
        for step in steps:
            session.execute(step.sql)
    session.execute("SET search_path = public")
    assert ENGINE.inspect(session).objects == target.objects
    return steps


@pytest.mark.parametrize("name", PAIRS)
def test_rows_and_counts_stay(server: SuperuserServer, name: str) -> None:
    with server.database("one") as one, server.database("other") as other:
        targets = run(one, PAIRS[name][0]), run(other, PAIRS[name][1])
        dumps = server.dump("one"), server.dump("other")
        one.execute(ROWS)
        if "c (tid" in PAIRS[name][0]:
            one.execute("INSERT INTO c VALUES (1, '2024-05-05')")
        for number, way in enumerate((1, 0)):
            steps = lead(one, targets[way])
            assert {one.name[-1] for step in steps for one in step.destroys} <= {"more"}
            assert server.dump("one") == dumps[way]
            one.execute("INSERT INTO t (at, note) VALUES ('2024-07-07', 'c')")
            rows = one.fetch("SELECT id, at::text, note FROM t ORDER BY id")
            new = [(3 + more, "2024-07-07", "c") for more in range(number + 1)]
            assert rows == [(1, "2024-05-05", "a"), (2, "2026-01-01", "b"), *new]


def test_rows_that_no_partition_takes_stop_it_and_nothing_is_lost(server: SuperuserServer) -> None:
    with server.database("one") as one, server.database("other") as other:
        before = run(one, PLAIN)
        target = run(other, RANGE.replace("CREATE TABLE t2 PARTITION OF t DEFAULT;", ""))
        one.execute(ROWS)
        assert HazardKind.MAY_FAIL in {hazard.kind for step in _steps(one, target) for hazard in step.hazards}
        with pytest.raises(DbdeedError, match="no partition"):
            lead(one, target)
        one.execute("SET search_path = public")
        assert ENGINE.inspect(one).same_as(before)
        assert one.fetch("SELECT count(*) FROM t") == [(2,)]


def test_a_partition_that_stays_by_itself_keeps_its_rows(server: SuperuserServer) -> None:
    with server.database("one") as one, server.database("other") as other:
        run(one, RANGE)
        target = run(other, LEFT)
        one.execute(ROWS)
        lead(one, target)
        assert server.dump("one") == server.dump("other")
        assert one.fetch("SELECT note FROM t") == [("a",)]
        assert one.fetch("SELECT note FROM t2") == [("b",)]


def test_a_new_partition_beside_a_default_one_says_what_may_fail(server: SuperuserServer) -> None:
    with server.database("one") as one, server.database("other") as other:
        run(one, RANGE)
        target = run(
            other, RANGE + "CREATE TABLE t3 PARTITION OF t FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
        )
        one.execute(ROWS)
        hazards = [hazard.message for step in _steps(one, target) for hazard in step.hazards]
        assert "public.t2 may hold rows that belong into public.t3." in hazards
        with pytest.raises(DbdeedError, match="default partition"):
            lead(one, target)
