"""The statements by which a column's shadow is filled, shown to be in step, and put in the column's place."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import HazardKind
from dbdeed.engines.postgresql.choosing import chosen_name, not_null_name
from dbdeed.engines.postgresql.online import fill, key
from dbdeed.engines.postgresql.online import index as index_form
from dbdeed.engines.postgresql.online.names import free_constraint, free_relation
from dbdeed.engines.postgresql.online.not_null import enforced
from dbdeed.engines.postgresql.online.parts import Parts, on_shadow
from dbdeed.engines.postgresql.online.refusing import refusal
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive, looking, may_fail, patient, pauses, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.conversion import Conversion
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.online.shadow import Shadow

_TEXTS = ("text", "character")
_LENGTH = re.compile(r"character(?: varying)?\((\d+)\)\Z")


@dataclass(frozen=True, slots=True)
class Work:
    """What is known of one such change.

    Attributes:
        context: both catalogs, without what interrupted plans left.
        left: the shadow as an interrupted plan left it, where it can be gone on with.
        there: what stands on that one, by its id.
    """

    old: Column
    new: Column
    change: Conversion
    shadow: Shadow
    parts: Parts
    context: Context
    left: Column | None
    there: dict[ObjectId, Any]

    @property
    def value(self) -> str:
        """What a row's shadow is, an expression over the row."""
        name = ident(self.old.name)
        return self.change.using(name) or name

    @property
    def head(self) -> str:
        return f"ALTER TABLE {self.new.table_sql}"


def steps(work: Work, short: Step) -> Iterator[Step]:
    """The whole form; `short` is the statement that does it at once, with its hazards."""
    named = {HazardKind.MAY_FAIL: (), HazardKind.CHANGES_VALUES: ()} | {
        kind: tuple(one for one in short.hazards if one.kind is kind and "NULL" not in one.message)
        for kind in (HazardKind.MAY_FAIL, HazardKind.CHANGES_VALUES)
    }
    if work.left is None:
        if work.change.may_fail:
            yield _looked_through(work, named[HazardKind.MAY_FAIL])
        first, *rest = work.shadow.made(work.context)
        yield replace(first, hazards=(*first.hazards, *named[HazardKind.CHANGES_VALUES]))
        yield from rest
    yield from _dropped_checks(work)
    fails = named[HazardKind.MAY_FAIL] if work.change.may_fail else ()
    where = f"{ident(work.old.name)} IS NOT NULL"
    yield fill.filling(work.shadow.column, work.value, *fails, where=where)
    yield from _not_null(work)
    yield from _shown_in_step(work)
    yield from _built(work)
    first, *rest = _swapped(work)
    yield replace(first, changes=short.changes)
    yield from rest
    for one in work.parts.checks:
        yield patient(f"{work.head} VALIDATE CONSTRAINT {ident(one.name)}", one.id)


def _looked_through(work: Work, fails: tuple[Hazard, ...]) -> Step:
    """A value that does not fit is found before anything is changed, and before a trigger refuses it."""
    name, table = ident(work.old.name), work.new.table_sql
    found = _LENGTH.match(work.new.type)
    if found and not work.change.using_template:  # such a cast only cuts off
        longer = f"pg_catalog.length(pg_catalog.rtrim({name}::text)) > {found[1]}"
        sql = refusal(
            f"SELECT FROM {table} WHERE {longer}",
            "string_data_right_truncation",
            f"{table}.{name} holds values of more than {found[1]} characters",
        )
    else:
        value = work.value if work.change.using_template else f"{name}::{work.new.type}"
        sql = f"SELECT pg_catalog.count({value}) FROM {table}"
    return looking(sql, work.old.id, *fails)


def _dropped_checks(work: Work) -> Iterator[Step]:
    """Checks of an interrupted plan, which are made anew."""
    names = [ident(one.name[-1]) for one in work.there if one.kind == "constraint"]
    if names:
        drops = ", ".join(f"DROP CONSTRAINT {name}" for name in names)
        yield exclusive(f"{work.head} {drops}", work.shadow.column.id)


def _not_null(work: Work) -> Iterator[Step]:
    if not work.new.not_null:
        return
    column = msgspec.structs.replace(
        work.shadow.column, not_null=True, not_null_name=_not_null_name(work, work.context)
    )
    left = work.left
    if left is None or not left.not_null:
        yield from enforced(column, work.context) or ()
    elif not left.not_null_validated:
        validate = f"{work.head} VALIDATE CONSTRAINT {ident(_not_null_name(work, work.context))}"
        yield patient(
            validate, column.id, may_fail(f"{work.new.table_sql}.{ident(work.new.name)} may hold NULLs.")
        )


def _not_null_name(work: Work, context: Context) -> str:
    if context.current.version[0] < 18:
        return ""
    usual = not_null_name(work.new.table, work.new.name)
    return free_constraint(work.new.schema, work.new.table, usual, context)


def _guard(work: Work) -> str:
    new = work.new
    name = chosen_name(new.table, new.name, "same")
    return ident(free_constraint(new.schema, new.table, name, work.context))


