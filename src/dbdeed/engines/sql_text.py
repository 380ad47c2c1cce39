"""Where SQL statements, comments and names stand in a text: the part of the lexer that dialects share.

It finds spans and never decides meaning; meaning comes from the engine. It accepts every text: what is never
closed runs to the end, and the engine says what is wrong with it. All of it takes linear time.

Sources of the rules: PostgreSQL manual 4.1 "Lexical Structure" and its `psqlscan.l` (which semicolon ends a
statement), SQLite "How To Write" pages on keywords and comments and `sqlite3_complete()` (triggers' bodies).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dbdeed.engines.seam import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dbdeed.document.architecture import CodeBlock


@dataclass(frozen=True, slots=True)
class LexicalRules:
    r"""How one dialect spells things.

    Attributes:
        dollar_quotes: `$tag$ … $tag$` is a string.
        escape_strings: `E'it\\'s'` is a string, with its continuations on further lines.
        nested_comments: `/* /* */ */` is one comment.
        identifier_quotes: characters that open a quoted name: `"`, a backtick, `[`.
        parentheses: a semicolon inside parentheses ends nothing (rules with several actions).
        atomic_bodies: `CREATE FUNCTION … BEGIN ATOMIC … END` holds semicolons.
        trigger_bodies: `CREATE TRIGGER … BEGIN … ; END` holds semicolons.
        backslash_commands: a line that begins with a backslash between statements is one by itself.
    """

    dollar_quotes: bool = False
    escape_strings: bool = False
    nested_comments: bool = False
    identifier_quotes: str = '"'
    parentheses: bool = False
    atomic_bodies: bool = False
    trigger_bodies: bool = False
    backslash_commands: bool = False


class TokenKind(Enum):
    SPACE = "space"
    COMMENT = "comment"
    WORD = "word"
    QUOTED = "quoted"  # a name in quotes
    STRING = "string"
    NUMBER = "number"
    MARK = "mark"  # one character of punctuation or an operator
    COMMAND = "command"  # a client's command line


class Token(NamedTuple):
    """A half-open range of characters; a text's tokens cover it without a gap."""

    kind: TokenKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class StatementText:
    """A statement's range, without the space and comments around it and without its semicolon.

    Attributes:
        tokens: what is in it but space and comments.
        comments: those inside, those above it, and those after it on its last line.
    """

    start: int
    end: int
    tokens: tuple[Token, ...]
    comments: tuple[Token, ...]


# Letters, and all past ASCII: said as what is neither, since a class of all Unicode is slow to compile.
_LETTER = r"[^\x00-@\[-^`{-\x7f]"
_LETTER_OR_DIGIT = r"[^\x00-/:-@\[-^`{-\x7f]"
_LETTER_DIGIT_OR_DOLLAR = r"[^\x00-#%-/:-@\[-^`{-\x7f]"
_BLANKS = r" \t\n\r\f\v"
_STRING = r"(?>[^']*(?:''[^']*)*)(?:'|\Z)"
_ESCAPED = r"(?>[^'\\]*(?:(?:''|\\.)[^'\\]*)*)(?:'|\Z)"
_NEXT_LINE = r"(?>(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\f\v\n\r]|--[^\n\r]*[\n\r])*)"
_QUOTED = {
    '"': r'"(?>[^"]*(?:""[^"]*)*)(?:"|\Z)',
    "`": r"`(?>[^`]*(?:``[^`]*)*)(?:`|\Z)",
    "[": r"\[[^\]]*(?:\]|\Z)",
}
_KINDS = {kind.name: kind for kind in TokenKind}  # an enum's own lookup is four times as slow
_COMMENT_EDGE = re.compile(r"/\*|\*/")


