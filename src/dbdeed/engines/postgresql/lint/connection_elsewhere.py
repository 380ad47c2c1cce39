"""A subscription's connection comes from an environment variable, whatever is written.

It holds a password, as a rule. The variable is called after the subscription: `ORDERS_CONNECTION` for
`CREATE SUBSCRIPTION orders`. It is read when a plan that makes the subscription runs; until then nobody
connects. Nothing compares it: a connection that changes is changed by hand (ALTER SUBSCRIPTION … CONNECTION).
Write the variable's name, which says so to readers:

    CREATE SUBSCRIPTION orders CONNECTION '${ORDERS_CONNECTION}' PUBLICATION orders;
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.postgresql.secrets import variable
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.sql.located import place_of
from dbdeed.engines.sql_text import name_of, split, words

if TYPE_CHECKING:
    from dbdeed.engines.seam import Statement

CODE = "connection-elsewhere"


def finding(statement: Statement) -> Finding | None:
    """A finding, where a subscription's connection is written as something else."""
    for part in split(statement.sql, RULES)[:1]:
        opening = words(statement.sql, part.tokens, 5)
        if opening[:2] != ("create", "subscription") or opening[3:4] != ("connection",):
            return None
        name = name_of(statement.sql, part.tokens[2], fold=True) or ""
        token = part.tokens[4] if len(part.tokens) > 4 else part.tokens[3]
        wanted = f"'${{{variable(name, 'connection')}}}'"
        if statement.sql[token.start : token.end] != wanted:
            return Finding(
                CODE,
                Severity.WARNING,
                f"The connection of subscription {name} is not taken from here.",
                place_of(statement, token.start, token.end - token.start),
                f"Write CONNECTION {wanted}; a plan takes it from that environment variable.",
            )
    return None
