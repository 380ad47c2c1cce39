"""Random pairs of schemas with rows: every plan ends at its target, and what both have is kept."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from dbdeed.engines.change import HazardKind
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import quoted
from dbdeed.planning.archive import Keeper, entries_of
from dbdeed.planning.forms import never_empty
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble
from dbdeed.planning.reverse import plan_back
from dbdeed.planning.running import ProofFailed, run_groups

if TYPE_CHECKING:
    from tests.engines.sqlite.conftest import Bench

_TABLES = ["t", "u", "Vault", "w x"]
_COLUMNS = ["a", "b", "C", "d e", "f"]
_TYPES = ["", "INTEGER", "TEXT", "REAL", "BLOB", "DECIMAL(10,2)", "varchar(20)"]
_STRICT_TYPES = ["INTEGER", "TEXT", "REAL", "BLOB", "ANY", "INT"]
_CLAUSES = [
    "NOT NULL DEFAULT 1",
    "NOT NULL",
    "DEFAULT 'x'",
    "DEFAULT (1 + 2)",
    "DEFAULT CURRENT_TIMESTAMP",
    "UNIQUE",
    "COLLATE NOCASE",
    "CHECK ({c} IS NOT 77)",
    "CHECK ({t}.{c} IS NOT 78) /* why */",
    "CONSTRAINT {c} CHECK (length({c}) < 900)",
    "UNIQUE ON CONFLICT REPLACE",
]


@st.composite
def _column(draw: st.DrawFn, table: str, name: str, others: list[str], strict: bool) -> str:
    kind = draw(st.sampled_from(_STRICT_TYPES if strict else _TYPES))
    if others and draw(st.integers(0, 9)) == 0:
        stored = draw(st.sampled_from(["", "STORED", "VIRTUAL"]))
        if strict:  # SQLite 3.40 takes any value there, and its integrity_check then complains
            kind = draw(st.sampled_from(["TEXT", "ANY"]))
        return f"{quoted(name)} {kind} AS ({quoted(draw(st.sampled_from(others)))} || 'x') {stored}"
    clauses = draw(st.lists(st.sampled_from(_CLAUSES), max_size=2, unique=True))
    parts = [clause.format(c=quoted(name), t=quoted(table)) for clause in clauses]
    if draw(st.integers(0, 5)) == 0:
        action = draw(
            st.sampled_from(["", " ON DELETE CASCADE", " ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED"])
        )
        parts.append(f"REFERENCES {quoted(draw(st.sampled_from(_TABLES)))} (k){action}")
    return " ".join([quoted(name), kind, *parts])


@st.composite
def _table(draw: st.DrawFn, name: str) -> str:
    options = draw(st.sampled_from(["", "", "", "STRICT", "WITHOUT ROWID"]))
    columns = draw(st.lists(st.sampled_from(_COLUMNS), max_size=4, unique=True))
    key = draw(
        st.sampled_from(
            [
                "k INTEGER PRIMARY KEY",
                "k INTEGER PRIMARY KEY AUTOINCREMENT",
                "k INTEGER NOT NULL PRIMARY KEY",
                "k INT NOT NULL PRIMARY KEY",
            ]
        )
    )
    if options == "WITHOUT ROWID":
        key = "k INTEGER NOT NULL PRIMARY KEY"
    lines = [draw(_column(name, one, columns[:at], options == "STRICT")) for at, one in enumerate(columns)]
    lines.insert(draw(st.integers(0, len(lines))), key)
    constrained = draw(st.booleans())
    if columns and constrained:
        one = quoted(draw(st.sampled_from(columns)))
        lines.append(
            draw(
                st.sampled_from(
                    [
                        f"CHECK ({one} IS NOT 76)",
                        f"CONSTRAINT once UNIQUE (k, {one})",
                        f"CHECK ({quoted(name)}.{one} IS NOT 75)",
                    ]
                )
            )
        )
    separator = draw(st.sampled_from([", ", ",\n    "]))
    return f"CREATE TABLE {quoted(name)} ({separator.join(lines)}) {options}"


@st.composite
def schemas(draw: st.DrawFn) -> list[str]:
    """Statements; SQLite may refuse them, and then the example is not used."""
    names = draw(st.lists(st.sampled_from(_TABLES), min_size=1, max_size=4, unique=True))
    found = [draw(_table(name)) for name in names]
    for number in range(draw(st.integers(0, 2))):
        table = quoted(draw(st.sampled_from(names)))
        column = draw(st.sampled_from(["k", "k DESC", "k + 1", "k COLLATE NOCASE"]))
        where = draw(st.sampled_from(["", " WHERE k > 5"]))
        unique = draw(st.sampled_from(["", "UNIQUE "]))
        found.append(f"CREATE {unique}INDEX i{number} ON {table} ({column}){where}")
    for number in range(draw(st.integers(0, 2))):
        source = draw(
            st.sampled_from([*map(quoted, names), "v0"] if number else [quoted(one) for one in names])
        )
        found.append(
            f"CREATE VIEW v{number} AS SELECT k, {draw(st.sampled_from(['1', 'k + 1']))} AS n FROM {source}"
        )
    if draw(st.booleans()):
        on, other = quoted(draw(st.sampled_from(names))), quoted(draw(st.sampled_from(names)))
        when = draw(st.sampled_from(["AFTER INSERT", "BEFORE DELETE", "AFTER UPDATE OF k"]))
        found.append(f"CREATE TRIGGER g {when} ON {on} BEGIN DELETE FROM {other} WHERE k = -5; END")
    if draw(st.integers(0, 3)) == 0:
        options = draw(st.sampled_from(["", ", tokenize='porter'"]))
        found.append(f"CREATE VIRTUAL TABLE s USING fts5({draw(st.sampled_from(['a', 'a, b']))}{options})")
    return draw(st.permutations(found))


_VALUES = st.sampled_from([None, 0, 1, -3, 2.5, "x", "X", "12", "it's", b"\x00\xff", "2024-01-01"])


def _load(bench: Bench, statements: list[str]) -> str:
    sql = ";\n".join(statements) + ";"
    try:
        bench.catalog(sql)
    except SqlRejected:
        assume(False)
    return sql


def _made(bench: Bench, sql: str) -> Path:
    """A file with the schema, by way of an empty plan: creation is a plan too."""
    session = bench.open(bench.path())
    bench.apply(session, bench.catalog(sql))
    session.close()
    assert session.file is not None
    return session.file


def _fill(path: Path, values: list[list[object]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')"
            )
        ]
        for table in sorted(name for name in names if not name.startswith("sqlite_")):
            columns = [
                row[1] for row in connection.execute(f"PRAGMA table_xinfo({quoted(table)})") if row[6] == 0
            ]
            for number, row in enumerate(values, 1):
                chosen = [
                    number * 7 if name == "k" else row[at % len(row)] for at, name in enumerate(columns)
                ]
                marks = ", ".join("?" * len(columns))
                names_text = ", ".join(map(quoted, columns))
                try:
                    connection.execute(
                        f"INSERT OR IGNORE INTO {quoted(table)} ({names_text}) VALUES ({marks})", chosen
                    )
                except sqlite3.Error:
                    continue


def _kept(before: Table, after: Table) -> list[str]:
    """Stored columns that both have with the same type and collation."""
    old = {column.name: column for column in before.columns if not column.generated}
    return [
        column.name
        for column in after.columns
        if column.name in old
        and not column.generated
        and old[column.name].type == column.type
        and before.strict == after.strict
    ]


def _rows(path: Path, table: str, columns: list[str]) -> Counter[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        chosen = ", ".join(map(quoted, columns)) or "1"
        rows = connection.execute(f"SELECT {chosen} FROM {quoted(table)}")
        return Counter(tuple((type(value), value) for value in row) for row in rows)


def _everything(path: Path) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return (
            list(connection.iterdump())
            if not _has_virtual(path)
            else connection.execute("SELECT * FROM sqlite_schema").fetchall()
        )


def _has_virtual(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("SELECT 1 FROM pragma_table_list WHERE type = 'virtual'").fetchall())


def check_pair(
    new_bench: type[Bench], before: list[str], after: list[str], values: list[list[object]]
) -> None:
    with TemporaryDirectory(prefix="dbdeed-pairs-") as folder:
        bench = new_bench(Path(folder))
        one, other = _load(bench, before), _load(bench, after)
        path = _made(bench, one)
        _fill(path, values)
        _change(bench, path, other)
        empty = _made(bench, other)
        session = bench.open(empty)
        bench.apply(session, bench.catalog(one))  # without rows nothing can stand in the way
        session.close()


def _change(bench: Bench, path: Path, after: str) -> None:
    session = bench.open(path)
    current, target = ENGINE.inspect(session), bench.catalog(after)
    tables = {
        table.name: (table, new)
        for table in current.objects.values()
        if isinstance(table, Table)
        and isinstance(new := target.objects.get(object_id("table", table.name)), Table)
    }
    data = {name: _rows(path, name, _kept(*pair)) for name, pair in tables.items()}
    earlier = _everything(path)
    hazards = {
        h.kind for change in bench.plan(session, target) for step in change.steps for h in step.hazards
    }
    refusal = ""
    try:
        bench.apply(session, target)
    except SqlRejected as error:
        refusal = error.message
    if refusal:
        event("refused by the data")
        session.close()
        assert _everything(path) == earlier
        assert HazardKind.MAY_FAIL in hazards or "refer to rows" in refusal
        return
    event("applied")
    for name, pair in tables.items():
        assert _rows(path, name, _kept(*pair)) == data[name]
    assert session.problems(20) == []
    session.close()


_SETTINGS = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@settings(_SETTINGS, max_examples=30)
@given(schemas(), schemas(), st.lists(st.lists(_VALUES, min_size=1, max_size=3), max_size=4))
def test_pairs(
    new_bench: type[Bench], before: list[str], after: list[str], values: list[list[object]]
) -> None:
    check_pair(new_bench, before, after, values)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=5000)
@given(schemas(), schemas(), st.lists(st.lists(_VALUES, min_size=1, max_size=3), max_size=4))
def test_many_pairs(
    new_bench: type[Bench], before: list[str], after: list[str], values: list[list[object]]
) -> None:
    check_pair(new_bench, before, after, values)


def check_way_back(
    new_bench: type[Bench], before: list[str], after: list[str], values: list[list[object]]
) -> None:
    """To the second schema and back by the archive: all rows are there again, whatever went."""
    with TemporaryDirectory(prefix="dbdeed-pairs-") as folder:
        bench = new_bench(Path(folder))
        one, other = _load(bench, before), _load(bench, after)
        path = _made(bench, one)
        _fill(path, values)
        session = bench.open(path)
        first, second = ENGINE.inspect(session), bench.catalog(other)
        tables = {table.name: table for table in first.objects.values() if isinstance(table, Table)}
        data = {name: _rows(path, name, _kept(table, table)) for name, table in tables.items()}
        keeper = Keeper(ENGINE, 1)
        changes = order_changes(ENGINE.compare(first, second).changes, first, second)
        made = assemble(first, second, keeper.keeping(changes, first, second, never_empty))
        made = replace(made, generation=1)
        try:
            run_groups(ENGINE, session, made.groups)
        except (ProofFailed, SqlRejected):
            event("refused by the data")
            session.close()
            return
        try:
            plan_back(ENGINE, session, second, first, entries_of(made), made.destroys, generation=2)
        except SqlRejected as error:  # rows that referred to nothing from the beginning
            assert "refer to rows" in error.message  # noqa: PT017
            session.close()
            return
        event("there and back")
        assert ENGINE.inspect(session).objects == first.objects
        for name, table in tables.items():
            assert _rows(path, name, _kept(table, table)) == data[name]
        session.close()


@settings(_SETTINGS, max_examples=20)
@given(schemas(), schemas(), st.lists(st.lists(_VALUES, min_size=1, max_size=3), max_size=4))
def test_ways_back(
    new_bench: type[Bench], before: list[str], after: list[str], values: list[list[object]]
) -> None:
    check_way_back(new_bench, before, after, values)


@pytest.mark.slow
@settings(_SETTINGS, max_examples=3000)
@given(schemas(), schemas(), st.lists(st.lists(_VALUES, min_size=1, max_size=3), max_size=4))
def test_many_ways_back(
    new_bench: type[Bench], before: list[str], after: list[str], values: list[list[object]]
) -> None:
    check_way_back(new_bench, before, after, values)
