"""Which changesets run: contexts, labels and kinds of database.

Learned from Liquibase 4's `ContextExpression`, `LabelExpression` and `DatabaseList`; tests hold it against
them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

_TOKEN = re.compile(r"\(|\)|,|!|[^\s(),!]+")


def runs_in(expression: str, contexts: str) -> bool:
    """Whether a changeset of a context expression runs where these contexts are asked for."""
    asked = {part.strip().lower() for part in contexts.split(",") if part.strip()}
    return not asked or not expression.strip() or _holds(expression, asked)


def has_labels(labels: str, expression: str) -> bool:
    """Whether a changeset of these labels is asked for by a label expression."""
    there = {part.strip().lower() for part in labels.split(",") if part.strip()}
    return not expression.strip() or not there or _holds(expression, there)


def is_for(databases: str, name: str) -> bool:
    """Whether a list of kinds of database has this one: `postgresql, h2` or `!oracle`; "" means all."""
    listed = [part.strip().lower() for part in databases.split(",") if part.strip()]
    if not listed or "all" in listed:
        return True
    if "none" in listed:
        return False
    if f"!{name}" in listed:
        return False
    return name in listed or all(part.startswith("!") for part in listed)


def _holds(expression: str, names: AbstractSet[str]) -> bool:
    """`and`, `or` (a comma is one), `!` or `not`, parentheses; `and` binds closer."""
    tokens = [token.lower() for token in _TOKEN.findall(expression)]
    value, rest = _either(tokens, names)
    return value and not rest


def _either(tokens: Sequence[str], names: AbstractSet[str]) -> tuple[bool, Sequence[str]]:
    return _chain(tokens, names, ("or", ","), _both, any)


def _both(tokens: Sequence[str], names: AbstractSet[str]) -> tuple[bool, Sequence[str]]:
    return _chain(tokens, names, ("and",), _single, all)


def _chain(
    tokens: Sequence[str],
    names: AbstractSet[str],
    words: tuple[str, ...],
    part: Callable[[Sequence[str], AbstractSet[str]], tuple[bool, Sequence[str]]],
    joined: Callable[[list[bool]], bool],
) -> tuple[bool, Sequence[str]]:
    value, rest = part(tokens, names)
    values = [value]
    while rest and rest[0] in words:
        value, rest = part(rest[1:], names)
        values.append(value)
    return joined(values), rest


def _single(tokens: Sequence[str], names: AbstractSet[str]) -> tuple[bool, Sequence[str]]:
    if not tokens:
        return True, ()
    first, rest = tokens[0], tokens[1:]
    if first in ("!", "not"):
        value, rest = _single(rest, names)
        return not value, rest
    if first == "(":
        value, rest = _either(rest, names)
        return value, rest[1:] if rest and rest[0] == ")" else rest
    return first in names, rest
