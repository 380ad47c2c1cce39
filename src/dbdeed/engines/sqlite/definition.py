"""The parts of a CREATE TABLE text: columns, constraints, options, each with where it stands.

SQLite itself has accepted the text before it comes here, so this divides and never judges.
Source: the "CREATE TABLE" page's syntax diagrams (create-table-stmt, column-def, column-constraint).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.text import Word, closing, lex

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLE_CONSTRAINTS = frozenset({"constraint", "primary", "unique", "check", "foreign"})
_CLAUSES = frozenset(
    {"constraint", "primary", "not", "null", "unique", "check", "default", "collate", "references"}
    | {"generated", "as"}
)
# Words that begin a clause, but not right after these: NOT NULL, DEFAULT NULL, SET NULL, SET DEFAULT, …
_NOT_AFTER = {
    "null": frozenset({"not", "default", "set"}),
    "default": frozenset({"set"}),
    "as": frozenset({"always"}),
}


@dataclass(frozen=True, slots=True)
class ColumnText:
    """A column definition: its name, its type's tokens, and its clauses (`NOT NULL`, `DEFAULT 0`, …)."""

    name: Word
    type: tuple[Word, ...]
    clauses: tuple[tuple[Word, ...], ...]
    start: int
    end: int

    def clause(self, keyword: str) -> tuple[Word, ...] | None:
        """The clause that begins with this word, its CONSTRAINT name left aside."""
        return next((one for one in self.clauses if bare(one)[0].key == keyword), None)


@dataclass(frozen=True, slots=True)
class TableText:
    """A CREATE TABLE text, divided.

    Attributes:
        name: the token of the table's name.
        columns, constraints: in the order written.
        options: `STRICT`, `WITHOUT ROWID`: one group of tokens each.
        body: the position in the text right after the opening parenthesis.
    """

    name: Word
    columns: tuple[ColumnText, ...]
    constraints: tuple[tuple[Word, ...], ...]
    options: tuple[tuple[Word, ...], ...]
    body: int


def divide(sql: str) -> TableText | None:
    """The parts of a table's definition; None for `CREATE TABLE … AS SELECT` and what is no table."""
    return divide_words(lex(sql))


def divide_words(words: Sequence[Word]) -> TableText | None:
    """The same, of tokens."""
    opening = next((at for at, word in enumerate(words) if word.key == "("), len(words))
    end = closing(words, opening)
    head = words[:opening]
    if end >= len(words) or not head or "as" in (word.key for word in head):
        return None
    items = divided(words[opening + 1 : end])
    return TableText(
        name=head[-1],
        columns=tuple(_column(item) for item in items if not _constrains(item)),
        constraints=tuple(tuple(item) for item in items if _constrains(item)),
        options=tuple(tuple(item) for item in divided(words[end + 1 :])),
        body=words[opening].end,
    )


def divided(words: Sequence[Word]) -> list[list[Word]]:
    """The groups between commas that stand in no parentheses; empty ones left out."""
    groups: list[list[Word]] = [[]]
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word.key, 0)
        if word.key == "," and depth == 0:
            groups.append([])
        else:
            groups[-1].append(word)
    return [group for group in groups if group]


def _constrains(item: Sequence[Word]) -> bool:
    return item[0].key in _TABLE_CONSTRAINTS


def bare(clause: Sequence[Word]) -> Sequence[Word]:
    """A clause without its `CONSTRAINT name`."""
    return clause[2:] if clause[0].key == "constraint" and len(clause) > 2 else clause


def constraint_name(clause: Sequence[Word]) -> str:
    """The name in `CONSTRAINT name …`, or ""."""
    return clause[1].name if clause[0].key == "constraint" and len(clause) > 1 else ""


def _column(item: Sequence[Word]) -> ColumnText:
    starts = _clause_starts(item)
    type_end = starts[0] if starts else len(item)
    bounds = [*starts, len(item)]
    clauses = [tuple(item[start:end]) for start, end in zip(starts, bounds[1:], strict=True)]
    return ColumnText(item[0], tuple(item[1:type_end]), tuple(clauses), item[0].start, item[-1].end)


def _clause_starts(item: Sequence[Word]) -> list[int]:
    starts: list[int] = []
    depth = 0
    for at in range(1, len(item)):
        key = item[at].key
        depth += {"(": 1, ")": -1}.get(key, 0)
        if depth == 0 and key in _CLAUSES and not _continues(item, at, starts):
            starts.append(at)
    return starts


def _continues(item: Sequence[Word], at: int, starts: Sequence[int]) -> bool:
    """Whether the word at `at` belongs to the clause before it."""
    key, before = item[at].key, item[at - 1].key
    if starts and item[starts[-1]].key == "constraint" and at - starts[-1] <= 2:
        return True  # CONSTRAINT, its name, and the word that it names
    if key == "not" and at + 1 < len(item) and item[at + 1].key == "deferrable":
        return True
    if key == "not" and before == "default":
        return True
    return before in _NOT_AFTER.get(key, frozenset())
