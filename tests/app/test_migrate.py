"""Migrations as files as use cases: a document, its files and its database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dbdeed.app.migrate import MigrateConsent, migrate_down, migrate_to, migrate_up, status
from dbdeed.app.migrate_new import NewResult, migrate_new
from dbdeed.errors import InvalidInput, Refused
from dbdeed.migrations.running import MigrationFailed

DOCUMENT = """# Lamps

**Last Updated**: 2026-01-02
**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: SQLite
**Version**: >=3.37
**Hosting**: Embedded

## Data Models

### Lamp
- **Description**: A lamp.

## Schema Design

### Table: `lamps`
```sql
{sql}
```

## Data Access Layer

**Pattern**: Repository Pattern

### Repository Pattern (if used)
- **Repositories**: `src/repositories/`

### Database Connection Management
- **Connection Pool**: max 1
- **Connection String**: `LAMPS_URL`
- **Retry Logic**: 3 retries with exponential backoff

## Query Strategy

- **ORM Usage**: None.
- **Transaction Management**: Serializable.
- **Query Optimization**: Index every foreign key.

## Migrations

**Tool**: dbdeed
**Strategy**: {strategy}

## Backup and Recovery

**Backup Strategy**:
- **Frequency**: Daily
- **Method**: Snapshots
- **Retention**: 7 daily

