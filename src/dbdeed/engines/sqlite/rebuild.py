"""Changing a table by copying it: SQLite's "Making Other Kinds Of Table Schema Changes", in its order.

Keys are not enforced meanwhile (1) in a transaction (2): `SqliteSession.transaction` and `ENGINE.envelope`
see to that and to the check at the end (10 to 12). The table is made under another name (4), the rows are
copied (5), the old one is dropped (6) and the new one renamed (7). Indexes, triggers (3, 8) and views (9)
are objects of their own: whatever the drop takes with it is made again by `dbdeed.engines.compare`.

The renaming is done with `legacy_alter_table`, so that references to the table in views, triggers and other
tables' keys stay as they are written.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Hazard, HazardKind, LockLevel, Step
from dbdeed.engines.compare import Alteration
from dbdeed.engines.sqlite.definition import divide
from dbdeed.engines.sqlite.names import fold, literal, written
from dbdeed.engines.sqlite.schema import text_of
from dbdeed.engines.sqlite.text import lex
from dbdeed.engines.sqlite.types import affinity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dbdeed.engines.compare import Context
    from dbdeed.engines.sqlite.kinds.table import Column, Table

_ROWID_NAMES = ("rowid", "_rowid_", "oid")


def rebuilt(old: Table, new: Table, context: Context) -> Alteration:
    """Copy `old` into a table like `new`, with every row and column that both have."""
    return Alteration(
        steps=tuple(_steps(old, new, text_of(context.target, new.id), context)),
        disturbs=frozenset(one.id for one in context.current.children.get(old.id, ())),
    )


def _steps(old: Table, new: Table, sql: str, context: Context) -> Iterator[Step]:
    temporary = f"dbdeed_new_{new.name}"
    yield Step(renamed_definition(sql, new.name, temporary), new.id)
    pairs = list(_copied(old, new))
    if pairs:
        yield _copy(old, new, _filled(new, pairs, context), temporary, context)
    if old.autoincrement and new.autoincrement:
        yield from _counter(old, new, temporary)
    yield _drop(old, new)
    yield Step("PRAGMA legacy_alter_table=ON", new.id)
    yield Step(
        f"ALTER TABLE {written(temporary)} RENAME TO {written(new.name)}",
        new.id,
        lock=LockLevel.ACCESS_EXCLUSIVE,
    )
    yield Step("PRAGMA legacy_alter_table=OFF", new.id)


def renamed_definition(sql: str, name: str, temporary: str) -> str:
    """The definition under another name.

    Its own name as a qualifier goes: only its own columns are in reach there.
    """
    text = divide(sql)
    assert text is not None  # it was read from there
    words = [word for word in lex(sql) if word.start >= text.body]
    spans = [(text.name.start, text.name.end, written(temporary))]
    for word, after in itertools.pairwise(words):
        if after.key == "." and fold(word.name) == fold(name):
            spans.append((word.start, after.end, ""))
    for start, end, replacement in reversed(spans):
        sql = sql[:start] + replacement + sql[end:]
    return sql


def _copy(old: Table, new: Table, pairs: Sequence[tuple[str, str]], temporary: str, context: Context) -> Step:
    into = ", ".join(written(target) for target, _ in pairs)
    values = ", ".join(source for _, source in pairs)
    # OR ABORT: a constraint declared with ON CONFLICT IGNORE or REPLACE must not drop rows here in silence.
    return Step(
        f"INSERT OR ABORT INTO {written(temporary)} ({into}) SELECT {values} FROM {written(old.name)}",
        new.id,
        lock=LockLevel.ACCESS_EXCLUSIVE,
        rewrites=True,
        scans=True,
        hazards=tuple(_hazards(old, new, context)),
        changes=tuple(_converted(old, new)),
    )


def _converted(old: Table, new: Table) -> Iterator[ObjectId]:
    """Columns of another affinity: texts that look like numbers become numbers, and the like."""
    before = {fold(column.name): column for column in old.columns}
    for column in new.columns:
        was = before.get(fold(column.name))
        if was is not None and not was.generated and _other_affinity(old, new, was, column):
            yield ObjectId("column", (fold(old.name), fold(column.name)))


def _other_affinity(old: Table, new: Table, was: Column, column: Column) -> bool:
    return affinity(was.type, strict=old.strict) is not affinity(column.type, strict=new.strict)


def _filled(new: Table, pairs: Sequence[tuple[str, str]], context: Context) -> list[tuple[str, str]]:
    """(column of the new table, value of a row of the old one), with the document's where there is none."""
    values = {target: written(source) for target, source in pairs}
    for column in new.columns:
        value = context.value_for(ObjectId("column", (fold(new.name), fold(column.name))))
        if value and not column.generated:
            there = values.get(column.name)
            values[column.name] = f"coalesce({there}, ({value}))" if there else f"({value})"
    return list(values.items())


