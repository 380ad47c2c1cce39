"""Liquibase itself and our runner by turns on one history: changesets, rows, checksums and the lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from tests.migrations.beside import WAITS, held_up
from tests.migrations.conftest import Course
from tests.migrations.liquibase_project import liquibase_program
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

NEWEST = pytest.param("postgresql-18", marks=pytest.mark.slow)
OLDER = pytest.param("postgresql-15", marks=pytest.mark.slow)
ONE = pytest.mark.parametrize("place", ["sqlite", OLDER, NEWEST], indirect=True, scope="session")
BOTH = pytest.mark.parametrize("place", ["sqlite", "postgresql-15", NEWEST], indirect=True, scope="session")
POSTGRESQL = pytest.mark.parametrize("place", ["postgresql-15", NEWEST], indirect=True, scope="session")

ROOT = """<?xml version="1.0" encoding="UTF-8"?>
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
        http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <property name="word" value="it"/>
  <include file="one.sql" relativeToChangelogFile="true"/>
  <include file="db/changelog/two.sql"/>
  <includeAll path="more" relativeToChangelogFile="true"/>
</databaseChangeLog>
"""
FILES = {
    "db/changelog/root.xml": ROOT,
    "db/changelog/one.sql": """--liquibase formatted sql

--changeset alice:1 labels:"A,b" context:"test or Prod"
--comment: The first ${word}
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'a;b ${word} ${nothing}'); -- so
CREATE INDEX by_name ON customers (name);
--rollback DROP INDEX by_name;
--rollback DROP TABLE customers;

--changeset alice:2 runOnChange:true
DROP VIEW IF EXISTS names;
CREATE VIEW names AS SELECT name FROM customers;
--rollback DROP VIEW names;

--changeset "bob smith":"a b" splitStatements:false stripComments:false\r
-- kept: für später\r
INSERT INTO customers (id) VALUES (1)\r
--rollback empty

--changeset alice:3 dbms:oracle
SELECT 1 FROM dual;

--changeset alice:4 context:test
--preconditions onFail:HALT
--precondition-sql-check expectedResult:1 SELECT count(*) FROM customers
CREATE TABLE counted (id integer);
--rollback DROP TABLE counted;
""",
    "db/changelog/two.sql": """--liquibase formatted sql logicalFilePath:logical.sql
