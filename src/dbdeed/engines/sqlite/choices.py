"""Columns that take one of a closed set of texts: `CHECK (state IN ('open', 'closed'))`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.sql_text import TokenKind
from dbdeed.engines.sqlite.definition import bare
from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.text import lex
from dbdeed.engines.sqlite.types import Affinity, affinity

if TYPE_CHECKING:
    from dbdeed.engines.sqlite.kinds.table import Column, Table


def choices(table: Table, column: Column) -> tuple[str, ...]:
    """The texts that a check of the column or its table allows, in order; () where none says so."""
    if affinity(column.type, strict=table.strict) is not Affinity.TEXT:
        return ()
    for constraint in (*column.clauses, *table.constraints):
        found = _listed(constraint, column.name)
        if found:
            return found
    return ()


def _listed(constraint: str, column: str) -> tuple[str, ...]:
    """The texts of exactly `check (column in ('a', 'b'))`."""
    words = bare(lex(constraint))
    keys = [word.key for word in words]
    if len(words) < 7 or keys[:2] != ["check", "("] or keys[3:5] != ["in", "("] or keys[-2:] != [")", ")"]:
        return ()
    values = words[5:-2:2]
    separated = all(word.key == "," for word in words[6:-2:2])
    if fold(words[2].name) != fold(column) or not separated or len(words[5:-2]) % 2 == 0:
        return ()
    if not all(word.kind is TokenKind.STRING for word in values):
        return ()
    return tuple(word.raw[1:-1].replace("''", "'") for word in values)
