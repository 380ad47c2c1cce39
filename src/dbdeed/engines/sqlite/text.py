"""SQLite's SQL as tokens, and the form in which two definitions are the same.

SQLite keeps the text of each definition as its author wrote it, and ALTER TABLE edits that text. Layout,
comments, the case of words and the way names are quoted mean nothing, so they are left out of the form.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dbdeed.engines.sql_text import LexicalRules, Token, TokenKind, name_of, tokens
from dbdeed.engines.sqlite.names import KEYWORDS, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

RULES = LexicalRules(identifier_quotes='"`[', trigger_bodies=True)


_OPERATORS = frozenset({"||", "<=", ">=", "<>", "!=", "==", "<<", ">>", "->", "->>"})


class Word(NamedTuple):
    """One token that means something.

    Attributes:
        raw: as written.
        key: a bare word in lower case, a mark as it is; "" for quoted names, strings and numbers. This is
            what keywords are recognised by.
        name: the name it spells if it is one, unquoted; a keyword spells a name too.
        start, end: where it stands in the text.
    """

    kind: TokenKind
    raw: str
    key: str
    name: str
    start: int
    end: int


def lex(sql: str) -> list[Word]:
    """The tokens of a text without space and comments."""
    found: list[Word] = []
    for kind, start, end in tokens(sql, RULES):
        if kind is TokenKind.SPACE or kind is TokenKind.COMMENT:
            continue
        raw = sql[start:end]
        if kind is TokenKind.MARK:
            if found and found[-1].end == start and found[-1].raw + raw in _OPERATORS:
                found[-1] = _joined(found[-1], raw)
            else:
                found.append(Word(kind, raw, raw, "", start, end))
        elif kind is TokenKind.WORD:
            found.append(Word(kind, raw, fold(raw), raw, start, end))
        else:
            name = name_of(sql, Token(kind, start, end), fold=False) or ""
            found.append(Word(kind, raw, "", name, start, end))
    return found


def _joined(word: Word, mark: str) -> Word:
    """An operator of several characters."""
    raw = word.raw + mark
    return Word(TokenKind.MARK, raw, raw, "", word.start, word.end + len(mark))


def without_comments(sql: str) -> str:
    """The text with each comment turned into a space, so that it can stand inside another statement."""
    return "".join(
        " " if token.kind is TokenKind.COMMENT else sql[token.start : token.end]
        for token in tokens(sql, RULES)
    ).strip()


def closing(words: Sequence[Word], opening: int) -> int:
    """The position of the parenthesis that closes the one at `opening`; the end where there is none."""
    depth = 0
    for position in range(opening, len(words)):
        depth += {"(": 1, ")": -1}.get(words[position].key, 0)
        if depth == 0:
            return position
    return len(words)


def form(words: Sequence[Word], names: AbstractSet[str] = frozenset()) -> str:
    """Tokens as one comparable, readable text.

    Args:
        words: the tokens.
        names: folded names that are known to exist where this text is read. A double-quoted word that is
            none of them may be a string (SQLite's "double-quoted string literals are accepted"), so its case
            is kept.
    """
    pieces: list[str] = []
    before = ""
    for word in words:
        piece = _piece(word, names)
        if pieces and not _touching(before, piece):
            pieces.append(" ")
        pieces.append(piece)
        before = piece
    return "".join(pieces)


def _piece(word: Word, names: AbstractSet[str]) -> str:
    if word.kind is TokenKind.QUOTED:
        folded = fold(word.name)
        if word.raw[0] == '"' and folded != word.name and folded not in names:
            return word.raw
        return folded if folded.isidentifier() else f'"{folded}"'
    return word.raw if word.kind is TokenKind.STRING else fold(word.raw)


def _touching(before: str, after: str) -> bool:
    """Whether no space stands between: only around what can never be part of a longer token."""
    called = after == "(" and before not in KEYWORDS and before[-1:].isidentifier()
    return called or before in ("(", ".") or after in (")", ".", ",")


_BEFORE_RELATIONS = frozenset({"from", "join", "into", "update"})
_NO_RELATION = frozenset({"of", "set"})
_AFTER_FROM = frozenset(
    ["where", "group", "having", "window", "order", "limit", "union", "intersect", "except", ";", "returning"]
)


@cache
def names_in(sql: str) -> frozenset[str]:
    """Every name in it, folded; keywords too."""
    return frozenset(fold(word.name) for word in lex(sql) if word.name)


@cache
def relations_in(sql: str) -> frozenset[str]:
    """The tables and views that stand behind FROM, JOIN, INTO and UPDATE, folded.

    A name too many is possible: that of a WITH.
    """
    words = lex(sql)
    found = set()
    for at, before in enumerate(words):
        if before.key in _BEFORE_RELATIONS:
            found.add(_relation(words[at + 1 : at + 6], reads=before.key in ("from", "join")))
        if before.key == "from":
            found.update(_relation(words[comma + 1 : comma + 6], reads=True) for comma in _commas(words, at))
    return frozenset(found - {""})


def _relation(behind: Sequence[Word], *, reads: bool) -> str:
    """The relation that these words begin with; "" where it is something else."""
    if behind and behind[0].key == "or":  # UPDATE OR IGNORE
        behind = behind[2:]
    if len(behind) > 1 and behind[1].key == ".":  # behind its schema
        behind = behind[2:]
    if not behind or behind[0].key in _NO_RELATION:
        return ""
    function = reads and len(behind) > 1 and behind[1].key == "("
    return "" if function else fold(behind[0].name)


def _commas(words: Sequence[Word], start: int) -> Iterator[int]:
    """Where the list behind a FROM goes on."""
    depth = 0
    for at in range(start + 1, len(words)):
        key = words[at].key
        depth += (key == "(") - (key == ")")
        if depth < 0 or (depth == 0 and key in _AFTER_FROM):
            return
        if depth == 0 and key == ",":
            yield at