--property name:kind value:integer
--changeset carl:raw endDelimiter:/
CREATE TABLE first_one (id ${kind})
/
CREATE TABLE second_one (id ${kind})
/
--rollback DROP TABLE second_one;
--rollback DROP TABLE first_one;
""",
    "db/changelog/more/b_plain.sql": "CREATE TABLE plain (id integer);\n-- and no more\n",
    "db/changelog/more/a.sql": "-- liquibase formatted sql\n-- changeset dora:5\nUPDATE customers SET name = name;\n"
    "-- rollback not required\n",
    "liquibase.properties": "changeLogFile=db/changelog/root.xml\nurl=jdbc:none\n",
}


class Beside:
    """A project, its database, and Liquibase."""

    def __init__(self, java: JavaPeer, tunnels: Tunnels, course: Course) -> None:
        self.java = java
        self.course = course
        self.place = course.place
        reached = jdbc_of(tunnels.reach(course.target))
        self.general = [f"--search-path={course.root}", "--show-banner=false"]
        self.given = [f"--url={reached.url}", "--changelog-file=db/changelog/root.xml"]
        if reached.user:
            self.given.append(f"--username={reached.user}")

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.course.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def words(self, command: str, *more: str) -> list[str]:
        given = [one for one in self.given if command != "release-locks" or "changelog" not in one]
        return ["liquibase", *self.general, command, *given, *more]

    def liquibase(self, command: str, *more: str) -> Said:
        said = self.java.ask(*self.words(command, *more))
        if getattr(self.course.session, "absent", False):  # opened before there was a file
            self.course.session.close()
            self.course.session = self.place.open(self.course.target)
        return said

    def agree(self) -> None:
        """Both say that all is applied, as it stands in the files."""
        assert {str(one.standing) for one in self.course.lines()} == {"applied"}
        said = self.liquibase("status", "--verbose")
        assert "is up to date" in said.text, said.text
        said = self.liquibase("validate")
        assert "No validation errors found" in said.text, said.text

    def down(self, count: int) -> None:
        course = self.course
        down(course.desk, course.files, course.place.scratch, count=count)

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        order = "ORDER BY orderexecuted"
        return self.course.session.fetch(f"SELECT {columns} FROM databasechangelog {order}")


@pytest.fixture
def another(
    java: JavaPeer, tunnels: Tunnels, place: Place, courses: Callable[..., Course]
) -> Callable[[], Beside]:
    """The same project with a new database."""
    return lambda: Beside(java, tunnels, courses(place, Tool.LIQUIBASE))


@pytest.fixture
def beside(another: Callable[[], Beside]) -> Beside:
    return another()


@BOTH
def test_they_apply_half_and_we_the_rest_then_back_and_again(beside: Beside) -> None:
    beside.write(FILES)
    said = beside.liquibase("update-count", "--count=4")
    assert said, said.text
    report = beside.course.up()
    assert [one.version for one in report.done] == ["carl:raw", "5", "includeAll:raw"]
    beside.agree()


@BOTH
def test_we_apply_half_and_they_the_rest(beside: Beside) -> None:
    beside.write(FILES)
    beside.course.up(until="a b")
    said = beside.liquibase("update")
    assert said, said.text
    beside.agree()
    assert beside.course.up().done == []


@BOTH
def test_the_tables_and_rows_are_those_of_liquibase(another: Callable[[], Beside]) -> None:
    ours, theirs = another(), another()
    ours.write(FILES)
    ours.course.up()
    said = theirs.liquibase("update")
    assert said, said.text
    columns = "id, author, filename, orderexecuted, exectype, md5sum, description, comments, contexts, labels"
    assert ours.rows(columns) == theirs.rows(columns)
    assert _definition(ours) == _definition(theirs)
    ours.write({"db/changelog/one.sql": FILES["db/changelog/one.sql"].replace("SELECT name", "SELECT id")})
    assert [one.version for one in ours.course.up().done] == ["2"]
    assert theirs.liquibase("update")
    assert ours.rows(columns) == theirs.rows(columns)
    assert ("RERAN",) in ours.rows("exectype")


def _definition(beside: Beside) -> list[tuple[Any, ...]]:
    if not beside.place.is_postgresql:
        return beside.course.session.fetch(
            "SELECT sql FROM sqlite_schema WHERE tbl_name LIKE 'DATABASECHANGELOG%' ORDER BY name"
        )
    return beside.course.session.fetch(
        "SELECT attrelid::regclass::text, attnum, attname, format_type(atttypid, atttypmod), attnotnull::text "
        "FROM pg_attribute WHERE attnum > 0 AND attrelid::regclass::text LIKE 'databasechangelog%' "
        "UNION ALL SELECT conname, 0, pg_get_constraintdef(oid), '', '' FROM pg_constraint "
        "WHERE conrelid::regclass::text LIKE 'databasechangelog%' ORDER BY 1, 2"
    )


@BOTH
def test_we_take_back_what_they_applied_and_they_what_we_did(beside: Beside) -> None:
    files = {
        **FILES,
        "db/changelog/root.xml": ROOT.replace('<includeAll path="more" relativeToChangelogFile="true"/>', ""),
    }
    beside.write(files)
    assert beside.liquibase("update")
    beside.down(2)
    assert beside.rows("id") == [("1",), ("2",), ("a b",)]
    assert "2 changesets have not been applied" in beside.liquibase("status").text
    assert beside.liquibase("update")
    beside.agree()
    beside.course.up()
    said = beside.liquibase("rollback-count", "--count=5")
    assert said, said.text
    assert beside.rows("id") == []
    assert set(beside.course.standing().values()) == {"pending"}
    beside.course.up()
    beside.agree()
    beside.down(5)
    assert beside.rows("id") == []


@ONE
def test_their_lock_keeps_us_out_and_is_never_cleared(beside: Beside) -> None:
    beside.write({**FILES, "db/changelog/root.xml": ROOT})
    beside.course.up()
    course = beside.course
    held = "'host-7 (10.0.0.7)', lockgranted = '2026-11-22 10:15:00'"
    course.session.execute(f"UPDATE databasechangeloglock SET locked = {_true(beside)}, lockedby = {held}")
    with pytest.raises(Unavailable) as refused, locked(course.desk):
        pass
    assert refused.value.message == (
        "Liquibase is at work in this database: host-7 (10.0.0.7) holds its lock since 2026-11-22 10:15:00."
    )
    assert "liquibase release-locks" in refused.value.hint
    assert course.session.fetch("SELECT lockedby FROM databasechangeloglock") == [("host-7 (10.0.0.7)",)]
    assert beside.liquibase("release-locks")
    with locked(course.desk):
        pass


@BOTH
def test_our_lock_keeps_them_out_and_one_that_we_left_is_taken_over(beside: Beside) -> None:
    beside.write(FILES)
    course = beside.course
    waits = ("--changelog-lock-wait-time-in-minutes=0", "--changelog-lock-poll-rate=1")
    general = beside.general
    with locked(course.desk):
        beside.general = [*general, *waits]
        said = beside.liquibase("update")
        beside.general = general
    assert not said
    if beside.place.is_postgresql:  # on SQLite it stumbles over the moment when it wants to say whose it is
        assert "Could not acquire change log lock.  Currently locked by dbdeed on " in said.text
    assert course.session.fetch("SELECT locked, lockedby FROM databasechangeloglock") == [(False, None)]
    left = "'dbdeed on a host (process 4711)'"
    course.session.execute(f"UPDATE databasechangeloglock SET locked = {_true(beside)}, lockedby = {left}")
    course.up()
    beside.agree()


def _true(beside: Beside) -> str:
    return "TRUE" if beside.place.is_postgresql else "1"


@POSTGRESQL
def test_while_they_run_we_are_refused(beside: Beside) -> None:
    one = f"--liquibase formatted sql\n--changeset a:1\n{WAITS};\n"
    beside.write(
        {"db/changelog/root.xml": one, "liquibase.properties": "changeLogFile=db/changelog/root.sql\n"}
    )
    (beside.course.root / "db/changelog/root.xml").rename(beside.course.root / "db/changelog/root.sql")
    beside.given[1] = "--changelog-file=db/changelog/root.sql"
    course = beside.course
    refusal = r"Liquibase is at work in this database: .* holds its lock since 20"
    try:
        with held_up(course) as until_there:
            beside.java.begin(*beside.words("update"))
            until_there()
            with pytest.raises(Unavailable, match=refusal):
                course.up()
    finally:
        assert beside.java.answer()
    assert course.up().done == []
    beside.agree()


@ONE
def test_an_edited_changeset_is_found_by_both_and_corrected_for_both(beside: Beside) -> None:
    beside.write(FILES)
    beside.course.up()
    edited = FILES["db/changelog/one.sql"].replace("ON customers (name)", "ON customers (name, id)")
    beside.write({"db/changelog/one.sql": edited})
    assert beside.course.standing()["1"] == "edited"
    assert not beside.liquibase("validate")
    beside.write(
        {"db/changelog/one.sql": edited.replace("--comment: The", "--validCheckSum: ANY\n--comment: The")}
    )
    beside.agree()
    beside.write({"db/changelog/one.sql": edited})
    course = beside.course
    with course.session.transaction():
        course.desk.history.correct(course.session, course.files.migrations[0])
    beside.agree()


@ONE
def test_contexts_and_labels_choose_the_same(another: Callable[[], Beside]) -> None:
    rows = {}
    for contexts, labels in (
        ("", "a"),
        ("prod", "a and b"),
        ("dev", "not a"),
        ("test", "c or !a"),
        ("dev,prod", ""),
    ):
        ours, theirs = another(), another()
        beside_files = "changeLogFile=db/changelog/root.xml\n"
        if contexts:
            beside_files += f"contexts={contexts}\n"
        if labels:
            beside_files += f"label-filter={labels}\n"
        ours.write({**FILES, "db/changelog/one.sql": _CHOICES, "liquibase.properties": beside_files})
        ours.write({"db/changelog/root.xml": ROOT.partition('<include file="db')[0] + "</databaseChangeLog>"})
        ours.course.up()
        more = [f"--contexts={contexts}"] if contexts else []
        assert theirs.liquibase("update", *more, *([f"--label-filter={labels}"] if labels else []))
        rows[contexts, labels] = ours.rows("id")
        assert rows[contexts, labels] == theirs.rows("id"), (contexts, labels)
        for one in (ours, theirs):  # a scratch server takes few connections
            one.course.session.close()
    assert len(set(map(tuple, rows.values()))) > 2


_CHOICES = """--liquibase formatted sql
--changeset a:1 context:test
SELECT 1;
--changeset a:2 context:"test or prod"
SELECT 1;
--changeset a:3 context:"!prod"
SELECT 1;
--changeset a:4 context:"dev and !(test or prod)"
SELECT 1;
--changeset a:5 labels:a
SELECT 1;
--changeset a:6 labels:a,b
SELECT 1;
--changeset a:7 labels:c
SELECT 1;
--changeset a:8 dbms:!oracle
SELECT 1;
--changeset a:9 dbms:postgresql,sqlite
SELECT 1;
--changeset a:10 dbms:h2
SELECT 1;
--changeset a:11 ignore:true
SELECT 1;
--changeset a:12
SELECT 1;
"""


@ONE
def test_a_precondition_that_does_not_hold_stops_both(beside: Beside) -> None:
    text = FILES["db/changelog/one.sql"].replace("expectedResult:1", "expectedResult:2")
    beside.write({**FILES, "db/changelog/one.sql": text})
    with pytest.raises(MigrationFailed, match="The precondition does not hold: SELECT count"):
        beside.course.up()
    assert beside.rows("id") == [("1",), ("2",), ("a b",)]
    assert not beside.liquibase("update")


AROUND = {
    "db/changelog/root.xml": ROOT.partition("  <property")[0].replace(
        "<databaseChangeLog", '<databaseChangeLog logicalFilePath="team/root" contextFilter="app"'
    )
    + """  <include file="db/changelog/one.sql" contextFilter="test or Prod" labels="L1, l2"/>
  <include file="nested.xml" relativeToChangelogFile="true" context="test"/>
  <includeAll path="db/changelog/more" contextFilter="!test" labels="l3"/>
  <changeSet id="by hand" author="ann" context="late"><sql>CREATE TABLE by_hand (id integer)</sql></changeSet>
