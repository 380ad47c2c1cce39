"""Which statements a schema document may hold, by what they begin with.

This keeps a document a description: what is refused here either means nothing in one (transactions,
sessions), or is no part of this database (other databases, the server), or moves data. It is no wall: that is
the scratch's role without rights. A statement that begins with no known word goes to the server, whose error
is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import Token, TokenKind, split

if TYPE_CHECKING:
    from dbdeed.engines.seam import Statement


class Verdict(Enum):
    RUN = auto()
    SKIP = auto()  # noise of a dump: it changes nothing that a schema holds
    NOTE = auto()  # no part of this database: left out, and said so
    PATH = auto()  # it sets search_path for what follows
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do with a statement.

    Attributes:
        message, hint: for a person, where it is refused or left out.
        path: the statement that sets `search_path`.
    """

    verdict: Verdict
    message: str = ""
    hint: str = ""
    path: str = ""


_RUN = Judgement(Verdict.RUN)
_SKIP = Judgement(Verdict.SKIP)

_TRANSACTION = "dbdeed decides the transactions itself; leave it out."
_SESSION = "A schema does not depend on who reads it; leave it out."
_UPKEEP = "It is upkeep of a live database, no part of a schema; leave it out."
_DATA = "A schema document may hold INSERT for its own rows, and no other reading or changing of data."
_SERVER = "It concerns the server, not this database; leave it out."

_REFUSED_WORDS = {
    **dict.fromkeys(
        ("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"),
        _TRANSACTION,
    ),
    **dict.fromkeys(("reset", "discard", "show", "execute", "deallocate", "declare", "fetch"), _SESSION),
    **dict.fromkeys(("move", "close", "listen", "notify", "unlisten", "lock", "load"), _SESSION),
    **dict.fromkeys(("vacuum", "analyze", "analyse", "cluster", "reindex", "checkpoint", "explain"), _UPKEEP),
    **dict.fromkeys(("select", "with", "values", "table", "update", "delete", "merge", "truncate"), _DATA),
    **dict.fromkeys(("call", "copy"), _DATA),
    "import": "It would ask another server; write the foreign tables out.",
    "reassign": _SERVER,
}

_REFUSED_OBJECTS = {
    ("create", "database"): _SERVER,
    ("drop", "database"): _SERVER,
    ("create", "tablespace"): _SERVER,
    ("alter", "tablespace"): _SERVER,
    ("drop", "tablespace"): _SERVER,
    ("alter", "system"): _SERVER,
    ("drop", "owned"): _SERVER,
    ("create", "temp"): "A temporary table ends with its session and is no part of a schema.",
    ("create", "temporary"): "A temporary table ends with its session and is no part of a schema.",
}

_NOTED_OBJECTS = {
    **dict.fromkeys(
        [(verb, noun) for verb in ("create", "alter", "drop") for noun in ("role", "user", "group")],
        "Roles belong to the server",
    ),
    ("alter", "database"): "A database's own settings are not part of its schema",
    ("comment on", "database"): "A database's own comment is not part of its schema",
    ("comment on", "role"): "Roles belong to the server",
}

_NOISE = frozenset(
    """
    check_function_bodies client_encoding client_min_messages escape_string_warning
    idle_in_transaction_session_timeout idle_session_timeout lock_timeout quote_all_identifiers row_security
    standard_conforming_strings statement_timeout synchronous_commit transaction_timeout xmloption
    """.split()  # noqa: SIM905 - a list of names reads best as text
)
"""Settings that pg_dump writes and that change nothing of what is made."""

_NOISE_WHEN = {
    "default_tablespace": ("''",),
    "default_table_access_method": ("heap",),
    "default_with_oids": ("false", "off"),
}


def judge(statement: Statement) -> Judgement:
    """What to do with one statement of a document."""
    parts = split(statement.sql, RULES)
    if not parts:
        return _SKIP
    tokens = parts[0].tokens
    if tokens[0].kind is TokenKind.COMMAND:
        return _command(statement.sql)
    texts = [statement.sql[one.start : one.end].lower() for one in tokens[:12]]
    if texts[0] == "set":
        return _setting(statement.sql, tokens, texts)
    if texts[0] == "select":
        return _select(statement.sql, tokens, texts)
    return _by_words(texts, tokens, statement.sql)


