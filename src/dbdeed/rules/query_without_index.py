"""A declared query looks up rows by columns that no index begins with.

The query compares columns with its parameters, and no key or index of that table begins with any of them:
each call reads the whole table. It is a reading of the words, not of a plan; `check --engine` holds the
plan itself against the budget where the engine can say it.

**To right it**, add an index on the column, or declare that the table stays small: `Expects 200 rows in
shelves`.

    SELECT * FROM orders WHERE customer_id = :customer_id
    CREATE INDEX orders_customer_id_idx ON orders (customer_id);
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.facts import quoted
from dbdeed.rules.sql import bare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.architecture import DeclaredQuery
    from dbdeed.models.model import Model
    from dbdeed.rules.facts import Facts

CODE = "query-without-index"
SEVERITY = Severity.WARNING
NEEDS_ENGINE = True

_SMALL = 1000
_COMPARED = re.compile(
    r"(?:(\w+)\s*\.\s*)?\"?(\w+)\"?\s*(?:=\s*(?:any\s*\(\s*)?|in\s*\(\s*):\w", re.IGNORECASE
)
_FROM = re.compile(
    r"(?<!\w)(?:from|join|update|into)\s+(?:only\s+)?(?:\w+\s*\.\s*)?\"?(\w+)\"?(?:\s+(?:as\s+)?(\w+))?",
    re.IGNORECASE,
)


def check(facts: Facts) -> Iterator[Finding]:
    for query in facts.architecture.queries.queries:
        for model, columns in _lookups(facts, query):
            small = dict(query.expects).get(model.table)
            if (small is not None and small <= _SMALL) or _indexed(model, columns):
                continue
            names = " or ".join(sorted(columns))
            looks = f"the query {quoted(query.name)} looks up {quoted(model.table)} by {names}"
            message = f"{looks}, and no index begins so"
            hint = f"Add: CREATE INDEX ON {model.sql_name} ({min(columns)});"
            yield Finding(CODE, SEVERITY, message, query.place, hint)


def _lookups(facts: Facts, query: DeclaredQuery) -> Iterator[tuple[Model, frozenset[str]]]:
    """Per table of the query: the columns that are compared with parameters."""
    if query.block is None or facts.data_model is None:
        return
    text = bare(query.block.text, facts.architecture.overview.system.value)
    tables = {(match[2] or match[1]).lower(): match[1].lower() for match in _FROM.finditer(text)}
    tables |= {table: table for table in tables.values()}
    found: dict[str, set[str]] = {}
    for match in _COMPARED.finditer(text):
        for table in _owners(facts, tables, (match[1] or "").lower(), match[2].lower()):
            found.setdefault(table, set()).add(match[2].lower())
    for model in facts.data_model.models:
        if columns := found.get(model.table.lower()):
            yield model, frozenset(columns)


def _owners(facts: Facts, tables: dict[str, str], alias: str, column: str) -> list[str]:
    """The one table whose column this is; none where that cannot be told by the words."""
    if alias:
        return [tables[alias]] if alias in tables else []
    models = facts.data_model.models if facts.data_model else ()
    read = [model for model in models if model.table.lower() in tables.values()]
    having = [
        model.table.lower() for model in read if any(one.name.lower() == column for one in model.attributes)
    ]
    return having if len(having) == 1 else []


def _indexed(model: Model, columns: frozenset[str]) -> bool:
    leading = [key.columns[0] for key in model.keys if key.columns]
    leading += [index.columns[0] for index in model.indexes if index.columns]
    return any(name.lower() in columns for name in leading)
