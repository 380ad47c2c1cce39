"""How a new migration's statements stand in a plain SQL file that another tool runs too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.migrations.seam import WrittenBatch, WrittenStatement

_LONGEST_SLUG = 60
_OWN_MARK = re.compile(r"^(dbdeed|liquibase|changeset|rollback|precondition\S*|property|comment):")


def slug(description: str) -> str:
    """Words as part of a file's name: small letters, digits and single underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", description.lower()).strip("_")
    return plain[:_LONGEST_SLUG].strip("_") or "migration"


def comment(text: str) -> str:
    """One line of comment that is none of dbdeed's own marks."""
    return "-- " + _OWN_MARK.sub(r"\1 :", " ".join(text.split()))


def batches(parts: Sequence[WrittenBatch]) -> Iterator[str]:
    """Lines of statements; where some run outside of transactions, those that commit together say so."""
    mixed = any(not one.transactional for one in parts)
    for one in parts:
        together = mixed and one.transactional and len(one.statements) > 1
        if together:
            yield from ("", "BEGIN;")
        for statement in one.statements:
            yield ""
            yield from statement_lines(statement)
        if together:
            yield from ("", "COMMIT;")


def statement_lines(statement: WrittenStatement) -> Iterator[str]:
    """Its notes, and itself with its semicolon, which a comment in its last line must not swallow."""
    yield from map(comment, statement.notes)
    yield statement.sql + ("\n;" if "--" in statement.sql.rpartition("\n")[2] else ";")
