"""How a column becomes another without losing its values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.change import Hazard, HazardKind, LockLevel
from dbdeed.engines.compare import Alteration, Loosening
from dbdeed.engines.postgresql.choosing import not_null_name
from dbdeed.engines.postgresql.conversion import Conversion, conversion, keeps_values
from dbdeed.engines.postgresql.kinds import (
    column_create,
    counting_heirs,
    dependence,
    heir_not_null,
    inheritance,
    key_column,
    sequence_write,
)
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.online.fill import filling
from dbdeed.engines.postgresql.online.not_null import enforced
from dbdeed.engines.postgresql.online.retype import beside
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import (
    blocks_reads,
    exclusive,
    may_fail,
    patient,
    pauses,
    rewriting,
    step,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.online.retype import Beside


@dataclass(frozen=True, slots=True)
class _Handover:
    """What the sequences want when a column becomes an identity or is one no more.

    Attributes:
        left: the column after the steps before.
    """

    left: Column
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    covers: tuple[ObjectId, ...] = ()


def alter(old: Column, new: Column, context: Context) -> Alteration | None:
    if not _exchanges_names(old, new, context):
        return _altered(old, new, context)
    aside = names.free_constraint(old.schema, old.table, old.not_null_name, context)
    left = msgspec.structs.replace(old, not_null_name=aside)
    way = _altered(left, new, context)
    if way is None:
        return None
    rename = f"RENAME CONSTRAINT {ident(old.not_null_name)} TO {ident(aside)}"
    return replace(way, first=Loosening((exclusive(f"ALTER TABLE {old.table_sql} {rename}", old.id),), left))


def _exchanges_names(old: Column, new: Column, context: Context) -> bool:
    """Whether its not-null constraint gives its name to another and gets one that another has."""
    was, wanted = (("constraint", one.schema, one.table, one.not_null_name) for one in (old, new))
    if was == wanted or not (old.not_null and new.not_null and old.not_null_name and new.not_null_name):
        return False
    plain = not (old.inherited or new.inherited) and old == context.current.objects.get(old.id)
    return plain and wanted in context.current.claimed and was in context.target.claimed


def _altered(old: Column, new: Column, context: Context) -> Alteration | None:
    if not new.local:
        if old.local:
            return Alteration(())
        return Alteration(column_create.other_steps(old, new, context))
    if _type_differs(old, new) and key_column.divides(old, context):
        return key_column.rebuilt(old, context)
    if _must_replace(old, new, context):
        return None
    old, new = heir_not_null.as_own(old, new, context)
    handover = _to_identity(old, new, context)
    if not handover.covers:
        handover = _from_identity(old, new, context)
    was = handover.left
    change = conversion(was.type, new.type) if _type_differs(was, new) else None
    disturbs = _disturbed(old, change, context) if change is not None else frozenset()
    steps: list[Step] = []
    if was.generated and not new.generated and change is not None:
        # Apart from the new type: PostgreSQL takes no USING as long as the column is a generated one.
        steps += _plain_now(was)
        was = msgspec.structs.replace(was, generated="", default="")
    if was.identity is not None and new.identity is None and change is not None:
        # Apart as well: as long as it counts, only a whole number will do.
        sql = f"ALTER TABLE {was.table_sql} ALTER COLUMN {ident(was.name)} DROP IDENTITY"
        steps.append(step(sql, was.id, LockLevel.ACCESS_EXCLUSIVE))
        was = msgspec.structs.replace(was, identity=None)
    clauses = list(_clauses(was, new, change, context))
    counting = [one for one in clauses if " ADD GENERATED " in one] if _named_here(was, new) else []
    clauses = [one for one in clauses if one not in counting]
    for clause in _not_below(clauses, new, context) if change is None else ():
        clauses.remove(clause)
        steps.append(exclusive(f"ALTER TABLE ONLY {new.table_sql} {clause}", new.id))
    form: Beside | None = None
    if clauses:
        only = "ONLY " if new.inherited and change is None else ""
        head = f"ALTER TABLE {only}{new.table_sql}"
        making = _step(f"{head} {', '.join(clauses)}", was, new, change, context)
        online = _online(head, clauses, was, new, change, context)
        apart = handover.covers or counting or any(_counting(was, new))
        if change is not None and change.rewrites and not apart:
            form = beside(old, new, change, making, disturbs, context)
        if form is not None:
            steps = [*form.clearing, *(replace(one, online=()) for one in steps)]
            online = form.steps
        joins = f"{head} " if change is not None else ""
        steps.append(replace(making, lock=_lock(new, clauses), online=online, joins=joins))
    steps += _named_not_null(was, new, context)
    if counting:
        steps.append(step(f"ALTER TABLE {new.table_sql} {counting[0]}", new.id, LockLevel.ACCESS_EXCLUSIVE))
    steps += _sequence(was, new)
    if _follows_from_above(old, new, context):
        steps = []
    elif change is not None and change.rewrites:
        steps += _toast_kept(new, context)
    before, after = _counting(was, new)
    steps = [*handover.before, *before, *steps, *after, *handover.after]
    if form is not None:
        return Alteration(tuple(steps), disturbs | form.disturbs, form.covers)
    return Alteration(tuple(steps), disturbs, handover.covers)


def _plain_now(old: Column) -> Iterable[Step]:
    sql = f"ALTER TABLE {old.table_sql} ALTER COLUMN {ident(old.name)} DROP EXPRESSION"
    yield step(sql, old.id, LockLevel.ACCESS_EXCLUSIVE)


def loosen(old: Column, fallen: frozenset[ObjectId], _: Context) -> Loosening | None:
    """Without its default for a while, and as text where its type goes away."""
    if old.generated:
        return None
    name = ident(old.name)
    clauses = [f"ALTER COLUMN {name} DROP DEFAULT"] if old.default else []
    left = msgspec.structs.replace(old, default="")
    if not old.local:
        pass  # it has its type from above
    elif any(one.kind in _TYPES for one in fallen):
        text = "text[]" if old.type.endswith("]") else "text"
        clauses.append(f"ALTER COLUMN {name} TYPE {text} USING {name}::{text}")
        left = msgspec.structs.replace(left, type=text, collation="", storage="", compression="")
    elif old.collation and any(one.kind == "collation" for one in fallen):
        clauses.append(f'ALTER COLUMN {name} TYPE {old.type} COLLATE pg_catalog."default"')
        left = msgspec.structs.replace(left, collation="")
    if not clauses:
        return None
    only = "" if old.local else "ONLY "
    sql = f"ALTER TABLE {only}{old.table_sql} {', '.join(clauses)}"
    return Loosening((step(sql, old.id, LockLevel.ACCESS_EXCLUSIVE, rewrites=left.type != old.type),), left)


_TYPES = frozenset(
    {"base type", "enum", "domain", "composite type", "range type", "table", "view", "materialized view"}
)


def _must_replace(old: Column, new: Column, context: Context) -> bool:
    """Only dropping and adding makes a plain column generated, or a generated one another."""
    if old.generated == new.generated:
        if not new.generated or (old.default == new.default and not _type_differs(old, new)):
            return False
        return _type_differs(old, new) or context.target.version[0] < 17 or new.generated != "stored"
    return not (old.generated == "stored" and not new.generated)


def _type_differs(old: Column, new: Column) -> bool:
    return (old.type, old.collation) != (new.type, new.collation)


def _follows_from_above(old: Column, new: Column, context: Context) -> bool:
    """A column that a table above has too changes its type with that one."""
    if not (old.inherited and new.inherited):
        return False
    above_old = column_create.column_above(old, context.current)
    above_new = column_create.column_above(new, context.target)
    return (
        above_old is not None
        and above_new is not None
        and (above_old.type, above_new.type) == (old.type, new.type)
        and old.type != new.type
    )


def _clauses(old: Column, new: Column, change: Conversion | None, context: Context) -> Iterable[str]:
    """For one ALTER TABLE. PostgreSQL itself runs drops first, then types, then what is set."""
    column = f"ALTER COLUMN {ident(new.name)}"
    if old.generated and not new.generated:
        yield f"{column} DROP EXPRESSION"
    yield from identity_dropped(old, new, column)
    if change is not None:
        if has_default(old, context) and not old.generated:
            yield f"{column} DROP DEFAULT"
        collate = f" COLLATE {new.collation}" if new.collation else ""  # else it is the type's own
        has_rows = bool(change.using_template) and not is_foreign(old, context)
        using = f" USING {change.using(ident(new.name))}" if has_rows else ""
        yield f"{column} TYPE {new.type}{collate}{using}"
    if new.generated and old.generated and old.default != new.default:
        yield f"{column} SET EXPRESSION AS ({new.default})"
    yield from (f"{column} {clause}" for clause in simple_clauses(old, new, retyped=change is not None))
    yield from identity_clauses(old, new, column)
    yield from _foreign_options(old, new, column)


def _not_below(clauses: Sequence[str], new: Column, context: Context) -> list[str]:
    """Those that heirs which count by themselves cannot follow."""
    column = f"ALTER COLUMN {ident(new.name)} "
    freed = [f"{column}DROP NOT NULL"] if counting_heirs.need_not_null(new, context) else []
    default = (f"{column}SET DEFAULT", f"{column}DROP DEFAULT")
    alone = counting_heirs.take_no_default(new, context)
    found = [one for one in clauses if one in freed or (alone and one.startswith(default))]
    before = [one for one in clauses if one == f"{column}DROP IDENTITY"] if found else []
    return before + found


def _toast_kept(column: Column, context: Context) -> Iterable[Step]:
    """Written anew, a table may be without a TOAST table, and its options, until another column wants one."""
    was: Any = context.current.objects.get(column.parent) if column.parent is not None else None
    wanted: Any = context.target.objects.get(column.parent) if column.parent is not None else None
    if was is not None and wanted is not None and was.toast_options == wanted.toast_options != ():
        options = ", ".join(f"toast.{one}" for one in wanted.toast_options)
        sql = f"ALTER TABLE {column.table_sql} SET ({options})"
        yield replace(step(sql, wanted.id, LockLevel.SHARE_UPDATE_EXCLUSIVE), after_all=True)


def is_foreign(column: Column, context: Context) -> bool:
    """Whether its table is a foreign one, whose rows are elsewhere: PostgreSQL takes no USING."""
    table: Any = context.current.objects.get(column.parent) if column.parent is not None else None
    return table is not None and table.form == "foreign"


def has_default(old: Column, context: Context) -> bool:
    """Whether the column, or one below it, has a default: what drops the one above drops theirs too."""
    below: Iterable[Any] = (
        context.current.objects[one] for one in column_create.columns_below(old, context.current)
    )
    return bool(old.default) or any(one.default for one in below)


def simple_clauses(old: Column, new: Column, *, retyped: bool = False) -> Iterable[str]:
    """What is set by one short clause each."""
    was = "" if old.generated else old.default
    wanted = "" if new.generated else new.default
    if wanted != was or retyped:
        if wanted:
            yield f"SET DEFAULT {wanted}"
        elif was and not retyped:
            yield "DROP DEFAULT"
    if old.not_null and (not new.not_null or _unproven_again(old, new)):
        yield "DROP NOT NULL"
    elif new.not_null and not old.not_null and _plainly_set(new):
        yield "SET NOT NULL"
    storage, compression = ("", "") if retyped else (old.storage, old.compression)  # a new type's own
    if storage != new.storage:
        yield f"SET STORAGE {new.storage or _own_storage(new.type)}"
    if compression != new.compression:
        yield f"SET COMPRESSION {new.compression or 'default'}"
    if old.statistics != new.statistics:
        yield f"SET STATISTICS {new.statistics}"
    if old.options != new.options:
        gone = {one.partition("=")[0] for one in old.options} - {one.partition("=")[0] for one in new.options}
        if new.options:
            yield f"SET ({', '.join(new.options)})"
        if gone:
            yield f"RESET ({', '.join(sorted(gone))})"


def _unproven_again(old: Column, new: Column) -> bool:
    """What was validated can only be made anew to be so no more."""
    return new.not_null and old.not_null_validated and not new.not_null_validated


def _plainly_set(new: Column) -> bool:
    """Whether SET NOT NULL makes its not-null constraint as it shall be."""
    return new.not_null_validated and new.not_null_inherited and not new.not_null_name


def _named_here(old: Column, new: Column) -> bool:
    """Whether a not-null constraint comes by a statement of its own; an identity wants it before."""
    proven = old.not_null and new.not_null_validated and not old.not_null_validated
    return new.not_null and (proven or (not old.not_null and not _plainly_set(new)))


def _own_storage(type_: str) -> str:
    """What a type of varying length has by itself: SET STORAGE DEFAULT came with 16 (pg_type, typstorage).

    A type of fixed length has PLAIN and can be given nothing else, so that it never comes here.
    """
    name = type_.partition("(")[0].removeprefix("pg_catalog.")
    return {"numeric": "MAIN", "inet": "MAIN", "cidr": "MAIN", "tsquery": "PLAIN"}.get(name, "EXTENDED")


def identity_dropped(old: Column, new: Column, column: str) -> Iterable[str]:
    """Comes before NOT NULL is taken away, which an identity asks for."""
    if old.identity is not None and new.identity is None:
        yield f"{column} DROP IDENTITY"


def identity_clauses(old: Column, new: Column, column: str) -> Iterable[str]:
    if new.identity is None:
        return
    if old.identity is None:
        yield f"{column} ADD {column_create.identity(new, new.identity)}"
        return
    if old.identity == new.identity:
        return
    options = sequence_write.changed_numbers(old.identity, new.identity)
    if old.identity.kind != new.identity.kind:
        options.insert(0, f"GENERATED {new.identity.kind.upper()}")
    if options:
        yield f"{column} {' '.join(f'SET {option}' for option in options)}"


def _counting(old: Column, new: Column) -> tuple[list[Step], list[Step]]:
    """What goes before and after so that an identity that never counted begins where it shall."""
    if old.identity is None or new.identity is None or old.identity == new.identity:
        return [], []
    name = qualified(old.identity.sequence_schema, old.identity.sequence_name)
    before = sequence_write.room(
        old.identity, new.identity, name, new.id, sequence_write.wider(old.type, new.type)
    )
    if old.identity.sequence_name != new.identity.sequence_name:
        text = sequence_write.renamed(
            old.identity.sequence_schema, old.identity.sequence_name, new.identity.sequence_name
        )
        before.append(step(text, new.id, LockLevel.ACCESS_EXCLUSIVE))
    now = qualified(old.identity.sequence_schema, new.identity.sequence_name)
    return before, sequence_write.start_again(old.identity, new.identity, now, new.id)


def _foreign_options(old: Column, new: Column, column: str) -> Iterable[str]:
    clauses = option_changes(old.foreign_options, new.foreign_options)
    if clauses:
        yield f"{column} OPTIONS ({clauses})"


def kept_in_order(old: Sequence[str], new: Sequence[str]) -> int:
    """How many of the first of `new` stand in `old` in the same order: what is set goes behind these."""
    left = iter(old)
    return sum(1 for _ in takewhile(lambda one: one in left, new))


def option_changes(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """`ADD a 'x', SET b 'y', DROP c`, for the OPTIONS of foreign objects, and their order."""
    was = dict(one.split("=", 1) for one in old)
    wanted = dict(one.split("=", 1) for one in new)
    kept = kept_in_order(list(was), list(wanted))
    parts = [f"DROP {ident(name)}" for name in was if name not in wanted]
    for place, (name, value) in enumerate(wanted.items()):
        text = column_create.foreign_options((f"{name}={value}",))
        if place >= kept and name in was:
            parts += [f"DROP {ident(name)}", f"ADD {text}"]
        elif name not in was:
            parts.append(f"ADD {text}")
        elif was[name] != value:
            parts.append(f"SET {text}")
    return ", ".join(parts)


def _online(
    head: str, clauses: Sequence[str], old: Column, new: Column, change: Conversion | None, context: Context
) -> tuple[Step, ...] | None:
    """NOT NULL apart from the rest; it comes before an identity, which wants it.

    Where the table is written anew its rows are read anyhow, and only a value for them makes a difference.
    """
    rows = ("SET NOT NULL", "ADD GENERATED")
    column = f"ALTER COLUMN {ident(new.name)} "
    apart = [one for one in clauses if one.removeprefix(column).startswith(rows)]
    value = context.value_for(new.id)
    if f"{column}SET NOT NULL" not in apart or (change is not None and change.rewrites and not value):
        return None
    steps = enforced(new, context, value)
    if steps is None:
        return None
    first = [one for one in clauses if one not in apart]
    last = [one for one in apart if one != f"{column}SET NOT NULL"]
    nullable = msgspec.structs.replace(new, not_null=old.not_null)
    before = [_step(f"{head} {', '.join(first)}", old, nullable, change, context)] if first else []
    after = [_step(f"{head} {', '.join(last)}", new, new, None, context)] if last else []
    return (*before, *steps, *after)


def _lock(new: Column, clauses: Iterable[str]) -> LockLevel:
    """The strongest that one of them takes."""
    column = f"ALTER COLUMN {ident(new.name)} "
    mild = ("SET STATISTICS", "SET (", "RESET (")
    if all(clause.removeprefix(column).startswith(mild) for clause in clauses):
        return LockLevel.SHARE_UPDATE_EXCLUSIVE
    return LockLevel.ACCESS_EXCLUSIVE


def _step(sql: str, old: Column, new: Column, change: Conversion | None, context: Context) -> Step:
    hazards: list[Hazard] = []
    name = f"{new.table_sql}.{ident(new.name)}"
    scans = change is not None and (change.rewrites or _read_again(old, new, context))
    if new.not_null and not old.not_null and new.not_null_validated:
        scans = True
        hazards.append(may_fail(f"{name} may hold NULLs."))
    if scans and not (change is not None and change.rewrites):
        hazards.append(blocks_reads(f"Nobody reads or writes {new.table_sql} until all its rows are read."))
    if change is not None and change.rewrites:
        hazards.append(
            rewriting(f"{new.table_sql} and its indexes are written anew under an exclusive lock.")
        )
    elif change is not None and not scans:
        hazards.append(pauses(f"Nobody reads or writes {new.table_sql} for a moment; no rows are read."))
    if change is not None and change.may_fail:
        hazards.append(may_fail(f"Values of {name} may not fit {new.type}."))
    elif change is not None and change.rewrites and _must_differ(old, context):
        hazards.append(may_fail(f"Values of {name} that differ may be the same as {new.type}."))
    if change is not None and change.utc:
        text = f"Values of {name} are taken as UTC has them, whatever zone the database is in."
        hazards.append(Hazard(HazardKind.CHANGES_VALUES, text))
    less = change is not None and _becomes_less(old, new, context)
    if less:
        text = f"Values of {name} become {new.type}, from which they cannot all be had again."
        hazards.append(Hazard(HazardKind.CHANGES_VALUES, text))
    made = step(
        sql,
        new.id,
        LockLevel.ACCESS_EXCLUSIVE,
        scans=scans,
        rewrites=change is not None and change.rewrites,
        hazards=tuple(hazards),
    )
    return replace(made, changes=(new.id,)) if less else made


def _must_differ(column: Column, context: Context) -> bool:
    """Whether a key or a unique index stands on it."""
    needing: Iterable[Any] = (
        context.current.objects[one] for one in context.current.needed_by.get(column.id, ())
    )
    return any(
        one.unique if one.id.kind == "index" else one.has_index
        for one in needing
        if one.id.kind in ("index", "constraint")
    )


def _becomes_less(old: Column, new: Column, context: Context) -> bool:
    """Whether its values are converted to a type that does not say all of what they said."""
    there: Any = context.current.objects.get(old.id, old)  # a partition's only comes from above
    if there.generated or new.generated or there.type == new.type:
        return False
    return not keeps_values(there.type, new.type)


def _read_again(old: Column, new: Column, context: Context) -> bool:
    """Whether rows are read though none is written: for checks, and for indexes that cannot be kept.

    PostgreSQL keeps an index where nothing but the column's own form changes (CheckIndexCompatible).
    """
    for one in context.current.needed_by.get(old.id, ()):
        there = context.current.objects[one]
        kind = getattr(there, "type", one.kind)
        if kind in ("check", "exclusion") or (kind == "index" and _has_expression(there)):
            return True
        if old.collation != new.collation and kind in ("index", "primary", "unique"):
            return True
    return False


def _named_not_null(old: Column, new: Column, context: Context) -> tuple[Step, ...]:
    """Not-null constraints with a name (version 18 on), and those that are not validated yet."""
    was = old.not_null_name or not_null_name(old.table, old.name)
    wanted = new.not_null_name or not_null_name(new.table, new.name)
    head = f"ALTER TABLE {new.table_sql}"
    name = f"{new.table_sql}.{ident(new.name)}"
    steps = []
    if new.not_null and not new.not_null_validated and (not old.not_null or _unproven_again(old, new)):
        steps.append(column_create.not_null_unproven(new))
    elif new.not_null and not old.not_null and not _plainly_set(new):
        text = f"{head} ADD CONSTRAINT {ident(wanted)} NOT NULL {ident(new.name)}"
        text += "" if new.not_null_inherited else " NO INHERIT"
        making = _step(text, old, new, None, context)
        online = enforced(new, context, context.value_for(new.id))
        steps.append(replace(making, online=online))
    elif new.not_null and old.not_null and was != wanted:
        if heir_not_null.hinders(msgspec.structs.replace(old, not_null_name=was), context.current):
            steps.append(
                step(
                    f"{head} ALTER COLUMN {ident(new.name)} DROP NOT NULL", new.id, LockLevel.ACCESS_EXCLUSIVE
                )
            )
            steps.append(column_create.not_null_named(msgspec.structs.replace(new, not_null_name=wanted)))
        else:
            text = f"{head} RENAME CONSTRAINT {ident(was)} TO {ident(wanted)}"
            steps.append(step(text, new.id, LockLevel.ACCESS_EXCLUSIVE))
    if new.not_null and old.not_null and new.not_null_inherited != old.not_null_inherited:
        words = "INHERIT" if new.not_null_inherited else "NO INHERIT"
        text = f"{head} ALTER CONSTRAINT {ident(wanted)} {words}"
        steps.append(step(text, new.id, LockLevel.ACCESS_EXCLUSIVE))
    if new.not_null and old.not_null and new.not_null_validated and not old.not_null_validated:
        text = f"{head} VALIDATE CONSTRAINT {ident(wanted)}"
        plain = step(text, new.id, LockLevel.SHARE_UPDATE_EXCLUSIVE, scans=True)
        value = context.value_for(new.id)
        fill = (filling(new, value),) if value else ()  # an interrupted plan may have left some
        validation = patient(text, new.id, may_fail(f"{name} may hold NULLs."))
        steps.append(replace(plain, online=(*fill, validation)))
    return tuple(steps)


def _sequence(old: Column, new: Column) -> Iterable[Step]:
    """Whether an identity's sequence survives a crash."""
    was, wanted = old.identity, new.identity
    if wanted is None:
        return
    if was is None:
        was = msgspec.structs.replace(wanted, logged="")
    if was.logged != wanted.logged:
        usual = "LOGGED" if was.logged == "UNLOGGED" else "UNLOGGED"
        yield column_create.logging(wanted, new.id, wanted.logged or usual)


