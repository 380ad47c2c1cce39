"""A migration's statements as they run: pieces that commit together, and statements outside of transactions.

BEGIN and COMMIT in a file mean what they say there: what stands between them commits together. We run them
ourselves, since what we write down of our progress must commit with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.seam import Manner
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import place_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Engine, Statement
    from dbdeed.migrations.seam import Batch


@dataclass(frozen=True, slots=True)
class Piece:
    """Statements in order.

    Attributes:
        first: how many statements of the migration stand before it.
        statements: never empty.
        manners: of each.
        transactional: they commit together; else each runs by itself.
    """

    first: int
    statements: tuple[Statement, ...]
    manners: tuple[Manner, ...]
    transactional: bool

    @property
    def last(self) -> int:
        """How many statements are done after it."""
        return self.first + len(self.statements)

    def numbered(self) -> Iterator[tuple[int, Statement, Manner]]:
        """Each with its number in the migration, from 1."""
        numbers = range(self.first + 1, self.last + 1)
        yield from zip(numbers, self.statements, self.manners, strict=True)


_PLAIN = re.compile(
    r"(?:create\s+(?:unique\s+)?|alter\s+|drop\s+)(?:table|index|view)\b|(?:insert\s+into|update|delete\s+from)\b"
    r"(?![^;]*\bset_config\b)",
    re.IGNORECASE,
)


def all_plain(batches: Sequence[Batch]) -> bool:
    """Whether the statements are of the everyday kind, which leaves no setting behind."""
    return all(_PLAIN.match(one.sql) for batch in batches for one in batch.statements)


def pieces_of(engine: Engine, batches: Sequence[Batch]) -> list[Piece]:
    """The pieces of a migration. Raises `InvalidInput` for a ROLLBACK, or a transaction without an end."""
    found: list[Piece] = []
    current: list[tuple[Statement, Manner]] = []

    def flush(*, transactional: bool) -> None:
        if current:
            statements, manners = zip(*current, strict=True)
            found.append(Piece(found[-1].last if found else 0, statements, manners, transactional))
            current.clear()

    for batch in batches:
        opened: Statement | None = None
        for statement in batch.statements:
            manner = engine.manner(statement.sql)
            if manner is Manner.ROLLBACK:
                raise _no_end(statement, "A ROLLBACK in a migration undoes what stands before it.")
            if manner is Manner.BEGIN:
                flush(transactional=batch.transactional)
                opened = statement
            elif manner is Manner.COMMIT:
                flush(transactional=True)
                opened = None
            else:
                current.append((statement, manner))
        if opened is not None:
            raise _no_end(opened, "This transaction has no COMMIT.")
        flush(transactional=batch.transactional)
    return found


def _no_end(statement: Statement, message: str) -> InvalidInput:
    return InvalidInput(
        message,
        where=place_in(statement),
        hint="Leave BEGIN and ROLLBACK out: what a migration does commits together anyway.",
        code="migration-transaction",
    )
