"""Expand and contract: between the halves two applications work with one database, and none loses a write.

The application from before and the one from after are plain SQL of their own; they write in turn, in any
order, and after each write both must read the same.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbdeed.errors import DbdeedError, Refused
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.phases import Phases, split
from dbdeed.planning.running import run_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.seam import Session
    from dbdeed.planning.plan import Plan

Place = Any

BEFORE = (
    "CREATE TABLE people (id integer PRIMARY KEY, mail text NOT NULL UNIQUE CHECK (mail <> ''), "
    "note text NOT NULL, age integer, points integer NOT NULL DEFAULT 0);"
    "CREATE INDEX people_age ON people (age);"
)
AFTER = (
    "CREATE TABLE people (id integer PRIMARY KEY, email text NOT NULL UNIQUE CHECK (email <> ''), "
    "-- renamed from: mail\n"
    "years integer, -- renamed from: age\n"
    "score integer NOT NULL DEFAULT 0, -- renamed from: points\n"
    "short text NOT NULL, -- backfill: lower(mail)\n"
    "nick text, CHECK (score < 1000));"
    "CREATE INDEX people_age ON people (years);"
    "CREATE TABLE badges (id integer PRIMARY KEY, person integer NOT NULL REFERENCES people (id));"
)


def text(value: object) -> str:
    return (
        "NULL"
        if value is None
        else "'" + str(value).replace("'", "''") + "'"
        if isinstance(value, str)
        else str(value)
    )


@dataclass
class App:
    """One application: it knows its own columns, and no others."""

    session: Session
    columns: dict[str, str]  # what it means to what it calls it
    must: dict[str, str]  # columns that only it has to write
    table: str = "people"

    def insert(self, key: int, values: dict[str, Any]) -> None:
        names = ["id", *(self.columns[one] for one in values), *self.must]
        written = [str(key), *map(text, values.values()), *map(text, self.must.values())]
        self.session.execute(f"INSERT INTO {self.table} ({', '.join(names)}) VALUES ({', '.join(written)})")

    def update(self, key: int, values: dict[str, Any]) -> None:
        sets = ", ".join(f"{self.columns[one]} = {text(value)}" for one, value in values.items())
        self.session.execute(f"UPDATE {self.table} SET {sets} WHERE id = {key}")

    def upsert(self, key: int, values: dict[str, Any]) -> None:
        mail = self.columns["mail"]
        names = ["id", *(self.columns[one] for one in values), *self.must]
        written = [str(key), *map(text, values.values()), *map(text, self.must.values())]
        sets = ", ".join(f"{self.columns[one]} = excluded.{self.columns[one]}" for one in values)
        self.session.execute(
            f"INSERT INTO {self.table} ({', '.join(names)}) VALUES ({', '.join(written)}) "
            f"ON CONFLICT ({mail}) DO UPDATE SET {sets}"
        )

    def delete(self, key: int) -> None:
        self.session.execute(f"DELETE FROM {self.table} WHERE id = {key}")

    def read(self) -> dict[int, tuple[Any, ...]]:
        names = ", ".join(self.columns.values())
        return {row[0]: tuple(row[1:]) for row in self.session.fetch(f"SELECT id, {names} FROM {self.table}")}


def old(session: Session, table: str = "people") -> App:
    columns = {"mail": "mail", "age": "age", "points": "points"}
    return App(session, columns, {"note": "n"}, table)


def new(session: Session, table: str = "people") -> App:
    columns = {"mail": "email", "age": "years", "points": "score"}
    return App(session, columns, {"short": "s"}, table)


@dataclass
class Truth:
    """What both applications wrote, in memory."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)

    def do(self, app: App, what: str, key: int, values: dict[str, Any]) -> None:
        if what == "delete":
            app.delete(key)
            self.rows.pop(key, None)
            return
        values = dict(values)
        taken = {row["mail"]: one for one, row in self.rows.items()}
        if what == "insert" and key not in self.rows and "mail" in values and values["mail"] not in taken:
            app.insert(key, values)
            self.rows[key] = {"mail": None, "age": None, "points": 0, **values}
        elif what == "upsert" and key not in self.rows and "mail" in values:
            app.upsert(key, values)
            there = taken.get(values["mail"], key)
            self.rows[there] = {**self.rows.get(there, {"age": None, "points": 0}), **values}
        elif what == "update" and key in self.rows and values and taken.get(values.get("mail"), key) == key:
            app.update(key, values)
            self.rows[key].update(values)

    def read(self) -> dict[int, tuple[Any, ...]]:
        return {key: (row["mail"], row["age"], row["points"]) for key, row in self.rows.items()}