@cache
def _pattern(rules: LexicalRules) -> re.Pattern[str]:
    """One alternative per kind of token; the last takes any single character."""
    escaped = rf"[eE]'{_ESCAPED}(?:{_NEXT_LINE}'{_ESCAPED})*" if rules.escape_strings else r"(?!)"
    dollar = rf"\$(?:{_LETTER}{_LETTER_OR_DIGIT}*)?\$" if rules.dollar_quotes else r"(?!)"
    quoted = "|".join(_QUOTED[quote] for quote in rules.identifier_quotes)
    return re.compile(
        rf"(?P<SPACE>[{_BLANKS}]+)"
        rf"|(?P<COMMENT>--[^\n\r]*)"
        rf"|(?P<OPEN>/\*)"
        rf"|(?P<STRING>{escaped}|'{_STRING})"
        rf"|(?P<DOLLAR>{dollar})"
        rf"|(?P<QUOTED>{quoted})"
        rf"|(?P<WORD>{_LETTER}{_LETTER_DIGIT_OR_DOLLAR}*)"
        rf"|(?P<NUMBER>\$?[0-9][A-Za-z0-9_.]*)"
        rf"|(?P<MARK>.)",
        re.DOTALL,
    )


def tokens(text: str, rules: LexicalRules) -> Iterator[Token]:
    """All tokens in order, without a gap between them."""
    pattern, position = _pattern(rules), 0
    while position < len(text):
        token = _token(pattern, text, position, nested_comments=rules.nested_comments)
        yield token
        position = token.end


def _token(pattern: re.Pattern[str], text: str, position: int, *, nested_comments: bool) -> Token:
    found = pattern.match(text, position)
    assert found is not None  # the last alternative takes any character
    kind, end = found.lastgroup or "", found.end()
    if kind == "OPEN":
        kind, end = "COMMENT", _comment_end(text, position, nested=nested_comments)
    elif kind == "DOLLAR":
        closing = text.find(found.group(), end)
        kind, end = "STRING", len(text) if closing < 0 else closing + len(found.group())
    return Token(_KINDS[kind], position, end)


def _comment_end(text: str, start: int, *, nested: bool) -> int:
    if not nested:
        closing = text.find("*/", start + 2)
        return len(text) if closing < 0 else closing + 2
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)


def split(text: str, rules: LexicalRules) -> list[StatementText]:
    """The statements of a text; the last one needs no semicolon."""
    found: list[StatementText] = []
    above: list[Token] = []
    body: list[Token] = []
    inside: list[Token] = []
    end = _End(text, rules)

    def finish() -> None:
        found.append(StatementText(body[0].start, body[-1].end, tuple(body), (*above, *inside)))
        above.clear()
        body.clear()
        inside.clear()

    pattern, position = _pattern(rules), 0
    while position < len(text):
        token = _token(pattern, text, position, nested_comments=rules.nested_comments)
        if rules.backslash_commands and not body and text[position] == "\\":
            token = Token(TokenKind.COMMAND, position, _line_end(text, position))
        position = token.end
        if token.kind is TokenKind.COMMENT:
            if body:
                inside.append(token)
            elif found and _same_line(text, found[-1], token):
                found[-1] = _with_comment(found[-1], token)
            else:
                above.append(token)
        elif token.kind is TokenKind.COMMAND:
            body.append(token)
            finish()
        elif token.kind is not TokenKind.SPACE and not end.reached(token):
            body.append(token)
        elif token.kind is not TokenKind.SPACE and body:
            finish()
    if body:
        finish()
    return found


def _line_end(text: str, start: int) -> int:
    found = re.compile(r"[\n\r]").search(text, start)
    return found.start() if found else len(text)


def _same_line(text: str, statement: StatementText, comment: Token) -> bool:
    """Whether a comment stands after a statement on its last line."""
    last = max((statement.end, *(one.end for one in statement.comments[-1:])))
    between = text[last : comment.start]
    return len(between) < 200 and "\n" not in between and "\r" not in between


def _with_comment(statement: StatementText, comment: Token) -> StatementText:
    return StatementText(statement.start, statement.end, statement.tokens, (*statement.comments, comment))


