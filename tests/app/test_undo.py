"""Undo and archive as use cases: a plan is taken back, with its data, or refused with a reason."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dbdeed.app.apply import Consent, apply
from dbdeed.app.archive import archive, purge
from dbdeed.app.plan import plan
from dbdeed.app.undo import undo
from dbdeed.errors import InvalidInput, Refused
from dbdeed.planning.plan import Data

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

### Database Connection Management
- **Connection String**: `LAMPS_URL`

## Migrations

**Tool**: dbdeed
**Strategy**: Manual, maintenance window
"""
LAMPS = "CREATE TABLE lamps (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT) STRICT;"
SLIM = LAMPS.replace(", note TEXT", "")
MORE = LAMPS + "\nCREATE TABLE shades (id INTEGER PRIMARY KEY, colour TEXT) STRICT;"
YES = Consent(yes=True)
GONE = Consent(yes=True, allow=("shades",))


def write(folder: Path, sql: str) -> Path:
    path = folder / "DATABASE.md"
    path.write_text(DOCUMENT.format(sql=sql))
    return path


def url(folder: Path) -> dict[str, str]:
    return {"LAMPS_URL": f"sqlite:///{folder}/lamps.db"}


def run(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "lamps.db")) as connection, connection:
        return connection.execute(sql).fetchall()


def schema(folder: Path) -> list[str]:
    """As `.schema` has it, but for the quotes that SQLite itself puts around the name of a renamed table."""
    rows = run(
        folder, "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'dbdeed%' AND sql > '' ORDER BY name"
    )
    return [str(sql).replace('"', "") for (sql,) in rows]


def prepared(folder: Path, before: str, after: str) -> list[str]:
    """A database that went from one schema with rows to another; gives the first one's dump."""
    apply(write(folder, before), consent=YES, environment=url(folder))
    run(folder, "INSERT INTO lamps VALUES (1, 'desk', 'bright'), (2, 'floor', NULL)")
    if "shades" in before:
        run(folder, "INSERT INTO shades VALUES (7, 'red')")
    was = schema(folder)
    allow = ("note", "shades") if "shades" in before else ("note",)
    apply(write(folder, after), consent=Consent(yes=True, allow=allow), environment=url(folder))
    return was


def test_a_plan_is_taken_back_with_its_data(tmp_path: Path) -> None:
    was = prepared(tmp_path, MORE, SLIM)
    document, environment = tmp_path / "DATABASE.md", url(tmp_path)
    listed = archive(document, environment=environment)
    assert [(one.entry.name, one.rows) for one in listed.lines] == [
        ("table shades", 1),
        ("column lamps.note", 2),
    ]
    assert {one.plan for one in listed.lines} == {listed.plans[0].id}
    shown = undo(document, consent=Consent(), dry_run=True, environment=environment)
    assert schema(tmp_path) != was
    assert {str(one.object): one.data for one in shown.undone[0].plan.returns} == {
        "table shades": Data.ALL,
        "column lamps.note": Data.KNOWN,
    }
    done = undo(document, consent=YES, environment=environment)
    assert done.undone[0].plan.proven
    assert schema(tmp_path) == was
    assert run(tmp_path, "SELECT * FROM lamps ORDER BY 1") == [(1, "desk", "bright"), (2, "floor", None)]
    assert run(tmp_path, "SELECT * FROM shades") == [(7, "red")]
    assert not plan(document, environment=environment).plan.empty


def test_rows_written_since_have_no_value(tmp_path: Path) -> None:
    prepared(tmp_path, LAMPS, SLIM)
    run(tmp_path, "INSERT INTO lamps (id, name) VALUES (3, 'wall')")
    run(tmp_path, "DELETE FROM lamps WHERE id = 2")
    undo(tmp_path / "DATABASE.md", consent=YES, environment=url(tmp_path))
    assert run(tmp_path, "SELECT * FROM lamps ORDER BY 1") == [(1, "desk", "bright"), (3, "wall", None)]


def test_undo_walks_back_through_the_plans_and_forth_again(tmp_path: Path) -> None:
    document, environment = write(tmp_path, LAMPS), url(tmp_path)
    apply(document, consent=YES, environment=environment)
    first = schema(tmp_path)
    apply(write(tmp_path, MORE), consent=YES, environment=environment)
    run(tmp_path, "INSERT INTO shades VALUES (7, 'red')")
    with pytest.raises(Refused, match="shades"):
        undo(document, consent=YES, environment=environment)
    done = undo(document, consent=GONE, environment=environment)
    assert schema(tmp_path) == first
    undo(document, consent=Consent(yes=True, allow=("lamps",)), environment=environment)
    assert schema(tmp_path) == []
    with pytest.raises(InvalidInput, match="no plan to undo"):
        undo(document, consent=YES, environment=environment)
    back = archive(document, environment=environment).plans[0].id
    undo(document, back, consent=YES, environment=environment)
    undo(document, done.undone[0].applied[:12], consent=YES, environment=environment)
    assert run(tmp_path, "SELECT * FROM shades") == [(7, "red")]