def phases(place: Place, before: str = BEFORE, after: str = AFTER, **options: Any) -> Phases:
    given = {"generation": 100, **options}
    return split(
        place.engine,
        place.catalog(before),
        place.catalog(after),
        place.statements(after),
        place.scratch,
        **given,
    )


_known: dict[tuple[str, str, str], Phases] = {}


def known(place: Place, before: str = BEFORE, after: str = AFTER) -> Phases:
    """Made once for each place: a plan is data."""
    key = (place.name, before, after)
    if key not in _known:
        _known[key] = phases(place, before, after)
    return _known[key]


def run(place: Place, session: Session, plan: Any, target: Any) -> None:
    apply_plan(place.engine, session, plan, target, tool="test")
    place.settle(session)


@contextmanager
def expanded(place: Place) -> Iterator[Session]:
    found = known(place)
    with place.live(BEFORE) as session:
        run(place, session, found.expand, found.middle)
        yield session


@pytest.fixture(scope="module")
def between(place: Place) -> Iterator[Session]:
    """A database in the middle, for many examples."""
    with expanded(place) as session:
        yield session


_values = st.fixed_dictionaries(
    {},
    optional={
        "mail": st.sampled_from(["a", "A", "b@c", "d'e"]),
        "age": st.sampled_from([None, 0, 7, 8]),
        "points": st.sampled_from([0, 1, 5]),
    },
)
_actions = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(["insert", "insert", "update", "update", "upsert", "delete"]),
        st.integers(1, 4),
        _values,
    ),
    max_size=14,
)


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=_actions)
def test_no_write_of_either_application_is_lost_in_many_orders(between: Session, actions: list[Any]) -> None:
    _in_turn(between, actions)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=_actions)
def test_no_write_of_either_application_is_lost(between: Session, actions: list[Any]) -> None:
    _in_turn(between, actions)


def _in_turn(between: Session, actions: list[Any]) -> None:
    between.execute("DELETE FROM people")
    apps, truth = (old(between), new(between)), Truth()
    for which, what, key, values in actions:
        truth.do(apps[which], what, key, values)
        assert apps[0].read() == truth.read()
        assert apps[1].read() == truth.read()
    assert between.fetch("SELECT count(*) FROM people WHERE short IS NULL") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_whole_way_there_and_back_with_rows(place: Place, seed: int) -> None:
    found = known(place)
    chance = random.Random(seed)

    def some(apps: tuple[App, ...], truth: Truth, number: int) -> None:
        for _ in range(number):
            values = {"mail": f"m{chance.randrange(30)}", "age": chance.choice([None, 1, 2])}
            values |= {"points": chance.randrange(9)} if chance.random() < 0.7 else {}
            what = chance.choice(["insert", "insert", "update", "delete"])
            truth.do(chance.choice(apps), what, chance.randrange(40), values)

    truth = Truth()
    with place.live(BEFORE) as session:
        before, after = old(session), new(session)
        some((before,), truth, 60)
        run(place, session, found.expand, found.middle)
        assert before.read() == after.read() == truth.read()
        some((before, after), truth, 60)
        assert before.read() == after.read() == truth.read()
        session.execute("UPDATE people SET nick = 'x', note = 'y'")
        run(place, session, found.contract, place.catalog(AFTER))
        assert after.read() == truth.read()
        some((after,), truth, 40)
        assert found.contract.reverse is not None, found.contract.irreversible
        run(place, session, found.contract.reverse, found.middle)
        assert before.read() == after.read() == truth.read()
        some((before, after), truth, 40)
        assert found.expand.reverse is not None, found.expand.irreversible
        session.execute("UPDATE people SET note = 'z' WHERE note IS NULL")
        run(place, session, found.expand.reverse, place.catalog(BEFORE))
        assert before.read() == truth.read()
        some((before,), truth, 40)
        assert before.read() == truth.read()


