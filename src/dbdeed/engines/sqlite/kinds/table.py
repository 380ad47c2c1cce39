"""Tables, with their columns and constraints: SQLite has no way to address either by itself.

Two tables are the same when their definitions say the same, whatever their layout, comments, case and quotes.
The order of columns matters, since `SELECT *` and `INSERT` without a list show it; the order of clauses and
table constraints does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.change import Detail, Hazard, HazardKind, LockLevel, Step
from dbdeed.engines.compare import Alteration, Kind, Making
from dbdeed.engines.sqlite.kinds.claims import claim, object_id
from dbdeed.engines.sqlite.names import written
from dbdeed.engines.sqlite.schema import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.compare import Context


class Column(msgspec.Struct, frozen=True):
    """A column.

    Attributes:
        type: as declared, in lower case; "" where none is.
        clauses: its constraints, default, collation and generation, each in comparable form, sorted.
        nullable: it has no NOT NULL, and is no key that implies it.
        default: the expression as written, "" for none.
        generated: "", "virtual" or "stored".
    """

    name: str
    type: str
    clauses: tuple[str, ...] = ()
    nullable: bool = True
    default: str = ""
    generated: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (written(self.name), self.type, *self.clauses) if part)


class ForeignKey(msgspec.Struct, frozen=True):
    """A reference, as `PRAGMA foreign_key_list` has it.

    Attributes:
        table: the parent's name, as written.
        target_columns: () where the definition leaves them out, which means the parent's primary key.
        on_delete, on_update: in lower case.
    """

    columns: tuple[str, ...]
    table: str
    target_columns: tuple[str, ...]
    on_delete: str
    on_update: str
    name: str = ""


class Table(msgspec.Struct, frozen=True, tag="table"):
    """A table.

    Attributes:
        columns: in order.
        constraints: the table's own, in comparable form, sorted.
        options: `strict`, `without rowid`, sorted.
        primary_key: its columns in the key's order.
        unique: the columns of each UNIQUE constraint, sorted.
        rowid_alias: the column that is the row's number (`INTEGER PRIMARY KEY`), or "".
    """

    name: str
    columns: tuple[Column, ...]
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rowid_alias: str = ""

    @property
    def id(self) -> ObjectId:
        return object_id("table", self.name)

    @property
    def parent(self) -> ObjectId | None:
        return None

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return claim(self.name)

    @property
    def has_rowid(self) -> bool:
        return "without rowid" not in self.options

    @property
    def strict(self) -> bool:
        return "strict" in self.options

    @property
    def autoincrement(self) -> bool:
        return any(" autoincrement" in clause for column in self.columns for clause in column.clauses)


def _create(new: Table, context: Context) -> Making:
    return Making((Step(text_of(context.target, new.id), new.id),))


def _drop(old: Table, _context: Context) -> tuple[Step, ...]:
    name = written(old.name)
    return (
        Step(
            f"DROP TABLE {name}",
            old.id,
            lock=LockLevel.EXCLUSIVE,
            hazards=(Hazard(HazardKind.DESTROYS, f"Table {old.name} and all its rows are gone."),),
            destroys=(old.id,),
        ),
    )


def _alter(old: Table, new: Table, context: Context) -> Alteration:
    from dbdeed.engines.sqlite.alter import altered

    return altered(old, new, context)


def table_details(old: Table, new: Table) -> tuple[Detail, ...]:
    """What differs, column by column, for people."""
    return tuple(_details(old, new))


def _details(old: Table, new: Table) -> Iterator[Detail]:
    if old.name != new.name:
        yield Detail("name", old.name, new.name)
    before = {object_id("column", column.name): column for column in old.columns}
    after = {object_id("column", column.name): column for column in new.columns}
    for one in dict.fromkeys((*before, *after)):
        texts = str(before.get(one, "")), str(after.get(one, ""))
        if texts[0] != texts[1]:
            yield Detail(f"column {(after.get(one) or before[one]).name}", *texts)
    kept = [[one for one in side if one in before and one in after] for side in (before, after)]
    if kept[0] != kept[1]:
        orders = [", ".join(one.name[0] for one in side) for side in kept]
        yield Detail("order of columns", *orders)
    for constraint in sorted({*old.constraints} ^ {*new.constraints}):
        gone = constraint in old.constraints
        yield Detail("constraint", constraint if gone else "", "" if gone else constraint)
    if old.options != new.options:
        yield Detail("options", ", ".join(old.options), ", ".join(new.options))


KIND = Kind(name="table", type=Table, create=_create, drop=_drop, alter=_alter, holds_data=True)
