"""What a new migration does, as tools take it that know one transaction for each file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft, WrittenBatch, WrittenStatement

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DROPS_TABLE = re.compile(r"\s*drop\s+table\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Group:
    """Statements that commit together, or run one by one.

    Attributes:
        keys_off: they want foreign keys not to be enforced while they run: SQLite takes a dropped table's
            children with it, and a table that is rebuilt is dropped.
    """

    statements: tuple[WrittenStatement, ...]
    transactional: bool = True
    keys_off: bool = False


def groups_of(engine: Engine, batches: Sequence[WrittenBatch]) -> tuple[Group, ...]:
    """The batches, with neighbours of one kind as one."""
    found = []
    for transactional, some in groupby(batches, lambda one: one.transactional):
        statements = tuple(statement for batch in some for statement in batch.statements)
        keys_off = engine.name == "sqlite" and transactional and any(map(_drops_table, statements))
        if statements:
            found.append(Group(statements, transactional, keys_off))
    return tuple(found)


def _drops_table(statement: WrittenStatement) -> bool:
    return _DROPS_TABLE.match(statement.sql) is not None


def is_plain(*ways: Sequence[Group]) -> bool:
    """Whether one transaction for the whole of each way does."""
    return all(
        len(groups) <= 1 and all(one.transactional and not one.keys_off for one in groups) for groups in ways
    )


def comment_lines(draft: Draft) -> list[str]:
    """What stands above a migration, for people and for the runner; each a single line."""
    return [
        one_line(draft.description),
        *map(one_line, draft.notes),
        f"dbdeed: from {draft.origin.before} to {draft.origin.after}",
        *(f"dbdeed: needs {name}" for name in draft.environment),
    ]


def one_line(text: str) -> str:
    """Without line ends of any language or other control characters, and no mark of the runner's."""
    plain = " ".join(_CONTROL.sub(" ", text).split())
    return re.sub(r"^(dbdeed|migrate):", r"\1 :", plain)
