"""What PostgreSQL makes by itself on a partition: indexes and keys that stand on the table above.

They are objects too, since their names can be chosen; each points to the one above it (`partition_of`). Where
PostgreSQL makes one by itself it gets a name by rule, so a step that gives it the wanted name may follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.choosing import index_name
from dbdeed.engines.postgresql.kinds.made_anew import is_made_anew
from dbdeed.engines.postgresql.online.names import free_relation
from dbdeed.engines.postgresql.quoting import block, ident, literal, qualified
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.catalog import Catalog, Object
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context


@dataclass(frozen=True, slots=True)
class Handed:
    """What came with a creation.

    Attributes:
        steps: that make each what it would be if it had been made by itself: its name, its parameters.
        said: steps for what is said of each besides.
        covers: their ids.
        parts: they themselves.
    """

    steps: tuple[Step, ...] = ()
    said: tuple[Step, ...] = ()
    covers: tuple[ObjectId, ...] = ()
    parts: tuple[Any, ...] = ()


def handed_down(table: Any, context: Context) -> Handed:
    """For a new partition: what it gets from the indexes and keys that are above it already.

    Those above that are new in this plan hand theirs down when they are made, which may be before or after;
    both ways they are covered, and named, by whichever is made last: the partition, since it needs them.
    """
    if not table.partition_of:
        return Handed()
    found = [
        one
        for one in context.target.children.get(table.id, ())
        if one.id.kind in ("index", "constraint") and _above(one)
    ]
    return _handed(found, context)


def takes_along(one: Any, context: Context) -> Iterable[ObjectId]:
    """What is above a partition's index or key that goes while that stays: only dropping both helps."""
    above = ObjectId(one.id.kind, one.partition_of)
    table: Any = context.target.objects.get(ObjectId("table", (one.schema, one.table)))
    there: Any = context.current.objects.get(above)
    stays = table is not None and there is not None and table.partition_of == (there.schema, there.table)
    return (above,) if one.partition_of and stays else ()


def has_own(one: Any, catalog: Catalog) -> bool:
    """Whether a partition's index or key has what is lost when PostgreSQL makes it anew from above."""
    above = catalog.objects.get(ObjectId(one.id.kind, one.partition_of)) if one.partition_of else None
    if above is None:
        return False
    settings = ("options", "index_options", "tablespace")
    differs = any(getattr(one, name, ()) != getattr(above, name, ()) for name in settings)
    return differs or _given(one) != one.name or bool(catalog.children.get(one.id))


def attaching(old: Any, new: Any) -> tuple[Step, ...] | None:
    """Put an index, or a key's, of its own under the one above; None where that is not what differs."""
    if old.partition_of or not new.partition_of:
        return None
    above = qualified(new.partition_of[0], new.partition_of[-1])
    attach = f"ALTER INDEX {above} ATTACH PARTITION {qualified(new.schema, new.name)}"
    return (exclusive(attach, new.id),)


def whole(above: Any, context: Context) -> bool:
    """Whether every partition has its part of an index or key, and none that is there waits for it."""
    if lacking(above, context.target):
        return False
    has = {_table_of(one) for one in _clones(context.target, above.id)}
    table = (above.schema, above.table)
    return all(
        one.id in has
        for one in _below(context.target, ObjectId("table", table))
        if getattr(context.current.objects.get(one.id), "partition_of", ()) == table
    )


def has_parts(above: Any, catalog: Catalog) -> bool:
    """Whether partitions have theirs of an index or key."""
    return bool(_clones(catalog, above.id))


def lacking(above: Any, catalog: Catalog) -> tuple[ObjectId, ...]:
    """The partitions that have no part of an index or key: it was made for the table above ONLY."""
    if not above.on_partitioned or not (above.id.kind == "index" or above.has_index):
        return ()
    parts: Iterable[Any] = (catalog.objects[one] for one in catalog.needed_by.get(above.id, ()))
    has = {("table", one.schema, one.table) for one in parts if one.id.kind in ("index", "constraint")}
    below = _below(catalog, ObjectId("table", (above.schema, above.table)))
    return tuple(one.id for one in below if (one.id.kind, *one.id.name) not in has)


def below(above: Object, context: Context) -> Handed:
    """For a new index or key on a partitioned table that is there: what its partitions get.

    A table that only becomes one in the same plan, or is made anew, gets its part when it is attached.
    """
    found: list[Object] = []
    joining: list[Object] = []
    waiting = [above.id]
    while waiting:
        top = waiting.pop()
        for one in _clones(context.target, top):
            waiting.append(one.id)
            table: Any = context.current.objects.get(_table_of(one))
            if table is not None:
                stays = table.partition_of == _stands_under(one, context)
                (found if stays and not is_made_anew(table.id, context) else joining).append(one)
    named = _handed(found, context)
    return replace(named, covers=(*named.covers, *(one.id for one in joining)))


