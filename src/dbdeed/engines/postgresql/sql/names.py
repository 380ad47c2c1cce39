"""Which names a statement makes, as far as its words say: hints for the order of loading, never meaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.sql_text import Token, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEFORE_KIND = frozenset(
    """
    or replace unlogged global local unique materialized foreign recursive constraint trusted procedural
    default event temp temporary
    """.split()  # noqa: SIM905 - a list of names reads best as text
)
_KINDS = frozenset(
    """
    table view index sequence type domain schema function procedure aggregate extension server collation
    publication statistics
    """.split()  # noqa: SIM905
)
_BEFORE_NAME = frozenset({"concurrently", "if", "not", "exists"})


def made_by(sql: str, tokens: Sequence[Token]) -> frozenset[str]:
    """The last parts of the names that a statement makes: `s.orders` gives `orders`."""
    texts = [sql[one.start : one.end].lower() for one in tokens]
    if texts[:1] == ["create"]:
        return _created(sql, tokens, texts)
    if texts[:2] == ["alter", "table"]:
        return _added(sql, tokens, texts)
    return frozenset()


def _created(sql: str, tokens: Sequence[Token], texts: list[str]) -> frozenset[str]:
    place = 1
    while place < len(texts) and texts[place] in _BEFORE_KIND:
        place += 1
    if place >= len(texts) or texts[place] not in _KINDS:
        return frozenset()
    place += 1
    while place < len(texts) and texts[place] in _BEFORE_NAME:
        place += 1
    while texts[place + 1 : place + 2] == ["."] and place + 2 < len(texts):
        place += 2
    name = name_of(sql, tokens[place], fold=True) if place < len(tokens) else None
    return frozenset({name}) if name else frozenset()


def _added(sql: str, tokens: Sequence[Token], texts: list[str]) -> frozenset[str]:
    """Columns and constraints of ALTER TABLE … ADD."""
    found = set()
    for place, text in enumerate(texts):
        if text != "add":
            continue
        place += 1  # noqa: PLW2901 - walks on from the word
        while place < len(texts) and texts[place] in {"column", "constraint", "if", "not", "exists"}:
            place += 1  # noqa: PLW2901
        name = name_of(sql, tokens[place], fold=True) if place < len(tokens) else None
        if name:
            found.add(name)
    return frozenset(found)


_QUOTED = re.compile(r'"([^"]+)"')
_FUNCTION = re.compile(r"(?:function|procedure|aggregate) ([^\s(]+)\(")
_OF_RELATION = re.compile(r'column "?([^"\s]+)"? of relation')


def missing_name(message: str) -> str:
    """The name that the server's message says is not there, its last part; "" where it says none."""
    found = _FUNCTION.search(message) or _OF_RELATION.search(message) or _QUOTED.search(message)
    if found is None:
        plain = re.search(r"(?:column|relation|type) (\S+) does not exist", message)
        return plain.group(1).rpartition(".")[2] if plain else ""
    return found.group(1).strip('"').rpartition(".")[2]
