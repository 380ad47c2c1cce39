"""Two applications on one file: the state in which both that from before and that from after work.

Put together as text, and read by SQLite in a database of its own.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbdeed.engines.change import LockLevel, Step
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.seam import Bridge
from dbdeed.engines.sqlite.bridge import syncing, tables
from dbdeed.engines.sqlite.guard import guard
from dbdeed.engines.sqlite.inspect import inspect
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import fold, written
from dbdeed.engines.sqlite.schema import Schema, text_of
from dbdeed.engines.sqlite.session import memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Backfill, Session
    from dbdeed.engines.sqlite.bridge.tables import Altered
    from dbdeed.engines.sqlite.session import SqliteSession

_ORDER = ("table", "virtual_table", "index", "view", "trigger")
_APART = (
    "In SQLite a view under the old name would give the running application no `last_insert_rowid` and no "
    "ON CONFLICT. Rename it in a change of its own, while the application is stopped (without `expand and "
    "contract` in the Strategy)."
)


@dataclass
class _Work:
    before: Schema
    target: Schema
    texts: dict[ObjectId, str]
    notes: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def wait(self, what: str, who: str) -> None:
        self.waits.append(f"{what}: no application may be left that {who}")


def bridge(
    session: Session,
    target: Catalog,
    renames: Sequence[tuple[ObjectId, ObjectId]],
    backfills: Mapping[ObjectId, Backfill],
) -> Bridge:
    """See `Engine.bridge`."""
    before = inspect(session)
    assert isinstance(target, Schema)
    work = _Work(before, target, {one: text_of(before, one) for one in before.objects})
    work.refused += [
        f"table {old.name[0]} is renamed to {new.name[0]}. {_APART}"
        for old, new in renames
        if new.kind != "column"
    ]
    altered = {one.old.id: one for one in _altered(work, renames, backfills)}
    for one in altered.values():
        work.texts[one.old.id] = one.text
        work.refused += one.refused
        work.notes += one.notes
        work.waits += [f"{what}: no application may be left that {who}" for what, who in one.waits]
    _others(work, altered)
    if work.refused:
        return Bridge(before, refusals=tuple(work.refused))
    for one in altered.values():
        work.texts |= {object_id("index", name): sql for name, sql in one.copies(work.texts)}
    triggers: dict[ObjectId, str] = {}
    for one in altered.values():
        triggers |= {object_id("trigger", name): sql for name, sql in syncing.triggers(one, work.texts)}
    middle = _read({**work.texts, **triggers})
    opening = {key for key, one in altered.items() if one.pairs or one.given}
    back = [one for one in altered.values() if one.pairs]
    closing_texts = {**{one: text_of(target, one) for one in target.objects if one.kind == "table"}}
    closing_texts |= {one.old.id: one.closing for one in back}
    return Bridge(
        middle,
        opening=(_fragment(middle, opening),) if opening else (),
        fills=tuple(step for one in altered.values() for step in _fills(one)),
        synced=tuple((pair.old_id, pair.new_id) for one in altered.values() for pair in one.pairs),
        keeping=frozenset(triggers),
        closing=(_fragment(_read(closing_texts), {one.old.id for one in back}),) if back else (),
        refills=tuple(step for one in back for step in _refills(one)),
        notes=tuple(work.notes),
        waits=tuple(work.waits),
    )


def _altered(
    work: _Work,
    renames: Sequence[tuple[ObjectId, ObjectId]],
    backfills: Mapping[ObjectId, Backfill],
) -> Iterator[Altered]:
    for one, old in work.before.objects.items():
        new = work.target.objects.get(one)
        if isinstance(old, Table) and isinstance(new, Table) and old != new:
            moved = {
                was.name[1]: is_.name[1]
                for was, is_ in renames
                if is_.kind == "column" and is_.name[0] == one.name[0]
            }
            values = {
                key.name[1]: value.expression
                for key, value in backfills.items()
                if key.name[0] == one.name[0]
            }
            yield tables.altered(
                old, new, (text_of(work.before, one), text_of(work.target, one)), moved, values
            )


def _others(work: _Work, altered: Mapping[ObjectId, Altered]) -> None:
    """What is no table."""
    for one, old in work.before.objects.items():
        new = work.target.objects.get(one)
        if one in altered or new == old:
            continue
        if new is None:
            on: Any = getattr(old, "table", "")
            with_column = one.kind == "index" and altered and _moved(altered.get(object_id("table", on)), old)
            if not with_column:
                work.wait(f"{one.kind} {old.name} goes", "uses it")  # type: ignore[attr-defined]
        else:
            _changed(work, one, old, new, altered)
    for one, new in work.target.objects.items():
        if one not in work.before.objects:
            if one.kind == "index" and _demands(work, new, altered):
                work.wait(f"index {new.name} is added", "writes what it forbids")  # type: ignore[attr-defined]
            else:
                work.texts[one] = text_of(work.target, one)


def _moved(table: Altered | None, index: Any) -> bool:
    return table is not None and any(fold(name) in table.moved for name in index.columns)


def _changed(work: _Work, one: ObjectId, old: Any, new: Any, altered: Mapping[ObjectId, Altered]) -> None:
    if one.kind == "view":
        were, are = _columns_of(work.before, old.name), _columns_of(work.target, new.name)
        if were and are[: len(were)] == were:
            work.texts[one] = text_of(work.target, one)
            return
        work.refused.append(
            f"view {old.name} changes, and not only by columns behind those that it has; both applications "
            "would call it by one name. Make the new one under a name of its own beside it, and let the old "
            "one go in a later change."
        )
    elif one.kind == "virtual_table":
        work.refused.append(
            f"virtual table {old.name} changes, and is made anew for that. Change it while the application "
            "is stopped (without `expand and contract` in the Strategy)."
        )
    elif one.kind == "index":
        if _moved(altered.get(object_id("table", old.table)), old):
            return  # each column has its own
        if old.unique or new.unique:
            work.wait(f"index {new.name} changes", "writes what it forbids, or names it in ON CONFLICT")
        else:
            work.texts[one] = text_of(work.target, one)
    else:
        work.texts[one] = text_of(work.target, one)


def _columns_of(schema: Schema, view: str) -> list[str]:
    """The names of a view's columns; none where it cannot be read."""
    with closing(_made(schema.texts)) as session:
        try:
            return [fold(row[0]) for row in session.fetch("SELECT name FROM pragma_table_info($1)", view)]
        except SqlRejected:
            return []


