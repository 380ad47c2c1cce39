"""Traps that SQLite accepts without a word, one file each; a file's docstring is its documentation."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from dbdeed.engines.sqlite.inspect import inspect
from dbdeed.engines.sqlite.lint.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.findings import Finding
    from dbdeed.engines.sqlite.lint.context import Written
    from dbdeed.engines.sqlite.session import SqliteSession


class Rule(Protocol):
    """A module of this package."""

    CODE: str
    __doc__: str | None

    def check(self, context: Context) -> Iterator[Finding]:
        """The findings in a loaded document."""


_MODULES = (
    "serial",
    "integer_key",
    "nullable_key",
    "affinity",
    "foreign_key",
    "missing",
    "double_quotes",
    "duplicate",
    "rows",
)

RULES: tuple[Rule, ...] = tuple(cast("Rule", import_module(f"{__name__}.{name}")) for name in _MODULES)


def findings(session: SqliteSession, statements: Sequence[Written]) -> list[Finding]:
    """What the rules find, in document order within each rule."""
    from dbdeed.engines.sqlite.renames import unbound_marks

    context = Context(session, inspect(session), statements)
    found = [finding for rule in RULES for finding in rule.check(context)]
    return [*found, *unbound_marks([one.statement for one in statements])]
