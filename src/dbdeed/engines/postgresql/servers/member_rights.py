"""Rights on what an extension made.

In a scratch that belongs to a superuser, as it does on most servers, so that a GRANT or REVOKE of the
session's role would do nothing, with no more than a warning. A superuser may run it here where nobody gains
by it what the extension did not give to everybody when it was installed: any REVOKE, EXECUTE on a function
that PUBLIC could call then, USAGE of a type that it could use, SELECT on a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Session
    from dbdeed.engines.sql_text import Token

_WHO = frozenset({"current_user", "current_role", "session_user", "granted"})
"""Words that would mean the superuser once it is the one who runs the statement."""

_OTHERS = frozenset(
    {"all", "database", "domain", "foreign", "language", "large", "parameter", "schema", "sequence"}
    | {"tablespace"}
)
"""Words before the names of other kinds of object."""

_ROUTINES = frozenset({"function", "procedure", "routine"})

_READS = re.compile(r"select(?: \( [^()]* \))?(?: , select \( [^()]* \))*\Z")
"""Of a table or of some of its columns."""

_PUBLIC_HAS = """
    SELECT i.initprivs IS NULL OR EXISTS (SELECT FROM pg_catalog.aclexplode(i.initprivs) a
        WHERE a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
            AND a.privilege_type OPERATOR(pg_catalog.=) '{right}'::pg_catalog.text)
    FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_init_privs i
        ON i.classoid OPERATOR(pg_catalog.=) d.classid AND i.objoid OPERATOR(pg_catalog.=) d.objid
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.{catalog}'::pg_catalog.regclass
        AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
        AND d.objid OPERATOR(pg_catalog.=) pg_catalog.{named}($1)
"""
_ROUTINE = _PUBLIC_HAS.format(right="EXECUTE", catalog="pg_proc", named="to_regprocedure")
_TYPE = _PUBLIC_HAS.format(right="USAGE", catalog="pg_type", named="to_regtype")

_TABLE = """
    SELECT true FROM pg_catalog.pg_depend d
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
        AND d.objid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)
"""


_QUERIES = {"routine": _ROUTINE, "type": _TYPE, "table": _TABLE}


@dataclass(frozen=True, slots=True)
class Right:
    """What one GRANT or REVOKE is about.

    Attributes:
        gives: it is a GRANT.
        privileges: in lower case: "execute", "select".
        on: "routine", "type" or "table".
        name: the object as written, a routine's with its argument types.
    """

    gives: bool
    privileges: str
    on: str
    name: str


def right(sql: str) -> Right | None:
    """What a statement gives or takes; None for another statement and for more than one object."""
    statements = split(sql, RULES)
    if len(statements) != 1:
        return None
    tokens = statements[0].tokens
    texts = [sql[one.start : one.end].lower() for one in tokens]
    if texts[:1] not in (["grant"], ["revoke"]) or "on" not in texts or _WHO & set(texts):
        return None
    on = texts.index("on")
    ends = [place for place in range(on, len(texts)) if texts[place] in ("to", "from")]
    if not ends:
        return None
    if texts[on + 1] in _OTHERS and ends[0] > on + 2:
        return None
    named = on + 2 if texts[on + 1] in _ROUTINES | {"table", "type"} else on + 1
    written = tokens[named : ends[0]]
    if not written or _several(sql, written):
        return None
    if texts[on + 1] not in _ROUTINES and len(written) > 1 and sql[written[1].start] != ".":
        return None  # a sequence, a schema: a superuser is never needed
    name = sql[written[0].start : written[-1].end]
    if (texts[on + 1] in _ROUTINES) is not name.endswith(")"):
        return None
    what = "routine" if texts[on + 1] in _ROUTINES else "type" if texts[on + 1] == "type" else "table"
    return Right(texts[0] == "grant", " ".join(texts[1:on]), what, name)


def _several(sql: str, tokens: Sequence[Token]) -> bool:
    depth = 0
    for token in tokens:
        text = sql[token.start : token.end]
        depth += (text == "(") - (text == ")")
        if text == "," and depth == 0:
            return True
    return False


def needs_superuser(session: Session, sql: str) -> bool:
    """Whether a statement is about rights on what an extension made, and a superuser may run it."""
    found = right(sql)
    if found is None:
        return False
    try:
        with session.transaction():  # inside another one a savepoint, which a refusal leaves whole
            rows = session.fetch(_QUERIES[found.on], found.name)
    except SqlRejected:
        return False  # a name that cannot be read: the statement itself will say so
    if not rows:
        return False
    if not found.gives:
        return True
    if found.on == "table":
        return _READS.match(found.privileges) is not None
    return bool(rows[0][0]) and found.privileges in ("execute", "usage", "all", "all privileges")
