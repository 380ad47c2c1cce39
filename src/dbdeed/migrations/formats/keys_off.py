"""A transaction of SQLite's in which tables are dropped, in files of tools that know only one kind.

While foreign keys are enforced, dropping a table takes the rows that refer to it; whether they are is the
connection's, and cannot be changed inside of a transaction. SQL alone cannot put back what it was before, and
to enforce them where nobody did would take rows in the next file: they stay off until the tool's connection
ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.migrations.seam import Batch

if TYPE_CHECKING:
    from dbdeed.engines.seam import Engine, Statement

BEFORE = ("PRAGMA foreign_keys=OFF", "BEGIN IMMEDIATE")
AFTER = ("COMMIT",)
_BEGINS = (("BEGIN IMMEDIATE",), ("BEGIN",))


def as_batch(engine: Engine, statements: tuple[Statement, ...]) -> Batch:
    """Statements outside of a tool's transaction, as a transaction where they are just that.

    Our own keeps foreign keys off until its end in any case, and then checks them.
    """
    texts = tuple(one.sql for one in statements)
    if engine.name == "sqlite" and texts[:2] == BEFORE and texts[-1:] == AFTER and len(texts) > 3:
        inner = statements[2:-1]
    elif texts[:1] in _BEGINS and texts[-1:] == ("COMMIT",) and len(texts) > 2:
        inner = statements[1:-1]
    else:
        return Batch(statements, transactional=False)
    return Batch(inner)
