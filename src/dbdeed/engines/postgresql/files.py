"""Running files that people wrote: migrations, whose statements alter what earlier ones made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import literal
from dbdeed.engines.postgresql.running import LOCK_TIMEOUT
from dbdeed.engines.postgresql.session import SETTINGS, PostgresqlRejected
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.sql.safety import Verdict, judge
from dbdeed.engines.sql_text import split, words

if TYPE_CHECKING:
    from dbdeed.engines.seam import Session, Statement

_KEPT = frozenset({"statement_timeout", "lock_timeout"})
_SERVER = frozenset({("alter", "system"), ("checkpoint",), ("create", "tablespace"), ("drop", "tablespace")})
_SETTINGS = "SELECT " + ", ".join(
    f"pg_catalog.set_config({literal(name)}, {literal(value)}, false)"
    for name, value in {
        "role": "none",
        "check_function_bodies": "on",
        **{name: value for name, value in SETTINGS.items() if name not in _KEPT},
        "lock_timeout": LOCK_TIMEOUT,
    }.items()
)
_PLAIN = re.compile(
    r"(?:create\s+(?:unique\s+)?|alter\s+|drop\s+)(?:table|index|view|sequence|type|function|trigger)\b"
    r"|(?:insert\s+into|update|delete\s+from)\b",
    re.IGNORECASE,
)
"""Beginnings of statements that can only concern this database; most of them do."""


def begin_file(session: Session) -> None:
    """What a file before this one has set is no longer set; whoever waits for a lock does so for a moment."""
    session.fetch(_SETTINGS)


def begin_wait(session: Session, *, alone: bool) -> None:
    """What makes an index beside others waits for transactions to end, and keeps nobody waiting meanwhile."""
    session.execute(f"SET lock_timeout = {literal('0' if alone else LOCK_TIMEOUT)}")


def run_in_scratch(session: Session, statement: Statement) -> None:
    """Run it as a scratch's role; what concerns the server and not this database is left out."""
    if _PLAIN.match(statement.sql):
        session.execute(statement.sql)
        return
    if judge(statement).verdict is Verdict.NOTE or _of_server(statement.sql):
        return
    try:
        session.execute(statement.sql)
    except PostgresqlRejected as error:
        makes_roles = error.message.startswith("permission denied to create role")
        if not makes_roles or _opening(statement.sql)[:1] != ("do",):
            raise


def _of_server(sql: str) -> bool:
    opening = _opening(sql)
    return opening in _SERVER or opening[:1] in _SERVER


def _opening(sql: str) -> tuple[str, ...]:
    parts = split(sql, RULES)
    return words(sql, parts[0].tokens, 2) if parts else ()
