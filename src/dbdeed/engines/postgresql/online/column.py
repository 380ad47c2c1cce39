"""Columns added to a table with rows without writing it anew: empty first, then filled, then enforced.

A constant default costs nothing (manual, ALTER TABLE: it is kept beside the table). One that differs from row
to row, or a value that the document gives for the rows that are there, is set for new rows at once and filled
into the others in parts.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.postgresql.kinds import sequence_write
from dbdeed.engines.postgresql.online import published
from dbdeed.engines.postgresql.online.fill import filling
from dbdeed.engines.postgresql.online.names import free_relation
from dbdeed.engines.postgresql.online.not_null import enforced
from dbdeed.engines.postgresql.online.refusing import refusal
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.volatility import is_volatile
from dbdeed.engines.postgresql.writing import exclusive, looking, may_fail, step

if TYPE_CHECKING:
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column, Identity

_WRITTEN = re.compile(r"'(?:[^']|'')*'::([^()]+)")


def added(new: Column, context: Context, sequence: Any = None) -> tuple[Step, ...] | None:
    """The steps that add a column; None where adding it reads and writes no rows, or there is no such form.

    Args:
        new: the column, of the table itself.
        context: both catalogs.
        sequence: that of a serial column, which the short form makes along.
    """
    if new.generated or new.inherited:
        return None
    value = context.value_for(new.id)
    if new.identity is not None:
        return None if published.takes_no_update(new, context) else _counted(new, new.identity, context)
    refused, late = may_be_refused(new, context), not value and reads_itself(new, context)
    if not value and (refused or late or is_volatile(new.default, context.target)):
        if not (refused or late) and published.takes_no_update(new, context):
            return None
        value = new.default
    if not value:
        return _required(new, context) if _without_value(new, context) else None
    fails = (may_fail(f"A domain may refuse the default of {new.table_sql}.{ident(new.name)}."),)
    before = (sequence_write.creation(sequence),) if sequence is not None else ()
    after = sequence_write.given(sequence, context) if sequence is not None else ()
    filled = _filled(new, value, context, fails if refused else ())
    if late:
        filled = tuple(replace(one, after_all=True) for one in filled)
    return (*before, _empty(new, new.default), *after, *filled)


def may_be_refused(new: Column, context: Context) -> bool:
    """Whether a domain inside of the default may refuse it, at once and though there may be no row.

    The server computes the default of a column that it adds, unless that is volatile, and keeps it for the
    rows that are there. Where the column itself is of the domain it does so only for rows; what stands there
    as a text was read before.
    """
    if not new.default or new.generated or new.identity is not None:
        return False
    needs = [context.target.objects[one] for one in context.target.needs.get(new.id, ())]
    domains: list[Any] = [one for one in needs if one.id.kind == "domain"]
    checked = {one.sql_name for one in domains if one.constraints or context.target.children.get(one.id)}
    written = _WRITTEN.fullmatch(new.default)
    return bool(checked) and new.type not in checked and (written is None or written[1] in checked)


def reads_itself(new: Column, context: Context) -> bool:
    """Whether its default calls what reads a view over the column: it is computed when that is there."""
    if not new.default or new.generated:
        return False
    read = context.target.mentions.get(new.id, frozenset())
    return bool(read) and not read.isdisjoint(context.target.dependents([new.id]))


def _without_value(new: Column, context: Context) -> bool:
    """Whether rows that are there would have to have a value and get none."""
    of_domain = any(one.kind == "domain" for one in context.target.needs.get(new.id, ()))
    whole = new.not_null_validated and new.not_null_inherited
    return new.not_null and whole and not new.default and not of_domain


def _required(new: Column, context: Context) -> tuple[Step, ...] | None:
    """Where there are rows, it fails before anything is changed, and without keeping anybody waiting."""
    steps = enforced(new, context)
    if steps is None:
        return None
    table, name = new.table_sql, ident(new.name)
    look = refusal(
        f"SELECT FROM {table}",
        "not_null_violation",
        f"{table} has rows, and its new column {name} must have a value that nothing gives them",
    )
    fails = may_fail(
        f"{table} must be empty: the new column has no value for its rows. Give them one with "
        "-- backfill: EXPRESSION at the end of the column's line, or the column a default."
    )
    return (looking(look, new.id, fails), _empty(new, ""), *steps)


def _empty(new: Column, default: str) -> Step:
    """Without values for the rows that are there; new ones get the default."""
    from dbdeed.engines.postgresql.kinds.column_create import definition

    bare = definition(msgspec.structs.replace(new, default="", not_null=False, identity=None))
    later = f", ALTER COLUMN {ident(new.name)} SET DEFAULT {default}" if default else ""
    return exclusive(f"ALTER TABLE {new.table_sql} ADD COLUMN {bare}{later}", new.id)


def _filled(new: Column, value: str, context: Context, fails: tuple[Hazard, ...] = ()) -> tuple[Step, ...]:
    steps = enforced(new, context, value) if new.not_null else None
    if steps is None:
        steps = (filling(new, value, *published.refused(new, context)),)
    return tuple(replace(one, hazards=(*fails, *one.hazards)) if one.batched else one for one in steps)


def _counted(new: Column, how: Identity, context: Context) -> tuple[Step, ...]:
    """An identity wants NOT NULL first: until then the column counts by a sequence of its own."""
    from dbdeed.engines.postgresql.kinds.column_create import identity

    name = qualified(new.schema, free_relation(new.schema, how.sequence_name, context))
    numbers = "".join(f" {one}" for one in sequence_write.numbers(how, new.type))
    call = f"pg_catalog.nextval({literal(name)}::pg_catalog.regclass)"
    column = f"ALTER COLUMN {ident(new.name)}"
    real = literal(qualified(how.sequence_schema, how.sequence_name))
    count = f"SELECT pg_catalog.setval({real}::pg_catalog.regclass, last_value, is_called) FROM {name}"
    return (
        step(f"CREATE SEQUENCE {name} AS {new.type}{numbers}", new.id),
        _empty(new, call),
        step(f"ALTER SEQUENCE {name} OWNED BY {new.table_sql}.{ident(new.name)}", new.id),
        *_filled(new, call, context),
        exclusive(
            f"ALTER TABLE {new.table_sql} {column} DROP DEFAULT, {column} ADD {identity(new, how)}", new.id
        ),
        step(count, new.id),
        step(f"DROP SEQUENCE {name}", new.id),
    )
