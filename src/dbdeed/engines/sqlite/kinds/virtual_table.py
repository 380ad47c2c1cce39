"""Virtual tables, above all full-text search; their shadow tables belong to them and are never seen alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Hazard, HazardKind, LockLevel, Step
from dbdeed.engines.compare import Alteration, Kind, Making
from dbdeed.engines.sqlite.definition import divided
from dbdeed.engines.sqlite.kinds.claims import claim, object_id
from dbdeed.engines.sqlite.names import fold, literal, quoted, written
from dbdeed.engines.sqlite.schema import text_of
from dbdeed.engines.sqlite.text import closing, form, lex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.compare import Context
    from dbdeed.engines.sqlite.text import Word

_FULL_TEXT = frozenset({"fts4", "fts5"})


class VirtualTable(msgspec.Struct, frozen=True, tag="virtual_table"):
    """A virtual table.

    Attributes:
        module: in lower case.
        arguments: as given to the module, in comparable form.
        columns: those of a full-text table; () for other modules, whose arguments only they understand.
        content: where a full-text table's texts are: None in itself, "" nowhere, else another table.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    columns: tuple[str, ...] = ()
    content: str | None = None

    @property
    def id(self) -> ObjectId:
        return object_id("virtual_table", self.name)

    @property
    def parent(self) -> ObjectId | None:
        return None

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return claim(self.name)


def read_virtual_table(name: str, words: Sequence[Word]) -> VirtualTable | None:
    """From `CREATE VIRTUAL TABLE name USING module(arguments)`."""
    using = next((at for at, word in enumerate(words) if at > 2 and word.key == "using"), len(words))
    if using + 1 >= len(words):
        return None
    module = fold(words[using + 1].name)
    groups = divided(words[using + 3 : closing(words, using + 2)]) if using + 2 < len(words) else []
    full_text = module in _FULL_TEXT
    return VirtualTable(
        name=name,
        module=module,
        arguments=tuple(form(group) for group in groups),
        columns=tuple(group[0].name for group in groups if full_text and not _option(group)),
        content=_content(groups) if full_text else None,
    )


def _option(group: Sequence[Word]) -> bool:
    return len(group) > 1 and group[1].key == "="


def _content(groups: Sequence[Sequence[Word]]) -> str | None:
    for group in groups:
        if _option(group) and group[0].key == "content":
            value = group[2] if len(group) > 2 else None
            return (value.name or value.raw.strip("'")) if value is not None else ""
    return None


def _create(new: VirtualTable, context: Context) -> Making:
    steps = [Step(text_of(context.target, new.id), new.id)]
    if new.content and object_id("table", new.content) in context.current.objects:
        steps.append(_fill(new))
    return Making(tuple(steps))


def _fill(new: VirtualTable) -> Step:
    """Index the rows that the other table has already ("The 'rebuild' Command" of FTS5 and FTS4)."""
    name = written(new.name)
    return Step(f"INSERT INTO {name}({name}) VALUES ({literal('rebuild')})", new.id, scans=True)


def _drop(old: VirtualTable, _context: Context) -> tuple[Step, ...]:
    holds = not old.content
    gone = Hazard(HazardKind.DESTROYS, f"Table {old.name} and all that it holds are gone.")
    return (
        Step(
            f"DROP TABLE {written(old.name)}",
            old.id,
            lock=LockLevel.EXCLUSIVE,
            hazards=(gone,) if holds else (),
            destroys=(old.id,) if holds else (),
        ),
    )


def _alter(old: VirtualTable, new: VirtualTable, context: Context) -> Alteration | None:
    """A full-text table with its own texts is copied, as a table is; any other is made again."""
    own_texts = old.content is None and new.content is None
    if old.module not in _FULL_TEXT or new.module not in _FULL_TEXT or not own_texts:
        return None
    kept = [column for column in new.columns if fold(column) in {fold(one) for one in old.columns}]
    triggers = frozenset(one.id for one in context.current.children.get(old.id, ()))
    return Alteration(tuple(_copied(old, new, kept, context)), disturbs=triggers)


def _copied(old: VirtualTable, new: VirtualTable, kept: Sequence[str], context: Context) -> Sequence[Step]:
    sql = text_of(context.target, new.id)
    name = lex(sql)[3]
    temporary = quoted(f"dbdeed_new_{new.name}")
    row = "docid" if new.module == "fts4" else "rowid"
    columns = "".join(f", {written(one)}" for one in kept)
    lost = [column for column in old.columns if fold(column) not in {fold(one) for one in kept}]
    gone = tuple(
        Hazard(HazardKind.DESTROYS, f"Column {old.name}.{one} and its texts are gone.") for one in lost
    )
    return (
        Step(sql[: name.start] + temporary + sql[name.end :], new.id),
        Step(
            f"INSERT INTO {temporary} ({row}{columns}) SELECT rowid{columns} FROM {written(old.name)}",
            new.id,
            lock=LockLevel.ACCESS_EXCLUSIVE,
            rewrites=True,
            scans=True,
            hazards=(
                Hazard(HazardKind.BLOCKS_WRITES, f"Nothing can be written while {old.name} is copied."),
            ),
        ),
        Step(
            f"DROP TABLE {written(old.name)}",
            new.id,
            lock=LockLevel.ACCESS_EXCLUSIVE,
            hazards=gone,
            destroys=tuple(_column_id(old, one) for one in lost),
        ),
        Step(f"ALTER TABLE {temporary} RENAME TO {written(new.name)}", new.id),
    )


def _column_id(table: VirtualTable, column: str) -> ObjectId:
    return ObjectId("column", (fold(table.name), fold(column)))


KIND = Kind(
    name="virtual_table", type=VirtualTable, create=_create, drop=_drop, alter=_alter, holds_data=True
)