RENAMED = (
    AFTER.replace("CREATE TABLE people", "-- renamed from: people\nCREATE TABLE persons")
    .replace("REFERENCES people", "REFERENCES persons")
    .replace("people_age ON people", "persons_years ON persons")
)


def test_a_renamed_table_goes_on_under_its_old_name(postgresql: Place) -> None:
    found = known(postgresql, BEFORE, RENAMED)
    chance = random.Random(7)
    truth = Truth()
    with postgresql.live(BEFORE) as session:
        before, after = old(session), new(session, "persons")

        def some(apps: tuple[App, ...], number: int) -> None:
            for _ in range(number):
                values = {"mail": f"m{chance.randrange(30)}", "age": chance.choice([None, 1, 2])}
                what = chance.choice(["insert", "insert", "update", "upsert", "delete"])
                truth.do(chance.choice(apps), what, chance.randrange(40), values)

        some((before,), 40)
        run(postgresql, session, found.expand, found.middle)
        some((before, after), 60)
        assert before.read() == after.read() == truth.read()
        run(postgresql, session, found.contract, postgresql.catalog(RENAMED))
        some((after,), 20)
        assert after.read() == truth.read()
        assert found.contract.reverse is not None, found.contract.irreversible
        run(postgresql, session, found.contract.reverse, found.middle)
        some((before, after), 30)
        assert before.read() == after.read() == truth.read()
        assert found.expand.reverse is not None, found.expand.irreversible
        session.execute("UPDATE people SET note = 'z' WHERE note IS NULL")
        run(postgresql, session, found.expand.reverse, postgresql.catalog(BEFORE))
        some((before,), 20)
        assert before.read() == truth.read()


def test_a_renamed_table_is_refused_where_its_old_name_cannot_do_all(sqlite: Place) -> None:
    with pytest.raises(Refused) as caught:
        phases(sqlite, BEFORE, RENAMED)
    assert "last_insert_rowid" in caught.value.hint


@pytest.mark.parametrize(
    "renamed", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["columns", "table too"]
)
def test_the_running_application_works_between_any_two_groups_of_statements(
    place: Place, renamed: bool
) -> None:
    """Up: that from before during the first half, the new one during the second; back likewise."""
    if renamed and not place.is_postgresql:
        pytest.skip("SQLite renames no table this way")
    found = known(place, BEFORE, RENAMED if renamed else AFTER)
    assert found.contract.reverse is not None, found.contract.irreversible
    assert found.expand.reverse is not None, found.expand.irreversible
    chance = random.Random(3)
    truth = Truth()
    with place.live(BEFORE) as session:
        before, after = old(session), new(session, "persons" if renamed else "people")

        def work(app: App) -> None:
            place.settle(session)
            for _ in range(6):
                values = {"mail": f"m{chance.randrange(30)}", "age": chance.choice([None, 1, 2])}
                values |= {"points": chance.randrange(9)} if chance.random() < 0.7 else {}
                truth.do(app, chance.choice(["insert", "update", "delete"]), chance.randrange(20), values)
            assert app.read() == truth.read()

        work(before)
        ways = [
            (found.expand, before),
            (found.contract, after),
            (found.contract.reverse, after),
            (found.expand.reverse, before),
        ]
        for plan, app in ways:
            for group in plan.groups:
                run_groups(place.engine, session, [group])
                work(app)
            if plan is found.contract.reverse:
                place.settle(session)
                session.execute(f"UPDATE {after.table} SET note = 'z' WHERE note IS NULL")
                assert before.read() == truth.read()