def _to_identity(old: Column, new: Column, context: Context) -> _Handover:
    """A serial that becomes an identity keeps its count, and its sequence goes."""
    gone = [one for one in column_create.owned(old, context.current) if one.id not in context.target.objects]
    if old.identity is not None or new.identity is None or len(gone) != 1:
        return _Handover(old)
    one = gone[0]
    aside = qualified(one.schema, names.aside(one.name))
    name = qualified(new.identity.sequence_schema, new.identity.sequence_name)
    return _Handover(
        old,
        before=(
            _locked(old),
            step(sequence_write.renamed(one.schema, one.name, names.aside(one.name)), one.id),
        ),
        after=(step(sequence_write.counted(name, aside), new.id), step(f"DROP SEQUENCE {aside}", one.id)),
        covers=(one.id,),
    )


def _locked(old: Column) -> Step:
    """The table before its sequence, as a writer has them: else the two could wait for each other.

    Nor does the sequence count on any more once it was asked.
    """
    sql = f"LOCK TABLE ONLY {old.table_sql} IN ACCESS EXCLUSIVE MODE"
    return step(sql, old.id, LockLevel.ACCESS_EXCLUSIVE)


def _from_identity(old: Column, new: Column, context: Context) -> _Handover:
    """An identity that becomes a serial hands its count to the new sequence."""
    made = [one for one in column_create.owned(new, context.target) if one.id not in context.current.objects]
    if old.identity is None or new.identity is not None or len(made) != 1:
        return _Handover(old)
    one = made[0]
    aside = msgspec.structs.replace(one, name=names.aside(one.name))
    was = qualified(old.identity.sequence_schema, old.identity.sequence_name)
    drop = f"ALTER TABLE {old.table_sql} ALTER COLUMN {ident(old.name)} DROP IDENTITY"
    before = (
        sequence_write.creation(aside),
        _locked(old),
        step(sequence_write.counted(qualified(aside.schema, aside.name), was), one.id),
        step(drop, old.id, LockLevel.ACCESS_EXCLUSIVE),
        step(sequence_write.renamed(one.schema, aside.name, one.name), one.id),
        *sequence_write.given(one, context),
    )
    return _Handover(msgspec.structs.replace(old, identity=None), before, (), (one.id,))


