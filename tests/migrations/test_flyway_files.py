"""Flyway's files and settings as they are read, without a database and without Flyway."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dbdeed.engines.postgresql.engine import ENGINE as POSTGRESQL
from dbdeed.engines.sqlite.engine import ENGINE as SQLITE
from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.flyway.format import FORMAT
from dbdeed.migrations.formats.flyway.names import version_of
from dbdeed.migrations.seam import Migration


def read(root: Path, files: dict[str, str], engine: object = SQLITE) -> list[Migration]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(FORMAT.read(engine, FORMAT.layout(root)))  # type: ignore[arg-type]


def test_versions_are_numbers_part_by_part() -> None:
    written = ["10", "1.10", "1_9", "1.0", "2", "1.9.1", "0.1", "20261122101500"]
    found = [version_of(one) for one in written]
    ordered = sorted((one for one in found if one is not None), key=lambda one: one.parts)
    assert [one.text for one in ordered] == [
        "0.1", "1.0", "1.9", "1.9.1", "1.10", "2", "10", "20261122101500",
    ]  # fmt: skip
    assert version_of("1.0").key == version_of("1").key  # type: ignore[union-attr]
    assert [version_of(one) for one in ("", "a", "1.", "1..2", "1a", "-1", "²")] == [None] * 7


def test_all_kinds_stand_in_the_order_in_which_they_run(tmp_path: Path) -> None:
    files = {
        f"db/migration/{name}": "SELECT 1;"
        for name in (
            "V2__b.sql",
            "R__z.sql",
            "B2__all.sql",
            "R__a.sql",
            "V1__a.sql",
            "sub/V1_1__c.sql",
            "U2__b.sql",
        )
    }
    found = read(tmp_path, files)
    assert [(one.version, one.description, str(one.kind)) for one in found] == [
        ("1", "a", "versioned"),
        ("1.1", "c", "versioned"),
        ("2", "b", "versioned"),
        ("2", "all", "baseline"),
        ("", "a", "repeatable"),
        ("", "z", "repeatable"),
    ]
    assert [one.description for one in found if one.down is not None] == ["b"]


REFUSED = [
    ({"sql/V1__a.sql": "", "sql/V1.0__b.sql": ""}, "sql/V1__a.sql: sql/V1.0__b.sql is of the version 1 too."),
    ({"sql/R__a_b.sql": "", "sql/x/R__a_b.sql": ""}, "sql/x/R__a_b.sql: sql/R__a_b.sql is of the same words too."),
    ({"sql/V1__a.sql": "", "sql/v2__b.sql": ""}, "sql/v2__b.sql: This file's name is not that of a migration: the prefix is written V."),
    ({"sql/V1__a.sql": "", "sql/V2_b.sql": ""}, "sql/V2_b.sql: This file's name is not that of a migration: “2_b” is no version"),
    ({"sql/V1__a.sql": "", "sql/beforeMigrate.sql": ""}, "sql/beforeMigrate.sql: Flyway runs beforeMigrate around every migrate; dbdeed runs callbacks around each migration only."),
    ({"sql/V1__a.sql": "SELECT 1;\nSELECT '${x}';"}, "sql/V1__a.sql:2: The placeholder ${x} has no value."),
    ({"sql/V1__a.sql": "", "sql/V1__a.sql.conf": "\nexecute=false"}, "sql/V1__a.sql.conf:2: The setting execute is not known."),
    ({"sql/V1__a.sql": "", "flyway.conf": "# x\nflyway.initSql=SELECT 1"}, "flyway.conf:2: The setting flyway.initSql changes what runs, and is not followed here."),
    ({"sql/V1__a.sql": "", "flyway.toml": "[flyway]\nfrobnicate = true"}, "flyway.toml: The setting flyway.frobnicate is not known here."),
    ({"sql/V1__a.sql": "", "flyway.conf": "flyway.locations=filesystem:../else"}, "flyway.conf:1: The location filesystem:../else lies outside of the project."),
    ({"sql/V1__a.sql": "", "flyway.conf": "flyway.locations=s3:bucket/sql"}, "flyway.conf:1: The location s3:bucket/sql is not followed here."),
]  # fmt: skip


@pytest.mark.parametrize(("files", "message"), REFUSED)
def test_what_flyway_would_refuse_or_we_would_ignore_is_named(
    files: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=re.escape(message)):
        read(tmp_path, files)


def test_both_ways_to_run_in_one_file_are_refused_unless_it_says_so(tmp_path: Path) -> None:
    text = "CREATE TABLE a (id int);\n/* then */ CREATE INDEX\n CONCURRENTLY x ON a (id);"
    with pytest.raises(InvalidInput, match=r"sql/V1__a.sql:2:12: Flyway refuses this"):
        read(tmp_path, {"sql/V1__a.sql": text}, POSTGRESQL)
    (one,) = read(tmp_path, {"sql/V1__a.sql.conf": "executeInTransaction=false\n"}, POSTGRESQL)
    assert one.up is not None
    assert [batch.transactional for batch in one.up] == [False]


def test_settings_come_from_files_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWAY_PLACEHOLDERS_WORD", "env")
    monkeypatch.setenv("SCHEMA_OF", "app")
    files = {
        "flyway.toml": '[flyway]\nlocations = ["filesystem:one", "two"]\nsqlMigrationPrefix = "M"\n'
        'environment = "dev"\n[flyway.placeholders]\nWord = "toml"\nother = "${env.SCHEMA_OF}"\n'
        "[environments.dev]\nurl = 'jdbc:x'\npassword = 'secret'\n",
        "flyway.conf": "flyway.sqlMigrationSuffixes=.sql,.ddl\nflyway.password=x\\y\n",
        "one/M1__a.sql": "SELECT '${word} ${OTHER} ${flyway:table} ${flyway:filename}';",
        "two/M2__b.DDL": "SELECT 2;",
    }
    found = read(tmp_path, files)
    assert [one.version for one in found] == ["1", "2"]
    assert found[0].up is not None
    assert found[0].up[0].statements[0].sql == "SELECT 'env app flyway_schema_history M1__a.sql'"


def test_what_only_flyway_runs_says_so(tmp_path: Path) -> None:
    files = {
        "src/main/resources/db/migration/V1__a.sql": "SELECT '${flyway:timestamp}';",
        "src/main/resources/db/migration/V2__b.sh": "true",
        "src/main/java/db/migration/V3__c.java": "class",
        "src/main/resources/db/migration/V4__d.sql": "COPY a (id) FROM STDIN;\n1\n\\.\n",
    }
    found = read(tmp_path, files, POSTGRESQL)
    assert [(one.version, one.needs, one.up) for one in found] == [
        (version, "flyway", None) for version in ("1", "2", "3", "4")
    ]


def test_spring_boots_properties_are_followed_and_named(tmp_path: Path) -> None:
    files = {
        "src/main/resources/application.properties": "spring.flyway.locations=classpath:moves\n"
        "spring.flyway.sql-migration-prefix=M\nspring.flyway.enabled=true\nspring.flyway.placeholders.a-b=x\n",
        "src/main/resources/moves/M1__a.sql": "SELECT '${a-b}';",
    }
    (one,) = read(tmp_path, files)
    assert one.up is not None
    assert one.up[0].statements[0].sql == "SELECT 'x'"
    with pytest.raises(
        InvalidInput, match=r"application\.properties:1: The setting flyway\.initSqls is not known"
    ):
        read(tmp_path, {"src/main/resources/application.properties": "spring.flyway.init-sqls=SELECT 1\n"})
