r"""SQL as Python's string literals for `op.execute`, and back.

SQLAlchemy reads such a text once more: `:name` is a value that is missing, and `\:` a colon. In a text where
either would be found every colon has its backslash; other texts stand as they are. `%` needs nothing:
SQLAlchemy doubles it where the driver wants that.
"""

from __future__ import annotations

import re

_UNSEEN = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
_SPECIAL = re.compile(rf'\\|"(?="")|"\Z|{_UNSEEN}')
_TAKEN = re.compile(r"(?<![:\w\\]):[\w$]|\\:")


def literal(text: str) -> str:
    """A text between triple quotes."""
    return f'"""{_SPECIAL.sub(_escape, text)}"""'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if character in '\\"':
        return "\\" + character
    return "\\r" if character == "\r" else f"\\u{ord(character):04x}"


def marked(sql: str, *, filled: bool = False) -> str:
    """SQL as a text for SQLAlchemy; `filled` where values of the environment will be put into it."""
    return sql.replace(":", "\\:") if filled or _TAKEN.search(sql) else sql


def unmarked(text: str, *, filled: bool = False) -> str | None:
    """The SQL that SQLAlchemy makes of a text; None where that is not as `marked` has it."""
    sql = text.replace("\\:", ":")
    return sql if marked(sql, filled=filled) == text else None
