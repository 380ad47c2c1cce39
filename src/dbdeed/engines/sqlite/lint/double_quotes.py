"""Double quotes around what is meant as text.

`"…"` is a name. Where there is no such name SQLite takes it for a string, so that a misspelt column silently
becomes a constant. Other engines, and SQLite built without this habit, refuse it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.sql_text import TokenKind
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable
from dbdeed.engines.sqlite.names import fold, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.lint.context import Context, Written

CODE = "sqlite-double-quotes"


def check(context: Context) -> Iterator[Finding]:
    """One finding for each double-quoted word that names nothing."""
    known = _known(context)
    for written in context.statements:
        if written.kind == "virtual_table":
            continue  # its arguments are the module's own language
        names = known | _named_in(written)
        for before, word in zip(written.words, written.words[1:], strict=False):
            named = fold(word.name) in names or before.key in ("as", "constraint", "collate", ".")
            if word.kind is TokenKind.QUOTED and word.raw[0] == '"' and not named:
                place = written.place(word)
                yield Finding(
                    code=CODE,
                    severity=Severity.WARNING,
                    message=f"{word.raw} names nothing, so SQLite takes it for a text.",
                    place=place,
                    hint=f"Write {literal(word.name)}, or correct the name.",
                    fix=(Edit(place.span, literal(word.name)),) if place is not None else (),
                )


def _known(context: Context) -> frozenset[str]:
    """Every name in the database."""
    found = {"main", "temp", "rowid", "oid", "_rowid_"}
    for one in context.schema.objects.values():
        found.update(one.id.name)
        if isinstance(one, Table):
            found.update(fold(column.name) for column in one.columns)
        if isinstance(one, VirtualTable):
            found.update(map(fold, one.columns))
    return frozenset(found)


def _named_in(written: Written) -> set[str]:
    """What the statement itself names: what it makes, its aliases, its types."""
    words = written.words
    found = {fold(after.name) for word, after in itertools.pairwise(words) if word.key == "as"}
    found.update(fold(word.name) for word in words if word.kind is TokenKind.WORD)
    return found
