"""Traps that PostgreSQL accepts without a word: one file for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.lint import (
    connection_elsewhere,
    naive_timestamp,
    no_effect,
    padded_char,
    truncated_name,
)
from dbdeed.engines.postgresql.lint.columns import column_places
from dbdeed.engines.postgresql.renames import unbound_marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.findings import Finding
    from dbdeed.engines.seam import Session, Statement

COLUMN_RULES = (padded_char, naive_timestamp)
"""Each has CODE, a QUERY of (table, column), and makes a finding of one."""

NOTICE_RULES = (truncated_name, no_effect)
"""Each makes a finding of what the server remarked while a statement ran."""

STATEMENT_RULES = (connection_elsewhere,)
"""Each makes a finding of a statement's own words."""


def lint(session: Session, statements: Sequence[Statement]) -> list[Finding]:
    """What the rules find in a database that these statements made, where they are written."""
    found = [(rule, table, column) for rule in COLUMN_RULES for table, column in session.fetch(rule.QUERY)]
    places = column_places(statements, {(table, column) for _, table, column in found})
    named = [rule.finding(table, column, places.get((table, column))) for rule, table, column in found]
    worded = [rule.finding(statement) for rule in STATEMENT_RULES for statement in statements]
    return [*named, *(one for one in worded if one is not None), *unbound_marks(statements)]


def from_notices(statement: Statement, notices: Sequence[object]) -> list[Finding]:
    """What the server remarked while a statement ran, where that is a trap."""
    return [
        one
        for notice in notices
        for rule in NOTICE_RULES
        if (one := rule.finding(statement, notice)) is not None
    ]