KEYED = (
    "CREATE TABLE base (key text PRIMARY KEY, id integer NOT NULL UNIQUE, a integer, "
    "b varchar(9) NOT NULL DEFAULT 'x', c json, d timestamptz NOT NULL DEFAULT now(), "
    "e numeric(6,2) NOT NULL DEFAULT 0, f uuid NOT NULL DEFAULT gen_random_uuid());"
    "CREATE TABLE child (id integer PRIMARY KEY, base text REFERENCES base (key));"
)
CODED = (
    "CREATE TABLE base (code text PRIMARY KEY, -- renamed from: key\n"
    "id integer NOT NULL UNIQUE, a2 bigint, -- renamed from: a\n"
    "b2 text NOT NULL DEFAULT 'x', -- renamed from: b\n"
    "c2 json, -- renamed from: c\n"
    "d2 timestamptz NOT NULL DEFAULT now(), -- renamed from: d\n"
    "e2 numeric(8,3) NOT NULL DEFAULT 0, -- renamed from: e\n"
    "f2 uuid NOT NULL DEFAULT gen_random_uuid() -- renamed from: f\n);"
    "CREATE TABLE child (id integer PRIMARY KEY, base text REFERENCES base (code));"
)


def test_columns_of_many_types_and_a_key_that_others_refer_to(postgresql: Place) -> None:
    found = known(postgresql, KEYED, CODED)
    columns = "key, a, b, c::text, d, e::float, f"
    others = "code, a2, b2, c2::text, d2, e2::float, f2"
    one: list[Any] = []
    with postgresql.live(KEYED) as session:
        session.execute("INSERT INTO base (key, id, a) VALUES ('k', 1, 5)")
        run(postgresql, session, found.expand, found.middle)
        for sql in (
            "INSERT INTO base (key, id, c, e) VALUES ('l', 2, '{\"a\": 1}', 1.5)",
            "INSERT INTO base (code, id, a2, b2, f2) VALUES ('m', 3, 7, 'x', gen_random_uuid())",
            "INSERT INTO base (code, id, d2, e2) VALUES ('n', 4, '2020-01-01Z', 0)",
            "INSERT INTO child VALUES (1, 'm'), (2, 'k')",
            "UPDATE base SET c = '{\"b\":2}', b = 'y' WHERE key = 'm'",
            "UPDATE base SET code = 'o', d2 = '2021-01-01Z', e2 = 2.5 WHERE code = 'n'",
            "INSERT INTO base (code, id) VALUES ('k', 9) ON CONFLICT (code) DO UPDATE SET a2 = 8",
            "INSERT INTO base (key, id) VALUES ('l', 9) ON CONFLICT (key) DO UPDATE SET a = 4",
        ):
            session.execute(sql)
            one = session.fetch(f"SELECT {columns} FROM base ORDER BY id")
            assert session.fetch(f"SELECT {others} FROM base ORDER BY id") == one
        wanted = [("k", 8, "x"), ("l", 4, "x"), ("m", 7, "y"), ("o", None, "x")]
        assert [row[:3] for row in one] == wanted
        with pytest.raises(DbdeedError):
            session.execute("INSERT INTO child VALUES (3, 'nobody')")
        with pytest.raises(DbdeedError):  # no integer, which is what the application from before reads
            session.execute("UPDATE base SET a2 = 5000000000")
        run(postgresql, session, found.contract, postgresql.catalog(CODED))
        assert session.fetch(f"SELECT {others} FROM base ORDER BY id") == one


def test_what_goes_where(postgresql: Place) -> None:
    found = phases(
        postgresql,
        "CREATE TYPE mood AS ENUM ('ok');"
        "CREATE TABLE a (id integer PRIMARY KEY, must text NOT NULL, held text CHECK (held <> ''), "
        "word varchar(5), open integer, gone text NOT NULL, dflt integer DEFAULT 1, "
        "u integer CONSTRAINT a_u UNIQUE);"
        "CREATE TABLE away (id integer PRIMARY KEY); CREATE VIEW v AS SELECT id FROM a;"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
        "CREATE TYPE mood AS ENUM ('ok', 'bad');"
        "CREATE TABLE a (id integer PRIMARY KEY, must text, held text, word text, "
        "open integer NOT NULL CHECK (open > 0), dflt integer, u integer, fresh integer, "
        "flag boolean NOT NULL DEFAULT true, other integer UNIQUE, CONSTRAINT wide UNIQUE (id, u));"
        "CREATE INDEX a_fresh ON a (fresh); CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a);"
        "CREATE VIEW v AS SELECT id, word FROM a;"
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 2';",
    )

    def changed(plan: Plan) -> set[str]:
        said = ((one.action.value, one.object.name) for one in plan.differences)
        return {f"{action} {name[-1] or name[-2]}" for action, name in said}

    assert changed(found.expand) == {
        "alter mood",
        "alter must",
        "alter gone",
        "alter word",
        "drop a_held_check",
        "create fresh",
        "create flag",
        "create other",
        "create a_other_key",
        "create wide",
        "create a_fresh",
        "create b",
        "create b_a_fkey",
        "alter v",
        "alter f",
    }
    assert changed(found.contract) == {
        "alter open",
        "create a_open_check",
        "drop gone",
        "alter dflt",
        "drop a_u",
        "drop away",
    }
    assert any("column public.a.gone goes" in one for one in found.waits)


