"""How a table becomes another and keeps its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Loosening
from dbdeed.engines.postgresql.kinds import column_create, heir_not_null, inheritance
from dbdeed.engines.postgresql.kinds.column_alter import kept_in_order, option_changes
from dbdeed.engines.postgresql.kinds.made_anew import is_out_of_order
from dbdeed.engines.postgresql.kinds.table_heir import checks_fitted, flipped, inheriting, let_go
from dbdeed.engines.postgresql.kinds.table_moved import Fitted, columns, defaults_left, fitted
from dbdeed.engines.postgresql.kinds.table_rebuild import rebuild
from dbdeed.engines.postgresql.online import partition
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.secrets import with_environment
from dbdeed.engines.postgresql.writing import exclusive, rewriting, step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.table import Table


def alter(old: Table, new: Table, context: Context) -> Alteration | None:
    if old.server != new.server or (old.form != new.form and "foreign" in (old.form, new.form)):
        return None
    if (old.form, old.partition_key) != (new.form, new.partition_key):
        return rebuild(old, new, context, alter)
    moved = old.partition_of != new.partition_of
    left = _left_over(old, context) if moved else []
    fit = Fitted()
    if is_out_of_order(old, new, context):
        return rebuild(old, new, context, alter)
    if new.of_type and old.of_type != new.of_type and not moved:
        fit = fitted(old, new, context)
    elif (old.inherits != new.inherits or flipped(old, new, context)) and not new.partition_of:
        fit = inheriting(old, new, context)
    elif moved or _misses(old, new, context):
        fit = fitted(old, new, context)
    elif new.inherits:
        fit = Fitted(tuple(heir_not_null.between(old, new, context)))
    steps = [
        *(_dropping(one, there=True) for one in left),
        *fit.steps,
        *(checks_fitted(old, new, context) if moved and not new.inherits else ()),
        *_settings(old, new),
        *_rewrites(old, new),
        *(_counts_kept(new, context) if old.unlogged != new.unlogged else ()),
        *_attach(old, new, context),
    ]
    handed = _handed(old, new, context) if moved else ()
    gone = (one.id for one in left if not _comes_alone(one, context))
    handed = (*gone, *handed, *fit.covers, *partition.left_behind(old, context))
    disturbs = fit.disturbs | frozenset(_keys_between(old, new, context))
    return Alteration(tuple(steps), disturbs, tuple(dict.fromkeys(handed)), _by_itself(old, new, context))


def _by_itself(old: Table, new: Table, context: Context) -> Loosening | None:
    """The table without what it leaves, if there is anything."""
    left = old
    if moved_away(old, new):
        left = msgspec.structs.replace(left, partition_of=(), bound="", detaching=False)
    if new.partition_of:
        left = msgspec.structs.replace(left, inherits=())
    if not new.of_type:
        left = msgspec.structs.replace(left, of_type="")
    steps = list(_detach(old, new, context))
    if (
        moved_away(old, new) and old.partition_of == new.partition_of
    ):  # what takes its name may come before it is back
        steps += (_dropping(one, there=False) for one in _left_over(old, context))
    return Loosening(tuple(steps), left) if left != old else None


def moved_away(old: Table, new: Table) -> bool:
    """Whether a partition gives its place up, be it for another."""
    stays = (old.partition_of, old.bound, old.detaching) == (new.partition_of, new.bound, new.detaching)
    return bool(old.partition_of) and not stays


def _misses(old: Table, new: Table, context: Context) -> bool:
    """Whether columns above change while it stands alone between two places there, so that it must follow."""
    if not (new.partition_of and moved_away(old, new)):
        return False
    was, wanted = columns(old, context.current), columns(new, context.target)
    return {one.name: _kind(one) for one in was.values()} != {one.name: _kind(one) for one in wanted.values()}


def _kind(column: Column) -> tuple[str, ...]:
    return column.type, column.collation, column.generated


def _left_over(old: Table, context: Context) -> list[Any]:
    """Indexes and keys that came from above, stay with a detached partition, and are wanted no more.

    So are its own where others of their names come from above.
    """
    children: Iterable[Any] = context.current.children.get(old.id, ())
    return [
        one
        for one in children
        if one.id.kind in ("index", "constraint")
        and (one.partition_of or _goes_below(one, context))
        and _is_other(one, context.target.objects.get(one.id))
    ]


def _is_other(old: Any, new: Any) -> bool:
    """Whether nothing of the name is wanted, or another, that what comes above would not take over."""
    return new is None or old.definition != new.definition


def _goes_below(own: Any, context: Context) -> bool:
    return bool(getattr(context.target.objects.get(own.id), "partition_of", ()))


def _comes_alone(own: Any, context: Context) -> bool:
    """Whether one of its name comes that is the table's own."""
    there: Any = context.target.objects.get(own.id)
    return there is not None and not getattr(there, "partition_of", ())


