"""A long plan that is cut off at any statement, and gone on with: the end is that of an undisturbed run.

The process is killed before or after a statement, or the server ends its connection while one runs.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dbdeed.app.apply import Consent
from dbdeed.app.undo import undo
from dbdeed.engines.seam import Target
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.archive import HERE, entries
from dbdeed.planning.artifact import dump_plan
from dbdeed.planning.journal import Journal, PlanState

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

BEFORE = """
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, price integer NOT NULL, old text);
CREATE INDEX items_name ON items (name);
CREATE TABLE gone (id integer PRIMARY KEY, item_id integer REFERENCES items (id), note text);
CREATE INDEX gone_note ON gone (note);
CREATE TABLE also_gone (a integer, b text);
CREATE TABLE counts (id integer PRIMARY KEY, n integer NOT NULL CHECK (n > 0));
CREATE INDEX counts_n ON counts (n);
CREATE VIEW cheap AS SELECT id, old FROM items WHERE price < 100;
"""
AFTER = """
CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL, price integer NOT NULL CHECK (price > 0),
    weight integer, UNIQUE (name));
CREATE INDEX items_price ON items (price);
CREATE TABLE parts (id integer PRIMARY KEY, item_id integer NOT NULL REFERENCES items (id));
CREATE INDEX parts_item ON parts (item_id);
CREATE VIEW cheap AS SELECT id, name FROM items WHERE price < 100;
CREATE TABLE notes (id integer PRIMARY KEY, text text);
CREATE TABLE counts (id integer PRIMARY KEY, n bigint NOT NULL CHECK (n > 0));
CREATE INDEX counts_n ON counts (n);
"""
ROWS = (
    "INSERT INTO items (id, name, price, old) VALUES (1, 'lamp', 40, 'x'), (2, 'desk', 300, NULL)",
    "INSERT INTO gone VALUES (1, 2, 'n'), (2, NULL, NULL)",
    "INSERT INTO also_gone VALUES (7, 'q'), (7, 'q')",
    "INSERT INTO counts VALUES (1, 10), (2, 20)",
)

CUT = """
import os, signal, sys, threading
from pathlib import Path
from dbdeed.engines.registry import engine_named
from dbdeed.engines.seam import Target
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.artifact import load_plan

path, url, how, at = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
plan = load_plan(Path(path).read_bytes()).plan
engine = engine_named(plan.engine)
session = engine.connect(Target(url, "live"))
calls = 0

def cut():
    if how == "lost":
        other = engine.connect(Target(url, "other"))
        other.fetch("SELECT pg_terminate_backend($1)", session.process_id)
        other.close()
    else:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(real):
    def call(*arguments):
        global calls
        calls += 1
        mine = calls
        if mine == at and how != "after":
            cut()
        try:
            return real(*arguments)
        finally:
            if mine == at and how == "after":
                cut()
    return call

