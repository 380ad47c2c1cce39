"""Liquibase's changelogs and settings as they are read, without a database and without Liquibase."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dbdeed.engines.postgresql.engine import ENGINE as POSTGRESQL
from dbdeed.engines.seam import Target
from dbdeed.engines.sqlite.engine import ENGINE as SQLITE
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.migrations.formats.liquibase.expressions import has_labels, is_for, runs_in
from dbdeed.migrations.formats.liquibase.format import FORMAT
from dbdeed.migrations.seam import Migration

HEAD = "--liquibase formatted sql\n"


def read(root: Path, files: dict[str, str], engine: object = SQLITE) -> list[Migration]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(FORMAT.read(engine, FORMAT.layout(root)))  # type: ignore[arg-type]


REFUSED = [
    ("--changeset a:1\nSELECT 1;\n--changeset a:1\nSELECT 2;\n", "changelog.sql:4: The changeset a:1 stands twice, also in line 2."),
    ("--changeset a\nSELECT 1;\n", "changelog.sql:2: A changeset is written --changeset author:id."),
    ("--changeset a:1\n--changeset a:2\nSELECT 2;\n", "changelog.sql:2: This changeset has no SQL."),
    ("--comment: x\n--changeset a:1\nSELECT 1;\n", "changelog.sql:2: A comment of a changeset stands before the first changeset."),
    ("--changeset a:1\nSELECT 1;\n-rollback SELECT 2;\n", "changelog.sql:4: This line is almost one of Liquibase's own"),
    ("--changeset a:1\nSELECT 1;\n/* liquibase rollback\nSELECT 2;\n", "changelog.sql:4: This rollback comment is not closed."),
    ("--changeset a:1\n--precondition-sql-check SELECT\nSELECT 1;\n", "changelog.sql:3: A sql-check is written expectedResult:VALUE and a query."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_liquibase_would_refuse_is_named_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=re.escape(message)):
        read(tmp_path, {"changelog.sql": HEAD + text})


ROOTS = [
    ("changelog.yaml", "databaseChangeLog:\n  - includeAll:\n      path: none\n", "changelog.yaml:2: The included folder none is empty"),
    ("changelog.yaml", "databaseChangeLog:\n  - include:\n      file: x.sql\n", "changelog.yaml:2: The included file x.sql is not there."),
    ("changelog.yaml", "databaseChangeLog:\n  - include: {file: x.sql}\n", "changelog.yaml:2: Only plain YAML is read here."),
    ("changelog.yaml", "databaseChangeLog:\n  - removeChangeSetProperty:\n      change: x\n", "changelog.yaml:2: “removeChangeSetProperty” in a changelog is not followed here."),
    ("changelog.json", '{"databaseChangeLog": [{"include": {"file": "x.sql", "logicalFilePath": "a"}}]}', "changelog.json: “logicalFilePath” of an include is not followed here."),
    ("changelog.xml", "<!DOCTYPE x><databaseChangeLog/>", "changelog.xml: This changelog has a DOCTYPE"),
    ("changelog.xml", "<databaseChangeLog", "changelog.xml: This changelog cannot be read"),
    ("liquibase.properties", "changeLogFile=changelog.sql\nfrobnicate=1\n", "liquibase.properties:2: The setting frobnicate is not known here."),
    ("liquibase.properties", "missingPropertyMode: error\n", "liquibase.properties:1: The setting missingPropertyMode changes what runs"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), ROOTS)
def test_what_we_would_ignore_in_a_root_or_in_settings_is_named(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=re.escape(message)):
        read(tmp_path, {name: text})


def asking(conditions: str) -> dict[str, str]:
    root = f'<databaseChangeLog>{conditions}<include file="a.sql"/></databaseChangeLog>'
    return {"changelog.xml": root, "a.sql": HEAD + "--changeset a:1\nSELECT 1;\n"}


def test_a_changelog_may_ask_for_its_kind_of_database(tmp_path: Path) -> None:
    assert len(read(tmp_path, asking('<preConditions><dbms type="h2, sqlite"/></preConditions>'))) == 1
    files = asking('<preConditions onFail="HALT"><dbms type="postgresql"/></preConditions>')
    with pytest.raises(InvalidInput, match=r"asks for the database postgresql, and the document has sqlite"):
        read(tmp_path, files)
    assert len(read(tmp_path, files, POSTGRESQL)) == 1
    for other in (
        '<preConditions onFail="WARN"><dbms type="sqlite"/></preConditions>',
        '<preConditions><dbms type="sqlite"/><runningAs username="x"/></preConditions>',
        '<preConditions><or><dbms type="sqlite"/><dbms type="h2"/></or></preConditions>',
    ):
        with pytest.raises(InvalidInput, match=r"“preConditions” in a changelog is not followed here"):
            read(tmp_path, asking(other))


def test_what_only_liquibase_runs_says_so(tmp_path: Path) -> None:
    text = HEAD + (
        "--changeset a:1 runWith:psql\nSELECT 1;\n--changeset a:2 failOnError:false\nSELECT 1;\n"
        "--changeset a:3\n--preconditions onFail:MARK_RAN\nSELECT 1;\n--changeset a:4\nSELECT ${database.currentDateTimeFunction};\n"
        "--changeset a:5 splitStatements:false\nSELECT 1; SELECT 2;\n--changeset a:6\nSELECT 1;\n"
    )
    found = read(tmp_path, {"changelog.sql": text})
    assert [one.needs for one in found] == ["liquibase"] * 5 + [""]
    assert [one.needs for one in read(tmp_path, {}, POSTGRESQL)] == ["liquibase"] * 4 + ["", ""]


def test_statements_are_found_at_their_own_lines(tmp_path: Path) -> None:
    text = (
        HEAD
        + "--changeset a:1 endDelimiter://\nSELECT 1 //\n--comment: x\n  SELECT\n2\n//\n--rollback  SELECT 3;\n"
    )
    (one,) = read(tmp_path, {"changelog.sql": text})
    assert one.up is not None
    assert one.down is not None
    places = []
    for statement in (*one.up[0].statements, *one.down[0].statements):
        assert statement.block is not None
        position = statement.block.position(statement.offset)
        places.append((statement.sql, position.line, position.column))
    assert places == [("SELECT 1", 3, 1), ("SELECT\n2", 5, 3), ("SELECT 3", 8, 13)]


def test_expressions() -> None:
    assert runs_in("", "prod")
    assert runs_in("a and (b or !c)", "a")
    assert not runs_in("a and (b or !c)", "A,C")
    assert runs_in("x, y", "y")
    assert has_labels("a,b", "a and !c")
    assert not has_labels("a,b", "c")
    assert has_labels("", "c")
    assert is_for("!oracle", "sqlite")
    assert not is_for("none", "sqlite")
    assert not is_for("postgresql,h2", "sqlite")


def test_what_liquibase_would_roll_back_first_is_never_rolled_back_instead(tmp_path: Path) -> None:
    found = read(tmp_path, {"changelog.sql": f"{HEAD}--changeset a:1 runWith:psql\nSELECT 1;\n"})
    program = tmp_path / "bin" / "liquibase"
    program.parent.mkdir()
    said = "-- Rolling Back ChangeSet: changelog.sql::2::b"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/asked"\necho "{said}"\n')
    program.chmod(0o755)
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    process = FORMAT.process(FORMAT.layout(tmp_path), environment)
    assert process is not None
    with pytest.raises(Unavailable, match=r"Liquibase would roll back changelog\.sql::2::b first"):
        process.down(Target(f"sqlite:///{tmp_path}/x.db", "x"), found[0])
    assert (tmp_path / "asked").read_text() == "rollback-count-sql --count=1\n"


def test_spring_boots_properties_are_followed(tmp_path: Path) -> None:
    files = {
        "src/main/resources/application.properties": "spring.liquibase.change-log=classpath:/moves/all.sql\n"
        "spring.liquibase.enabled=true\nspring.liquibase.parameters.word=x\nspring.liquibase.contexts=prod\n",
        "src/main/resources/moves/all.sql": f"{HEAD}--changeset a:1\nSELECT '${{word}}';\n"
        "--changeset a:2 context:test\nSELECT 2;\n",
    }
    (one,) = read(tmp_path, files)
    assert one.key == "moves/all.sql::1::a"
    assert one.up is not None
    assert one.up[0].statements[0].sql == "SELECT 'x'"