def test_a_view_of_sqlite_gets_columns_behind_those_that_it_has(sqlite: Place) -> None:
    table = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, watts INTEGER{});"
    written = (
        "CREATE TRIGGER through INSTEAD OF INSERT ON bright BEGIN "
        "INSERT INTO lamps (id, watts) VALUES (NEW.id, NEW.watts); END;"
    )
    view = "CREATE VIEW bright AS SELECT id, watts{} FROM lamps WHERE watts > 40;"
    before = table.format("") + view.format("") + written
    after = table.format(", room TEXT") + view.format(", room") + written
    found = phases(sqlite, before, after)
    assert found.contract.empty
    with sqlite.live(before) as session:
        session.execute("INSERT INTO bright (id, watts) VALUES (1, 60)")
        run(sqlite, session, found.expand, found.middle)
        session.execute("INSERT INTO bright (id, watts) VALUES (2, 75)")  # the application from before
        session.execute("INSERT INTO lamps VALUES (3, 100, 'hall')")  # the one from after
        assert session.fetch("SELECT id, watts FROM bright ORDER BY id") == [(1, 60), (2, 75), (3, 100)]
        assert session.fetch("SELECT room FROM bright ORDER BY id") == [(None,), (None,), ("hall",)]


def test_a_view_of_sqlite_on_a_renamed_column_serves_both(sqlite: Place) -> None:
    before = (
        "CREATE TABLE lamps (id INTEGER PRIMARY KEY, watts INTEGER);"
        "CREATE VIEW bright AS SELECT id, watts FROM lamps WHERE watts > 40;"
    )
    after = (
        "CREATE TABLE lamps (id INTEGER PRIMARY KEY, power INTEGER -- renamed from: watts\n);"
        "CREATE VIEW bright AS SELECT id, power AS watts FROM lamps WHERE power > 40;"
    )
    found = phases(sqlite, before, after)
    with sqlite.live(before) as session:
        session.execute("INSERT INTO lamps VALUES (1, 60)")
        run(sqlite, session, found.expand, found.middle)
        session.execute("INSERT INTO lamps (id, watts) VALUES (2, 75)")
        session.execute("INSERT INTO lamps (id, power) VALUES (3, 100)")
        assert session.fetch("SELECT id, watts FROM bright ORDER BY id") == [(1, 60), (2, 75), (3, 100)]
        run(sqlite, session, found.contract, sqlite.catalog(after))
        assert session.fetch("SELECT id, watts FROM bright ORDER BY id") == [(1, 60), (2, 75), (3, 100)]


