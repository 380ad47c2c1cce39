"""Flyway itself and our runner by turns on one history: files, rows, checksums and the lock."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.migrations.beside import WAITS, held_up
from tests.migrations.conftest import Course
from tests.migrations.flyway_project import flyway_program
from tests.migrations.peers import JavaPeer, Said
from tests.migrations.tunnel import Tunnels
from tests.migrations.written_drafts import forward, mixed, whole
from tests.planning.conftest import Place

from dbdeed.document.values.types import Tool
from dbdeed.errors import Refused, Unavailable
from dbdeed.migrations.formats.jdbc import jdbc_of
from dbdeed.migrations.runner import Tool as ToolProgram
from dbdeed.migrations.runner import down, locked, up
from dbdeed.migrations.running import MigrationFailed
from dbdeed.migrations.seam import State

NEWEST = pytest.param("postgresql-18", marks=pytest.mark.slow)
OLDER = pytest.param("postgresql-15", marks=pytest.mark.slow)
ONE = pytest.mark.parametrize("place", ["sqlite", OLDER, NEWEST], indirect=True, scope="session")
BOTH = pytest.mark.parametrize("place", ["sqlite", "postgresql-15", NEWEST], indirect=True, scope="session")
POSTGRESQL = pytest.mark.parametrize("place", ["postgresql-15", NEWEST], indirect=True, scope="session")

FILES = {
    "V1__first.sql": "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL);\n",
    "V1.2__with_points.sql": "ALTER TABLE customers ADD COLUMN points integer;\r\n\r\n-- ${word}\r\n",
    "V1.10__orders,_at_last.sql": "\ufeffCREATE TABLE orders (id integer PRIMARY KEY, note text DEFAULT '${word}');",
    "sub/V2_1__für_später.sql": "CREATE TABLE später (id integer PRIMARY KEY);\n",
    "R__customer_names.sql": "DROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT name, '${word}' AS w FROM customers;\n",
    "U2_1__für_später.sql": "DROP TABLE später;\n",
    "U1.10__orders,_at_last.sql": "DROP TABLE orders;\n",
}
CONF = "flyway.locations=filesystem:sql\nflyway.placeholders.word=it's\nflyway.url=jdbc:none\n"


class Beside:
    """A project, its database, and Flyway."""

    def __init__(self, java: JavaPeer, tunnels: Tunnels, course: Course) -> None:
        self.java = java
        self.course = course
        self.place = course.place
        reached = jdbc_of(tunnels.reach(course.target))
        self.settings = {
            "url": reached.url,
            "user": reached.user,
            "locations": f"filesystem:{course.root}/sql",
            "placeholders.word": "it''s",
            "postgresql.transactional.lock": "true",
        }
        if not reached.user:
            del self.settings["user"], self.settings["postgresql.transactional.lock"]

    def write(self, files: dict[str, str], conf: str = CONF) -> None:
        (self.course.root / "flyway.conf").write_text(conf.replace("it's", "it''s"))
        for name, text in files.items():
            path = self.course.root / "sql" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def words(self, verb: str, **more: str) -> list[str]:
        settings = {**self.settings, **{key.replace("_", "."): value for key, value in more.items()}}
        return ["flyway", verb, *(f"{key}={value}" for key, value in settings.items())]

    def flyway(self, verb: str, **more: str) -> Said:
        said = self.java.ask(*self.words(verb, **more))
        if getattr(self.course.session, "absent", False):  # opened before there was a file
            self.course.session.close()
            self.course.session = self.place.open(self.course.target)
        return said

    def states(self) -> list[str]:
        return [line.split("\t")[3] for line in self.flyway("info").lines]

    def agree(self) -> None:
        """Both say that all is applied, as it stands in the files."""
        said = self.flyway("validate")
        assert said, said.text
        assert {one.standing for one in self.course.lines()} == {"applied"}
        for line in self.flyway("info").lines:
            version, _, kind, state, resolved, applied = line.split("\t")
            if kind == "SQL" and state in ("SUCCESS", "OUT_OF_ORDER"):
                assert resolved == applied, version

    def down(self, count: int) -> None:
        course = self.course
        down(course.desk, course.files, course.place.scratch, count=count)

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        order = "ORDER BY installed_rank"
        return self.course.session.fetch(f"SELECT {columns} FROM flyway_schema_history {order}")


@pytest.fixture
def another(
    java: JavaPeer, tunnels: Tunnels, place: Place, courses: Callable[..., Course]
) -> Callable[[], Beside]:
    """The same project with a new database."""
    return lambda: Beside(java, tunnels, courses(place, Tool.FLYWAY))


@pytest.fixture
def beside(another: Callable[[], Beside]) -> Beside:
    return another()


@BOTH
def test_they_apply_half_and_we_the_rest_then_undo_and_again(beside: Beside) -> None:
    beside.write(FILES)
    assert beside.flyway("migrate", target="1.2").lines[-1] == "3"  # and the repeatable one
    report = beside.course.up()
    assert [one.version for one in report.done] == ["1.10", "2.1"]
    beside.agree()
    beside.down(2)
    assert beside.states().count("PENDING") == 2
    assert beside.flyway("migrate").lines[-1] == "2"
    beside.agree()
    beside.down(1)
    beside.course.up()
    beside.agree()


@BOTH
def test_we_apply_half_and_they_the_rest(beside: Beside) -> None:
    beside.write(FILES)
    beside.course.up(until="1.2")
    assert beside.flyway("migrate").lines[-1] == "3"
    beside.agree()
    assert beside.course.up().done == []


_LOGGED = "INSERT INTO log (word) SELECT '${flyway:filename} ' || count(*) FROM log;\n"
_AROUND = {
    "beforeEachMigrate.sql": f"CREATE TABLE IF NOT EXISTS log (word text);\n{_LOGGED}",
    "sub/afterEachMigrate__b.sql": _LOGGED,
    "afterEachMigrate__c.sql": _LOGGED,
    "afterEachMigrate.sql": _LOGGED,
    "beforeEachUndo.sql": "nobody runs this here",
}


@BOTH
def test_what_runs_around_each_migration_is_a_part_of_it(another: Callable[[], Beside]) -> None:
    """In Flyway's order; and gone with a migration that fails."""
    ours, theirs, both = another(), another(), another()
    for one in (ours, theirs, both):
        one.write({**FILES, **_AROUND})
    ours.course.up()
    assert theirs.flyway("migrate")
    assert both.flyway("migrate", target="1.2")
    both.course.up()
    logs = [one.course.session.fetch("SELECT word FROM log ORDER BY word") for one in (ours, theirs, both)]
    assert len(logs[0]) == 4 * 5
    assert logs[0] == logs[1] == logs[2]
    both.agree()
    both.write({"V9__fails.sql": "CREATE TABLE nine (id integer);\nINSERT INTO nowhere VALUES (1);\n"})
    with pytest.raises(MigrationFailed, match=r"V9__fails\.sql, statement 4 of 7, failed"):
        both.course.up()
    assert both.course.session.fetch("SELECT word FROM log ORDER BY word") == logs[0]