def _copied(old: Table, new: Table) -> Iterator[tuple[str, str]]:
    """(column of the new table, column of the old one); the row's number first where it has no column."""
    before = {fold(column.name): column for column in old.columns}
    shared = [column for column in new.columns if fold(column.name) in before and not column.generated]
    alias_copied = fold(new.rowid_alias) in {fold(column.name) for column in shared}
    names = rowid_name(new), rowid_name(old)
    if old.has_rowid and new.has_rowid and not alias_copied and names[0] and names[1]:
        yield names
    for column in shared:
        yield column.name, before[fold(column.name)].name


def rowid_name(table: Table) -> str:
    """A name of the row's number that no column hides, or ""."""
    taken = {fold(column.name) for column in table.columns}
    return next((name for name in _ROWID_NAMES if name not in taken), "")


def _counter(old: Table, new: Table, temporary: str) -> Iterator[Step]:
    """AUTOINCREMENT never gives out a number again, not even one whose row is gone."""
    yield Step(f"DELETE FROM sqlite_sequence WHERE name = {literal(temporary)}", new.id)
    yield Step(
        f"INSERT INTO sqlite_sequence (name, seq) SELECT {literal(temporary)}, seq FROM sqlite_sequence"
        f" WHERE name = {literal(old.name)}",
        new.id,
    )


def _drop(old: Table, new: Table) -> Step:
    kept = {fold(column.name) for column in new.columns if not column.generated}
    lost = [column for column in old.columns if fold(column.name) not in kept and not column.generated]
    return Step(
        f"DROP TABLE {written(old.name)}",
        new.id,
        lock=LockLevel.ACCESS_EXCLUSIVE,
        hazards=tuple(
            Hazard(HazardKind.DESTROYS, f"Column {old.name}.{column.name} and its values are gone.")
            for column in lost
        ),
        destroys=tuple(ObjectId("column", (fold(old.name), fold(column.name))) for column in lost),
    )


def _hazards(old: Table, new: Table, context: Context) -> Iterable[Hazard]:
    yield Hazard(HazardKind.REWRITES, f"All rows of {old.name} are copied.")
    yield Hazard(HazardKind.BLOCKS_WRITES, f"Nothing can be written while {old.name} is copied.")
    before = {fold(column.name): column for column in old.columns}
    for column in new.columns:
        valued = context.value_for(ObjectId("column", (fold(new.name), fold(column.name))))
        if not (valued and fold(column.name) not in before):
            yield from _column_hazards(old, new, before.get(fold(column.name)), column)
    for constraint in new.constraints:
        if constraint not in old.constraints:
            yield Hazard(HazardKind.MAY_FAIL, f"Every row of {new.name} must satisfy: {constraint}.")
    if new.strict and not old.strict:
        yield Hazard(HazardKind.MAY_FAIL, f"Every value in {new.name} must be of its column's type (STRICT).")


def _column_hazards(old: Table, new: Table, before: Column | None, column: Column) -> Iterator[Hazard]:
    name = f"{new.name}.{column.name}"
    if before is None:
        if (
            not column.nullable
            and column.default.lower() in ("", "null")
            and not column.generated
            and column.name != new.rowid_alias
        ):
            yield Hazard(
                HazardKind.MAY_FAIL,
                f"{name} is new and NOT NULL without a default: the table must be empty.",
            )
        if column.default or column.generated:  # else every row has NULL, which breaks no key
            demands = [clause for clause in column.clauses if _demands(clause)]
            yield from (
                Hazard(HazardKind.MAY_FAIL, f"Every row must satisfy {name}: {one}.") for one in demands
            )
        return
    if before.nullable and not column.nullable:
        yield Hazard(HazardKind.MAY_FAIL, f"{name} becomes NOT NULL: no row may have NULL there.")
    if old.strict and new.strict and before.type != column.type != "any":
        yield Hazard(HazardKind.MAY_FAIL, f"Every value in {name} must be {column.type.upper()} (STRICT).")
    for clause in column.clauses:
        if clause not in before.clauses and _demands(clause):
            yield Hazard(HazardKind.MAY_FAIL, f"Every row must satisfy {name}: {clause}.")
    if _other_affinity(old, new, before, column):
        yield Hazard(
            HazardKind.CHANGES_VALUES,
            f"{name} goes from {before.type or 'no type'} to {column.type or 'no type'}:"
            " values that look like the new type are stored as it.",
        )


def _demands(clause: str) -> bool:
    """Whether a column's clause can be violated by a row."""
    words = clause.split(" ")
    start = words[2] if words[0] == "constraint" and len(words) > 2 else words[0]
    return start.startswith(("primary", "unique", "check", "references"))
