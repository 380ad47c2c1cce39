"""How a new migration's statements stand in a plain SQL file that another tool runs too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.migrations.seam import WrittenBatch

_LONGEST_SLUG = 60
_OWN_MARK = re.compile(
    r"(?:dbdeed|liquibase|changeset|rollback|preconditions?\b|property|comments?|ignore\w*|validchecksum)\b",
    re.IGNORECASE,
)


def slug(description: str) -> str:
    """Words as part of a file's name: small letters, digits and single underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", description.lower()).strip("_")
    return plain[:_LONGEST_SLUG].strip("_") or "migration"


def comment(text: str) -> str:
    """One line of comment that no tool takes for a mark of its own."""
    line = " ".join(text.split())
    return f"-- Note: {line}" if _OWN_MARK.match(line) else f"-- {line}"


def batches(
    parts: Sequence[WrittenBatch], *, begin: str = "BEGIN", end: str = ";", mixed: bool | None = None
) -> Iterator[str]:
    """Lines of statements; where some run outside of transactions, those that commit together say so.

    Args:
        parts: of one way of a migration.
        begin: how a transaction begins.
        end: what ends a statement; other than a semicolon it stands in a line of its own.
        mixed: transactions are said; None where the parts themselves tell.
    """
    mixed = any(not one.transactional for one in parts) if mixed is None else mixed
    for one in parts:
        together = mixed and one.transactional and len(one.statements) > 1
        if together:
            yield from ("", *_ended(begin, end))
        for statement in one.statements:
            yield ""
            yield from map(comment, statement.notes)
            yield from _ended(statement.sql, end)
        if together:
            yield from ("", *_ended("COMMIT", end))


def _ended(sql: str, end: str) -> Iterator[str]:
    """A comment in the last line must not swallow a semicolon."""
    yield from (
        (sql + ";").split("\n")
        if end == ";" and "--" not in sql.rpartition("\n")[2]
        else (
            *sql.split("\n"),
            end,
        )
    )