def _shown_in_step(work: Work) -> Iterator[Step]:
    """No row is lost that was missed, whatever went on meanwhile: the check would fail, or refuse it.

    What hangs on a session's settings cannot be held against the column by whoever writes; that it is there
    can.
    """
    value = work.value if work.change.using_template else f"{work.value}::{work.new.type}"
    collate = ' COLLATE pg_catalog."C"' if work.new.type.startswith(_TEXTS) else ""
    there = ident(work.shadow.column.name)
    same = f"{there} IS NOT DISTINCT FROM ({value}){collate}"
    if work.shadow.pinned:
        same = f"({there} IS NULL) = ({ident(work.old.name)} IS NULL)"
    guard, about = _guard(work), work.shadow.column.id
    yield exclusive(f"{work.head} ADD CONSTRAINT {guard} CHECK ({same}) NOT VALID", about)
    yield patient(f"{work.head} VALIDATE CONSTRAINT {guard}", about)


def _built(work: Work) -> Iterator[Step]:
    """Indexes on the shadow, of which an interrupted plan may have left some."""
    kept = set()
    for name, built in _builds(work):
        one = work.there.get(ObjectId("index", (work.new.schema, name)))
        if one is not None and one.valid and built.sql == index_form.built(one).sql:
            kept.add(one.id)
        else:
            if one is not None:
                kept.add(one.id)
                yield index_form.dropped(work.new.schema, name, one.id)
            yield built
    for one in work.there.values():
        if one.id.kind == "index" and one.id not in kept:
            yield index_form.dropped(work.new.schema, one.name, one.id)


def _builds(work: Work) -> Iterator[tuple[str, Step]]:
    """Each index under its name meanwhile."""
    for index in work.parts.indexes:
        name = _meanwhile(index, work)
        built = msgspec.structs.replace(
            index, definition=on_shadow(index, work.old, work.shadow.column) or ""
        )
        yield name, index_form.built(built, name)
    for one in work.parts.keys:
        name = _meanwhile(one, work)
        there = {work.old.name: work.shadow.column.name}
        columns, names = (tuple(there.get(each, each) for each in some) for some in (one.columns, one.names))
        moved = msgspec.structs.replace(one, columns=columns, names=names)
        yield (
            name,
            key.index(moved, name, may_fail(f"Rows of {one.table_sql} may hold the same values twice.")),
        )


def _meanwhile(one: Any, work: Work) -> str:
    return free_relation(one.schema, one.name, work.context)


def _swapped(work: Work) -> Iterator[Step]:
    """The shadow in the column's place: one transaction, in which nothing is read or written."""
    from dbdeed.engines.postgresql.kinds import column_create, sequence_write

    old, new, head = work.old, work.new, work.head
    beside, name = ident(work.shadow.column.name), ident(new.name)
    for sequence in work.parts.sequences:
        owner = f"{new.table_sql}.{beside}"
        yield step(
            f"ALTER SEQUENCE {qualified(sequence.schema, sequence.name)} OWNED BY {owner}", sequence.id
        )
    yield from work.shadow.let_go()
    moment = pauses(f"Nobody reads or writes {new.table_sql} for a moment; no rows are read.")
    yield from _counting(work)
    yield exclusive(f"{head} DROP CONSTRAINT {_guard(work)}, DROP COLUMN {ident(old.name)}", old.id, moment)
    yield exclusive(f"{head} RENAME COLUMN {beside} TO {name}", new.id)
    if new.not_null and (meanwhile := _not_null_name(work, work.context)):
        real = ident(not_null_name(new.table, new.name))
        yield exclusive(f"{head} RENAME CONSTRAINT {ident(meanwhile)} TO {real}", new.id)
    if new.default:
        yield exclusive(f"{head} ALTER COLUMN {name} SET DEFAULT {new.default}", new.id)
    if new.identity is not None and old.identity is not None:
        how = new.identity
        meanwhile = free_relation(how.sequence_schema, how.sequence_name, work.context)
        yield step(sequence_write.renamed(how.sequence_schema, meanwhile, how.sequence_name), new.id)
    elif new.identity is not None:
        add = f"{head} ALTER COLUMN {name} ADD {column_create.identity(new, new.identity)}"
        yield exclusive(add, new.id)
    for index in work.parts.indexes:
        yield index_form.renamed(new.schema, _meanwhile(index, work), index.name, index.id)
    for one in work.parts.keys:
        yield exclusive(f"{head} ADD {key.using(one, _meanwhile(one, work))}", one.id)
    for one in work.parts.checks:
        yield exclusive(f"{head} ADD CONSTRAINT {ident(one.name)} {one.full_definition} NOT VALID", one.id)
    yield from work.parts.said


def _counting(work: Work) -> Iterator[Step]:
    """A column that counts hands its count over, while nobody can take a number."""
    from dbdeed.engines.postgresql.kinds import column_create, sequence_write

    was, how = work.old.identity, work.new.identity
    if was is None or how is None:
        return
    name = free_relation(how.sequence_schema, how.sequence_name, work.context)
    meanwhile = msgspec.structs.replace(how, sequence_name=name)
    identity = column_create.identity(work.shadow.column, meanwhile)
    yield exclusive(f"{work.head} ALTER COLUMN {ident(work.shadow.column.name)} ADD {identity}", work.new.id)
    here = qualified(how.sequence_schema, name)
    there = qualified(was.sequence_schema, was.sequence_name)
    yield step(sequence_write.counted(here, there), work.new.id)