_REBUILT = frozenset({"index", "constraint", "statistics", "comment", "privileges", "owner", "sequence"})


def _disturbed(old: Column, change: Conversion, context: Context) -> frozenset[ObjectId]:
    """What PostgreSQL does not adapt itself when a column's type changes.

    It makes indexes, constraints and statistics anew from their text; between types that are no family that
    text need not fit, so those with expressions, and foreign keys, are taken down as well. So are those of
    which more is to be said than their text; what depends on an extension only says so again.
    """
    found = set()
    changing = (old.id, *column_create.columns_below(old, context.current))
    for one in (one for column in changing for one in context.current.needed_by.get(column, ())):
        there = context.current.objects[one]
        if one.kind == "column":
            if getattr(there, "generated", "") and one not in changing:
                found.add(one)
        elif one.kind not in _REBUILT or _must_fall(there, change, context):
            found.add(one)
        else:
            found |= dependence.lost(one, context.current)
    return frozenset(found)


def _must_fall(there: Any, change: Conversion, context: Context) -> bool:
    """What is lost when it is made anew: targets of statistics, their owner, what a partition says itself."""
    if there.id.kind in ("index", "constraint") and inheritance.has_own(there, context.current):
        return True
    if not change.family and _has_expression(there):
        return True
    if there.id.kind == "index":
        return bool(there.statistics) or not (change.family or _of_any_type(there))
    owned = any(child.id.kind == "owner" for child in context.current.children.get(there.id, ()))
    return there.id.kind == "statistics" and (owned or there.target != -1)


def _of_any_type(index: Any) -> bool:
    """Whether types are rarely without what its method wants of them."""
    return str(index.definition).startswith(("USING btree", "USING hash"))


def _has_expression(there: object) -> bool:
    if getattr(there, "type", "") in ("check", "foreign", "exclusion"):
        return True
    definition = str(getattr(there, "definition", ""))
    return " WITHOUT OVERLAPS" in definition or "(" in definition.partition("(")[2]
