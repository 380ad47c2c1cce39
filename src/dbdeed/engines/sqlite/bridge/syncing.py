"""Two columns of one SQLite table that are kept in step by triggers, whichever of them is written.

A trigger of SQLite cannot change the row that is about to be written; these write the other column right
after. While one of them does, the one for the other column finds nothing left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.sqlite.names import fold, written

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from dbdeed.engines.sqlite.bridge.tables import Altered, Pair
    from dbdeed.engines.sqlite.kinds.table import Table

_LAST = "zz_"


def triggers(one: Altered, taken: Container[ObjectId]) -> Iterator[tuple[str, str]]:
    """Names and statements."""
    for number, (moment, condition, sets) in enumerate(_all(one), 1):
        name = f"{_LAST}{one.old.name}_{number}_dbdeed"
        while ObjectId("trigger", (fold(name),)) in taken:
            name += "_"
        table = written(one.old.name)
        head = f"CREATE TRIGGER {written(name)} AFTER {moment} ON {table} WHEN {condition}"
        yield name, f"{head}\nBEGIN\n    UPDATE {table} SET {sets} AND {_row(one.old)};\nEND"


def _all(one: Altered) -> Iterator[tuple[str, str, str]]:
    """(moment, condition, `column = value WHERE …`)."""
    for pair in one.pairs:
        if not pair.computed:
            yield from _in_step(pair)
    for column, expression in one.given:
        if not column.nullable:
            name = written(column.name)
            yield "INSERT", f"NEW.{name} IS NULL", f"{name} = ({expression}) WHERE {name} IS NULL"
            yield f"UPDATE OF {name}", f"NEW.{name} IS NULL", f"{name} = ({expression}) WHERE {name} IS NULL"


def _in_step(pair: Pair) -> Iterator[tuple[str, str, str]]:
    old, new = written(pair.old.name), written(pair.new.name)
    default = f"({pair.new.default})" if pair.told and pair.new.default else "NULL"
    to_old = f"{old} = NEW.{new} WHERE {_differs(old, f'NEW.{new}')}"
    to_new = f"{new} = NEW.{old} WHERE {_differs(new, f'NEW.{old}')}"
    apart = _differs(f"NEW.{old}", f"NEW.{new}")
    left_out = f"NEW.{new} IS {default} COLLATE BINARY"
    yield "INSERT", f"{apart} AND NOT ({left_out})", to_old
    yield "INSERT", f"{apart} AND {left_out}", to_new
    yield f"UPDATE OF {new}", _differs(f"NEW.{new}", f"OLD.{new}"), to_old
    unchanged = f"NEW.{new} IS OLD.{new} COLLATE BINARY"
    yield f"UPDATE OF {old}", f"{_differs(f'NEW.{old}', f'OLD.{old}')} AND {unchanged}", to_new


def _differs(one: str, other: str) -> str:
    return f"{one} IS NOT {other} COLLATE BINARY"


def _row(table: Table) -> str:
    """What finds the row that was written."""
    if table.has_rowid:
        taken = {fold(column.name) for column in table.columns}
        free = next((name for name in ("rowid", "oid", "_rowid_") if name not in taken), "rowid")
        return f"{free} = NEW.{free}"
    return " AND ".join(f"{written(name)} = NEW.{written(name)}" for name in table.primary_key)