@ONE
def test_a_changed_repeatable_is_seen_by_both(beside: Beside) -> None:
    beside.write(FILES)
    beside.course.up()
    beside.write({"R__customer_names.sql": FILES["R__customer_names.sql"].replace("AS w", "AS word")})
    assert not beside.flyway("validate")
    assert [one.key for one in beside.course.up().done] == ["R customer names"]
    assert beside.flyway("validate")
    beside.write({"R__customer_names.sql": FILES["R__customer_names.sql"]})
    beside.flyway("migrate")
    assert {one.standing for one in beside.course.lines()} == {"applied"}


@BOTH
def test_the_tables_and_rows_are_those_of_flyway(another: Callable[[], Beside]) -> None:
    ours, theirs = another(), another()
    ours.write(FILES)
    ours.course.up()
    assert theirs.flyway("migrate")
    columns = "installed_rank, version, description, type, script, checksum, installed_by, success"
    assert ours.rows(columns) == theirs.rows(columns)
    assert _definition(ours) == _definition(theirs)


def _definition(beside: Beside) -> list[tuple[Any, ...]]:
    if not beside.place.is_postgresql:
        return beside.course.session.fetch(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = 'flyway_schema_history' ORDER BY name"
        )
    return beside.course.session.fetch(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) "
        "FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum) "
        "WHERE attrelid = 'flyway_schema_history'::regclass AND attnum > 0 "
        "UNION ALL SELECT indexdef, NULL, NULL, NULL FROM pg_indexes WHERE tablename = 'flyway_schema_history' "
        "UNION ALL SELECT conname, pg_get_constraintdef(oid), NULL, NULL FROM pg_constraint "
        "WHERE conrelid = 'flyway_schema_history'::regclass ORDER BY 1"
    )


