"""Two models, tables or queries have the same name.

Each name is one thing. Of two models that stand for the same table, or two `### Table:` or `### Query:`
headings of one name, nobody can say which is meant.

**To right it**, join them, or rename one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.models.naming import table_name
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.source import Place
    from dbdeed.rules.facts import Facts

CODE = "duplicate-name"
SEVERITY = Severity.ERROR


def check(facts: Facts) -> Iterator[Finding]:
    document = facts.architecture
    models = [(one.table or table_name(one.name), one.name, one.place) for one in document.models]
    tables = [(one.name, one.name, one.place) for one in document.schema.tables]
    queries = [(one.name, one.name, one.place) for one in document.queries.queries]
    for kind, named in (("model", models), ("table", tables), ("query", queries)):
        yield from _duplicates(facts, kind, named)


def _duplicates(facts: Facts, kind: str, named: list[tuple[str, str, Place]]) -> Iterator[Finding]:
    seen: dict[str, tuple[str, Place]] = {}
    for identity, name, place in named:
        if not identity or facts.unfilled_at(place):
            continue
        if identity in seen:
            first, there = seen[identity]
            same = "" if first == name else f" (as {quoted(first)})"
            message = f"the {kind} {quoted(name)} is already described{same} in line {there.start.line}"
            yield Finding(CODE, SEVERITY, message, place, "Join the two, or rename one.")
        seen.setdefault(identity, (name, place))
