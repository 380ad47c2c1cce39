"""What a table says of one of its indexes: which it is clustered on, which identifies rows to replicas.

Setting one takes the mark off another by itself. Only where none has it afterwards is there something to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context


def given(new: Any, old: Any) -> tuple[Step, ...]:
    """The marks that an index, or a key's index, gets: `old` is what it was, None where it is new."""
    clauses = []
    if new.clustered and not (old is not None and old.clustered):
        clauses.append(f"CLUSTER ON {ident(new.name)}")
    if new.replica_identity and not (old is not None and old.replica_identity):
        clauses.append(f"REPLICA IDENTITY USING INDEX {ident(new.name)}")
    return tuple(exclusive(f"ALTER TABLE {new.table_sql} {clause}", new.id) for clause in clauses)


def unset(old: Any, new: Any, context: Context) -> Iterable[Step]:
    """The marks that an index, or a key's index, had and that nothing has in the target.

    Args:
        old: the index or constraint.
        new: what becomes of it; None where it is dropped.
        context: both catalogs.
    """
    word = getattr(old, "on", "table")
    table: Any = context.target.objects.get(ObjectId(word, (old.schema, old.table)))
    if table is None:
        return
    head = f"ALTER {word.upper()} {qualified(old.schema, old.table)}"
    if old.clustered and new is not None and not _anywhere("clustered", table, context):
        yield exclusive(f"{head} SET WITHOUT CLUSTER", old.id)
    # An index that goes leaves the table without any identity, which is not its default one.
    said = getattr(table, "replica_identity", "default") != "default"
    if old.replica_identity and not said and not _anywhere("replica_identity", table, context):
        yield exclusive(f"{head} REPLICA IDENTITY DEFAULT", old.id)


def _anywhere(mark: str, table: Any, context: Context) -> bool:
    return any(getattr(child, mark, False) for child in context.target.children.get(table.id, ()))