def test_undo_again_is_told(tmp_path: Path) -> None:
    prepared(tmp_path, LAMPS, SLIM)
    document, environment = tmp_path / "DATABASE.md", url(tmp_path)
    done = undo(document, consent=YES, environment=environment)
    with pytest.raises(InvalidInput, match="already"):
        undo(document, done.undone[0].told.id, consent=YES, environment=environment)
    with pytest.raises(InvalidInput, match="No plan"):
        undo(document, "zzz", consent=YES, environment=environment)


def test_what_changed_since_elsewhere_stays(tmp_path: Path) -> None:
    prepared(tmp_path, LAMPS, SLIM)
    run(tmp_path, "CREATE TABLE other (id INTEGER PRIMARY KEY)")
    run(tmp_path, "INSERT INTO other VALUES (5)")
    undo(tmp_path / "DATABASE.md", consent=YES, environment=url(tmp_path))
    assert run(tmp_path, "SELECT note FROM lamps WHERE id = 1") == [("bright",)]
    assert run(tmp_path, "SELECT * FROM other") == [(5,)]


def test_what_changed_since_in_the_same_place_refuses(tmp_path: Path) -> None:
    prepared(tmp_path, LAMPS, SLIM)
    run(tmp_path, "ALTER TABLE lamps ADD COLUMN watt INTEGER")
    with pytest.raises(Refused, match="lamps has changed since"):
        undo(tmp_path / "DATABASE.md", consent=YES, environment=url(tmp_path))


def test_what_was_built_on_it_since_refuses(tmp_path: Path) -> None:
    apply(write(tmp_path, LAMPS), consent=YES, environment=url(tmp_path))
    run(tmp_path, "CREATE VIEW names AS SELECT name FROM lamps")
    with pytest.raises(Refused, match="view names came later"):
        undo(tmp_path / "DATABASE.md", consent=Consent(yes=True, allow=("lamps",)), environment=url(tmp_path))


def test_nobody_asked_refuses(tmp_path: Path) -> None:
    prepared(tmp_path, LAMPS, SLIM)
    with pytest.raises(Refused):
        undo(tmp_path / "DATABASE.md", consent=Consent(), environment=url(tmp_path))


def test_purge_takes_what_is_old_and_undo_says_so(tmp_path: Path) -> None:
    prepared(tmp_path, MORE, SLIM)
    document, environment = tmp_path / "DATABASE.md", url(tmp_path)
    soon = datetime.now(UTC) + timedelta(days=29)
    month = timedelta(days=30)

    def purging(now: datetime, consent: Consent = YES) -> list[str]:
        gone = purge(
            document, older_than=month, consent=consent, confirm=None, now=now, environment=environment
        )
        return [one.entry.name for one in gone.lines]

    assert purging(soon) == []
    with pytest.raises(Refused):
        purging(soon + month, Consent())
    assert purging(soon + month) == ["table shades", "column lamps.note"]
    assert archive(document, environment=environment).lines == ()
    done = undo(document, consent=YES, environment=environment)
    assert {one.data for one in done.undone[0].plan.returns} == {Data.NONE}
    assert run(tmp_path, "SELECT * FROM shades") == []
    assert run(tmp_path, "SELECT note FROM lamps") == [(None,), (None,)]


def test_renames_are_taken_back(tmp_path: Path) -> None:
    was = prepared(tmp_path, LAMPS, LAMPS)
    new = "-- renamed from: lamps\n" + SLIM.replace("lamps", "lights").replace("name TEXT", "label TEXT")
    new = new.replace("label TEXT NOT NULL", "label TEXT NOT NULL -- renamed from: name\n")
    document, environment = write(tmp_path, new), url(tmp_path)
    apply(document, consent=Consent(yes=True, allow=("note",)), environment=environment)
    assert run(tmp_path, "SELECT label FROM lights ORDER BY id") == [("desk",), ("floor",)]
    undo(document, consent=YES, environment=environment)
    assert schema(tmp_path) == was
    assert run(tmp_path, "SELECT * FROM lamps ORDER BY id") == [(1, "desk", "bright"), (2, "floor", None)]
