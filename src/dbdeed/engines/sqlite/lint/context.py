"""What the rules look at: the statements as written, and what the engine made of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.place import place_of
from dbdeed.engines.sqlite.text import lex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.document.source import Place
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.seam import Statement
    from dbdeed.engines.sqlite.kinds.table import Column
    from dbdeed.engines.sqlite.schema import Schema
    from dbdeed.engines.sqlite.session import SqliteSession
    from dbdeed.engines.sqlite.text import Word

_BETWEEN = frozenset({"temp", "temporary", "unique", "virtual"})
_KINDS = frozenset({"table", "index", "view", "trigger"})


@dataclass(frozen=True)
class Written:
    """A statement and its tokens.

    Attributes:
        number: its place among all.
        kind: of what it creates, as ids have it; "" where it creates nothing.
        creates: the token with the created object's name.
    """

    statement: Statement
    number: int
    words: Sequence[Word]
    kind: str = ""
    creates: Word | None = None

    @classmethod
    def of(cls, statement: Statement, number: int = 0) -> Written:
        words = lex(statement.sql)
        kind, name = created(words)
        return cls(statement, number, words, kind, name)

    @property
    def first(self) -> str:
        """The first word, in lower case."""
        return self.words[0].key if self.words else ""

    @property
    def id(self) -> ObjectId | None:
        return object_id(self.kind, self.creates.name) if self.creates is not None else None

    def place(self, word: Word | None = None) -> Place | None:
        """Where a token of it stands, or all of it."""
        if word is None:
            return place_of(self.statement)
        return place_of(self.statement, word.start, word.end)


def all_written(statements: Sequence[Statement]) -> list[Written]:
    numbers = count()
    return [Written.of(one, next(numbers)) for one in statements]


def created(words: Sequence[Word]) -> tuple[str, Word | None]:
    """What `CREATE … name` makes."""
    if not words or words[0].key != "create":
        return "", None
    at = 1
    while at < len(words) and words[at].key in _BETWEEN:
        at += 1
    if at >= len(words) or words[at].key not in _KINDS:
        return "", None
    kind = "virtual_table" if "virtual" in (word.key for word in words[1:at]) else words[at].key
    at += 1
    if [word.key for word in words[at : at + 3]] == ["if", "not", "exists"]:
        at += 3
    if at + 2 < len(words) and words[at + 1].key == ".":
        at += 2
    return kind, words[at] if at < len(words) else None


@dataclass(frozen=True)
class Context:
    """A loaded document.

    Attributes:
        session: the scratch database that holds it; rules leave it as they find it.
        schema: its catalog.
        statements: in document order.
    """

    session: SqliteSession
    schema: Schema
    statements: Sequence[Written]

    @cached_property
    def by_object(self) -> Mapping[ObjectId, Written]:
        """The statement that made each object: the first one of its name."""
        found: dict[ObjectId, Written] = {}
        for one in self.statements:
            if one.id is not None:
                found.setdefault(one.id, one)
        return found

    def tables(self) -> Iterator[tuple[Table, Written]]:
        """Tables with the statements that made them."""
        for one in self.schema.objects.values():
            if isinstance(one, Table) and one.id in self.by_object:
                yield one, self.by_object[one.id]

    def columns(self) -> Iterator[tuple[Table, Column, Written, Word | None]]:
        """Columns with the statement and the token that name them."""
        for table, written in self.tables():
            for column in table.columns:
                yield table, column, written, column_word(written, column.name)


def column_word(written: Written, column: str) -> Word | None:
    """Where a column is named in a CREATE TABLE: after the opening parenthesis or a comma."""
    for before, word in zip(written.words, written.words[1:], strict=False):
        if before.key in ("(", ",") and fold(word.name) == fold(column):
            return word
    return None


def type_word(written: Written, name: Word | None) -> Word | None:
    """The first token of a column's type, given the token of its name."""
    found = next((at for at, word in enumerate(written.words) if word is name), len(written.words))
    return written.words[found + 1] if found + 1 < len(written.words) else name
