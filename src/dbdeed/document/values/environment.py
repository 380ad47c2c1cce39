"""The NAME of an environment variable: `DATABASE_URL`. A document never holds the value."""

from __future__ import annotations

import re

from dbdeed.document.values.problem import Problem
from dbdeed.document.values.secrets import REFUSED, has_secret
from dbdeed.document.values.types import EnvName

ACCEPTED = ("`DATABASE_URL`", "$DATABASE_URL", "environment variable `DATABASE_URL`")
LIST_ACCEPTED = ("`REPLICA_URL`", "`REPLICA_1_URL`, `REPLICA_2_URL`")
# Bare, a name needs capitals (`database_url` in prose could be anything); marked as one, any name will do.
_MARKED = re.compile(
    r"\$\{([A-Za-z_]\w{0,99})\}|\$([A-Za-z_]\w{0,99})|env:([A-Za-z_]\w{0,99})|`([A-Za-z_]\w{0,99})`", re.ASCII
)
_BARE = re.compile(r"(?<![\w$/.-])([A-Z][A-Z0-9]{0,60}(?:_[A-Z0-9]{1,60}){0,10})(?![\w/.-])", re.ASCII)
_AROUND = re.compile(
    r"(?:(?:stored|kept|read|taken|provided|given|set|loaded|is|from|in|by|via|the|an|a|value|of|as|at|runtime|through|and"
    r"|url|uri|dsn|connection|string|environment|env|variables?|var|vars|named|called|replicas?|read[\s-]only|secret"
    r"|object|store|bucket|key|sealed|encrypted|encryption|with|aes-?256(?:-gcm)?)(?![a-z0-9])|[\s,;:.()`*\"'+&])*",
    re.IGNORECASE,
)
_ACRONYMS = frozenset(["URL", "URI", "DSN", "ENV", "AES", "VAR"])


def parse_env_name(text: str) -> EnvName | Problem:
    """`DATABASE_URL`, `$DATABASE_URL`, `${DATABASE_URL}`, `Stored in environment variable DATABASE_URL`."""
    names = parse_env_names(text)
    if isinstance(names, Problem):
        return names if names == REFUSED else Problem(names.message, ACCEPTED, offset=names.offset)
    if len(names) > 1:
        return Problem(
            "more than one variable is named", ACCEPTED, ambiguous=tuple(name.name for name in names)
        )
    return names[0]


def parse_env_names(text: str) -> tuple[EnvName, ...] | Problem:
    """One name or several, each once, in order."""
    if has_secret(text):
        return REFUSED
    if "://" in text:
        return Problem(
            "this is an address; the document names the environment variable that holds it",
            LIST_ACCEPTED, offset=text.index("://"),
        )  # fmt: skip
    names = _names(text)
    if not names:
        return Problem("no environment variable is named", LIST_ACCEPTED)
    rest = _BARE.sub(_blank, _MARKED.sub(_blank, text))
    around = _AROUND.match(rest)
    if around and around.end() < len(rest):
        return Problem(
            f"“{rest[around.end() :].split()[0][:40]}” is not understood", LIST_ACCEPTED, offset=around.end()
        )
    return tuple(EnvName(name) for name in dict.fromkeys(names))


def write_env_name(name: EnvName) -> str:
    return f"`{name.name}`"


def write_env_names(names: tuple[EnvName, ...]) -> str:
    return ", ".join(write_env_name(name) for name in names)


def _names(text: str) -> list[str]:
    marked = [next(group for group in match.groups() if group) for match in _MARKED.finditer(text)]
    bare = [match[1] for match in _BARE.finditer(_MARKED.sub(_blank, text)) if match[1] not in _ACRONYMS]
    return [*marked, *bare]


def _blank(match: re.Match[str]) -> str:
    return match.group() if match.group() in _ACRONYMS else " " * len(match.group())