</databaseChangeLog>
""",
    "db/changelog/nested.xml": ROOT.partition("  <property")[0].replace(
        "<databaseChangeLog", '<databaseChangeLog logicalFilePath="team/nested"'
    )
    + """  <include file="two.yaml" relativeToChangelogFile="true" labels="l4"/>
</databaseChangeLog>
""",
    "db/changelog/one.sql": """--liquibase formatted sql
--changeset alice:1
CREATE TABLE one (id integer);
--changeset alice:2 context:"a, b" labels:own
CREATE TABLE two (id integer);
""",
    "db/changelog/two.yaml": """databaseChangeLog:
  - logicalFilePath: team/two
  - include:
      file: three.sql
      relativeToChangelogFile: true
      contextFilter: "c and !d"
""",
    "db/changelog/three.sql": "--liquibase formatted sql\n--changeset carl:3\nCREATE TABLE three (id integer);\n",
    "db/changelog/more/a.sql": "--liquibase formatted sql\n--changeset dora:5\nCREATE TABLE five (id integer);\n",
    "db/changelog/more/b_plain.sql": "CREATE TABLE plain (id integer);\n",
    "liquibase.properties": "changeLogFile=db/changelog/root.xml\n",
}


@ONE
def test_what_stands_around_a_changeset_counts(another: Callable[[], Beside]) -> None:
    for contexts, labels in (
        ("", ""),
        ("app,test,c", ""),
        ("app,test,c,d,a", "l1 or l4"),
        ("app,test,a", "own and l1"),
        ("app,test,a", "own and !l1"),
        ("app", "l3"),
    ):
        ours, theirs = another(), another()
        given = f"contexts={contexts}\nlabelFilter={labels}\n" if contexts else ""
        ours.write({**AROUND, "liquibase.properties": f"changeLogFile=db/changelog/root.xml\n{given}"})
        asked = [f"--contexts={contexts}"] if contexts else []
        said = theirs.liquibase("update", *asked, *([f"--label-filter={labels}"] if labels else []))
        assert said, said.text
        assert {str(one.standing) for one in theirs.course.lines()} <= {"applied"}, (contexts, labels)
        columns = "id, filename, contexts, labels"
        by_hand = [row for row in theirs.rows(columns) if row[0] == "by hand"]
        assert {row[1] for row in by_hand} <= {"team/root"}
        course = ours.course
        for one in course.files.migrations:
            if one.up is not None:
                course.up(until=one.version)
        found = ours.rows(columns) if course.desk.history.exists(course.session) else []
        assert found == [row for row in theirs.rows(columns) if row not in by_hand], (contexts, labels)
        for each in (course, theirs.course):  # a scratch server takes few connections
            each.session.close()


@ONE
def test_their_sync_is_our_baseline(beside: Beside) -> None:
    beside.write(FILES)
    assert beside.liquibase("changelog-sync")
    assert set(beside.course.standing().values()) == {"applied"}


@ONE
@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_roots_in_other_forms_include_the_same(beside: Beside, ending: str) -> None:
    beside.write({**FILES, f"db/changelog/root.{ending}": YAML if ending == "yaml" else JSON})
    beside.write({"liquibase.properties": f"changeLogFile=db/changelog/root.{ending}\n"})
    beside.given[1] = f"--changelog-file=db/changelog/root.{ending}"
    assert beside.liquibase("update-count", "--count=3")
    beside.course.up()
    beside.agree()


YAML = """# what runs
databaseChangeLog:
  - property:
      name: word
      value: "it"  # in a sentence
  - include:
      file: one.sql
      relativeToChangelogFile: true
  - include:
      file: db/changelog/two.sql
  - includeAll:
      path: more
      relativeToChangelogFile: true
