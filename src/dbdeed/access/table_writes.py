"""Statements that write, composed of what is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dbdeed.access.statements import Statement
from dbdeed.access.table_base import TableBase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import msgspec

    from dbdeed.access.statements import Query

_ROWS_AT_ONCE = 1024
_PARAMETERS_AT_ONCE = 30_000  # PostgreSQL takes 65,535; SQLite 32,766


class Insert(NamedTuple):
    """An insert of several rows, and which of the rows that were given these are."""

    query: Query
    places: Sequence[int]


class Copy(NamedTuple):
    """Rows that give the same columns; none of them where `columns` is empty."""

    columns: str
    rows: Iterable[Sequence[object]]


class TableWrites(TableBase):
    """Inserts, upserts and updates."""

    def insert(self, new: msgspec.Struct) -> Query:
        """One row; what is `UNSET` takes the column's default."""
        kind, values = self._given.by(new)
        if kind.insert is None:
            kind.insert = Statement(f"{self._into(kind.names)} RETURNING {self.returning}", writes=True)
        return kind.insert, values

    def insert_if_new(self, new: msgspec.Struct) -> Query:
        """One row, unless another has one of its unique keys: then nothing comes back."""
        kind, values = self._given.by(new)
        shape = ("insert if new", kind.names)
        statement = self._statements.get(shape) or self._keep(
            shape, f"{self._into(kind.names)} ON CONFLICT DO NOTHING RETURNING {self.returning}"
        )
        return statement, values

    def upsert(
        self, new: msgspec.Struct, key: tuple[str, ...], changes: msgspec.Struct | None = None
    ) -> Query:
        """One row; where another has this key, that one is changed instead, and comes back.

        Args:
            new: what is inserted.
            key: the attributes of a unique key.
            changes: what is set in a row that is there; None sets what `new` gives. A deleted row is
                restored.
        """
        kind, values = self._given.by(new)
        names = kind.names
        given: tuple[str, ...] | None = None
        if changes is not None:
            changing, changed = self._given.by(changes)
            given = changing.names
            values += changed
        shape = ("upsert", names, key, given)
        statement = self._statements.get(shape)
        if statement is None:
            mark = self._marks()
            insert = self._into(names, "present", mark)
            if given is None:
                kept = (*key, *self.key, self.version, self.updated, self.deleted)
                rest = [name for name in names if name not in kept]
                sets = [f"{self.columns[name].sql} = EXCLUDED.{self.columns[name].sql}" for name in rest]
            else:
                sets = [self._sets(name, mark) for name in given]
            sets += [f"{self.columns[self.deleted].sql} = NULL"] if self.deleted else []
            sets += self._always("present.") if sets else []
            if not sets:  # the row is only read: setting what it has makes it come back
                sets = [f"{self.columns[key[0]].sql} = EXCLUDED.{self.columns[key[0]].sql}"]
            columns = ", ".join(self.columns[name].sql for name in key)
            update = f"ON CONFLICT ({columns}) DO UPDATE SET {', '.join(sets)}"
            statement = self._keep(shape, f"{insert} {update} RETURNING {self.returning}")
        return statement, values

    def inserts(self, new: Iterable[msgspec.Struct]) -> list[Insert]:
        """Many rows that come back, in as few statements as a server takes."""
        found: list[Insert] = []
        for names, places, given in self._given.alike(new):
            rows = [*given]
            most = min(_ROWS_AT_ONCE, _PARAMETERS_AT_ONCE // len(names)) if names else 1
            start = 0
            while start < len(rows):
                # Powers of two, so that a table has few such statements to prepare.
                size = 1 << (min(most, len(rows) - start).bit_length() - 1)
                values = [value for row in rows[start : start + size] for value in row]
                query = self._rows(names, size), values
                found.append(Insert(query, places[start : start + size]))
                start += size
        return found

    def copies(self, new: Iterable[msgspec.Struct]) -> list[Copy]:
        """Many rows that do not come back, by the columns that they give."""
        return [
            Copy(", ".join(self.columns[name].sql for name in names), rows)
            for names, _, rows in self._given.alike(new)
        ]

    @property
    def defaults(self) -> Statement:
        """Inserts a row that leaves everything to the database."""
        return Statement(f"INSERT INTO {self.name} DEFAULT VALUES", writes=True)

    def update(self, key: Sequence[object], changes: msgspec.Struct, version: int | None = None) -> Query:
        """What is not `UNSET`, in the row with this key. Where nothing is given the row is only read."""
        kind, values = self._given.by(changes)
        values += key
        if version is not None:
            values.append(version)
            shape = ("update", kind.names)
            statement = self._statements.get(shape) or self._keep(
                shape, self._update(kind.names, versioned=True)
            )
            return statement, values
        if kind.update is None:
            kind.update = Statement(self._update(kind.names), writes=True)
        return kind.update, values

    def _update(self, names: Sequence[str], *, versioned: bool = False) -> str:
        mark = self._marks()
        sets = [self._sets(name, mark) for name in names]
        row = [self._sets(name, mark) for name in self.key]
        row += [self._sets(self.version, mark)] if versioned else []
        where = " AND ".join([*row, *self._there()])
        if not sets:
            # Held to write, so that it is asked of the primary: a replica may not have this version yet.
            return f"SELECT {self.returning} FROM {self.name} WHERE {where}"
        sets += self._always()
        return f"UPDATE {self.name} SET {', '.join(sets)} WHERE {where} RETURNING {self.returning}"

    def _into(self, names: Sequence[str], alias: str = "", mark: Callable[[], str] | None = None) -> str:
        table = f"{self.name} AS {alias}" if alias else self.name
        if not names:
            return f"INSERT INTO {table} DEFAULT VALUES"
        columns = ", ".join(self.columns[name].sql for name in names)
        return f"INSERT INTO {table} ({columns}) VALUES {self._row(names, mark or self._marks())}"

    def _row(self, names: Sequence[str], mark: Callable[[], str]) -> str:
        return f"({', '.join(self.columns[name].mark(mark()) for name in names)})"

    def _rows(self, names: tuple[str, ...], number: int) -> Statement:
        shape = ("rows", names, number)
        statement = self._statements.get(shape)
        if statement is None:
            mark = self._marks()
            rows = [self._into(names, "", mark), *(self._row(names, mark) for _ in range(number - 1))]
            statement = self._keep(shape, f"{', '.join(rows)} RETURNING {self.returning}")
        return statement
