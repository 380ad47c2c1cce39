"""Finding a secret in a text, so that it is refused and never repeated.

What is a secret: the password of a URL, and `password=…` as connection strings have it. What stands for one
(`${PASSWORD}`, `<password>`, `****`) is none.
"""

from __future__ import annotations

import re

from dbdeed.document.values.problem import Problem

# Lengths are bounded so that hostile text costs linear time.
_URL = re.compile(r"://[^\s:/@]{0,200}:([^\s@/]{1,500})@")
_DATABASE_URL = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|amqp)[a-z0-9+]{0,20}://[^\s:/@]{0,200}:([^\s@]{1,500})@",
    re.IGNORECASE,
)
_PARAMETER = re.compile(
    r"(?<![a-z])(?:password|passwd|pwd)\s{0,5}=\s{0,5}(?:'([^']{1,500})|([^\s'&;,]{1,500}))", re.IGNORECASE
)
STAND_IN = re.compile(
    r"\$\{?\w{1,100}\}?|%\w{1,100}%|<[^>]{0,100}>|\[[^\]]{0,100}\]|\*+|x{3,}|X{3,}|\{\{?[^}]{0,100}\}?\}|…|\.\.\.|:\w{1,100}"
)

REFUSED = Problem(
    "a password stands here; the document never holds a secret",
    ("environment variable `DATABASE_URL`", "`DATABASE_URL`"),
)


def secret_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where passwords stand in a text, as (start, end) in characters, in order."""
    spans = set()
    for pattern in (_URL, _DATABASE_URL, _PARAMETER):
        for match in pattern.finditer(text):
            group = next(index for index in range(1, pattern.groups + 1) if match[index] is not None)
            if not STAND_IN.fullmatch(match[group]):
                spans.add(match.span(group))
    return tuple(sorted(spans))


def has_secret(text: str) -> bool:
    return bool(secret_spans(text))


def redact(text: str) -> str:
    """The text with `***` for each password."""
    for start, end in reversed(secret_spans(text)):
        text = f"{text[:start]}***{text[end:]}"
    return text
