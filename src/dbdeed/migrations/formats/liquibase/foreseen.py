"""What Liquibase says that it would run: the output of its `update-count-sql`, by changeset."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_CHANGESET = re.compile(r"^-- Changeset (.*?)[ \t]*$", re.MULTILINE)


def foreseen(said: str, table: str, keys: Collection[str]) -> dict[str, str]:
    """The SQL of each changeset by its key, without what Liquibase writes into its own tables.

    Args:
        said: the output.
        table: of its history, as the configuration calls it.
        keys: of the changesets that are asked for; a line of data may look like the head of one.
    """
    heads = [one for one in _CHANGESET.finditer(said) if one[1] in keys]
    ends = [one.start() for one in heads[1:]] + [len(said)]
    row = re.compile(
        rf'^(?:INSERT INTO|UPDATE) (?:\S+\.)?"?{re.escape(table)}"? (?:\(ID|SET)',
        re.IGNORECASE | re.MULTILINE,
    )
    found = {}
    for head, end in zip(heads, ends, strict=True):
        rows = list(row.finditer(said, head.end(), end))
        found[head[1]] = said[head.end() : rows[-1].start() if rows else end].strip()
    return found
