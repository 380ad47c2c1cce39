"""Which columns of a query's result can be null, told from its plan.

A column that comes straight from a NOT NULL column of a table is never null, unless an outer join or a
grouping set puts null there. The plan says both: the side of a join that is filled with nulls, and the alias
that each column of the result is taken from. A few expressions are never null either: counts, constants, and
COALESCE with one of them. Whatever is not sure may be null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import TokenKind, name_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sql_text import Token

_PLAIN_JOINS = frozenset({"Inner", "Semi"})
_COUNTS = frozenset({"count", "row_number", "rank", "dense_rank"})
_CASTS = frozenset({"bigint", "integer", "smallint", "numeric", "text", "double precision", "real", "date"})
_LITERAL = re.compile(r"(?:-?\d[\d.]*|'(?:[^']|'')*'|true|false)(?:::[\w \".\[\]]+(?:\([\d,]+\))?)?\Z")
_CAST = re.compile(r"(?P<value>.*)::(?P<type>[a-z ]+)(?:\(\d+(?:,\d+)?\))?\Z", re.DOTALL)


@dataclass
class Nullability:
    """What a plan says.

    Attributes:
        aliases: of the plan's tables.
        filled: those of them that an outer join fills with nulls.
        unsure: nothing can be said of columns.
        indirect: some columns pass through a subquery of their own, whose inside must be plain.
        outer: there is an outer join.
    """

    plan: dict[str, Any]
    functions: frozenset[str]
    aliases: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    indirect: set[str] = field(default_factory=set)
    unsure: bool = False
    outer: bool = False

    def __post_init__(self) -> None:
        self._walk(self.plan, filled=False)
        self.unsure = self.unsure or bool(self.aliases & self.indirect)

    def _walk(self, node: dict[str, Any], *, filled: bool) -> None:
        alias = node.get("Alias")
        if node["Node Type"] == "ModifyTable" or "Relation Name" in node:
            self.aliases.add(str(alias))
        elif alias is not None:
            self.indirect.add(str(alias))
        if filled and alias is not None:
            self.filled.add(str(alias))
        if "Grouping Sets" in node or node["Node Type"] in ("Foreign Scan", "Custom Scan", "Recursive Union"):
            self.unsure = True
        join = str(node.get("Join Type", "Inner"))
        self.outer = self.outer or join not in _PLAIN_JOINS
        for part in node.get("Plans", ()):
            side = part.get("Parent Relationship", "")
            self._walk(part, filled=filled or _fills(join, side))

    def never_null(self, place: int) -> bool:
        """Whether the result's column of this place, taken from a NOT NULL column, is never null."""
        alias = self._alias(self.output(place))
        if self.unsure or alias is None:
            return False
        if alias in self.indirect:
            return not self.outer
        return alias in self.aliases and alias not in self.filled

    def _alias(self, output: str) -> str | None:
        """The alias of `alias.column`, or of `column` where there is but one; None for anything else."""
        found, every = _found(output), self.aliases | self.indirect
        names = [name_of(output, one, fold=False) for one in found]
        if len(found) == 1 and len(every) == 1 and names[0] is not None:
            return next(iter(every))
        qualified = len(found) == 3 and output[found[1].start : found[1].end] == "."
        return names[0] if qualified and names[2] is not None else None

    def computed(self, place: int) -> bool:
        """Whether the expression of this place is never null, and no join above it can undo that."""
        wanted = _bare(self.output(place))
        node: dict[str, Any] | None = self.plan
        while node is not None:
            if wanted in node.get("Output", ()):
                return self._sound(wanted)
            parts = [one for one in node.get("Plans", ()) if one.get("Parent Relationship") == "Outer"]
            node = parts[0] if len(parts) == 1 and "Join Type" not in node else None
        return False

    def output(self, place: int) -> str:
        found = self.plan.get("Output", ())
        return str(found[place]) if place < len(found) else ""

    def _sound(self, text: str) -> bool:
        text = _bare(text)
        if _LITERAL.match(text):
            return True
        cast = _CAST.match(text)
        if cast and cast["type"].strip() in _CASTS:
            return self._sound(cast["value"]) if _closed(cast["value"]) else False
        name, arguments = _call(text)
        if name in self.functions:
            return False
        if name in _COUNTS:
            return True
        return name == "coalesce" and any(self._sound(one) for one in arguments)


def _fills(join: str, side: str) -> bool:
    """Whether a join fills this side with nulls where the other one finds nothing."""
    if join in _PLAIN_JOINS or side not in ("Inner", "Outer"):
        return False
    if join in ("Left", "Anti"):
        return side == "Inner"
    if join.startswith("Right"):
        return side == "Outer"
    return True


def _found(text: str) -> list[Token]:
    return [one for one in tokens(text, RULES) if one.kind not in (TokenKind.SPACE, TokenKind.COMMENT)]


def _bare(text: str) -> str:
    """Without parentheses around the whole."""
    while text.startswith("(") and text.endswith(")") and _closed(text[1:-1]):
        text = text[1:-1]
    return text


def _closed(text: str) -> bool:
    """Whether every parenthesis in it has its other half in it."""
    depth = 0
    for mark in _marks(text):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth < 0:
            return False
    return depth == 0


def _marks(text: str) -> Iterator[str]:
    return (text[one.start : one.end] for one in _found(text) if one.kind is TokenKind.MARK)


def _call(text: str) -> tuple[str, list[str]]:
    """The name and the arguments of a text that is one function's call, OVER and all; ("", []) elsewhere."""
    found = _found(text)
    if len(found) < 3 or found[0].kind is not TokenKind.WORD or text[found[1].start] != "(":
        return "", []
    name, arguments, depth, start = text[: found[0].end].lower(), [], 0, found[1].end
    for index, one in enumerate(found[1:], 1):
        mark = text[one.start : one.end] if one.kind is TokenKind.MARK else ""
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if depth == 1 and mark == ",":
            arguments.append(text[start : one.start].strip())
            start = one.end
        if depth == 0:
            arguments.append(text[start : one.start].strip())
            rest = text[one.end :].strip().lower()
            ended = index == len(found) - 1 or re.fullmatch(r"(filter \(.*\) ?)?(over .*)?", rest, re.DOTALL)
            return (name, arguments) if ended and " or " not in rest and " and " not in rest else ("", [])
    return "", []
