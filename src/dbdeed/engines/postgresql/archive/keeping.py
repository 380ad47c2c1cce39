"""Which steps of a change remove something, and what keeps it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Form, Kept
from dbdeed.engines.postgresql.archive import attributes, filling
from dbdeed.engines.postgresql.archive.moving import moved, moved_back
from dbdeed.engines.postgresql.archive.parts import column_of, subtree
from dbdeed.engines.postgresql.archive.values import held, number_kept, rows_kept, values_kept
from dbdeed.engines.seam import Returning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column


def kept_first(
    change: Change, context: Context, name: Callable[[ObjectId], str], few: Callable[[ObjectId], bool]
) -> tuple[Step, ...]:
    """The change's steps, with those that keep what they remove; they themselves where nothing is lost."""
    if change.action is Action.DROP and change.id.kind == "table":
        old: Any = change.old
        if old.form == "plain" and not (old.inherits or old.of_type):
            return moved(change, name(change.id), context)
        if old.form == "partitioned":
            copy: tuple[Step, ...] = ()
            drop = tuple(replace(one, keeps=(Kept(old.id, Form.PARTS, ""),)) for one in change.steps)
        else:
            copy = rows_kept(old, name(change.id), context, few(old.id)) if old.form == "plain" else ()
            drop = change.steps
        return (*copy, *_numbers(change, context.current, name), *drop)
    if change.action is Action.DROP and change.id.kind == "sequence":
        return (number_kept(change.id, change.id, name(change.id)), *change.steps)
    steps: list[Step] = []
    for step in change.steps:
        steps += _with_copies(step, tuple(_values(change, step, context, name, few)))
    if any(step.destroys for step in change.steps):
        return (*_numbers(change, context.current, name), *steps)
    return (*_count_given_up(change, name), *steps)


def _with_copies(step: Step, copies: tuple[Step, ...]) -> tuple[Step, ...]:
    """A step behind what keeps what it takes, in each of its forms.

    In the online form that is right before the last of its transactions, in which the values go: what
    anybody writes until then is kept too.
    """
    online = step.online or ()
    there = next((number for number, one in enumerate(online) if one.changes), None)
    if there is None:
        return (*copies, step)
    meant = (*online[:there], *copies, *online[there:])
    return (*(replace(one, online=()) for one in copies), replace(step, online=meant))


def _values(
    change: Change,
    step: Step,
    context: Context,
    name: Callable[[ObjectId], str],
    few: Callable[[ObjectId], bool],
) -> Iterator[Step]:
    for one in step.destroys:
        column = column_of(one, context.current) if one.kind == "column" else None
        if column is not None:
            goes = change.because == column.parent
            yield from values_kept(column, name(one), context, few, goes=goes)
    for one in step.changes:
        column = column_of(one, context.current)
        if column is not None:
            yield from values_kept(column, name(one), context, few, _became(column, context))


def _became(column: Column, context: Context) -> str:
    """What a column's value is after its conversion."""
    from dbdeed.engines.postgresql.conversion import conversion
    from dbdeed.engines.postgresql.quoting import ident

    new = column_of(column.id, context.target)
    if new is None:
        return ident(column.name)
    if new.type == column.type:  # and what its type consists of is not
        return attributes.left_of(column, context.current, context.target).replace("{}", ident(column.name))
    change = conversion(column.type, new.type)
    return change.using(ident(column.name)) or f"{ident(column.name)}::{new.type}"


def _count_given_up(change: Change, name: Callable[[ObjectId], str]) -> Iterator[Step]:
    """How far a column has counted that counts no more, unless a sequence goes on for it."""
    old: Any = change.old
    new: Any = change.new
    given_up = (
        change.id.kind == "column"
        and change.action is Action.ALTER
        and not change.ahead
        and getattr(old, "identity", None) is not None
        and getattr(new, "identity", None) is None
        and not any(one.kind == "sequence" for one in change.covers)
    )
    if given_up:
        yield held(change.id, old.table_sql)
        sequence = ObjectId("sequence", (old.identity.sequence_schema, old.identity.sequence_name))
        yield number_kept(change.id, sequence, name(sequence))


def _numbers(change: Change, current: Catalog, name: Callable[[ObjectId], str]) -> Iterator[Step]:
    """Counts of the sequences that go with a column or a partitioned table."""
    for one in subtree(change.id, current):
        if one.kind == "sequence":
            yield number_kept(change.id, one, name(one))
        identity = getattr(current.objects.get(one), "identity", None)
        if identity is not None:
            sequence = ObjectId("sequence", (identity.sequence_schema, identity.sequence_name))
            yield number_kept(change.id, sequence, name(sequence))


def returning(kept: Sequence[Kept], before: Catalog, reached: Catalog, after: Catalog) -> Returning:
    """How what is kept goes back; see `dbdeed.engines.seam.Engine.returning`."""
    early: list[Step] = []
    first: list[Step] = []
    last: list[Step] = []
    meanwhile: list[Column] = []
    for one in kept:
        if one.form is Form.MOVED:
            first += moved_back(one)
        elif one.form is Form.COPIED:
            last += filling.rows_back(one, before)
        elif one.form is Form.VALUES:
            meanwhile += filling.own_meanwhile(one, before, reached)
            first += filling.filled_back(one, before, reached)
        elif one.form is Form.CHANGED:
            early.append(filling.looked_at(one, before))
            meanwhile += filling.own_meanwhile(one, before, reached)
            text = filling.as_text(one, before, reached)
            if text is None:
                last += filling.converted_back(one, before, after)
            else:
                meanwhile.append(text)
                first += filling.told_back(one, text, before, reached, after)
        elif one.form is Form.NUMBER:
            last.append(filling.counted_back(one))
    return Returning(tuple(early), tuple(first), tuple(last), tuple(meanwhile))