session.execute, session.fetch = counted(session.execute), counted(session.fetch)
apply_plan(engine, session, plan, tool="test")
print(calls)
"""


@dataclass(frozen=True)
class Course:
    """One database on its way: where it is, and the plan as a file."""

    target: Target
    path: Path


def begun(place: Place, folder: Path) -> Course:
    target: Target = place.new()
    session = place.open(target)
    place.run(session, BEFORE)
    for sql in ROWS:
        session.execute(sql)
    path = folder / "plan.json"
    if not path.exists():
        path.write_bytes(dump_plan(place.plan(session, AFTER)[0]))
    session.close()
    return Course(target, path)


def run(course: Course, how: str, at: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CUT, str(course.path), course.target.url, how, str(at)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def kept(place: Place, session: Any) -> list[tuple[str, Any]]:
    """What the archive has, in which generation ever."""
    found = [one for one in entries(place.engine, session) if one.state == HERE]
    return sorted(
        (one.name, sorted(session.fetch(f"SELECT * FROM {one.kept.place}"), key=repr)) for one in found
    )


def ended(place: Place, course: Course) -> tuple[Any, Any, Any]:
    """Catalog, rows and archive."""
    session = place.open(course.target)
    try:
        rows = session.fetch("SELECT id, name, price FROM items ORDER BY id")
        rows += session.fetch("SELECT id, n FROM counts ORDER BY id")
        return place.engine.inspect(session).objects, rows, kept(place, session)
    finally:
        session.close()


def gone_on(place: Place, course: Course) -> None:
    """What an interruption left is told, and the next apply completes it."""
    session = place.open(course.target)
    try:
        journal = Journal(place.engine, session)
        left = journal.unfinished()
        plan, target = place.plan(session, AFTER)
        told = {one.state for one in journal.plans()}
        if not plan.empty and told:
            assert [one.id for one in left] == [journal.plans()[0].id]
        apply_plan(place.engine, session, plan, target, tool="test")
        assert journal.unfinished() == []
        states = [one.state for one in journal.plans()]
        assert states[0] is PlanState.DONE
        assert set(states[1:]) <= {PlanState.SUPERSEDED}
    finally:
        session.close()


def cut_off(place: Place, folder: Path, count: int) -> None:
    first = begun(place, folder)
    whole = run(first, "never", 0)
    assert whole.returncode == 0, whole.stderr
    calls = int(whole.stdout)
    wanted = ended(place, first)
    ways = ("before", "after", "lost") if place.is_postgresql else ("before", "after")
    chance = Random(place.name)
    moments = [(at, way) for at in range(1, calls + 1) for way in ways]
    for at, way in sorted(chance.sample(moments, min(count, len(moments)))):
        course = begun(place, folder)
        done = run(course, way, at)
        # The last statement lets go of the lock: whoever loses the connection there has done everything.
        codes = {1, 0 if at == calls else 1} if way == "lost" else {-signal.SIGKILL}
        assert done.returncode in codes, f"{way} {at}: {done.stderr}"
        gone_on(place, course)
        assert ended(place, course) == wanted, f"cut {way} statement {at} of {calls}"


def test_cut_off_at_some_statements(place: Place, tmp_path: Path) -> None:
    cut_off(place, tmp_path, 3 if place.is_postgresql else 8)


@pytest.mark.slow
def test_cut_off_at_fifty_statements(place: Place, tmp_path: Path) -> None:
    cut_off(place, tmp_path, 50)


DOCUMENT = """# Items

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL

## Schema Design

### Table: `items`
```sql
{sql}
```

## Migrations

**Strategy**: Manual, maintenance window
"""


@pytest.mark.parametrize("resumed", [False, True], ids=["left", "gone on with"])
def test_an_interrupted_plan_is_taken_back_whole(place: Place, tmp_path: Path, resumed: bool) -> None:
    if place.name != "postgresql-18":
        pytest.skip("one engine whose plans have several transactions")
    course = begun(place, tmp_path)
    session = place.open(course.target)
    was = place.engine.inspect(session).objects
    names = ("items", "gone", "also_gone", "counts")
    rows = [session.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in names]
    session.close()
    done = run(course, "before", 90)
    assert done.returncode == -signal.SIGKILL
    session = place.open(course.target)
    (left,) = Journal(place.engine, session).unfinished()
    assert 0 < left.done < left.total
    assert kept(place, session)
    session.close()
    if resumed:
        gone_on(place, course)
    document = tmp_path / "DATABASE.md"
    document.write_text(DOCUMENT.format(sql=AFTER))
    given = {"DATABASE_URL": course.target.url}
    taken = undo(document, consent=Consent(yes=True, allow=("parts", "notes", "weight")), environment=given)
    assert len(taken.undone) == (2 if resumed else 1)
    session = place.open(course.target)
    try:
        assert place.engine.inspect(session).objects == was
        columns = ("id, name, price, old", "*", "*", "id, n")
        tables = zip(columns, names, strict=True)
        assert [session.fetch(f"SELECT {some} FROM {one} ORDER BY 1") for some, one in tables] == rows
        assert Journal(place.engine, session).unfinished() == []
    finally:
        session.close()
