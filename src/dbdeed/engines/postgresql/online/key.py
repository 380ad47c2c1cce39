"""Primary keys and unique constraints whose index is built first, and foreign keys of partitioned tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.online.names import free_relation
from dbdeed.engines.postgresql.quoting import ident, idents, qualified
from dbdeed.engines.postgresql.writing import exclusive, patient, pauses, step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.constraint import Constraint


def has_index_form(new: Constraint) -> bool:
    """Whether it can take an index that was built before: no exclusion can, nor a key WITHOUT OVERLAPS."""
    return new.type in ("primary", "unique") and "WITHOUT OVERLAPS" not in new.definition


def built(new: Constraint, context: Context, *fails: Hazard) -> tuple[Step, ...]:
    """Its index built while others go on, then taken over, which only needs a moment."""
    name = _index_name(new, context)
    return (
        index(new, name, *fails),
        exclusive(f"ALTER TABLE {new.table_sql} ADD {using(new, name)}", new.id),
    )


def replaced(new: Constraint, context: Context, *fails: Hazard) -> tuple[Step, ...]:
    """The same, in the place of a constraint of that name."""
    name = _index_name(new, context)
    swap = f"ALTER TABLE {new.table_sql} DROP CONSTRAINT {ident(new.name)}, ADD {using(new, name)}"
    return (index(new, name, *fails), exclusive(swap, new.id))


def built_below(
    new: Constraint, parts: Iterable[Constraint], context: Context, *fails: Hazard
) -> tuple[Step, ...]:
    """The key of a partitioned table: empty, then each partition's own is built and attached to it."""
    steps = [_empty(new)]
    for part in parts:
        steps.extend([_empty(part)] if part.on_partitioned else built(part, context, *fails))
        above = qualified(part.partition_of[0], part.partition_of[2])
        attach = f"ALTER INDEX {above} ATTACH PARTITION {qualified(part.schema, part.name)}"
        steps.append(exclusive(attach, part.id))
    return tuple(steps)


def _empty(new: Constraint) -> Step:
    text = f"ALTER TABLE ONLY {new.table_sql} ADD CONSTRAINT {ident(new.name)} {new.full_definition}"
    return exclusive(text, new.id, pauses(f"Nobody reads or writes {new.table_sql} for a moment."))


def _index_name(new: Constraint, context: Context) -> str:
    """Its own name where that is free: the constraint then takes the index as it is."""
    if ("relation", new.schema, new.name) not in context.current.claimed:
        return new.name
    return free_relation(new.schema, new.name, context)


def index(new: Constraint, name: str, *fails: Hazard) -> Step:
    """The index behind it under this name, built while others go on."""
    rest = f"({idents(new.columns)})"
    included = new.names[len(new.columns) :]
    if included:
        rest += f" INCLUDE ({idents(included)})"
    if new.definition.startswith("UNIQUE NULLS NOT DISTINCT"):
        rest += " NULLS NOT DISTINCT"
    if new.index_options:
        rest += f" WITH ({', '.join(new.index_options)})"
    if new.tablespace:
        rest += f" TABLESPACE {ident(new.tablespace)}"
    text = f"CREATE UNIQUE INDEX CONCURRENTLY {ident(name)} ON {new.table_sql} {rest}"
    return patient(text, new.id, *fails)


def using(new: Constraint, name: str) -> str:
    """The clause by which the constraint takes that index over."""
    word = "PRIMARY KEY" if new.type == "primary" else "UNIQUE"
    deferral = "".join(new.definition.partition(" DEFERRABLE")[1:])
    return f"CONSTRAINT {ident(new.name)} {word} USING INDEX {ident(name)}{deferral}"


def foreign_below(new: Constraint, text: str, context: Context, *fails: Hazard) -> tuple[Step, ...] | None:
    """A foreign key of a partitioned table before version 18, which has no NOT VALID for it.

    Each partition gets it by itself first, and the table's own then takes these over and reads nothing
    (tryAttachPartitionForeignKey). None where a partition is no plain table.
    """
    leaves = list(_leaves(new, context))
    if any(leaf.form != "plain" for leaf in leaves):
        return None
    steps: list[Step] = []
    for leaf in leaves:
        name = ident(new.name)
        add = f"ALTER TABLE {leaf.sql_name} ADD CONSTRAINT {name} {new.definition} NOT VALID"
        validate = f"ALTER TABLE {leaf.sql_name} VALIDATE CONSTRAINT {name}"
        steps.append(step(add, new.id, LockLevel.SHARE_ROW_EXCLUSIVE))
        steps.append(patient(validate, new.id, *fails))
    # Taking over drops the partitions' own triggers, for which nobody may be beside.
    moment = pauses(f"Nobody reads or writes {new.table_sql} for a moment; its rows are checked already.")
    return (*steps, exclusive(text, new.id, moment))


def _leaves(new: Constraint, context: Context) -> Iterable[Any]:
    """The partitions below the table that have no partitions themselves, before and after the plan."""
    below: dict[tuple[str, ...], list[Any]] = {}
    for one in context.current.objects.values():
        there: Any = context.target.objects.get(one.id)
        if one.id.kind == "table" and there is not None and there.partition_of:
            below.setdefault(there.partition_of, []).append(there)
    waiting = [(new.schema, new.table)]
    while waiting:
        for table in below.get(waiting.pop(), ()):
            if table.form == "partitioned":
                waiting.append((table.schema, table.name))
            else:
                yield table
