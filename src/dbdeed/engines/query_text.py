"""A declared query's text: its named parameters, found by the dialect's lexer.

`:name` is a parameter wherever it stands as a token of its own: not in strings, quoted names or comments, not
in a cast (`x::date`), and not as the upper bound of a slice (`list[2:last]`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.seam import Statement
from dbdeed.engines.sql_text import Token, TokenKind, split, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbdeed.document.architecture import DeclaredQuery
    from dbdeed.engines.sql_text import LexicalRules

_STARTS = frozenset({"select", "with", "values", "insert", "update", "delete", "merge", "replace", "table"})
_IDLE = (TokenKind.SPACE, TokenKind.COMMENT)
_OPERANDS = (TokenKind.WORD, TokenKind.QUOTED, TokenKind.STRING, TokenKind.NUMBER)
# Words behind which an operand begins, so that a colon there is no slice's.
_BEFORE_OPERANDS = frozenset(
    """and or not in like ilike between is then else when case select where having on by all any some array
    distinct from limit offset returning set values using""".split()  # noqa: SIM905 - a list of words is read more easily so
)


@dataclass(frozen=True, slots=True)
class Marker:
    """One place of a parameter: characters of the statement, and which parameter it is."""

    start: int
    end: int
    number: int


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query with its parameters found.

    Attributes:
        statement: the SQL as written, and where.
        names: the parameters, each once, in the order of their first place.
        optional: those that the SQL itself asks for NULL, or that the document says may be null.
        markers: every place of every parameter, in order.
    """

    statement: Statement
    names: tuple[str, ...]
    optional: frozenset[str]
    markers: tuple[Marker, ...]

    def text(self, placed: Callable[[Marker], str]) -> str:
        """The SQL with each marker replaced."""
        sql, pieces, position = self.statement.sql, [], 0
        for marker in self.markers:
            pieces += [sql[position : marker.start], placed(marker)]
            position = marker.end
        return "".join([*pieces, sql[position:]])

    def written_offset(self, offset: int, placed: Callable[[Marker], str]) -> int:
        """The character as written that became the character `offset` of `text(placed)`."""
        shift = 0
        for marker in self.markers:
            start, size = marker.start + shift, len(placed(marker))
            if offset < start + size:
                return min(offset, start) - shift
            shift += size - (marker.end - marker.start)
        return offset - shift


def named_query(query: DeclaredQuery, rules: LexicalRules) -> NamedQuery | None:
    """Read it; None where it has no SQL.

    Raises:
        SqlRejected: it is no single query, or has parameters without names.
    """
    block = query.block
    found = split(block.text, rules) if block is not None else []
    if block is None or not found:
        return None
    one = found[0]
    statement = Statement(block.text[one.start : one.end], block, one.start)
    if len(found) > 1:
        later = Statement(block.text[found[1].start : found[1].end], block, found[1].start)
        raise _refused(later, 0, "A declared query is one statement; here begins another one.")
    first = statement.sql[: one.tokens[0].end - one.start].lower() if one.tokens else ""
    if first not in _STARTS and first != "(":
        message = f"A declared query reads or changes rows; {first.upper() or 'this'} does neither."
        raise _refused(statement, 0, message)
    return _parameters(query, statement, rules)


def _refused(statement: Statement, offset: int, message: str, hint: str = "") -> SqlRejected:
    error = SqlRejected(message, hint=hint, statement=statement, offset=offset)
    return placed_error(error)


def placed_error(error: SqlRejected) -> SqlRejected:
    """The same error, saying where in the document it arose."""
    statement = error.statement
    if statement is not None and statement.block is not None:
        at = statement.block.position(statement.offset + error.offset)
        error.where = f"{statement.block.place.source.name}:{at.line}:{at.column}"
    return error


def _parameters(query: DeclaredQuery, statement: Statement, rules: LexicalRules) -> NamedQuery:
    sql = statement.sql
    found = [token for token in tokens(sql, rules) if token.kind not in _IDLE]
    names: dict[str, int] = {}
    markers: list[Marker] = []
    optional = set(query.optional)
    brackets: list[str] = []
    for index, token in enumerate(found):
        text = sql[token.start : token.end]
        if text in ("(", "["):
            brackets.append(text)
        elif text in (")", "]") and brackets:
            brackets.pop()
        elif token.kind is TokenKind.NUMBER and text.startswith("$"):
            raise _refused(statement, token.start, f"The parameter {text} has no name.", "Write it as :name.")
        elif _is_marker(sql, found, index, in_slice=brackets[-1:] == ["["]):
            word = found[index + 1]
            name = sql[word.start : word.end]
            number = names.setdefault(name, len(names) + 1)
            markers.append(Marker(token.start, word.end, number))
            if _asks_for_null(sql, found, index):
                optional.add(name)
    return NamedQuery(statement, tuple(names), frozenset(optional), tuple(markers))


def _is_marker(sql: str, found: Sequence[Token], index: int, *, in_slice: bool) -> bool:
    token = found[index]
    if sql[token.start] != ":" or token.kind is not TokenKind.MARK or index + 1 == len(found):
        return False
    following = found[index + 1]
    if following.kind is not TokenKind.WORD or following.start != token.end:
        return False
    if index == 0:
        return True
    before = found[index - 1]
    text = sql[before.start : before.end]
    if text == ":" and before.end == token.start:
        return False  # a cast
    if not in_slice:
        return True
    if before.kind is TokenKind.WORD:
        return text.lower() in _BEFORE_OPERANDS
    return before.kind not in _OPERANDS and text not in (")", "]")


def _asks_for_null(sql: str, found: Sequence[Token], index: int) -> bool:
    """`:name IS NULL`, `:name::date IS NOT NULL`, `coalesce(:name, …)`, `IS DISTINCT FROM :name`."""
    words = [sql[token.start : token.end].lower() for token in found]
    if words[max(0, index - 2) : index] in (["coalesce", "("], ["distinct", "from"]):
        return True
    after = index + 2
    if words[after : after + 2] == [":", ":"]:
        after += 3
        while after < len(words) and words[after] in ("[", "]"):
            after += 1
    while after < len(words) and words[after] == ")":
        after += 1
    return words[after : after + 1] == ["is"]


def compact_lines(sql: str, rules: LexicalRules) -> tuple[str, ...]:
    """The statement's lines without comments and indentation; joined, they are the same statement.

    Hints (`/*+ … */`) stay. Between two strings a line end stays one, since there it means something.
    """
    lines: list[str] = []
    line, gap, before = "", "", None
    for token in tokens(sql, rules):
        text = sql[token.start : token.end]
        if token.kind is TokenKind.SPACE or (token.kind is TokenKind.COMMENT and not text.startswith("/*+")):
            gap += text if token.kind is TokenKind.SPACE else " "
            continue
        if line and "\n" in gap:
            strings = before is TokenKind.STRING and token.kind is TokenKind.STRING
            lines.append(line + ("\n" if strings else " "))
            line = text
        else:
            line += (" " if line and gap else "") + text
        gap, before = "", token.kind
    return (*lines, line)
