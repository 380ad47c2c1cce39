"""What a random schema is made of, and how it is written: small data, of which any part may be left out.

An index, a view, a trigger or a key that names a column which is not there is not written, so that every
schema is one that SQLite takes.
"""

from __future__ import annotations

from dataclasses import dataclass

STRICT_TYPES = ("INTEGER", "TEXT", "REAL", "BLOB", "ANY")


@dataclass(frozen=True)
class Column:
    """`generated` is the expression of a computed column, which may name the column `base`."""

    name: str
    type: str = "INTEGER"
    null: str = ""
    default: str = ""
    collate: str = ""
    check: str = ""
    unique: str = ""
    generated: str = ""
    stored: bool = False

    @property
    def sql(self) -> str:
        parts = [self.name, self.type, self.null, self.collate]
        if self.generated:
            parts.append(f"GENERATED ALWAYS AS ({self.generated}) {'STORED' if self.stored else 'VIRTUAL'}")
        elif self.default:
            parts.append(f"DEFAULT {self.default}")
        parts += [self.unique, f"CHECK ({self.check})" if self.check else ""]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Key:
    """A foreign key of `column` to `table`, whose key is `id`."""

    column: str
    table: str
    actions: str = ""


@dataclass(frozen=True)
class Table:
    """`key`: the text of the column `id` after its name; composite keys add `base`."""

    name: str
    key: str = "INTEGER PRIMARY KEY"
    composite: str = ""
    columns: tuple[Column, ...] = ()
    checks: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    keys: tuple[Key, ...] = ()
    strict: bool = False
    without_rowid: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return ("id", "base", *(column.name for column in self.columns))

    def sql(self, tables: frozenset[str]) -> str:
        inside = [f"id {self.key}", "base INTEGER" + (" NOT NULL" if self.composite else "")]
        inside += [column.sql for column in self.columns]
        inside += [self.composite] if self.composite else []
        inside += [f"CHECK ({check})" for check in self.checks]
        inside += [f"UNIQUE ({', '.join(one)})" for one in self.uniques if set(one) <= set(self.names)]
        inside += [
            f"FOREIGN KEY ({one.column}) REFERENCES {one.table} (id) {one.actions}".rstrip()
            for one in self.keys
            if one.column in self.names and one.table in tables
        ]
        options = ["STRICT"] * self.strict + ["WITHOUT ROWID"] * self.without_rowid
        return f"CREATE TABLE {self.name} ({', '.join(inside)}) {', '.join(options)}".rstrip()


@dataclass(frozen=True)
class Part:
    """An index, view or trigger: its text, with the tables and columns that must be there."""

    kind: str
    name: str
    text: str
    table: str
    columns: tuple[str, ...] = ()

    def fits(self, tables: dict[str, tuple[str, ...]]) -> bool:
        return self.table in tables and set(self.columns) <= set(tables[self.table])


@dataclass(frozen=True)
class Schema:
    """All of it; `virtual` are whole statements by name."""

    tables: tuple[Table, ...] = ()
    parts: tuple[Part, ...] = ()
    virtual: tuple[tuple[str, str], ...] = ()

    @property
    def statements(self) -> list[str]:
        # A key needs a parent that has a key of its own by that name.
        parents = frozenset(table.name for table in self.tables if not table.composite)
        found = [table.sql(parents) for table in self.tables]
        found += [sql for _, sql in self.virtual]
        there = {table.name: table.names for table in self.tables}
        for part in self.parts:
            if part.fits(there):
                found.append(part.text)
                if part.kind == "view":
                    there[part.name] = part.columns
        return found

    @property
    def sql(self) -> str:
        return "".join(f"{one};\n" for one in self.statements)