@ONE
def test_their_baseline_covers_what_is_before_it(beside: Beside) -> None:
    beside.write(FILES)
    assert beside.flyway("baseline", baselineVersion="1.5")
    assert beside.course.standing() == {
        "1": "baseline", "1.2": "baseline", "1.10": "pending", "2.1": "pending", "": "pending",
    }  # fmt: skip


@ONE
def test_our_baseline_is_theirs(beside: Beside) -> None:
    beside.write(FILES)
    course = beside.course
    course.session.execute("CREATE TABLE customers (id integer PRIMARY KEY, name text, points integer)")
    with locked(course.desk), course.session.transaction():
        for migration in course.files.migrations[:2]:
            course.desk.history.record(course.session, migration, state=State.BASELINE, seconds=0)
    assert beside.rows("version, type") == [("1.2", "BASELINE")]
    assert beside.flyway("migrate").lines[-1] == "3"
    assert beside.flyway("validate")
    assert set(course.standing().values()) == {"baseline", "applied"}


@ONE
def test_a_baseline_file_is_where_an_empty_database_starts(another: Callable[[], Beside]) -> None:
    ours, theirs = another(), another()
    whole = "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, points integer);"
    ours.write({**FILES, "B1.2__all_of_it.sql": whole})
    ours.course.up()
    assert theirs.flyway("migrate")
    columns = "version, description, type, script, checksum"
    assert ours.rows(columns) == theirs.rows(columns)
    assert ours.flyway("validate")
    assert theirs.course.up().done == []


@POSTGRESQL
def test_a_script_outside_of_transactions(beside: Beside) -> None:
    beside.write(
        {
            "V1__first.sql": FILES["V1__first.sql"],
            "V2__index.sql": "CREATE INDEX CONCURRENTLY by_name ON customers (name);",
            "V3__both.sql": "BEGIN;\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\nCOMMIT;\n"
            "CREATE INDEX CONCURRENTLY by_id ON a (id);\n",
            "V3__both.sql.conf": "executeInTransaction=false\n",
        }
    )
    beside.course.up(until="2")
    assert beside.flyway("migrate", postgresql_transactional_lock="false").lines[-1] == "1"
    beside.agree()


@POSTGRESQL
def test_their_lock_keeps_us_out(beside: Beside) -> None:
    beside.write({"V1__first.sql": "CREATE TABLE a (id int);", "V2__slow.sql": f"{WAITS};"})
    beside.course.up(until="1")
    course = beside.course
    try:
        with held_up(course) as until_there:
            beside.java.begin(*beside.words("migrate"))
            until_there()
            with pytest.raises(Unavailable) as refused, locked(course.desk):
                pass
    finally:
        assert beside.java.answer()
    pattern = (
        r"Flyway is at work in this database: .*Flyway.* of live \(process \d+\) holds its lock since 20.*"
    )
    assert re.fullmatch(pattern, refused.value.message), refused.value.message
    assert refused.value.code == "migration-locked"
    beside.agree()


