"""A table for two applications: its columns from before, and the new ones behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.sqlite.definition import bare, divide
from dbdeed.engines.sqlite.names import fold, quoted, written
from dbdeed.engines.sqlite.text import form
from dbdeed.engines.sqlite.types import affinity

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from dbdeed.engines.sqlite.definition import ColumnText, TableText
    from dbdeed.engines.sqlite.kinds.table import Column, Table
    from dbdeed.engines.sqlite.text import Word

_MARK = "_dbdeed"
_STOPPED = "Change it while the application is stopped (without `expand and contract` in the Strategy)."
_DEMANDS = frozenset({"check", "references", "foreign"})
_VOLATILE = frozenset({"random", "randomblob", "changes", "last_insert_rowid", "total_changes"})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns that hold the same; `told` if their one default shows which was left out.

    Computed ones nobody writes: SQLite computes each by its own expression.
    """

    table: str
    old: Column
    new: Column
    told: bool

    @property
    def computed(self) -> bool:
        return bool(self.new.generated)

    @property
    def old_id(self) -> ObjectId:
        return ObjectId("column", (fold(self.table), fold(self.old.name)))

    @property
    def new_id(self) -> ObjectId:
        return ObjectId("column", (fold(self.table), fold(self.new.name)))


@dataclass
class Altered:
    """A table that changes.

    Attributes:
        old, new: before and after.
        moved: renamed columns, folded: old name to new name.
        pairs: what is kept in step.
        given: new columns with the value that rows get which leave them out.
        text: what makes it in the middle.
        closing: what makes it when the middle comes back: as after, with the old columns.
        waits: (what, who must be gone).
    """

    old: Table
    new: Table
    moved: Mapping[str, str]
    pairs: list[Pair] = field(default_factory=list)
    given: list[tuple[Column, str]] = field(default_factory=list)
    text: str = ""
    closing: str = ""
    notes: list[str] = field(default_factory=list)
    waits: list[tuple[str, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def refuse(self, what: str, why: str, instead: str = _STOPPED) -> None:
        self.refused.append(f"column {self.old.name}.{what} {why}. {instead}")

    def wait(self, what: str, who: str) -> None:
        self.waits.append((what, who))

    def carried(self, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.moved.get(fold(one), fold(one)) for one in columns)

    def harmless(self, columns: Sequence[str]) -> bool:
        """Whether a unique key on new columns is one that the old ones have, or that NULLs pass."""
        keys = [set(self.carried(key)) for key in (self.old.primary_key, *self.old.unique) if key]
        wanted = {fold(one) for one in columns if one}
        there = {fold(one.name) for one in self.old.columns} | set(self.moved.values())
        empty = [one for one in self.new.columns if fold(one.name) in wanted - there and not one.default]
        return bool(empty) or any(key <= wanted for key in keys)

    def copies(self, taken: Container[ObjectId]) -> Iterator[tuple[str, str]]:
        """Unique indexes for keys on new columns that the old ones have, for ON CONFLICT."""
        for number, key in enumerate((self.old.primary_key, *self.old.unique)):
            columns = self.carried(key)
            if columns != tuple(map(fold, key)):
                name = f"{self.old.name}_{number}{_MARK}"
                while ObjectId("index", (fold(name),)) in taken:
                    name += _MARK
                listed = ", ".join(map(written, columns))
                yield name, f"CREATE UNIQUE INDEX {written(name)} ON {written(self.old.name)} ({listed})"


def altered(
    old: Table, new: Table, texts: tuple[str, str], moved: Mapping[str, str], values: Mapping[str, str]
) -> Altered:
    """What it is in the middle."""
    names = {fold(one.name) for one in old.columns}
    kept = {was: now for was, now in moved.items() if was in names and now not in names}
    found = Altered(old, new, kept)
    for now in moved.values():
        if now in names:
            found.refuse(now, "takes the name of another column that is there")
    if old.options != new.options or old.primary_key != tuple(one for one in new.primary_key):
        if {fold(one) for one in old.primary_key} & kept.keys():
            found.refuse(old.primary_key[0], "is renamed and is the table's key, of which there is only one")
        else:
            found.refused.append(f"table {old.name} gets other options or another key. {_STOPPED}")
        return found
    before, after = divide(texts[0]), divide(texts[1])
    assert before is not None  # it was read from there
    assert after is not None
    parts = _old_columns(found, texts, before, after) + _new_columns(found, texts[1], after, values)
    parts += _constraints(found, texts, before, after)
    found.text = _written(old.name, parts, old)
    computed = {fold(one.old.name) for one in found.pairs if one.computed}
    extra = [_bare(pair.old) for pair in found.pairs if not pair.computed]
    extra += [
        _column(texts[0], text, {"unique"})
        for column, text in zip(old.columns, before.columns, strict=True)
        if fold(column.name) in computed
    ]
    body = [texts[1][one.start : one.end] for one in after.columns] + extra
    body += [texts[1][one[0].start : one[-1].end] for one in after.constraints]
    found.closing = _written(old.name, body, new)
    return found


def _written(name: str, parts: Sequence[str], like: Table) -> str:
    options = ", ".join(one.upper() for one in like.options)
    return (
        f"CREATE TABLE {quoted(name)} (\n    "
        + ",\n    ".join(parts)
        + f"\n){' ' if options else ''}{options}"
    )


def _bare(column: Column, default: str = "") -> str:
    collate = next((f" {one}" for one in column.clauses if one.startswith("collate ")), "")
    return f"{quoted(column.name)} {column.type}{collate}" + (
        f" DEFAULT {_value(default)}" if default else ""
    )


def _value(default: str) -> str:
    return default if default.startswith(("(", "'")) else f"({default})"


def _old_columns(found: Altered, texts: tuple[str, str], before: TableText, after: TableText) -> list[str]:
    new = {fold(one.name): (one, text) for one, text in zip(found.new.columns, after.columns, strict=True)}
    parts = []
    for column, text in zip(found.old.columns, before.columns, strict=True):
        name = fold(column.name)
        if name in found.moved:
            becomes = new[found.moved[name]][0]
            if _pair(found, column, becomes):
                dropped = set() if becomes.generated else {"not"}
                found.wait(f"column {found.old.name}.{column.name}, now {becomes.name}, goes", "uses it")
                if column.nullable and not becomes.nullable:
                    found.wait(
                        f"column {found.old.name}.{becomes.name} is NOT NULL from then on", "writes NULL"
                    )
            else:
                dropped = set()
            parts.append(_column(texts[0], text, dropped))
        elif name in new:
            parts.append(_staying(found, texts, (column, text), new[name]))
        else:
            found.wait(f"column {found.old.name}.{column.name} goes", "uses it")
            free = {"check"} if column.default and column.default.lower() != "null" else {"check", "not"}
            parts.append(_column(texts[0], text, free))
    return parts


def _pair(found: Altered, old: Column, new: Column) -> bool:
    if old.generated and new.generated:
        found.pairs.append(Pair(found.old.name, old, new, told=False))
        return True
    if affinity(old.type) != affinity(new.type):
        found.refuse(old.name, f"is renamed to {new.name} and changes from {old.type} to {new.type}")
    elif old.generated or new.generated:
        found.refuse(old.name, f"is renamed to {new.name} and is computed under one of the two names only")
    else:
        volatile = any(f"{one}(" in old.default.lower().replace(" ", "") for one in _VOLATILE)
        told = old.default == new.default and not volatile
        if not told and old.default and new.nullable:
            found.refuse(
                old.name,
                f"is renamed to {new.name}, may be NULL, and has a default by which it cannot be told "
                "whether a NULL was meant",
                "Make it NOT NULL or take its default away first, in a change of its own.",
            )
        found.pairs.append(Pair(found.old.name, old, new, told))
        return True
    return False


def _staying(
    found: Altered, texts: tuple[str, str], was: tuple[Column, ColumnText], now: tuple[Column, ColumnText]
) -> str:
    """A column that both applications call by one name."""
    old, new = was[0], now[0]
    what = f"column {found.old.name}.{old.name}"
    if affinity(old.type) != affinity(new.type) or (found.old.strict and old.type != new.type):
        found.refuse(
            old.name,
            f"changes from {old.type} to {new.type}, and a column that both applications call by one name "
            "has one type",
            f"Give it a new name, with `-- renamed from: {old.name}` beside it; or, if the running "
            "application can live with the new type, change it in a file of its own, without `expand and "
            "contract` in the Strategy.",
        )
    kinds = ("collate", "generated", "as")
    if [one for one in old.clauses if one.startswith(kinds)] != [
        one for one in new.clauses if one.startswith(kinds)
    ]:
        found.refuse(old.name, "is compared or computed otherwise, and is there only once")
    dropped = {"default"} if new.default else set()
    if old.nullable and not new.nullable:
        found.wait(f"{what} is NOT NULL from then on", "writes NULL")
    elif new.nullable and not old.nullable:
        dropped.add("not")
    if old.default and not new.default:
        found.wait(f"the default of {what} goes", "leaves it out")
    demanded = {form(one) for one in now[1].clauses}
    kept = [
        one
        for one in was[1].clauses
        if bare(one)[0].key not in dropped and (bare(one)[0].key not in _DEMANDS or form(one) in demanded)
    ]
    there = {form(one) for one in was[1].clauses}
    for one in now[1].clauses:
        key = bare(one)[0].key
        if key == "default" and new.default:
            kept.append(one)
        elif key in {*_DEMANDS, "unique"} and form(one) not in there:
            found.wait(f"{what} has to be {form(one)} from then on", "writes something else")
    pieces = [_slice(texts[0], (was[1].name, *was[1].type))]
    pieces += [
        _slice(texts[1] if one in now[1].clauses and one not in was[1].clauses else texts[0], one)
        for one in kept
    ]
    return " ".join(pieces)


def _column(sql: str, text: ColumnText, dropped: Container[str]) -> str:
    """A column's definition without some of its clauses."""
    clauses = [_slice(sql, one) for one in text.clauses if bare(one)[0].key not in dropped]
    return " ".join([_slice(sql, (text.name, *text.type)), *clauses])


def _slice(sql: str, words: Sequence[Word]) -> str:
    return " ".join(word.raw for word in words) if not sql else sql[words[0].start : words[-1].end]


def _new_columns(found: Altered, sql: str, after: TableText, values: Mapping[str, str]) -> list[str]:
    there = {fold(one.name) for one in found.old.columns}
    pairs = {fold(one.new.name): one for one in found.pairs}
    parts = []
    for column, text in zip(found.new.columns, after.columns, strict=True):
        name = fold(column.name)
        if name in there or (name in found.moved.values() and name not in pairs):
            continue
        if name in pairs and column.generated:
            parts.append(_column(sql, text, {"unique", "check"}))
            continue
        if name in pairs:
            parts.append(_bare(column, column.default if pairs[name].told else ""))
            continue
        value = values.get(name, "")
        if value:
            found.given.append((column, value))
        defaulted = bool(column.default) and column.default.lower() != "null"
        dropped = (
            {"unique", "check"} | (set() if defaulted else {"not"}) | ({"references"} if defaulted else set())
        )
        if not (column.nullable or defaulted or column.generated):
            found.wait(f"column {found.old.name}.{column.name} is NOT NULL from then on", "leaves it out")
            if not value:
                found.notes.append(
                    f"Column {found.old.name}.{column.name} may be NULL until the second half; what leaves "
                    "it out until then must be filled by then, or the second half fails. (`-- backfill: "
                    "EXPRESSION` beside it fills such rows.)"
                )
        parts.append(_column(sql, text, dropped))
    return parts


def _constraints(found: Altered, texts: tuple[str, str], before: TableText, after: TableText) -> list[str]:
    """The table's own: keys stay as they are, other demands only where both states have them."""
    wanted = {form(one) for one in after.constraints}
    there = {form(one) for one in before.constraints}
    parts = []
    for one in before.constraints:
        on_moved = any(fold(word.name) in found.moved for word in one)
        if bare(one)[0].key not in _DEMANDS or on_moved or form(one) in wanted:
            parts.append(_slice(texts[0], one))
    now = set(found.moved.values())
    for one in after.constraints:
        on_moved = any(fold(word.name) in now for word in one)
        if form(one) not in there and not on_moved:
            found.wait(f"table {found.old.name} demands {form(one)} from then on", "writes something else")
    return parts
