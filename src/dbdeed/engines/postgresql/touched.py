"""Columns that a trigger sets by every update, so that nobody else need do so.

What is recognised is the usual form: a row trigger BEFORE UPDATE, on all columns and under no condition,
whose function assigns `new.column` and decides nothing; and `moddatetime` of PostgreSQL's own extension.
Where a trigger is not recognised, a column is set twice, which is as right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.kinds.function import Function
from dbdeed.engines.postgresql.kinds.trigger import Trigger
from dbdeed.engines.postgresql.quoting import qualified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.kinds.table import Table

_TRIGGER = re.compile(
    r"\bBEFORE (?:\w+ OR )*UPDATE(?: OR \w+)* ON .* FOR EACH ROW EXECUTE (?:FUNCTION|PROCEDURE) "
    r"(?P<name>.+)\((?P<arguments>.*)\)\Z",
    re.DOTALL,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_DECIDES = re.compile(r"\b(?:if|case|when|loop|while|return\s+old|return\s+null)\b", re.IGNORECASE)
_ASSIGNED = re.compile(r'\bnew\s*\.\s*(?:"(?P<quoted>[^"]+)"|(?P<plain>\w+))\s*:?=(?!=)', re.IGNORECASE)


def touched(table: Table, catalog: Catalog) -> frozenset[str]:
    """The columns' names."""
    triggers = (one for one in catalog.children.get(table.id, ()) if isinstance(one, Trigger))
    return frozenset(name for one in triggers for name in _set_by(one, catalog))


def _set_by(trigger: Trigger, catalog: Catalog) -> Iterator[str]:
    form = _TRIGGER.search(trigger.definition)
    if form is None or " WHEN (" in trigger.definition or trigger.enabled not in ("origin", "always"):
        return
    if form["name"].rpartition(".")[2] == "moddatetime":
        yield form["arguments"].strip("'")
        return
    for one in catalog.objects.values():
        if isinstance(one, Function) and qualified(one.schema, one.name) == form["name"]:
            body = _COMMENT.sub(" ", one.definition)
            if not _DECIDES.search(body):
                yield from (found["quoted"] or found["plain"].lower() for found in _ASSIGNED.finditer(body))
