"""Rows in a schema.

A document describes what a database looks like. INSERT, UPDATE and DELETE in it are tried out, and then
have no effect on any database: rows belong in a migration or in the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.lint.context import Context

CODE = "sqlite-rows"

_VERBS = frozenset({"insert", "update", "delete", "replace", "with", "select"})


def check(context: Context) -> Iterator[Finding]:
    """One finding for each such statement."""
    for written in context.statements:
        if written.first in _VERBS:
            yield Finding(
                code=CODE,
                severity=Severity.WARNING,
                message=f"{written.first.upper()} describes no structure: it has no effect on a database.",
                place=written.place(written.words[0]),
                hint="Write rows in a migration, or let the program write them.",
            )
