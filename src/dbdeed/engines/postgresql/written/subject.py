"""What a statement is about, as far as its words say: a hint for where to look, never meaning.

Two statements with the same subject say things of the same object in the same respect: the CREATE TABLE of
one table, the comment on one column, the rights on one view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import TokenKind, name_of, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dbdeed.engines.sql_text import Token

Subject = tuple[str, ...]

_MODIFIERS = frozenset(
    """
    or replace unlogged global local unique foreign recursive constraint trusted procedural default
    materialized event temp temporary
    """.split()  # noqa: SIM905 - a list of names reads best as text
)
_SKIPPED = frozenset({"concurrently", "if", "not", "exists", "only"})
_SCHEMALESS = frozenset({"schema", "extension", "publication", "subscription", "server", "language"})
_IN_SCHEMA = frozenset({"table", "view", "column", "index", "sequence", "type", "domain", "function"})
_PARTS = frozenset({"trigger", "rule", "policy"})
_KINDS = {"procedure": "function", "routine": "function", "user": "user mapping", "access": "access method"}


class _Words:
    """A statement's tokens, read from left to right."""

    def __init__(self, sql: str) -> None:
        quiet = (TokenKind.SPACE, TokenKind.COMMENT)
        self.sql = sql
        self.all: Sequence[Token] = [one for one in tokens(sql, RULES) if one.kind not in quiet]
        self.at = 0

    def word(self, ahead: int = 0) -> str:
        """A token in lower case, "" past the end."""
        at = self.at + ahead
        return self.sql[self.all[at].start : self.all[at].end].lower() if at < len(self.all) else ""

    def skip(self, wanted: frozenset[str]) -> None:
        while self.word() in wanted:
            self.at += 1

    def take(self) -> str:
        self.at += 1
        return self.word(-1)

    def find(self, word: str) -> bool:
        """Go on behind the next `word`."""
        while self.word():
            if self.take() == word:
                return True
        return False

    def name(self, *, schema: bool = True) -> Subject:
        """A dotted name, unquoted; one that names no schema is in `public`."""
        parts: list[str] = []
        while self.at < len(self.all):
            parts.append(name_of(self.sql, self.all[self.at], fold=True) or self.word())
            self.at += 1
            if self.word() != ".":
                break
            self.at += 1
        return ("public", *parts) if schema and len(parts) == 1 else tuple(parts)


def subject(sql: str) -> Subject:
    """What a statement is about; a statement that is not understood is about its own words."""
    words = _Words(sql)
    read = _READERS.get(words.word())
    found = read(words) if read is not None else ()
    return found or ("text", *(sql[one.start : one.end].lower() for one in words.all))


def _create(words: _Words) -> Subject:
    words.take()
    words.skip(_MODIFIERS)
    kind = words.take()
    kind = _KINDS.get(kind, kind)
    if kind == "user mapping":
        return (kind, *(words.word(ahead) for ahead in range(1, 5)))
    if kind == "data":  # FOREIGN DATA WRAPPER
        words.take()
    words.skip(_SKIPPED)
    if kind in _PARTS:
        name = words.name(schema=False)
        if kind == "trigger" and not words.find("on"):
            return (kind, *name)
        if kind == "rule":
            return (kind, *name, *words.name()) if words.find("to") else ()
        if kind == "policy":
            words.find("on")
        return (kind, *name, *words.name())
    if kind in ("cast", "operator", "transform", "access method"):
        return ()
    return (kind, *words.name(schema=kind not in _SCHEMALESS and kind != "data"))


def _alter(words: _Words) -> Subject:
    words.take()
    if words.word() == "default":
        return ("default privileges",)
    words.skip(_MODIFIERS)
    kind = words.take()
    words.skip(_SKIPPED)
    name = words.name(schema=kind not in _SCHEMALESS)
    if words.word() == "owner":
        return ("owner", kind, *name)
    if kind != "table":
        return ("alter", kind, *name, words.word(), words.word(1))
    return _alter_table(words, name)


def _alter_table(words: _Words, name: Subject) -> Subject:
    first, second = words.take(), words.word()
    if first == "add" and second == "constraint":
        words.take()
        return ("constraint", *name, *words.name(schema=False))
    if first == "add" and second not in {"primary", "unique", "check", "foreign", "exclude"}:
        words.skip(frozenset({"column", "if", "not", "exists"}))
        return ("column", *name, *words.name(schema=False))
    if first == "alter":
        words.skip(frozenset({"column"}))
        column = words.name(schema=False)
        return ("column setting", *name, *column, words.word(), words.word(1))
    if first == "add":
        return ()
    if "row" in (second, words.word(1)):
        return ("row security", *name, "force" if "force" in (first, second) else "enable")
    return ("alter", "table", *name, first, second, words.word(1))


def _comment(words: _Words) -> Subject:
    words.take()
    words.take()
    words.skip(frozenset({"materialized", "foreign", "event"}))
    kind = words.take()
    rest: list[str] = []
    while words.word() and words.word() != "is":
        rest.append(name_of(words.sql, words.all[words.at], fold=True) or words.word())
        words.take()
    if kind in _IN_SCHEMA and (rest[1:2] != ["."] or (kind == "column" and rest.count(".") == 1)):
        rest = ["public", ".", *rest]
    return ("comment", kind, *rest)


def _rights(words: _Words) -> Subject:
    if not words.find("on"):
        return ()
    kind = words.word()
    named = {"table", "sequence", "function", "procedure", "routine", "schema", "type", "domain", "language"}
    if kind in {"all", "foreign", "large"}:
        return ()
    kind = words.take() if kind in named else "table"
    name = words.name(schema=kind not in _SCHEMALESS)
    return () if words.word() == "," else ("privileges", _KINDS.get(kind, kind), *name)


_READERS: dict[str, Callable[[_Words], Subject]] = {
    "create": _create,
    "alter": _alter,
    "comment": _comment,
    "grant": _rights,
    "revoke": _rights,
}
