"""Hypothesis strategies: a schema, and a second one that came of it by some changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st
from tests.engines.sqlite.random_schemas.shapes import STRICT_TYPES, Column, Key, Part, Schema, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

TABLES = ("alpha", "beta", "gamma")
COLUMNS = ("a", "b", "c", "d")
TYPES = ("INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC", "varchar(10)", "", "DECIMAL(5,2)")
CONFLICTS = ("", "", " ON CONFLICT IGNORE", " ON CONFLICT REPLACE", " ON CONFLICT ABORT")
DEFAULTS = ("", "0", "'x'", "-1", "(1 + 2)", "NULL", "CURRENT_TIMESTAMP", "x'00'")
ACTIONS = (
    "", "ON DELETE CASCADE", "ON UPDATE SET NULL", "ON DELETE SET DEFAULT ON UPDATE CASCADE",
    "DEFERRABLE INITIALLY DEFERRED", "ON DELETE RESTRICT",
)  # fmt: skip
KEYS = (
    "INTEGER PRIMARY KEY",
    "INTEGER PRIMARY KEY AUTOINCREMENT",
    "INTEGER NOT NULL UNIQUE",
    "TEXT PRIMARY KEY",
)
VIRTUAL = (
    "CREATE VIRTUAL TABLE {} USING fts5(title, body)",
    "CREATE VIRTUAL TABLE {} USING fts5(title, body, tag UNINDEXED, tokenize = 'porter')",
    "CREATE VIRTUAL TABLE {} USING fts5(body, prefix = '2 3')",
    "CREATE VIRTUAL TABLE {} USING rtree(id, x0, x1)",
    "CREATE VIRTUAL TABLE {} USING rtree(id, x0, x1, y0, y1)",
)


@dataclass(frozen=True)
class Draw:
    """Choices that hypothesis can shrink: to the first, to no."""

    draw: Any

    def pick(self, choices: Sequence[T]) -> T:
        return self.draw(st.sampled_from(choices))  # type: ignore[no-any-return]

    def chance(self, in_ten: int) -> bool:
        return bool(self.draw(st.integers(0, 9)) >= 10 - in_ten)

    def some(self, choices: Sequence[T]) -> list[T]:
        return [one for one in choices if self.chance(5)]

    def column(self, name: str, *, strict: bool) -> Column:
        type_ = self.pick(STRICT_TYPES if strict else TYPES)
        if self.chance(2):
            type_ = "INTEGER" if strict else type_  # STRICT does not hold what it computes against its type
            return Column(name, type_, generated=self.pick(("base + 1", "abs(base)")), stored=self.chance(5))
        default = self.pick(DEFAULTS) if self.chance(5) else ""
        if strict and default:
            default = {"INTEGER": "7", "REAL": "1.5", "TEXT": "'x'", "BLOB": "x'00'", "ANY": "3"}[type_]
        return Column(
            name,
            type_,
            null=f"NOT NULL{self.pick(CONFLICTS)}" if self.chance(3) else "",
            default=default,
            collate=self.pick(("", "COLLATE NOCASE", "COLLATE RTRIM")),
            check=f"{name} IS NOT 99" if self.chance(2) else "",
            unique=f"UNIQUE{self.pick(CONFLICTS)}" if self.chance(1) else "",
        )

    def table(self, name: str) -> Table:
        strict = self.chance(3)
        composite = ""
        if self.chance(2):
            composite = f"PRIMARY KEY (id, base){self.pick(CONFLICTS)}"
        columns = tuple(self.column(one, strict=strict) for one in self.some(COLUMNS))
        key = "INTEGER NOT NULL" if composite else self.pick(KEYS)
        keyed = bool(composite) or ("PRIMARY" in key and "AUTOINCREMENT" not in key)
        plain = [one.name for one in columns if not one.generated]
        return Table(
            name,
            key,
            composite,
            columns,
            checks=tuple(self.some(("id <> -5", "base IS NOT 77"))),
            uniques=(("base", *plain[:1]),) if self.chance(2) else (),
            keys=tuple(Key("base", one, self.pick(ACTIONS)) for one in TABLES if self.chance(2)),
            strict=strict,
            without_rowid=keyed and self.chance(3),
        )

    def parts(self, tables: Sequence[Table]) -> tuple[Part, ...]:
        found = [one for table in tables for one in (*self.indexes(table), *self.triggers(table))]
        return (*found, *(one for table in tables for one in self.views(table)))

    def indexes(self, table: Table) -> list[Part]:
        found = []
        for number in range(2):
            if self.chance(4):
                column = self.pick(table.names)
                how = self.pick(
                    ("{}", "{} DESC", "{} COLLATE NOCASE", "lower({})", "{}, id", "coalesce({}, 1)")
                )
                where = self.pick(("", f" WHERE {column} IS NOT NULL", " WHERE id > 3"))
                name = f"{table.name}_i{number}"
                text = f"CREATE INDEX {name} ON {table.name} ({how.format(column)}){where}"
                found.append(Part("index", name, text, table.name, (column,)))
        return found

    def triggers(self, table: Table) -> list[Part]:
        if not self.chance(3):
            return []
        column = self.pick(table.names)
        event = self.pick(("INSERT", "DELETE", "UPDATE", f"UPDATE OF {column}"))
        row = "OLD" if event == "DELETE" else "NEW"
        when = self.pick(("", f" WHEN {row}.{column} IS NOT NULL"))
        name = f"{table.name}_t"
        head = f"CREATE TRIGGER {name} {self.pick(('AFTER', 'BEFORE'))} {event} ON {table.name}"
        text = (
            f"{head} FOR EACH ROW{when} BEGIN SELECT {row}.{column}; SELECT count(*) FROM {table.name}; END"
        )
        return [Part("trigger", name, text, table.name, (column,))]

    def views(self, table: Table) -> list[Part]:
        if not self.chance(3):
            return []
        columns = ("id", *self.some(table.names[1:]))
        name = f"{table.name}_v"
        found = [
            Part("view", name, f"CREATE VIEW {name} AS SELECT {', '.join(columns)} FROM {table.name}",
                 table.name, columns)
        ]  # fmt: skip
        if self.chance(4):
            text = f"CREATE VIEW {name}2 (n) AS SELECT id FROM {name} WHERE id > {self.pick(('1', '2'))}"
            found.append(Part("view", f"{name}2", text, name, ("id",)))
        if self.chance(4):
            text = f"CREATE TRIGGER {name}_t INSTEAD OF INSERT ON {name} BEGIN SELECT NEW.id; END"
            found.append(Part("trigger", f"{name}_t", text, name, ("id",)))
        return found

    def virtual(self) -> tuple[tuple[str, str], ...]:
        return tuple((one, self.pick(VIRTUAL).format(one)) for one in ("notes", "boxes") if self.chance(2))

    def schema(self) -> Schema:
        tables = tuple(self.table(one) for one in TABLES if self.chance(7))
        return Schema(tables, self.parts(tables), self.virtual())

    def changed(self, one: Schema) -> Schema:
        """Some of it as it is, some changed, some gone, some new."""
        tables = [found for table in one.tables for found in self.changed_table(table)]
        kept = {table.name for table in one.tables}
        tables += [self.table(name) for name in TABLES if name not in kept and self.chance(4)]
        parts = tuple(part for part in one.parts if self.chance(7))
        names = {part.name for part in parts}
        parts += tuple(part for part in self.parts(tables) if part.name not in names)
        virtual = one.virtual if self.chance(6) else self.virtual()
        return Schema(tuple(tables), _in_order(parts), virtual)

    def changed_table(self, one: Table) -> list[Table]:
        if self.chance(1):
            return []
        if self.chance(4):
            return [one]
        fresh = self.table(one.name)
        columns = [column for column in one.columns if self.chance(8)]
        new = [column for column in fresh.columns if column.name not in {each.name for each in columns}]
        redrawn = {column.name: column for column in fresh.columns if self.chance(3)}
        columns = [redrawn.get(column.name, column) for column in columns]
        columns = [*new, *columns] if self.chance(3) else [*columns, *new]
        if one.strict:  # a column of another table's may not fit
            columns = [column for column in columns if column.type in STRICT_TYPES and _strict(column)]
        fields = self.some(("checks", "uniques", "keys"))
        return [replace(one, columns=tuple(columns), **{name: getattr(fresh, name) for name in fields})]


def _strict(column: Column) -> bool:
    """Whether a STRICT table can take what it defaults to or computes."""
    fits = {"INTEGER": ("7",), "REAL": ("1.5",), "TEXT": ("'x'",), "BLOB": ("x'00'",), "ANY": ("3",)}
    return column.default in ("", *fits[column.type]) and (not column.generated or column.type == "INTEGER")


def _in_order(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Views on tables before views on views, and triggers last."""
    ranks = {"index": 0, "view": 1, "trigger": 3}
    return tuple(sorted(parts, key=lambda part: (ranks[part.kind], part.name.endswith("2"))))


@st.composite
def schemas(draw: Any) -> Schema:
    return Draw(draw).schema()


@st.composite
def pairs(draw: Any) -> tuple[Schema, Schema]:
    """Two schemas, the second mostly the first with changes."""
    drawing = Draw(draw)
    first = drawing.schema()
    return first, drawing.changed(first) if drawing.chance(8) else drawing.schema()
