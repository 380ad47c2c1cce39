"""What a mark `-- renamed from: old` is about, as far as the statement's words say.

Above a statement, or in its head, it is about what the statement makes. Inside the parentheses of a table, a
type or an enum, at the end of a line, it is about the part that begins last before it; alone on its line it
is about the part that follows. Likewise for what ALTER TABLE adds, a domain's constraints and the columns
that a view selects.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import Token, TokenKind, name_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Statement

_MADE = (
    *(
        "event trigger",
        "foreign table",
        "materialized view",
        "foreign data wrapper",
        "text search dictionary",
    ),
    *("text search configuration", "text search parser", "text search template", "operator family"),
    *("operator class", "table", "view", "sequence", "index", "type", "domain", "function", "procedure"),
    *("aggregate", "schema", "trigger", "policy", "rule", "publication", "subscription", "statistics"),
    *("collation", "conversion", "server", "language"),
)
"""The words after CREATE whose objects have an ALTER … RENAME TO; longer ones first."""

_BEFORE = frozenset(
    """
    or replace unlogged unique recursive constraint trusted procedural global local default temp temporary
    """.split()  # noqa: SIM905 - a list of names reads best as text
)
_BEFORE_NAME = frozenset({"if", "not", "exists", "concurrently", "only"})
_ON_TABLE = {"trigger": "on", "policy": "on", "rule": "to"}
_NAMELESS = frozenset({"primary", "unique", "check", "foreign", "exclude", "like", "not"})


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark, and what it is about.

    Attributes:
        offset: in the statement's text; -1 above it.
        old: the old name as written.
        made: the words for what the statement makes or alters: "table", "foreign table"; "" where the mark
            is about nothing that has a name.
        name: of that, as written, unquoted: `("shop", "orders")`.
        on: the table of a trigger, policy or rule.
        part: "column", "constraint", "value" or "" for the whole.
        called: the part's name.
        number: the column's place in a view's query.
    """

    statement: Statement
    offset: int
    old: str
    made: str = ""
    name: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    part: str = ""
    called: str = ""
    number: int = 0


class _Word(NamedTuple):
    token: Token
    text: str


@dataclass(frozen=True, slots=True)
class _Head:
    """The beginning of a statement: what it makes, and the position of the first word after the name."""

    made: str
    name: tuple[str, ...]
    end: int


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    called: str
    start: int
    number: int = 0


def read_marks(statements: Sequence[Statement]) -> list[Mark]:
    """Every mark of the statements, in document order."""
    return [mark for one in statements if one.renamed_from for mark in _marks(one)]


def written(statement: Statement) -> Iterator[Mark]:
    """What a statement makes and all its parts, each as a mark at its place that says nothing."""
    sql = statement.sql
    found = _words(sql)
    head = _head(sql, found)
    if head is None:
        return
    if found[0].text == "create":
        yield Mark(statement, 0, "", head.made, head.name, _on(sql, found, head))
    for part in _parts(sql, found, head):
        yield Mark(statement, part.start, "", head.made, head.name, (), part.kind, part.called, part.number)


def _marks(statement: Statement) -> Iterator[Mark]:
    sql = statement.sql
    found = _words(sql)
    head = _head(sql, found)
    parts = _parts(sql, found, head) if head is not None else []
    end = _end_of_parts(sql, found, head) if head is not None else 0
    for offset, old in statement.renamed_from:
        if head is None:
            yield Mark(statement, offset, old)
            continue
        part = _part_at(sql, parts, offset) if offset < end else None
        if part is not None and part.called:
            yield Mark(statement, offset, old, head.made, head.name, (), part.kind, part.called, part.number)
        elif part is None and found[0].text == "create":
            yield Mark(statement, offset, old, head.made, head.name, _on(sql, found, head))
        else:
            yield Mark(statement, offset, old)


def _words(sql: str) -> list[_Word]:
    return [
        _Word(one, sql[one.start : one.end].lower())
        for one in tokens(sql, RULES)
        if one.kind not in (TokenKind.SPACE, TokenKind.COMMENT)
    ]


def _head(sql: str, found: Sequence[_Word]) -> _Head | None:
    texts = [word.text for word in found]
    if texts[:1] not in (["create"], ["alter"]):
        return None
    place = 1
    while place < len(texts) and texts[place] in _BEFORE:
        place += 1
    made = next((one for one in _MADE if texts[place : place + len(one.split())] == one.split()), "")
    if not made or (texts[0] == "alter" and made not in ("table", "foreign table", "domain")):
        return None
    place += len(made.split())
    while place < len(texts) and texts[place] in _BEFORE_NAME:
        place += 1
    name, end = _name(sql, found, place)
    return _Head(made, name, end) if name else None


def _name(sql: str, found: Sequence[_Word], place: int) -> tuple[tuple[str, ...], int]:
    """A qualified name, and the position after it."""
    parts: list[str] = []
    while place < len(found):
        name = name_of(sql, found[place].token, fold=True)
        if name is None:
            break
        parts.append(name)
        place += 1
        if place >= len(found) or found[place].text != ".":
            break
        place += 1
    return tuple(parts), place


def _on(sql: str, found: Sequence[_Word], head: _Head) -> tuple[str, ...]:
    word = _ON_TABLE.get(head.made)
    place = next((at for at in range(head.end, len(found)) if found[at].text == word), len(found))
    return _name(sql, found, place + 1)[0] if word else ()


