"""Sample rows of the document, carried through a plan while it is proven: each must still be there after it.

They are never put into a live database. What the current schema does not take is left out, and so is what
belongs to a table that is empty in the live database, whose steps have the short form.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action
from dbdeed.planning.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change
    from dbdeed.engines.seam import Engine, Session, Statement
    from dbdeed.planning.forms import Empty

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_INTO = re.compile(rf"\s*insert\s+into\s+(?:{_NAME}\s*\.\s*)?({_NAME})", re.IGNORECASE)
_TEXTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_QUERY = re.compile(r"\b(?:select|with|returning|table)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Carried:
    """Rows that are in the scratch before the plan runs.

    Attributes:
        rows: per table of the current catalog, by column: its texts, None for NULL.
        left_out: how many statements the current schema did not take.
    """

    rows: Mapping[ObjectId, tuple[tuple[str, ...], list[tuple[str | None, ...]]]]
    left_out: int = 0


def plain_insert(sql: str) -> bool:
    """Whether it only inserts values that it spells out: sample rows read nothing."""
    bare = _TEXTS.sub("''", sql)
    return re.match(r"\s*insert\s+into\b", bare, re.IGNORECASE) is not None and not _QUERY.search(bare)


def put_in(
    engine: Engine, session: Session, samples: Sequence[Statement], current: Catalog, empty: Empty
) -> Carried:
    """Insert what the current schema takes, and read what is then there."""
    if not samples:
        return Carried({})
    named = {_into(one.sql) for one in samples}
    tables = [one for one in current.objects if one.kind == "table" and one.name[-1].lower() in named]
    tables = [one for one in tables if not empty(one)]
    filled = {one.name[-1].lower() for one in tables}
    fitting = [one for one in samples if plain_insert(one.sql) and _into(one.sql) in filled]
    refused = engine.insert_rows(session, fitting)
    rows = {}
    for table in tables:
        names = tuple(one.name for one in columns_of(current, table))
        found = engine.rows_as_text(session, table, names)
        if found:
            rows[table] = (names, found)
    return Carried(rows, len(samples) - len(fitting) + len(refused))


def _into(sql: str) -> str:
    found = _INTO.match(sql)
    return found.group(1).strip('"').lower() if found else ""


def lost(
    engine: Engine,
    session: Session,
    carried: Carried,
    current: Catalog,
    target: Catalog,
    renames: Sequence[Change],
) -> list[str]:
    """What the plan lost of them, one sentence for each table; a dropped table or column is no loss here."""
    found = []
    names = _new_names(renames)
    for table, (columns, rows) in carried.rows.items():
        after = names.table(table)
        if after not in target.objects:
            continue
        kept = [
            (number, names.column(table, one))
            for number, one in enumerate(columns)
            if _comparable(current, table, one, target, after, names.column(table, one), rows, number)
        ]
        there = engine.rows_as_text(session, after, [name for _, name in kept]) if kept else []
        before = Counter(tuple(row[number] for number, _ in kept) for row in rows)
        missing = (before - Counter(there)).total() if kept else 0
        if missing:
            found.append(f"{missing} of {len(rows)} sample rows of {shown(table)} are gone or changed")
    return found


def columns_of(catalog: Catalog, table: ObjectId) -> list[Any]:
    """A table's columns in order: objects of their own, or parts of the table."""
    own: list[Any] = [one for one in catalog.children.get(table, ()) if one.id.kind == "column"]
    return own or list(getattr(catalog.objects.get(table), "columns", ()))


def _comparable(
    current: Catalog,
    table: ObjectId,
    column: str,
    target: Catalog,
    after: ObjectId,
    name: str,
    rows: Sequence[tuple[str | None, ...]],
    number: int,
) -> bool:
    """Whether a column stays with its type, so that its values must be the same texts."""
    old = next(one for one in columns_of(current, table) if one.name == column)
    new = next((one for one in columns_of(target, after) if one.name == name), None)
    if new is None or old.type != new.type or old.generated or new.generated:
        return False
    needs = current.needs.get(ObjectId("column", (*table.name, column)), frozenset())
    types = [one for one in needs if one != table and one.kind not in ("table", "function", "sequence")]
    if any(current.objects.get(one) != target.objects.get(one) for one in types):
        return False  # an enum's value may have another name now
    filled = getattr(new, "not_null", False) or not getattr(new, "nullable", True)
    return not (filled and any(row[number] is None for row in rows))


@dataclass(frozen=True, slots=True)
class _NewNames:
    schemas: Mapping[str, str]
    tables: Mapping[ObjectId, ObjectId]
    columns: Mapping[ObjectId, str]

    def table(self, one: ObjectId) -> ObjectId:
        if len(one.name) > 1:
            one = ObjectId(one.kind, (self.schemas.get(one.name[0], one.name[0]), *one.name[1:]))
        return self.tables.get(one, one)

    def column(self, table: ObjectId, name: str) -> str:
        return self.columns.get(ObjectId("column", (*self.table(table).name, name)), name)


def _new_names(renames: Sequence[Change]) -> _NewNames:
    """What tables and columns are called after the declared renames, whose details have both names."""
    tables: dict[ObjectId, ObjectId] = {}
    columns: dict[ObjectId, str] = {}
    schemas: dict[str, str] = {}
    for change in renames:
        if change.action is not Action.RENAME or change.old is None:
            continue
        if change.id.kind == "schema":
            schemas[change.old.id.name[0]] = change.id.name[0]
        elif change.id.kind == "table":
            tables[change.old.id] = change.id
        elif change.id.kind == "column":
            columns[ObjectId("column", (*change.id.name[:-1], change.details[0].old))] = change.details[0].new
    return _NewNames(schemas, tables, columns)