def _demands(work: _Work, new: Any, altered: Mapping[ObjectId, Altered]) -> bool:
    """Whether what the application from before writes could break an index."""
    table = object_id("table", new.table)
    if not new.unique or table not in work.before.objects:
        return False
    there = altered.get(table)
    return not (there is not None and there.harmless(new.columns))


def _fills(one: Altered) -> Iterator[Step]:
    for pair in one.pairs:
        if not pair.computed:
            yield _filling(one, pair.new.name, written(pair.old.name))
    for column, expression in one.given:
        yield _filling(one, column.name, f"({expression})")


def _refills(one: Altered) -> Iterator[Step]:
    for pair in one.pairs:
        if not pair.computed:
            yield _filling(one, pair.old.name, written(pair.new.name))


def _filling(one: Altered, column: str, value: str) -> Step:
    sql = f"UPDATE {written(one.old.name)} SET {written(column)} = {value}"
    return Step(sql, one.old.id, lock=LockLevel.EXCLUSIVE, scans=True)


def _fragment(catalog: Schema, ids: set[ObjectId]) -> Schema:
    return Schema(
        catalog.engine,
        catalog.version,
        {one: catalog.objects[one] for one in ids},
        {one: catalog.needs.get(one, frozenset()) for one in ids},
        texts={one: catalog.texts[one] for one in ids},
    )


def _read(texts: Mapping[ObjectId, str]) -> Schema:
    """What SQLite makes of it."""
    with closing(_made(texts)) as session:
        return inspect(session)


def _made(texts: Mapping[ObjectId, str]) -> SqliteSession:
    """A database of its own with these objects; the caller closes it."""
    session = memory("the state in between")
    guard(session)
    for one in sorted(texts, key=lambda one: _ORDER.index(one.kind)):
        session.execute(texts[one])
    return session