def _dropping(own: Any, *, there: bool) -> Step:
    """What is left over, or only may be, where the one above it went before the partition left."""
    word = "" if there else "IF EXISTS "
    if own.id.kind == "index":
        return exclusive(f"DROP INDEX {word}{own.sql_name}", own.id)
    return exclusive(f"ALTER TABLE {own.table_sql} DROP CONSTRAINT {word}{ident(own.name)}", own.id)


def loosen(old: Table, _fallen: frozenset[ObjectId], context: Context) -> Loosening | None:
    """By itself for a while, where the table above it is replaced."""
    left = msgspec.structs.replace(old, partition_of=(), detaching=False, bound="", inherits=(), of_type="")
    apart = (let_go(old, parent) for parent in old.inherits)
    steps = (*_detach(old, left, context), *apart)
    return Loosening(steps, left) if steps else None


def _detach(old: Table, new: Table, context: Context) -> Iterable[Step]:
    if moved_away(old, new):
        yield partition.detaching(old, context)
        for check in partition.left_behind(old, context):
            yield exclusive(f"ALTER TABLE {old.sql_name} DROP CONSTRAINT {ident(check.name[-1])}", old.id)
        yield from defaults_left(old, new, context)
    for parent in old.inherits if new.partition_of else ():
        yield let_go(old, parent)
    if old.of_type and not new.of_type:
        yield exclusive(f"ALTER TABLE {old.sql_name} NOT OF", old.id)


def _attach(old: Table, new: Table, context: Context) -> Iterable[Step]:
    moved = (old.partition_of, old.bound, old.detaching) != (new.partition_of, new.bound, new.detaching)
    if new.partition_of and moved:
        yield partition.attaching(new, context)
        yield from inheritance.taken_on(new, context)
    if new.of_type and old.of_type != new.of_type:
        yield exclusive(f"ALTER TABLE {new.sql_name} OF {new.of_type}", new.id)


def _handed(old: Table, new: Table, context: Context) -> Iterable[ObjectId]:
    """Keys and indexes that only change hands between the partition and the table above."""
    for catalog, other in ((context.current, context.target), (context.target, context.current)):
        above = set(all_above(old if catalog is context.target else new, other))
        if not above:
            continue
        for child in catalog.children.get(new.id, ()):
            if child.id.kind not in ("constraint", "index"):
                continue
            anew = _comes_alone(child, context) and _is_other(child, other.objects.get(child.id))
            if (_from_above(child, other) and not anew) or any(_check_of(child, one, other) for one in above):
                yield child.id
    for child in context.target.children.get(new.id, ()):
        if (
            new.partition_of
            and getattr(child, "partition_of", ())
            and child.id not in context.current.objects
        ):
            yield child.id  # ATTACH makes it


def all_above(table: Table, catalog: Catalog) -> Iterable[tuple[str, ...]]:
    while table.partition_of:
        yield table.partition_of
        there: Any = catalog.objects.get(ObjectId("table", (table.partition_of[0], table.partition_of[1])))
        if there is None:
            return
        table = there


def _check_of(child: Any, above: tuple[str, ...], other: Catalog) -> bool:
    """Whether a check of its own is one that the other side has from the table above."""
    return (
        getattr(child, "type", "") == "check"
        and ObjectId("constraint", (*above, child.name)) in other.objects
    )


def _from_above(child: Any, other: Catalog) -> bool:
    """Whether the other side has the child by way of the table above it, or has it by itself."""
    there: Any = other.objects.get(child.id)
    return there is not None and there.partition_of != child.partition_of


