"""The synchronous form of asynchronous code.

Works on Python's tokens, so that texts and comments are left alone but for the words that are named below.
What cannot be said in both worlds (how one waits) is kept out of the code that goes through here.
"""

from __future__ import annotations

import io
import itertools
import re
import tokenize

_NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncConnection": "Connection",
    "AsyncGenerator": "Generator",
    "AsyncIterator": "Iterator",
    "AsyncRawCursor": "RawCursor",
    "aclosing": "closing",
    "asynccontextmanager": "contextmanager",
}
_AWAITABLE = re.compile(r"\bAwaitable\[(\w+)\]")
_PROSE = (("`async with", "`with"),)


def to_sync(source: str) -> str:
    """Derive it; `source` is Python that parses."""
    lines = source.splitlines(keepends=True)
    for token, following in _reversed_pairs(source):
        replaced = _replacement(token)
        if replaced is None:
            continue
        row, start, end = token.start[0] - 1, token.start[1], token.end[1]
        if replaced == "" and following.start[0] == token.end[0]:
            end = following.start[1]  # with the blank behind it
        lines[row] = lines[row][:start] + replaced + lines[row][end:]
    text = _AWAITABLE.sub(r"\1", "".join(lines)).replace("Awaitable, ", "")
    for before, after in _PROSE:
        text = text.replace(before, after)
    return text


def _reversed_pairs(source: str) -> list[tuple[tokenize.TokenInfo, tokenize.TokenInfo]]:
    """Each token with the one behind it, last first, so that positions stay true while lines are edited."""
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    return list(itertools.pairwise(tokens))[::-1]


def _replacement(token: tokenize.TokenInfo) -> str | None:
    if token.type != tokenize.NAME:
        return None
    if token.string in ("async", "await"):
        return ""
    return _NAMES.get(token.string)