def test_who_may_read_the_table_may_read_it_under_its_old_name(postgresql: Place) -> None:
    text = (
        "CREATE TABLE {0} (id integer PRIMARY KEY, n integer); GRANT SELECT, INSERT ON {0} TO reader;"
        "GRANT UPDATE (n) ON {0} TO reader; ALTER TABLE {0} ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON {0} TO reader USING (n > 0) WITH CHECK (n > 0);"
    )
    before, after = text.format("people"), "-- renamed from: people\n" + text.format("persons")
    found = phases(postgresql, before, after)
    with postgresql.live() as session:
        if not session.fetch("SELECT FROM pg_roles WHERE rolname = 'reader'"):
            session.execute("CREATE ROLE reader")
        postgresql.run(session, before)
        session.execute("INSERT INTO people VALUES (1, 1), (2, -1)")
        run(postgresql, session, found.expand, found.middle)
        session.execute("SET row_security = on")
        session.execute("SET ROLE reader")
        assert session.fetch("SELECT id FROM people") == session.fetch("SELECT id FROM persons") == [(1,)]
        session.execute("INSERT INTO people VALUES (3, 3)")
        session.execute("UPDATE people SET n = 4")
        assert session.fetch("SELECT id, n FROM persons ORDER BY id") == [(1, 4), (3, 4)]
        with pytest.raises(DbdeedError):
            session.execute("UPDATE people SET id = 9")
        with pytest.raises(DbdeedError):
            session.execute("INSERT INTO people VALUES (5, -5)")


def test_columns_of_a_partitioned_table_are_kept_in_step(postgresql: Place) -> None:
    text = (
        "CREATE TABLE ev (id integer, at date NOT NULL, {} PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
        "CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');"
    )
    before = text.format("n integer NOT NULL DEFAULT 1,") + "CREATE INDEX ev_n ON ev (n);"
    after = text.format("m integer NOT NULL DEFAULT 1, -- renamed from: n\n") + "CREATE INDEX ev_n ON ev (m);"
    found = phases(postgresql, before, after)
    with postgresql.live(before) as session:
        session.execute("INSERT INTO ev VALUES (1, '2020-02-02', 5)")
        run(postgresql, session, found.expand, found.middle)
        session.execute("INSERT INTO ev (id, at, n) VALUES (2, '2020-02-02', 6)")
        session.execute("INSERT INTO ev (id, at, m) VALUES (3, '2020-02-02', 7)")
        session.execute("UPDATE ev1 SET n = 8 WHERE id = 1")
        assert session.fetch("SELECT n, m FROM ev ORDER BY id") == [(8, 8), (6, 6), (7, 7)]
        run(postgresql, session, found.contract, postgresql.catalog(after))
        assert session.fetch("SELECT m FROM ev ORDER BY id") == [(8,), (6,), (7,)]


def test_a_counter_is_told_of_or_refused_where_it_gets_another_name(postgresql: Place) -> None:
    text = "CREATE TABLE {0} (id serial PRIMARY KEY);"
    before, after = text.format("people"), "-- renamed from: people\n" + text.format("persons")
    assert any(
        "people_id_seq is called persons_id_seq" in one for one in phases(postgresql, before, after).notes
    )
    with pytest.raises(Refused) as caught:
        phases(postgresql, "CREATE SEQUENCE s;", "CREATE SEQUENCE r; -- renamed from: s\n")
    assert "cannot have two names" in caught.value.message


def test_row_security_begins_when_nobody_is_surprised(postgresql: Place) -> None:
    found = phases(
        postgresql,
        "CREATE TABLE t (id integer PRIMARY KEY, n integer);",
        "CREATE TABLE t (id integer PRIMARY KEY, n integer DEFAULT 4); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON t USING (n > 0); CREATE POLICY q ON t AS RESTRICTIVE USING (n < 9);",
    )
    assert {one.object.name[-1] for one in found.expand.differences} == {"n", "p"}
    assert {one.object.name[-1] for one in found.contract.differences} == {"t", "q"}


def test_demands_of_the_old_column_hold_for_the_new_one_in_sqlite(sqlite: Place) -> None:
    before = (
        "CREATE TABLE p (c TEXT PRIMARY KEY) WITHOUT ROWID;"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER CHECK (n > 0), p TEXT REFERENCES p (c));"
    )
    after = (
        "CREATE TABLE p (c TEXT PRIMARY KEY) WITHOUT ROWID;"
        "CREATE TABLE t (id INTEGER PRIMARY KEY, m INTEGER CHECK (m > 0), -- renamed from: n\n"
        "q TEXT REFERENCES p (c) -- renamed from: p\n);"
    )
    found = phases(sqlite, before, after)
    with sqlite.live(before) as session:
        run(sqlite, session, found.expand, found.middle)
        session.execute("PRAGMA foreign_keys = ON")
        session.execute("INSERT INTO t (m) VALUES (1)")
        for sql in ("INSERT INTO t (m) VALUES (-1)", "UPDATE t SET m = -1", "UPDATE t SET q = 'nobody'"):
            with pytest.raises(DbdeedError):
                session.execute(sql)
        assert session.fetch("SELECT n, m, p, q FROM t") == [(1, 1, None, None)]


