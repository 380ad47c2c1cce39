"""Java's `.properties` files, as Flyway's and Liquibase's configuration is written (`Properties.load`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_END = re.compile(r"\r\n|\r|\n")
_ODD_BACKSLASHES = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
_KEY = re.compile(r"((?:\\.|[^\\\s=:])*)[ \t\f]*[=:]?[ \t\f]*", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def read_properties(text: str, *, escapes: bool = True) -> Iterator[tuple[str, str, int]]:
    r"""(key, value, line) of each entry, lines counted from 1.

    Args:
        text: of the file.
        escapes: a backslash escapes what follows it, as in Java; Flyway keeps it as it is, and joins lines.
    """
    for line, number in _logical_lines(text):
        match = _KEY.match(line)
        assert match is not None  # everything in it is optional
        key, value = match[1], line[match.end() :]
        if escapes:
            key, value = _ESCAPE.sub(_unescaped, key), _ESCAPE.sub(_unescaped, value)
        yield key, value.rstrip() if not escapes else value, number


def _logical_lines(text: str) -> Iterator[tuple[str, int]]:
    whole, first = "", 0
    for number, raw in enumerate(_LINE_END.split(text.removeprefix("\ufeff")), 1):
        line = raw.lstrip(" \t\f")
        if not whole and (not line or line[0] in "#!"):
            continue
        first = first or number
        if _ODD_BACKSLASHES.search(line):
            whole += line[:-1]
            continue
        yield whole + line, first
        whole, first = "", 0
    if whole:
        yield whole, first


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return _SHORT.get(match[2], match[2])
