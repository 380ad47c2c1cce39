"""The pairs of schemas that were taken from other tools' suites: read from disk, skipped where absent."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.shared import NO_CASES, cases

from dbdeed.engines.change import HazardKind
from dbdeed.engines.faults import SqlRejected

if TYPE_CHECKING:
    from tests.engines.sqlite.conftest import Bench

    from dbdeed.engines.change import Hazard
    from dbdeed.engines.sqlite.session import SqliteSession

_CASES = cases("sqlite")
_PAIRS = [
    pytest.param(case[one], case[other], id=f"{case['suite']}/{case['case']} {word}")
    for case in _CASES
    for one, other, word in (("from_sql", "to_sql", "forward"), ("to_sql", "from_sql", "back"))
]


def _schema(path: Path) -> list[str]:
    """The stored texts with layout, quotes and comments evened out by other means than ours."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND sql NOT NULL"
        )
        return sorted(_even(sql) for (sql,) in rows)


def _even(sql: str) -> str:
    sql = re.sub(r"/\*.*?\*/|--[^\n]*", " ", sql, flags=re.DOTALL)
    sql = re.sub(r"[\"`\[\]]", " ", sql).lower()
    return re.sub(r"\s*([(),;])\s*", r"\1", " ".join(sql.split()))


def _fill(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Three rows in every table that can be written; returns what is then there."""
    found = {}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        for table in (name for name in tables if not name.startswith("sqlite_")):
            columns = connection.execute(f'PRAGMA table_xinfo("{table}")').fetchall()
            plain = [column for column in columns if not column[6]]
            for number in range(1, 4):
                values = [_value(column[2], number) for column in plain]
                marks = ", ".join("?" * len(plain))
                names = ", ".join(f'"{column[1]}"' for column in plain)
                connection.execute(f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({marks})', values)
            found[table] = names
        return {
            table: [
                tuple(name.strip('"').lower() for name in names.split(", ")),
                *connection.execute(f'SELECT {names} FROM "{table}"'),
            ]
            for table, names in found.items()
        }


def _value(declared: str, number: int) -> object:
    return f"text {number}" if re.search("text|char", declared, re.IGNORECASE) else number


@pytest.mark.skipif(not _CASES, reason=NO_CASES)
@pytest.mark.parametrize(("before", "after"), _PAIRS)
def test_a_pair(before: str, after: str, bench: Bench) -> None:
    """Applied, the stored texts are those of the target, and every row keeps the columns that both have."""
    path = bench.file(before)
    data = _fill(path)
    session = bench.open(path)
    if any(hazard.kind is HazardKind.MAY_FAIL for hazard in _hazards(bench, session, after)):
        with pytest.raises(SqlRejected):
            bench.apply(session, bench.catalog(after))
        _same_rows(path, data)  # nothing is lost, and without rows it goes
        session.close()
        path, data = bench.file(before), {}
        session = bench.open(path)
    bench.apply(session, bench.catalog(after))
    session.close()
    assert _schema(path) == _schema(bench.file(after))
    _same_rows(path, data)


def _hazards(bench: Bench, session: SqliteSession, after: str) -> list[Hazard]:
    steps = [step for change in bench.plan(session, bench.catalog(after)) for step in change.steps]
    return [hazard for step in steps for hazard in step.hazards]


def _same_rows(path: Path, data: dict[str, list[tuple[object, ...]]]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for table, (names, *rows) in data.items():
            now = {str(row[1]).lower() for row in connection.execute(f'PRAGMA table_info("{table}")')}
            kept = [at for at, name in enumerate(names) if name in now]
            if kept:
                chosen = ", ".join(f'"{names[at]}"' for at in kept)
                found = connection.execute(f'SELECT {chosen} FROM "{table}"').fetchall()
                assert sorted(found, key=repr) == sorted(
                    [tuple(row[at] for at in kept) for row in rows], key=repr
                )


@pytest.mark.skipif(not _CASES, reason=NO_CASES)
@pytest.mark.parametrize("sql", [case[key] for case in _CASES for key in ("from_sql", "to_sql")])
def test_a_schema_is_its_own_target(sql: str, bench: Bench) -> None:
    session = bench.open(bench.file(sql))
    assert bench.plan(session, bench.catalog(sql)) == []
    session.close()
