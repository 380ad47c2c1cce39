"""NOT NULL on a table with rows, whose rows are read while writers go on.

Version 18 validates a not-null constraint by itself. Before that a check is validated, with which SET NOT
NULL need not read the rows (manual, ALTER TABLE), and then dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.choosing import not_null_name
from dbdeed.engines.postgresql.online import published
from dbdeed.engines.postgresql.online.fill import filling
from dbdeed.engines.postgresql.online.names import free_constraint
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.writing import exclusive, may_fail, patient

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column


def enforced(new: Column, context: Context, value: str = "") -> tuple[Step, ...] | None:
    """The steps that make a column NOT NULL; None where its rows are never read anyhow.

    Args:
        new: the column as it shall be.
        context: both catalogs.
        value: an expression for rows that have none yet. They are filled before the constraint, since a row
            without a value cannot be changed under it, and once more after, when none can be added.
    """
    if getattr(context.target.objects.get(new.parent), "form", "") == "foreign":  # type: ignore[arg-type]
        return None
    fill = (filling(new, value, *published.refused(new, context)),) if value else ()
    head = f"ALTER TABLE {'ONLY ' if new.inherited else ''}{new.table_sql}"
    if context.current.version[0] >= 18:
        return (*fill, *_by_itself(new, head, fill))
    return (*fill, *_by_a_check(new, head, fill, context))


def _by_itself(new: Column, head: str, fill: tuple[Step, ...]) -> tuple[Step, ...]:
    name = ident(new.not_null_name or not_null_name(new.table, new.name))
    add = exclusive(f"{head} ADD CONSTRAINT {name} NOT NULL {ident(new.name)} NOT VALID", new.id)
    if not new.not_null_validated:
        return (add, *fill)
    return (add, *fill, _validation(new, f"ALTER TABLE {new.table_sql} VALIDATE CONSTRAINT {name}"))


def _by_a_check(new: Column, head: str, fill: tuple[Step, ...], context: Context) -> tuple[Step, ...]:
    column = ident(new.name)
    name = ident(free_constraint(new.schema, new.table, not_null_name(new.table, new.name), context))
    table = f"ALTER TABLE {new.table_sql}"
    return (
        exclusive(f"{table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID", new.id),
        *fill,
        _validation(new, f"{table} VALIDATE CONSTRAINT {name}"),
        exclusive(f"{head} ALTER COLUMN {column} SET NOT NULL", new.id),
        exclusive(f"{table} DROP CONSTRAINT {name}", new.id),
    )


def _validation(new: Column, sql: str) -> Step:
    return patient(sql, new.id, may_fail(f"{new.table_sql}.{ident(new.name)} may hold NULLs."))