**Recovery Plan**:
- **RPO (Recovery Point Objective)**: 24 hours
- **RTO (Recovery Time Objective)**: 4 hours
- **Procedure**: Restore the newest.
"""
ONE = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT);"
TWO = "CREATE TABLE lamps (id INTEGER PRIMARY KEY);"
THREE = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, note TEXT, watts INTEGER);"
YES = MigrateConsent(yes=True)


@dataclass
class Lamps:
    """A project, and the file that is its live database."""

    root: Path
    strategy: str = "Manual, maintenance window"
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def document(self) -> Path:
        return self.root / "DATABASE.md"

    @property
    def environment(self) -> dict[str, str]:
        return {"LAMPS_URL": f"sqlite:///{self.root}/live.db"}

    def new(self, sql: str, words: str = "change", *allow: str, empty: bool = False) -> NewResult:
        self.document.write_text(DOCUMENT.format(sql=sql, strategy=self.strategy), encoding="utf-8")
        self.now += timedelta(days=1)
        return migrate_new(
            self.document, words, allow=allow, empty=empty, environment=self.environment, now=self.now
        )

    def up(self, consent: MigrateConsent = YES, until: str = "") -> list[str]:
        result = migrate_up(self.document, consent=consent, until=until, environment=self.environment)
        return [one.description for one in result.done]

    def down(self, count: int = 1) -> list[str]:
        result = migrate_down(self.document, consent=YES, count=count, environment=self.environment)
        return [one.description for one in result.done]

    def standing(self) -> list[str]:
        return [str(one.standing) for one in status(self.document, environment=self.environment).lines]

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.root / "live.db")) as connection:
            found = connection.execute(sql).fetchall()
            connection.commit()
            return found


@pytest.fixture
def lamps(tmp_path: Path) -> Lamps:
    return Lamps(tmp_path)


def test_the_difference_is_written_as_the_next_file(lamps: Lamps) -> None:
    first = lamps.new(ONE, "first tables")
    assert [str(one) for one in first.paths] == ["migrations/20260102T000000_first_tables.sql"]
    assert first.proven
    second = lamps.new(THREE, "Watts, please")
    assert [str(one) for one in second.paths] == ["migrations/20260103T000000_watts_please.sql"]
    assert lamps.new(THREE, "nothing").paths == ()
    assert lamps.up() == ["first tables", "watts please"]
    assert lamps.standing() == ["applied", "applied"]
    assert lamps.up() == []


def test_a_column_that_goes_comes_back_with_its_values(lamps: Lamps) -> None:
    lamps.new(ONE)
    with pytest.raises(Refused) as error:
        lamps.new(TWO, "no notes")
    assert error.value.code == "destroys"
    assert len(list((lamps.root / "migrations").glob("*.sql"))) == 1
    (path,) = lamps.new(TWO, "no notes", "lamps.note").paths
    text = (lamps.root / path).read_text(encoding="utf-8")
    assert "-- destroys column lamps.note" in text
    lamps.up(until="20260102T000000")
    lamps.rows("INSERT INTO lamps VALUES (1, 'green')")
    for _ in range(2):
        assert lamps.up() == ["no notes"]
        assert lamps.rows("SELECT * FROM lamps") == [(1,)]
        assert lamps.down() == ["no notes"]
        assert lamps.rows("SELECT * FROM lamps") == [(1, "green")]


def test_what_the_strategy_forbids_is_not_written(lamps: Lamps) -> None:
    lamps.new(ONE)
    lamps.strategy = "Manual, maintenance window, expand and contract"
    with pytest.raises(Refused) as error:
        lamps.new(ONE.replace("note TEXT", "note INTEGER"), "numbers")
    assert error.value.code == "strategy"
    assert "-- renamed from: note" in error.value.hint
    assert len(list((lamps.root / "migrations").glob("*.sql"))) == 1


def test_what_a_way_back_by_hand_destroys_needs_a_word(lamps: Lamps) -> None:
    lamps.new(ONE)
    path = lamps.root / "migrations" / "20270101T000000_by_hand.sql"
    path.write_text("ALTER TABLE lamps ADD COLUMN a;\n-- dbdeed: down\nALTER TABLE lamps DROP COLUMN a;\n")
    lamps.up()
    assert lamps.down() == ["by hand"]  # there are no rows
    lamps.up()
    lamps.rows("INSERT INTO lamps (id, a) VALUES (1, 2)")
    with pytest.raises(Refused) as error:
        lamps.down()
    assert error.value.code == "destroys"
    assert "--allow lamps.a" in error.value.hint
    consent = MigrateConsent(yes=True, allow=("lamps.a",))
    result = migrate_down(lamps.document, consent=consent, environment=lamps.environment)
    assert len(result.done) == 1


def test_forward_only_takes_nothing_back(lamps: Lamps) -> None:
    lamps.strategy = "Manual, maintenance window, forward only"
    lamps.new(ONE)
    lamps.up()
    with pytest.raises(Refused) as error:
        lamps.down()
    assert error.value.code == "strategy"


def test_nobody_confirmed(lamps: Lamps) -> None:
    lamps.new(ONE)
    with pytest.raises(Refused) as error:
        lamps.up(MigrateConsent())
    assert error.value.code == "not-confirmed"
    asked: list[tuple[list[str], bool]] = []

    def ask(migrations: object, back: bool) -> bool:
        asked.append(([one.description for one in migrations], back))  # type: ignore[attr-defined]
        return True

    assert lamps.up(MigrateConsent(ask)) == ["change"]
    assert asked == [(["change"], False)]


def test_to_a_version_goes_either_way(lamps: Lamps) -> None:
    lamps.new(ONE, "one")
    lamps.new(THREE, "three")
    for version, standing in (
        ("20260102T000000", ["applied", "pending"]),
        ("20260103T000000", ["applied"] * 2),
    ):
        migrate_to(lamps.document, version, consent=YES, environment=lamps.environment)
        assert lamps.standing() == standing
    result = migrate_to(lamps.document, "20260102T000000", consent=YES, environment=lamps.environment)
    assert (result.direction, [one.description for one in result.done]) == ("down", ["three"])
    with pytest.raises(InvalidInput):
        migrate_to(lamps.document, "7", consent=YES, environment=lamps.environment)


def test_an_empty_file_is_for_sql_by_hand(lamps: Lamps) -> None:
    lamps.new(ONE)
    (path,) = lamps.new(ONE, "some rows", empty=True).paths
    with (lamps.root / path).open("a", encoding="utf-8") as file:
        file.write("INSERT INTO lamps (id) VALUES (7);\n")
    assert lamps.up() == ["change", "some rows"]
    assert lamps.rows("SELECT id FROM lamps") == [(7,)]
    with pytest.raises(Refused) as error:
        lamps.down()
    assert error.value.code == "migration-no-way-back"
    with pytest.raises(Refused) as error:
        lamps.new(THREE)
    assert error.value.code == "sum-mismatch"


def test_a_file_that_fails_is_named_with_its_line(lamps: Lamps) -> None:
    lamps.new(ONE)
    (path,) = lamps.new(THREE).paths
    lamps.up(until="20260102T000000")
    lamps.rows("ALTER TABLE lamps ADD COLUMN watts INTEGER")
    with pytest.raises(MigrationFailed) as error:
        lamps.up()
    assert error.value.where.startswith(f"{path}:")
    assert "watts" in error.value.message
