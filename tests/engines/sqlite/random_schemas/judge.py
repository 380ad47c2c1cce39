"""The judge: a plan between two schemas leads there, keeps the rows, and leaves nothing to do.

A plan may stop on rows that the new schema forbids, where it says so beforehand; then nothing has changed.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbdeed.engines.change import HazardKind
from dbdeed.engines.sql_text import read
from dbdeed.engines.sqlite.engine import ENGINE
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import written
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.engines.sqlite.text import RULES
from dbdeed.errors import InvalidInput
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.planning.plan import Plan

_ROWS = ((1, 10, "x"), (2, None, "Y "), ("3", 30, None), (4, 40, 4.5))
_LATER = frozenset({HazardKind.MAY_FAIL, HazardKind.CHANGES_VALUES})


_OF_ROWS = (
    "constraint failed",
    "cannot store",
    "datatype mismatch",
    "rows would refer to rows",
    "Cannot add a NOT NULL column",
)


class WrongError(AssertionError):
    """A plan that does not hold."""


@dataclass(frozen=True)
class Judged:
    """What came of one plan; `stopped` where the rows forbade it."""

    plan: Plan
    stopped: bool = False


def session() -> SqliteSession:
    return SqliteSession(sqlite3.connect(":memory:", isolation_level=None), "memory")


def loaded(statements: Sequence[str]) -> SqliteSession:
    made = session()
    for one in statements:
        made.execute(one)
    return made


def catalog(statements: Sequence[str]) -> Catalog:
    with closing(loaded(statements)) as made:
        return ENGINE.inspect(made)


def as_document(statements: Sequence[str]) -> Catalog:
    """The catalog of the same SQL when a document holds it."""
    with closing(session()) as made:
        ENGINE.load(made, [one for text in statements for one in read(text, RULES)])
        return ENGINE.inspect(made)


def judge(first: Sequence[str], second: Sequence[str]) -> Judged:
    """Lead a database from one to the other. Raises `WrongError`."""
    target = catalog(second)
    with closing(loaded(first)) as live:
        fill(live)
        current = ENGINE.inspect(live)
        before = rows(live, current)
        changes = order_changes(ENGINE.compare(current, target).changes, current, target)
        plan = assemble(current, target, changes)
        stopped = _run(live, plan)
        if stopped:
            _require(ENGINE.inspect(live).same_as(current), "a plan that stopped left something behind")
            _require(rows(live, current) == before, "a plan that stopped changed rows")
            return Judged(plan, stopped=True)
        _ends_there(live, target)
        _keeps_rows(live, current, target, before)
        _is_sound(live)
        return Judged(plan)


def fill(live: SqliteSession) -> None:
    """A few rows in each table, as far as its constraints let them in."""
    live.execute("PRAGMA foreign_keys=OFF")
    for name, kind in live.fetch("SELECT name, type FROM pragma_table_list WHERE schema = 'main'"):
        if name.startswith("sqlite_") or kind not in ("table", "virtual"):
            continue
        columns = [
            str(column)
            for column, hidden in live.fetch(f"SELECT name, hidden FROM pragma_table_xinfo('{name}')")
            if hidden == 0
        ]
        for number, row in enumerate(_ROWS):
            values = [row[at % 3] if at < 2 else row[(at + number) % 3] for at in range(len(columns))]
            if kind == "virtual" and columns[0] == "id":
                values = [number + 1, *(float(at // 2 + at % 2) for at in range(len(columns) - 1))]
            marks = ", ".join(f"${at}" for at in range(1, len(columns) + 1))
            with suppress(InvalidInput):
                live.fetch(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", *values)
    for table, rowid, *_ in live.fetch('SELECT "table", rowid FROM pragma_foreign_key_check'):
        with suppress(InvalidInput):
            live.execute(f"DELETE FROM {table}" + (f" WHERE rowid = {rowid}" if rowid is not None else ""))
    while broken := live.fetch('SELECT DISTINCT "table" FROM pragma_foreign_key_check'):
        for (table,) in broken:
            live.execute(f"DELETE FROM {table}")
    live.execute("PRAGMA foreign_keys=ON")


def rows(live: SqliteSession, there: Catalog) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    """Per table: its columns, and its rows with each value as SQLite writes it."""
    found = {}
    for one in there.objects.values():
        if one.id.kind not in ("table", "virtual_table"):
            continue
        name: str = one.name  # type: ignore[attr-defined]
        columns = tuple(
            column
            for (column,) in live.fetch(f"SELECT name FROM pragma_table_xinfo('{name}') WHERE hidden <> 1")
        )
        values = ", ".join(f"quote({written(column)})" for column in columns)
        found[name] = (columns, sorted(live.fetch(f"SELECT {values} FROM {written(name)}")))
    return found


def _run(live: SqliteSession, plan: Plan) -> bool:
    """Run all of it; True where rows stopped it, as it said they may."""
    announced = any(hazard.kind in _LATER for hazard in plan.hazards)
    for group in plan.groups:
        try:
            with live.transaction():
                for planned in group.steps:
                    ENGINE.begin_step(live, planned.step)
                    live.execute(planned.step.sql)
        except InvalidInput as error:
            data = any(one in error.message for one in _OF_ROWS)
            if announced and data and len(plan.groups) == 1:
                return True
            raise WrongError(f"a step failed: {error.message}\n{_script(plan)}") from error
    return False


def _script(plan: Plan) -> str:
    return "\n".join(step.sql for step in plan.steps)


def _require(holds: object, what: str) -> None:
    if not holds:
        raise WrongError(what)


def _ends_there(live: SqliteSession, target: Catalog) -> None:
    reached = ENGINE.inspect(live)
    left = ENGINE.compare(reached, target).changes
    _require(not left, f"a second plan has {[str(change.id) for change in left]}")
    for one in {**reached.objects, **target.objects}:
        same = reached.objects.get(one) == target.objects.get(one)
        _require(same, f"{one} is {reached.objects.get(one)}, not {target.objects.get(one)}")


def _keeps_rows(
    live: SqliteSession,
    current: Catalog,
    target: Catalog,
    before: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]],
) -> None:
    after = rows(live, target)
    for name, (columns, there) in before.items():
        if name not in after:
            continue
        old, new = (
            next(one for one in side.objects.values() if getattr(one, "name", "") == name)
            for side in (current, target)
        )
        if not (isinstance(old, Table) and isinstance(new, Table)):
            if old == new:
                _require(after[name] == before[name], f"rows of {name} changed")
            continue
        kept = [column for column in columns if column in after[name][0] and _same(old, new, column)]
        was = Counter(tuple(row[columns.index(one)] for one in kept) for row in there)
        now = Counter(tuple(row[after[name][0].index(one)] for one in kept) for row in after[name][1])
        _require(was == now, f"rows of {name} in {kept} were {was}, are {now}")


def _same(old: Table, new: Table, name: str) -> bool:
    """Whether a column's values must be the same: its type stays, it is not computed, no NULL is filled."""
    was = next(column for column in old.columns if column.name == name)
    now = next(column for column in new.columns if column.name == name)
    settled = was.nullable == now.nullable or now.nullable
    strict = old.strict == new.strict or now.type != "any"
    return was.type == now.type and not was.generated and not now.generated and settled and strict


def _is_sound(live: SqliteSession) -> None:
    _require(live.fetch("PRAGMA foreign_key_check") == [], "foreign keys are broken")
    _require(live.problems(20) == [], "the database is damaged")