"""
JSON = """{"databaseChangeLog": [
  {"property": {"name": "word", "value": "it"}},
  {"include": {"file": "one.sql", "relativeToChangelogFile": true}},
  {"include": {"file": "db/changelog/two.sql"}},
  {"includeAll": {"path": "more", "relativeToChangelogFile": true}}
]}
"""


XML = ROOT.replace(
    "</databaseChangeLog>",
    """  <changeSet id="x1" author="bob"><createTable tableName="in_xml"><column name="id" type="int"/></createTable></changeSet>
  <include file="db/changelog/last.sql"/>
</databaseChangeLog>""",
)


@ONE
def test_a_changeset_in_xml_is_run_by_liquibase_itself(beside: Beside) -> None:
    last = "--liquibase formatted sql\n--changeset z:last\nDROP TABLE in_xml;\n--rollback CREATE TABLE in_xml (id int);\n"
    always = FILES["db/changelog/more/a.sql"].replace("dora:5", "dora:5 runAlways:true")
    files = {"db/changelog/root.xml": XML, "db/changelog/last.sql": last, "db/changelog/more/a.sql": always}
    beside.write({**FILES, **files})
    course = beside.course
    nowhere = ToolProgram(course.format.process(course.files.layout, {"PATH": ""}), course.target)
    with pytest.raises(Unavailable, match=r"root\.xml can only be run by liquibase\. Its command line"):
        up(course.desk, course.files, course.place.scratch, nowhere)
    program = liquibase_program(course.root / "bin")
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(course.root)}
    process = course.format.process(course.files.layout, environment)
    tool = ToolProgram(process, course.target)
    report = up(course.desk, course.files, course.place.scratch, tool)
    assert [one.version for one in report.done] == ["5", "x1", "last"]
    said = beside.liquibase("status", "--verbose").text  # what runs always is never done
    assert "1 changeset has not been applied" in said
    assert "more/a.sql::5::dora" in said
    assert beside.liquibase("validate")
    down(course.desk, course.files, course.place.scratch, tool, count=2)
    assert course.standing()["x1"] == "pending"
    assert course.standing()["includeAll:raw"] == "applied"


@BOTH
def test_what_we_write_runs_in_both(another: Callable[[], Beside]) -> None:
    beside, theirs = another(), another()
    beside.write(
        {
            **FILES,
            "db/changelog/root.xml": ROOT.replace(
                '<includeAll path="more" relativeToChangelogFile="true"/>', ""
            ),
        }
    )
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
    said = theirs.liquibase("update")
    assert said, said.text
    catalogs = [one.course.place.engine.inspect(one.course.session).objects for one in (beside, theirs)]
    kept = [{key for key in found if "dbdeed" not in str(key)} for found in catalogs]
    assert kept[0] == kept[1]


def _names(course: Course) -> list[str]:
    names = ["20261122101500_add_loyalty_points_f_r_sp_ter.sql"]
    names += ["20261122101500_stock.sql"] if course.place.is_postgresql else []
    return [name for one in (*names, "20261122101500_no_more_words.sql") for name in (one, "root.xml")]


@POSTGRESQL
def test_other_schemas_and_tables(beside: Beside) -> None:
    beside.write({**FILES, "liquibase.properties": SCHEMAS})
    course = beside.course
    for schema in ("mine", "ledger"):
        course.session.execute(f"CREATE SCHEMA {schema}")
    beside.general += [
        "--liquibase-schema-name=ledger",
        "--database-changelog-table-name=WHAT_RAN",
        "--database-changelog-lock-table-name=who_runs",
    ]
    beside.given += ["--default-schema-name=mine"]
    course.up(until="2")  # which runs on change, and has its place all the same
    assert course.session.fetch("SELECT count(*) FROM ledger.what_ran") == [(2,)]
    assert course.session.fetch("SELECT to_regclass('mine.customers') IS NOT NULL") == [(True,)]
    said = beside.liquibase("update")
    assert said, said.text
    beside.agree()
    assert course.session.fetch("SELECT count(*) FROM mine.counted") == [(0,)]


SCHEMAS = """changeLogFile: db/changelog/root.xml
liquibase.liquibaseSchemaName = ledger
defaultSchemaName = mine
databaseChangeLogTableName = WHAT_RAN
databaseChangeLogLockTableName = who_runs
"""


@POSTGRESQL
def test_a_search_path_of_the_database_s_own_decides_where_the_history_is(beside: Beside) -> None:
    course = beside.course
    course.session.execute("CREATE SCHEMA app")
    course.session.execute(f"ALTER DATABASE {course.target.label} SET search_path = app, public")
    beside.write(FILES)
    said = beside.liquibase("update")
    assert said, said.text
    course.session.close()
    course.session = beside.place.open(course.target)
    assert set(course.standing().values()) == {"applied"}
    assert course.up().done == []
    course.session.left_out |= course.desk.history.tables
    tables = {str(one) for one in course.place.engine.inspect(course.session).objects}
    assert not [one for one in tables if "databasechangelog" in one]
    with (
        pytest.raises(Refused, match=r"search path of this database begins with app") as refused,
        locked(course.desk),
    ):
        pass
    assert "defaultSchemaName = app" in refused.value.hint