def _settings(old: Table, new: Table) -> Iterable[Step]:
    clauses = [*option_clauses(old.options, new.options, "")]
    clauses += option_clauses(old.toast_options, new.toast_options, "toast.")
    if old.replica_identity != new.replica_identity:
        clauses.append(f"REPLICA IDENTITY {new.replica_identity.upper()}")
    if old.row_security != new.row_security:
        clauses.append(f"{'ENABLE' if new.row_security else 'DISABLE'} ROW LEVEL SECURITY")
    if old.force_row_security != new.force_row_security:
        clauses.append(f"{'FORCE' if new.force_row_security else 'NO FORCE'} ROW LEVEL SECURITY")
    if old.server_options != new.server_options:
        clauses.append(f"OPTIONS ({option_changes(old.server_options, new.server_options)})")
    word = "FOREIGN TABLE" if new.form == "foreign" else "TABLE"
    for clause in clauses:
        text = f"ALTER {word} {new.sql_name} {clause}"
        # A table has its TOAST table from its first column that wants one: before, there is nothing to set.
        late = clause.startswith("SET (toast.")
        yield replace(with_environment(step(text, new.id, settings_lock(clause))), after_all=late)


def settings_lock(clause: str) -> LockLevel:
    """Storage parameters and statistics targets keep nobody out (manual, ALTER TABLE)."""
    mild = clause.startswith(("SET (", "RESET (", "SET STATISTICS")) and "user_catalog_table" not in clause
    return LockLevel.SHARE_UPDATE_EXCLUSIVE if mild else LockLevel.ACCESS_EXCLUSIVE


def option_clauses(old: tuple[str, ...], new: tuple[str, ...], prefix: str) -> list[str]:
    """SET and RESET. What is set goes behind what stays, so that the order becomes the wanted one too."""
    gone = {one.partition("=")[0] for one in old} - {one.partition("=")[0] for one in new}
    wanted = new[kept_in_order(old, new) :]
    clauses = []
    if wanted:
        clauses.append(f"SET ({', '.join(prefix + one for one in wanted)})")
    if gone:
        clauses.append(f"RESET ({', '.join(prefix + one for one in sorted(gone))})")
    return clauses


def _counts_kept(new: Table, context: Context) -> Iterable[Step]:
    """SET LOGGED goes on to all sequences of the table, to those as well that are not as it is."""
    for catalog in (context.current, context.target):
        for column in catalog.children.get(new.id, ()):
            how = getattr(column, "identity", None)
            if how is not None and how.logged and catalog is context.target:
                yield replace(column_create.logging(how, new.id, how.logged), after_all=True)
            for owned in catalog.children.get(column.id, ()):
                there: Any = context.target.objects.get(owned.id)
                if there is not None and owned.id.kind == "sequence" and there.unlogged != new.unlogged:
                    to = "UNLOGGED" if there.unlogged else "LOGGED"
                    name = qualified(there.schema, there.name)
                    yield replace(exclusive(f"ALTER SEQUENCE {name} SET {to}", there.id), after_all=True)


def _keys_between(old: Table, new: Table, context: Context) -> Iterable[ObjectId]:
    """Foreign keys to and from tables that are logged, or no longer, with it: neither could be the first."""
    if old.unlogged == new.unlogged:
        return
    for child in context.current.children.get(old.id, ()):
        needing = context.current.needed_by.get(child.id, ()) if child.id.kind == "column" else (child.id,)
        for key in needing:
            one: Any = context.current.objects[key]
            if key.kind == "constraint" and one.type == "foreign":
                ends = {one.references, (one.schema, one.table)} - {(old.schema, old.name)}
                if any(_persists_otherwise(ObjectId("table", end), context) for end in ends):
                    yield key


def _persists_otherwise(table: ObjectId, context: Context) -> bool:
    both = (getattr(side.objects.get(table), "unlogged", None) for side in (context.current, context.target))
    return len(set(both)) > 1


def _rewrites(old: Table, new: Table) -> Iterable[Step]:
    clauses = []
    if old.unlogged != new.unlogged:
        clauses.append(f"SET {'UNLOGGED' if new.unlogged else 'LOGGED'}")
    if old.access_method != new.access_method:
        usual = "DEFAULT" if new.form == "partitioned" else "heap"
        clauses.append(f"SET ACCESS METHOD {ident(new.access_method) if new.access_method else usual}")
    if old.tablespace != new.tablespace:
        clauses.append(f"SET TABLESPACE {ident(new.tablespace or 'pg_default')}")
    for clause in clauses:
        yield step(
            f"ALTER TABLE {new.sql_name} {clause}",
            new.id,
            LockLevel.ACCESS_EXCLUSIVE,
            rewrites=True,
            hazards=(rewriting(f"{new.sql_name} is written anew under an exclusive lock."),),
        )