def _by_words(texts: list[str], tokens: tuple[Token, ...], sql: str) -> Judgement:
    first = " ".join(texts[:2]) if texts[0] == "comment" else texts[0]
    pair = (first, texts[2] if texts[0] == "comment" and len(texts) > 2 else "".join(texts[1:2]))
    if pair[1] == "user" and texts[2:3] == ["mapping"]:
        return _RUN
    if pair in _NOTED_OBJECTS:
        return _noted(_NOTED_OBJECTS[pair])
    if texts[0] in {"grant", "revoke"}:
        return _grant(tokens, sql)
    if pair in _REFUSED_OBJECTS:
        return _refused(" ".join(pair), _REFUSED_OBJECTS[pair])
    if texts[0] in _REFUSED_WORDS:
        return _refused(texts[0], _REFUSED_WORDS[texts[0]])
    return _RUN


def _refused(words: str, hint: str) -> Judgement:
    return Judgement(Verdict.REFUSE, f"{words.upper()} has no place in a schema document.", hint)


def _noted(reason: str) -> Judgement:
    return Judgement(
        Verdict.NOTE,
        f"{reason}: dbdeed leaves this statement out.",
        "Run it yourself where the server is set up.",
    )


def _command(sql: str) -> Judgement:
    r"""Psql's own commands; pg_dump writes `\restrict` and `\unrestrict` around what it dumps."""
    name = sql.split(maxsplit=1)[0]
    if name in {"\\restrict", "\\unrestrict"}:
        return _SKIP
    return Judgement(
        Verdict.REFUSE,
        f"{name} is a command of psql, not SQL.",
        "Link other files with a Markdown link; write data as INSERT.",
    )


def _grant(tokens: tuple[Token, ...], sql: str) -> Judgement:
    """Of a role, or on a database: the server's business; everything else is the schema's."""
    texts = [sql[one.start : one.end].lower() for one in tokens]
    if "on" not in texts:
        return _noted("Membership in roles belongs to the server")
    after = texts[texts.index("on") + 1 : texts.index("on") + 2]
    return _noted("Rights on a database are not part of its schema") if after == ["database"] else _RUN


def _setting(sql: str, tokens: tuple[Token, ...], texts: list[str]) -> Judgement:
    place = 2 if texts[1:2] in (["session"], ["local"]) else 1
    name = "".join(texts[place : place + 1])
    if name == "search_path" and texts[place + 1 : place + 2] in (["="], ["to"]):
        value = sql[tokens[place + 2].start :] if len(tokens) > place + 2 else ""
        return Judgement(Verdict.PATH, path=f"SET search_path = {value}")
    if name in _NOISE or "".join(texts[place + 2 : place + 3]) in _NOISE_WHEN.get(name, ()):
        return _SKIP
    return _refused(f"set {name}", _SESSION)


def _select(sql: str, tokens: tuple[Token, ...], texts: list[str]) -> Judgement:
    """Two calls that pg_dump writes are known; everything else reads data."""
    call = texts[3:] if texts[1:3] == ["pg_catalog", "."] else texts[1:]
    if call[:1] == ["setval"] and texts.count("(") == 1:
        return _RUN
    if call[:3] == ["set_config", "(", "'search_path'"] and call[3:4] == [","]:
        value = tokens[len(texts) - len(call) + 4]
        if value.kind is TokenKind.STRING:
            path = f"SELECT pg_catalog.set_config('search_path', {sql[value.start : value.end]}, false)"
            return Judgement(Verdict.PATH, path=path)
    return _refused("select", _REFUSED_WORDS["select"])


def has_old_strings(statements: list[Statement]) -> Statement | None:
    r"""The first statement whose meaning hangs on `standard_conforming_strings = off`.

    With that setting, which PostgreSQL gave up as default in 2010, a backslash in an ordinary string escapes.
    """
    off = False
    for statement in statements:
        tokens = [one for part in split(statement.sql, RULES) for one in part.tokens]
        texts = [statement.sql[one.start : one.end].lower() for one in tokens[:5]]
        if texts[:2] == ["set", "standard_conforming_strings"]:
            off = texts[3:4] in (["off"], ["false"], ["'off'"], ["0"])
        elif off and any(
            one.kind is TokenKind.STRING
            and "\\" in statement.sql[one.start : one.end]
            and statement.sql[one.start] == "'"
            for one in tokens
        ):
            return statement
    return None
