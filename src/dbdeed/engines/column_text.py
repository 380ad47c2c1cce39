"""A column's text, clause by clause: a change is carried into the line that a person wrote."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dbdeed.engines.sql_text import TokenKind, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.sql_text import LexicalRules, Token

Clause = tuple[str, int, int, tuple[str, ...]]
"""(what it is, where it begins, where it ends, its words)."""

_STARTS = frozenset(
    {"constraint", "not", "null", "default", "primary", "unique", "check", "references", "collate"}
    | {"generated", "as", "storage", "compression", "options"}
)
# Words that begin a clause, but not right after these.
_NOT_AFTER = {
    "null": frozenset({"not", "default", "set"}),
    "default": frozenset({"set", "by"}),
    "as": frozenset({"always", "default"}),
    "not": frozenset({"nulls", "default"}),
}
CONSTRAINTS = {
    "primary": ("primary", "key"),
    "unique": ("unique",),
    "check": ("check",),
    "references": ("foreign", "key"),
}


def clauses(text: str, rules: LexicalRules) -> list[Clause]:
    """The clauses of a column's definition behind its name; the type comes first, and may be empty."""
    real = [one for one in tokens(text, rules) if one.kind not in (TokenKind.SPACE, TokenKind.COMMENT)][1:]
    starts = _starts(text, real)
    bounds = [0, *starts, len(real)]
    found = []
    for start, end in itertools.pairwise(bounds):
        part = real[start:end]
        if part:
            kind = "type" if start == 0 and 0 not in starts else _kind(text, part)
            words = tuple(_word(text, one) for one in part)
            found.append((kind, part[0].start, part[-1].end, words))
    return found


def _starts(text: str, real: Sequence[Token]) -> list[int]:
    starts: list[int] = []
    depth = 0
    for at, one in enumerate(real):
        word = _word(text, one)
        depth += (word == "(") - (word == ")")
        begins = depth == 0 and one.kind is TokenKind.WORD and word in _STARTS
        if begins and not _goes_on(text, real, at, starts):
            starts.append(at)
    return starts


def _goes_on(text: str, real: Sequence[Token], at: int, starts: Sequence[int]) -> bool:
    """Whether a word belongs to the clause before it."""
    word, before = _word(text, real[at]), _word(text, real[at - 1]) if at else ""
    after = _word(text, real[at + 1]) if at + 1 < len(real) else ""
    if starts and _word(text, real[starts[-1]]) == "constraint" and at - starts[-1] <= 2:
        return True
    if word == "not" and after in ("deferrable", "distinct", "valid"):
        return True
    return before in _NOT_AFTER.get(word, frozenset())


def _word(text: str, one: Token) -> str:
    raw = text[one.start : one.end]
    return raw.lower() if one.kind is TokenKind.WORD else raw


def _kind(text: str, part: Sequence[Token]) -> str:
    first = _word(text, part[0])
    if first == "constraint" and len(part) > 1:
        return f"constraint {_word(text, part[1])}"
    return {"not": "null", "as": "generated"}.get(first, first)


def carried(mine: str, old: str, new: str, rules: LexicalRules) -> tuple[str, list[tuple[str, ...]]] | None:
    """A column's text as a person wrote it, with what leads from `old` to `new` done to it.

    Returns the text, and the words of constraints that went and do not stand in it; None where it cannot be
    done clause by clause.
    """
    was, wanted = (_by_kind(clauses(one, rules)) for one in (old, new))
    edits: list[tuple[int, int, str]] = []
    elsewhere: list[tuple[str, ...]] = []
    here = _by_kind(clauses(mine, rules))
    if was is None or wanted is None or here is None:
        return None
    for kind in {**was, **wanted}:
        before, after, there = was.get(kind), wanted.get(kind), here.get(kind)
        if before is not None and after is not None and before[3] == after[3]:
            continue
        if after is None:
            if there is not None:
                edits.append((_before_blank(mine, there[1], rules), there[2], ""))
            elif kind in CONSTRAINTS and before is not None:
                elsewhere.append((*CONSTRAINTS[kind], *before[3]))
        elif there is not None:
            edits.append((there[1], there[2], new[after[1] : after[2]]))
        elif before is None:
            place = here["type"][2] if kind == "null" and "type" in here else len(mine.rstrip())
            edits.append((place, place, f" {new[after[1] : after[2]]}"))
        else:
            return None
    for start, end, text in sorted(edits, reverse=True):
        mine = mine[:start] + text + mine[end:]
    return mine, elsewhere


def _by_kind(found: Sequence[Clause]) -> dict[str, Clause] | None:
    """None where one kind stands twice: nobody knows then which is meant."""
    kinds = {one[0]: one for one in found}
    return kinds if len(kinds) == len(found) else None


def _before_blank(text: str, at: int, rules: LexicalRules) -> int:
    """Where the white space before a clause begins; after a comment it stays, which it may have to end."""
    before = [one for one in tokens(text, rules) if one.end <= at]
    if not before or before[-1].kind is not TokenKind.SPACE:
        return at
    return at if len(before) > 1 and before[-2].kind is TokenKind.COMMENT else before[-1].start