def _parts(sql: str, found: Sequence[_Word], head: _Head) -> list[_Part]:
    rest = found[head.end :]
    if found[0].text == "alter":
        return list(_added(sql, rest))
    if head.made in ("table", "foreign table"):
        return list(_inside(sql, rest, "column"))
    if head.made == "type":
        if [word.text for word in rest[:2]] == ["as", "enum"]:
            return list(_values(sql, rest))
        return list(_inside(sql, rest, "column")) if [word.text for word in rest[:2]] == ["as", "("] else []
    if head.made == "domain":
        return list(_constraints(sql, rest))
    if head.made in ("view", "materialized view"):
        return list(_selected(sql, rest))
    return []


def _end_of_parts(sql: str, found: Sequence[_Word], head: _Head) -> int:
    """Past this a mark is about the whole again: the closing parenthesis, the FROM of a view."""
    rest, depth = found[head.end :], 0
    if found[0].text == "alter" or head.made == "domain":
        return sys.maxsize
    view = head.made in ("view", "materialized view")
    for word in rest:
        depth += (word.text == "(") - (word.text == ")")
        if depth == 0 and word.text == ("from" if view else ")"):
            return word.token.start
    return len(sql)


def _groups(words: Sequence[_Word], depth: int) -> Iterator[list[_Word]]:
    """The words between commas at a depth of parentheses, the first pair only."""
    level, group = 0, list[_Word]()
    for word in words:
        if word.text == ")":
            level -= 1
            if level < depth:
                break
        if level >= depth and not (word.text == "," and level == depth):
            group.append(word)
        elif word.text == "," and level == depth:
            yield group
            group = []
        if word.text == "(":
            level += 1
    yield group


def _inside(sql: str, rest: Sequence[_Word], kind: str) -> Iterator[_Part]:
    """Columns and constraints in a table's parentheses."""
    for group in _groups(rest, 1):
        if group:
            yield _defined(sql, group, kind)


def _defined(sql: str, group: Sequence[_Word], kind: str) -> _Part:
    start = group[0].token.start
    if group[0].text == "constraint" and len(group) > 1:
        return _Part("constraint", name_of(sql, group[1].token, fold=True) or "", start)
    if group[0].text in _NAMELESS:
        return _Part("constraint", "", start)
    return _Part(kind, name_of(sql, group[0].token, fold=True) or "", start)


def _values(sql: str, rest: Sequence[_Word]) -> Iterator[_Part]:
    for word in rest:
        if word.token.kind is TokenKind.STRING and word.text.startswith("'"):
            text = sql[word.token.start + 1 : word.token.end - 1].replace("''", "'")
            yield _Part("value", text, word.token.start)


def _constraints(sql: str, rest: Sequence[_Word]) -> Iterator[_Part]:
    """The named constraints of a domain."""
    for word, following in pairwise(rest):
        if word.text == "constraint":
            yield _Part("constraint", name_of(sql, following.token, fold=True) or "", word.token.start)


def _added(sql: str, rest: Sequence[_Word]) -> Iterator[_Part]:
    """What ALTER TABLE or ALTER DOMAIN adds."""
    for group in _groups(rest, 0):
        words = [word for word in group[1:] if word.text not in ("column", "if", "not", "exists")]
        if group and group[0].text == "add" and words:
            part = _defined(sql, words, "column")
            yield _Part(part.kind, part.called, group[0].token.start)


def _selected(sql: str, rest: Sequence[_Word]) -> Iterator[_Part]:
    """The columns of a view: those listed before its query, and those that the query gives."""
    start = next((at for at, word in enumerate(rest) if word.text == "select"), len(rest))
    if rest and rest[0].text == "(":
        for number, group in enumerate(_groups(rest, 1), 1):
            yield _Part("column", _last_name(sql, group), group[0].token.start if group else 0, number)
    for number, group in enumerate(_groups(_until_from(rest[start + 1 :]), 0), 1):
        if group:
            yield _Part("column", _last_name(sql, group), group[0].token.start, number)


def _until_from(words: Sequence[_Word]) -> list[_Word]:
    depth, taken = 0, []
    for word in words:
        depth += (word.text == "(") - (word.text == ")")
        if depth == 0 and word.text == "from":
            break
        taken.append(word)
    return taken


def _last_name(sql: str, group: Sequence[_Word]) -> str:
    return (name_of(sql, group[-1].token, fold=True) or "") if group else ""


def _part_at(sql: str, parts: Sequence[_Part], offset: int) -> _Part | None:
    """The part that a mark at `offset` is about; None for the whole statement."""
    if not parts:
        return None
    if offset < 0:
        return parts[0] if sql[:5].lower() == "alter" else None
    before = [part for part in parts if part.start < offset]
    after = [part for part in parts if part.start > offset]
    if not before and sql[:5].lower() != "alter":
        return after[0] if after and _alone(sql, offset) and _opened(sql, offset) else None
    return after[0] if after and (_alone(sql, offset) or not before) else before[-1]


def _alone(sql: str, offset: int) -> bool:
    """Whether nothing but space stands before the mark on its line."""
    return not sql[:offset].rpartition("\n")[2].strip()


def _opened(sql: str, offset: int) -> bool:
    """Whether the mark stands right after the parenthesis that opens the list of parts."""
    return sql[:offset].rstrip().endswith("(")
