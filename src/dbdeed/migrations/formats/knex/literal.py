r"""SQL as JavaScript template literals, and back.

What stands between the backticks means exactly the SQL: backslashes, backticks, `${` and carriage returns are
escaped (JavaScript reads a bare CR as LF), and so is what no reader of a file would see.

On PostgreSQL Knex takes a `?` of raw SQL for a value, and `\?` for the question mark itself, whatever it
stands in; of `\\?` it makes something else again. Such SQL goes past it, as an option of the driver's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_UNSEEN = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
_SPECIAL = re.compile(rf"\\|`|\$(?=\{{)|{_UNSEEN}")
_ESCAPE = re.compile(r'\\(u[0-9a-f]{4}|r|.)|\$\{env\("([A-Za-z_][A-Za-z0-9_]*)"\)\}', re.DOTALL)
LITERAL = r"`((?:[^`\\]|\\.)*)`"
"""A template literal; its group is what stands between the backticks."""


def literal(text: str, environment: Collection[str] = ()) -> str:
    """A text as a template literal; `${NAME}` of the environment's variables is looked up when it runs."""
    return f"`{_escaped(text, environment)}`"


def _escaped(text: str, environment: Collection[str]) -> str:
    if not environment:
        return _SPECIAL.sub(_escape, text)
    names = "|".join(re.escape(one) for one in environment)
    parts = re.split(rf"\$\{{({names})\}}", text)
    return "".join(
        f'${{env("{part}")}}' if number % 2 else _SPECIAL.sub(_escape, part)
        for number, part in enumerate(parts)
    )


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if character in "\\`$":
        return "\\" + character
    return "\\r" if character == "\r" else f"\\u{ord(character):04x}"


def text_of(between: str, environment: Collection[str] = ()) -> str | None:
    """What a literal means; None where it is not as `literal` writes it."""
    text = _ESCAPE.sub(_plain, between)
    return text if _escaped(text, environment) == between else None


def _plain(found: re.Match[str]) -> str:
    if found[2]:
        return f"${{{found[2]}}}"
    escape = found[1]
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    return "\r" if escape == "r" else escape


def passes(sql: str) -> bool:
    """Whether Knex can be given SQL of PostgreSQL's as raw, its question marks escaped."""
    return "\\?" not in sql


def marked(sql: str) -> str:
    r"""Raw SQL for Knex on PostgreSQL, of what `passes`: each `?` as `\?`."""
    return sql.replace("?", "\\?")


def unmarked(raw: str) -> str | None:
    """The SQL that Knex makes of raw SQL on PostgreSQL; None where it takes values."""
    sql = raw.replace("\\?", "?")
    return sql if passes(sql) and marked(sql) == raw else None
