"""Inserting rows whose order nobody has to think of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Session, Statement


def insert_rows(session: Session, statements: Sequence[Statement]) -> list[Statement]:
    """Insert each by itself; one that is refused is tried again after others went in. Those left over."""
    left = list(statements)
    while left:
        refused = [one for one in left if not _inserted(session, one)]
        if len(refused) == len(left):
            return refused
        left = refused
    return []


def _inserted(session: Session, statement: Statement) -> bool:
    try:
        with session.transaction():
            session.execute(statement.sql)
    except InvalidInput:
        return False
    return True