@POSTGRESQL
def test_our_lock_keeps_them_out(beside: Beside) -> None:
    beside.write({"V1__first.sql": "CREATE TABLE a (id int);"})
    with locked(beside.course.desk):
        said = beside.flyway("migrate", lockRetryCount="1")
    assert not said
    assert "Number of retries exceeded while attempting to acquire PostgreSQL advisory lock" in said.text
    assert beside.flyway("migrate")


@BOTH
def test_a_file_that_failed_in_flyway_is_said_to_have(beside: Beside) -> None:
    beside.write({"V1__first.sql": "CREATE TABLE a (id int);\nCREATE TABLE a (id int);"})
    (beside.course.root / "sql/V1__first.sql.conf").write_text("executeInTransaction=false")
    # Where its lock is a transaction's, as by default, the row that says so is lost with that transaction.
    other = {"postgresql_transactional_lock": "false"} if beside.place.is_postgresql else {}
    assert not beside.flyway("migrate", **other)
    assert beside.course.standing() == {"1": "failed"}
    course = beside.course
    beside.write({"V1__first.sql": "CREATE TABLE b (id int);"})
    with course.session.transaction():
        course.desk.history.correct(course.session, course.files.migrations[0])
    assert course.standing() == {"1": "pending"}
    course.up()
    beside.agree()


@ONE
def test_an_edited_file_is_corrected_as_by_their_repair(beside: Beside) -> None:
    beside.write(FILES)
    beside.course.up()
    beside.write({"V1__first.sql": FILES["V1__first.sql"] + "-- and more\n"})
    assert beside.course.standing()["1"] == "edited"
    assert not beside.flyway("validate")
    course = beside.course
    with course.session.transaction():
        course.desk.history.correct(course.session, course.files.migrations[0])
    beside.agree()


@ONE
def test_out_of_order_is_in_order_for_them(beside: Beside) -> None:
    beside.write(FILES)
    late = beside.course.root / "sql/V1.2__with_points.sql"
    text = late.read_bytes()
    late.unlink()
    beside.course.up()
    late.write_bytes(text)
    beside.course.up(out_of_order=True)
    assert "OUT_OF_ORDER" in beside.states()
    beside.agree()


@POSTGRESQL
def test_another_schema_and_table(beside: Beside) -> None:
    beside.write(
        {"V1__first.sql": "CREATE TABLE here (id int);", "V2__second.sql": "ALTER TABLE here ADD also int;"},
        CONF + "flyway.defaultSchema=Mine\nflyway.schemas=Mine,other\nflyway.table=changes\n",
    )
    beside.settings |= {"defaultSchema": "Mine", "schemas": "Mine,other", "table": "changes"}
    beside.course.up(until="1")
    assert beside.course.session.fetch("SELECT to_regclass('\"Mine\".here') IS NOT NULL") == [(True,)]
    assert beside.flyway("migrate").lines[-1] == "1", beside.flyway("info").text
    beside.agree()
    kinds = beside.course.session.fetch('SELECT type, script FROM "Mine".changes ORDER BY installed_rank')
    assert kinds == [("SCHEMA", '"Mine","other"'), ("SQL", "V1__first.sql"), ("SQL", "V2__second.sql")]