def test_a_table_does_not_take_the_name_of_what_goes(postgresql: Place) -> None:
    with pytest.raises(Refused) as caught:
        phases(
            postgresql,
            "CREATE TABLE t (id integer PRIMARY KEY); CREATE VIEW v AS SELECT 1 AS one;",
            "CREATE TABLE v (id integer PRIMARY KEY); -- renamed from: t\n",
        )
    assert "gets a name that something else has" in caught.value.message


def test_what_is_only_added_is_no_contract(place: Place) -> None:
    found = phases(
        place,
        "CREATE TABLE t (id integer PRIMARY KEY);",
        "CREATE TABLE t (id integer PRIMARY KEY, n integer, m integer NOT NULL DEFAULT 3);"
        "CREATE INDEX t_n ON t (n); CREATE TABLE u (id integer PRIMARY KEY); CREATE VIEW v AS SELECT id FROM t;",
    )
    assert not found.expand.empty
    assert found.contract.empty
    assert found.waits == ()


def test_what_only_goes_is_no_expand(place: Place) -> None:
    found = phases(
        place,
        "CREATE TABLE t (id integer PRIMARY KEY, n integer); CREATE TABLE u (id integer PRIMARY KEY);",
        "CREATE TABLE t (id integer PRIMARY KEY);",
    )
    assert found.expand.empty
    assert {one.kind for one in found.contract.destroys} == {"column", "table"}
    assert len(found.waits) == 2


def test_a_column_that_lives_on_is_not_destroyed(place: Place) -> None:
    found = known(place)
    assert {one.name[-1] for one in found.contract.destroys} == {"note"}
    assert {one.object.name[-1] for one in found.contract.keeps} == {"note"}


REFUSED = {
    "another type": (
        "CREATE TABLE t (id integer PRIMARY KEY, n integer);",
        "CREATE TABLE t (id integer PRIMARY KEY, n text);",
        "renamed from: n",
    ),
    "a view that loses a column": (
        "CREATE TABLE t (id integer PRIMARY KEY, n integer); CREATE VIEW v AS SELECT id, n FROM t;",
        "CREATE TABLE t (id integer PRIMARY KEY, n integer); CREATE VIEW v AS SELECT id FROM t;",
        "under a name of its own",
    ),
    "a column that is renamed to one that is there": (
        "CREATE TABLE t (id integer PRIMARY KEY, n integer, m text);",
        "CREATE TABLE t (id integer PRIMARY KEY, m integer, -- renamed from: n\nn text -- renamed from: m\n);",
        "without `expand and contract`",
    ),
    "a default that tells nothing apart": (
        "CREATE TABLE t (id integer PRIMARY KEY, n integer DEFAULT 1);",
        "CREATE TABLE t (id integer PRIMARY KEY, m integer DEFAULT 2 -- renamed from: n\n);",
        "NOT NULL",
    ),
}


def test_sample_rows_must_survive_both_halves(place: Place) -> None:
    samples = place.statements("INSERT INTO t (id) VALUES (1);")
    before = "CREATE TABLE t (id integer PRIMARY KEY);"
    with pytest.raises(Refused) as caught:
        phases(place, before, "CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL);", samples=samples)
    assert caught.value.code == "sample-rows"
    after = "CREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL -- backfill: id + 1\n);"
    assert not phases(place, before, after, samples=samples).contract.empty


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_has_no_state_in_between_is_refused_with_the_alternative(
    place: Place, case: tuple[str, str, str]
) -> None:
    before, after, instead = case
    with pytest.raises(Refused) as caught:
        phases(place, before, after)
    assert caught.value.code == "strategy"
    assert instead in caught.value.hint