class _End:
    """Says which semicolon ends a statement."""

    def __init__(self, text: str, rules: LexicalRules) -> None:
        self._text = text
        self._rules = rules
        self._reset()

    def _reset(self) -> None:
        self._depth = 0  # of parentheses
        self._blocks = 0  # of BEGIN ATOMIC and CASE
        self._opening: list[str] = []  # the statement's first words
        self._last = ("", "")  # the two latest tokens, folded

    def reached(self, token: Token) -> bool:
        """Whether this token is the semicolon that ends the statement; keeps count of the others."""
        folded = self._text[token.start : token.end].lower() if token.end - token.start < 20 else "…"
        if folded == ";" and self._depth == 0 and self._blocks == 0 and self._trigger_done():
            self._reset()
            return True
        if token.kind is TokenKind.MARK and self._rules.parentheses:
            self._depth = max(0, self._depth + (folded == "(") - (folded == ")"))
        elif token.kind is TokenKind.WORD:
            self._word(folded)
        self._last = (self._last[1], folded)
        return False

    def _word(self, word: str) -> None:
        if len(self._opening) < 4:
            self._opening.append(word)
        if not self._rules.atomic_bodies or not self._routine():
            return
        if (word == "atomic" and self._last[1] == "begin") or (self._blocks and word == "case"):
            self._blocks += 1
        elif self._blocks and word == "end":
            self._blocks -= 1

    def _routine(self) -> bool:
        words = [word for word in self._opening if word not in {"or", "replace"}]
        return words[:1] == ["create"] and words[1:2] in (["function"], ["procedure"])

    def _trigger_done(self) -> bool:
        if not self._rules.trigger_bodies:
            return True
        words = [word for word in self._opening if word not in {"temp", "temporary"}]
        return words[:2] != ["create", "trigger"] or self._last == (";", "end")


_RENAMED = re.compile(
    r"""^(?:--|/\*)[\s*-]*renamed\s+from\s*:\s*('(?:[^']|'')*'|(?:"[^"]*"|`[^`]*`|\[[^\]]*\]|[^\s"`\[\],;*.]+)(?:\.(?:"[^"]*"|[^\s",;*.]+))*)""",
    re.IGNORECASE,
)
_BACKFILL = re.compile(r"^(?:--|/\*)[\s*-]*backfill\s*:\s*(.*\S)", re.IGNORECASE | re.DOTALL)


def read_blocks(
    blocks: Iterable[CodeBlock], rules: LexicalRules, languages: frozenset[str]
) -> list[Statement]:
    """The statements of those code blocks that are in one of `languages`, in document order."""
    return [one for block in blocks if block.language in languages for one in read(block.text, rules, block)]


def read(text: str, rules: LexicalRules, block: CodeBlock | None = None) -> list[Statement]:
    """The statements of a text, with their marks."""
    return [_statement(text, one, block) for one in split(text, rules)]


def _statement(text: str, found: StatementText, block: CodeBlock | None) -> Statement:
    renamed, backfills = [], []
    for comment in found.comments:
        offset = comment.start - found.start if found.start <= comment.start < found.end else -1
        content = text[comment.start : comment.end].removesuffix("*/")
        if match := _RENAMED.match(content):
            renamed.append((_mark_offset(text, found, comment), _unquoted(match.group(1))))
        elif match := _BACKFILL.match(content):
            backfills.append((offset, match.group(1)))
    return Statement(
        sql=text[found.start : found.end],
        block=block,
        offset=found.start,
        renamed_from=tuple(renamed),
        backfills=tuple(backfills),
    )


def _mark_offset(text: str, found: StatementText, comment: Token) -> int:
    """Where a mark stands in the statement, or right after its last word; -1 above it and past its end."""
    past = comment.start > found.end and ";" in text[found.end : comment.start]
    return -1 if comment.start < found.start or past else comment.start - found.start


def _unquoted(name: str) -> str:
    """A name as the catalog has it; a qualified one keeps its quotes, since a dot may stand in them."""
    if len(name) > 1 and name[0] in '"`[' and name[-1] in '"`]' and name.count(name[0]) <= 2:
        return name[1:-1]
    return name


def name_of(text: str, token: Token, *, fold: bool) -> str | None:
    """The identifier that a token spells, unquoted; None for what is no name.

    Args:
        text: the text that the token is of.
        token: any token.
        fold: unquoted names become lower case, as PostgreSQL has it.
    """
    raw = text[token.start : token.end]
    if token.kind is TokenKind.WORD:
        return raw.lower() if fold else raw
    if token.kind is not TokenKind.QUOTED or len(raw) < 2:
        return None
    quote = "]" if raw[0] == "[" else raw[0]
    return raw[1:-1].replace(quote * 2, quote) if raw[0] != "[" else raw[1:-1]


def words(text: str, found: Sequence[Token], limit: int) -> tuple[str, ...]:
    """The first `limit` tokens, folded to lower case: what a statement begins with."""
    return tuple(text[token.start : token.end].lower() for token in found[:limit])