@BOTH
def test_what_we_write_runs_in_both(another: Callable[[], Beside]) -> None:
    beside, theirs = another(), another()
    lock = {"postgresql_transactional_lock": "false"} if beside.place.is_postgresql else {}
    beside.write({"V7__first.sql": "CREATE TABLE first_one (id integer);"})
    course, names = beside.course, []
    drafts = [whole(course.place.engine.name), *([mixed()] if course.place.is_postgresql else []), forward()]
    for draft in drafts:
        engine, files = course.place.engine, course.files
        for path, text in course.format.write(engine, files.layout, files.migrations, draft).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            names.append(path.name)
        assert course.files.migrations[-1].origin == draft.origin
    assert names == _names(course)
    course.up()
    beside.agree()
    back = [one for one in course.files.migrations if one.origin is not None and one.down is not None]
    assert len(back) == len(drafts) - 1
    said = theirs.flyway("migrate", **lock)
    assert said, said.text
    catalogs = [one.course.place.engine.inspect(one.course.session).objects for one in (beside, theirs)]
    kept = [{key for key in found if "dbdeed" not in str(key)} for found in catalogs]
    assert kept[0] == kept[1]


def _names(course: Course) -> list[str]:
    first = "8__add_loyalty_points_f_r_sp_ter.sql"
    if not course.place.is_postgresql:
        return [f"V{first}", f"U{first}", "V9__no_more_words.sql"]
    mixed_files = [f"{letter}9__stock.sql{end}" for letter in "VU" for end in ("", ".conf")]
    return [f"V{first}", f"U{first}", *mixed_files, "V10__no_more_words.sql"]


@ONE
def test_what_only_flyway_can_fill_in_is_run_by_flyway_itself(beside: Beside) -> None:
    beside.write(
        {
            "V1__first.sql": FILES["V1__first.sql"],
            "V2__stamped.sql": "CREATE TABLE stamped AS SELECT '${flyway:timestamp}' AS moment;",
            "V3__third.sql": "CREATE TABLE third (id integer);",
        }
    )
    course, program = beside.course, flyway_program(beside.course.root / "bin")
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    tool = ToolProgram(course.format.process(course.files.layout, environment), course.target)
    report = up(course.desk, course.files, course.place.scratch, tool)
    assert [one.version for one in report.done] == ["1", "2", "3"]
    beside.agree()
    assert course.session.fetch("SELECT count(*) FROM stamped WHERE moment LIKE '20%'") == [(1,)]
    kinds = beside.rows("version, type")
    assert kinds == [("1", "SQL"), ("2", "SQL"), ("3", "SQL")]


@BOTH
@pytest.mark.parametrize("full", [True, False])
def test_a_database_without_a_history_is_baselined_on_migrate(
    another: Callable[[], Beside], full: bool
) -> None:
    ours, theirs = another(), another()
    ours.write(FILES, CONF + "flyway.baselineOnMigrate=true\nflyway.baselineVersion=1_2\n")
    columns = "installed_rank, version, description, type, script, checksum, success"
    rows = []
    for one in (ours, theirs):
        table = "CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL, points integer)"
        one.course.session.execute(table if full else "SELECT 1")
        done = (
            one.course.up()
            if one is ours
            else one.flyway("migrate", baselineOnMigrate="true", baselineVersion="1_2")
        )
        assert done, done
        rows.append(one.rows(columns))
    assert rows[0] == rows[1]
    assert ("BASELINE" in {row[3] for row in rows[0]}) is full
    assert ours.flyway("validate")


@POSTGRESQL
def test_a_search_path_of_the_database_s_own_decides_where_the_history_is(beside: Beside) -> None:
    course = beside.course
    course.session.execute("CREATE SCHEMA app")
    course.session.execute(f"ALTER DATABASE {course.target.label} SET search_path = app, public")
    beside.write({"V1__first.sql": "CREATE TABLE here (id int);"})
    said = beside.flyway("migrate")
    assert said, said.text
    course.session.close()
    course.session = beside.place.open(course.target)
    assert set(course.standing().values()) == {"applied"}
    assert course.up().done == []
    course.session.left_out |= course.desk.history.tables
    tables = {str(one) for one in course.place.engine.inspect(course.session).objects}
    assert not [one for one in tables if "flyway_schema_history" in one]
    with (
        pytest.raises(Refused, match=r"search path of this database begins with app") as refused,
        locked(course.desk),
    ):
        pass
    assert "flyway.defaultSchema = app" in refused.value.hint