def _above(one: Any) -> tuple[str, ...]:
    return one.partition_of  # type: ignore[no-any-return]


def _table_of(one: Any) -> ObjectId:
    return one.parent  # type: ignore[no-any-return]


def _clones(catalog: Catalog, above: ObjectId) -> list[Object]:
    """Indexes and keys of partitions that are from this one above them."""
    return _below(catalog, above) if above.kind in ("index", "constraint") else []


def _below(catalog: Catalog, above: ObjectId) -> list[Object]:
    """Partitions' tables, indexes and keys, of the same kind as what is above them, which they need."""
    found = [
        catalog.objects[one] for one in sorted(catalog.needed_by.get(above, ())) if one.kind == above.kind
    ]
    return [one for one in found if getattr(one, "partition_of", ()) == above.name]


def taken_on(table: Any, context: Context) -> tuple[Step, ...]:
    """For a table that was attached: the names of what that made, and what is said of it."""
    children = context.target.children.get(table.id, ())
    found = [one for one in children if one.id.kind in ("index", "constraint") and _above(one)]
    made = _handed([one for one in found if one.id not in context.current.objects], context)
    return (*made.steps, *made.said)


def _stands_under(one: Any, context: Context) -> tuple[str, ...]:
    table: Any = context.target.objects[_table_of(one)]
    return table.partition_of  # type: ignore[no-any-return]


def _handed(found: Sequence[Any], context: Context) -> Handed:
    steps = _named(found, context)
    for one in found:
        steps.extend(_settings(one, context.target))
    said = [each for one in found for each in _said(one)]
    return Handed(tuple(steps), tuple(said), tuple(one.id for one in found), tuple(found))


def _named(found: Sequence[Any], context: Context) -> list[Step]:
    """With the names that they shall have; what PostgreSQL called each is looked up where not sure."""
    given = [(one.schema, _given(one)) for one in found]
    unsure = [
        one
        for one, name in zip(found, given, strict=True)
        if given.count(name) > 1 or (name[1] != one.name and _is_taken(name, context))
    ]
    steps = [
        _renamed(one, name, one.name)
        for one, (_, name) in zip(found, given, strict=True)
        if one not in unsure and name != one.name
    ]
    names = [free_relation(one.schema, one.name, context) for one in unsure]
    steps += [exclusive(_looked_up(one, name), one.id) for one, name in zip(unsure, names, strict=True)]
    steps += [_renamed(one, name, one.name) for one, name in zip(unsure, names, strict=True)]
    return steps


def _settings(one: Any, target: Catalog) -> Iterable[Step]:
    """Those that it has not from above."""
    from dbdeed.engines.postgresql.kinds import constraint, index

    above: Any = target.objects.get(ObjectId(one.id.kind, one.partition_of))
    if above is None:
        return ()
    if one.id.kind == "index":
        return index.settings(above, one)
    return constraint.index_settings(above, one, qualified(one.schema, one.name)) if one.has_index else ()


def _said(one: Any) -> Iterable[Step]:
    from dbdeed.engines.postgresql.kinds import index, marks

    return index.said(one, None) if one.id.kind == "index" else marks.given(one, None)


def _given(one: Any) -> str:
    """What PostgreSQL calls it, if nothing else is called so."""
    label = (
        {"primary": "pkey", "unique": "key", "exclusion": "excl"}[one.type]
        if one.id.kind != "index"
        else "idx"
    )
    return index_name(one.table, one.names, label)


def _is_taken(name: tuple[str, str], context: Context) -> bool:
    claim = ("relation", *name)
    return claim in context.current.claimed or claim in context.target.claimed


def _renamed(one: Any, old: str, new: str) -> Step:
    return exclusive(f"ALTER INDEX {qualified(one.schema, old)} RENAME TO {ident(new)}", one.id)


def _looked_up(one: Any, name: str) -> str:
    """The statement that renames a table's part of the index or key above, whatever that is called."""
    above = literal(qualified(one.partition_of[0], one.partition_of[-1]))
    table = literal(qualified(one.schema, one.table))
    rename = f"'ALTER INDEX %s RENAME TO %I', i.inhrelid::pg_catalog.regclass, {literal(name)}"
    body = (
        f"BEGIN\n    EXECUTE (SELECT pg_catalog.format({rename})\n"
        "    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_index x ON x.indexrelid = i.inhrelid\n"
        f"    WHERE i.inhparent = {above}::pg_catalog.regclass"
        f" AND x.indrelid = {table}::pg_catalog.regclass);\nEND"
    )
    return block(body, "name")
