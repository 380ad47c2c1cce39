"""What objects use though PostgreSQL does not track it: names in routines' bodies, casts, and more.

PostgreSQL looks into a body that is a string only when it runs: it tracks nothing of it. Words of a body that
are names of other objects are hints for the order in which a plan makes things, and never more than that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.kinds.function import Function
from dbdeed.engines.postgresql.kinds.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.catalog import Object

_WORD = re.compile(r"\w+")
_NAMED = frozenset({"function", "aggregate", "table", "view", "materialized view", "sequence"})
_COMPUTED = frozenset({"column", "constraint", "index", "materialized view"})
_HOLDING = frozenset({"column", "table", "composite type", "domain"})
_PASSING = frozenset({"composite type", "domain"})
_CALLING = frozenset({"function", "aggregate", "operator", "domain", "view"})


def read_mentions(
    objects: Mapping[ObjectId, Object], needs: Mapping[ObjectId, frozenset[ObjectId]]
) -> Mapping[ObjectId, frozenset[ObjectId]]:
    """What each object may want to be made before it."""
    found: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    below = (*_not_handed_down(objects), *_inherited(objects), *_said_of_inherited(objects))
    rows = (*_rows_held(objects), *_published(objects), *_estimated(objects, needs), *_pointed_to(objects))
    rows = (*rows, *_checked(objects, needs))
    for one, others in (*_named(objects), *_cast(objects, needs), *_linked(objects), *below, *rows):
        found[one] |= others
    for one, others in _computed(objects, needs, dict(found)):
        found[one] |= others
    return {one: frozenset(others) for one, others in found.items()}


def _named(objects: Mapping[ObjectId, Object]) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """For each routine the objects whose names stand in it."""
    routines = [one for one in objects.values() if isinstance(one, Function)]
    if not routines:
        return
    by_name: defaultdict[str, list[ObjectId]] = defaultdict(list)
    for one in objects:
        if one.kind in _NAMED:
            by_name[one.name[1]].append(one)
    for routine in routines:
        words = set(_WORD.findall(routine.definition)) & by_name.keys()
        mentioned = {one for word in words for one in by_name[word]} - {routine.id}
        if mentioned:
            yield routine.id, mentioned


def _cast(
    objects: Mapping[ObjectId, Object], needs: Mapping[ObjectId, frozenset[ObjectId]]
) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """Whatever has to do with a type may be written with a cast of it, which PostgreSQL does not track."""
    casts: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    own: set[ObjectId] = set()
    for one in objects:
        if one.kind == "cast":
            own |= needs.get(one, frozenset())
            for need in needs.get(one, ()):
                casts[need].add(one)
    if not casts:
        return
    for one, needed in needs.items():
        if one.kind != "cast" and one not in own:
            used = set().union(*(casts[need] for need in needed & casts.keys()))
            if used:
                yield one, used


def _checked(
    objects: Mapping[ObjectId, Object], needs: Mapping[ObjectId, frozenset[ObjectId]]
) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """A domain has its checks before anything holds values of it: PostgreSQL adds none once a list does."""
    checks: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    for one in objects:
        if one.kind == "domain constraint":
            checks[ObjectId("domain", one.name[:2])].add(one)
    while checks:
        found: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
        for one, needed in needs.items():
            if one.kind in _HOLDING and (held := needed & checks.keys()):
                found[one] = set().union(*(checks[need] for need in held))
        yield from found.items()
        checks = defaultdict(set, {one: own for one, own in found.items() if one.kind in _PASSING})


def _linked(objects: Mapping[ObjectId, Object]) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """An operator's commutator and negator may be only a name yet, but in a schema that is there."""
    for one in objects.values():
        if isinstance(one, Operator) and one.links:
            yield one.id, {ObjectId("schema", link.name[:1]) for link in one.links.values()}


def _not_handed_down(objects: Mapping[ObjectId, Object]) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """Partitions that lack an index or key, which was made for the table above ONLY, were there before it."""
    below: defaultdict[tuple[str, ...], set[ObjectId]] = defaultdict(set)
    having: defaultdict[tuple[str, ...], set[ObjectId]] = defaultdict(set)
    tops: list[Any] = []
    for found in objects.values():
        one: Any = found
        if one.id.kind == "table" and one.partition_of:
            below[one.partition_of].add(one.id)
        elif one.id.kind in ("index", "constraint"):
            if one.on_partitioned and (one.id.kind == "index" or one.has_index):
                tops.append(one)
            above = one.partition_of or getattr(one, "attached_to", ())
            if above:
                having[above].add(ObjectId("table", (one.schema, one.table)))
    for one in tops:
        lacking = below[one.schema, one.table] - having[one.id.name]
        if lacking:
            yield one.id, lacking


def _inherited(objects: Mapping[ObjectId, Object]) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """A table comes to stand under others when these have the columns and checks that they shall have."""
    parts: defaultdict[tuple[str, ...], set[ObjectId]] = defaultdict(set)
    heirs = [one for one in objects.values() if getattr(one, "inherits", ()) or getattr(one, "bound", "")]
    for one in objects if heirs else ():
        if one.kind in ("column", "constraint"):
            parts[one.name[:2]].add(one)
        elif one.kind == "index":
            parts[(*one.name[:1], objects[one].table)].add(one)  # type: ignore[attr-defined]
    for found in heirs:
        heir: Any = found
        for above in heir.inherits or (heir.partition_of,):
            yield heir.id, parts[above] - _lacked(heir, parts[above], parts, objects)
        for one in parts[heir.id.name]:
            if one.kind != "column":
                continue
            tops = set(_columns_above(heir, one.name[-1], objects))
            if objects[one].local:  # type: ignore[attr-defined]
                yield from ((top, {one}) for top in tops)  # the one above joins with it, not it with that
            else:
                yield one, tops


def _said_of_inherited(
    objects: Mapping[ObjectId, Object],
) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """A comment or grants on a column that a table has from the one above come after that one's."""
    for one in objects:
        if one.kind in ("comment", "privileges") and one.name[0] == "column":
            heir: Any = objects.get(ObjectId("table", one.name[1:3]))
            if heir is not None and ObjectId("column", one.name[1:]) not in objects:
                yield one, set(_columns_above(heir, one.name[-1], objects))


def _rows_held(objects: Mapping[ObjectId, Object]) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """A materialized view that holds a table's rows comes after the table's columns."""
    views: list[Any] = [one for one in objects.values() if getattr(one, "holds", ())]
    if not views:
        return
    columns: defaultdict[str, set[ObjectId]] = defaultdict(set)
    for one in objects.values():
        if one.id.kind == "column":
            columns[one.table_sql].add(one.id)  # type: ignore[attr-defined]
    for view in views:
        yield view.id, set().union(*(columns[held[0]] for held in view.holds))


def _published(objects: Mapping[ObjectId, Object]) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """Rows that are filled when a column comes may not be changed once they are published."""
    publications: list[Any] = [one for one in objects.values() if one.id.kind == "publication"]
    columns = [one for one in objects if one.kind == "column"] if publications else []
    for one in publications:
        tables = {(table.schema, table.name) for table in one.tables}
        yield (
            one.id,
            {
                column
                for column in columns
                if one.all_tables or column.name[:2] in tables or column.name[0] in one.schemas
            },
        )


def _estimated(
    objects: Mapping[ObjectId, Object], needs: Mapping[ObjectId, frozenset[ObjectId]]
) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """Statistics over a function come after their table's indexes and keys: building these calls it."""
    over: list[Any] = [
        one
        for one in objects.values()
        if one.id.kind == "statistics" and any(need.kind == "function" for need in needs.get(one.id, ()))
    ]
    built: defaultdict[tuple[str, str], set[ObjectId]] = defaultdict(set)
    for found in objects.values() if over else ():
        other: Any = found
        if other.id.kind in ("index", "constraint"):
            built[other.schema, other.table].add(other.id)
    yield from ((one.id, built[one.on]) for one in over)


def _computed(
    objects: Mapping[ObjectId, Object],
    needs: Mapping[ObjectId, frozenset[ObjectId]],
    mentions: Mapping[ObjectId, set[ObjectId]],
) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """What is computed for rows when it is made comes after all that the functions it calls speak of."""
    if not any(one.kind == "function" for one in mentions):
        return
    for one in objects:
        if one.kind not in _COMPUTED:
            continue
        waiting = [need for need in needs.get(one, ()) if need.kind in _CALLING]
        reached, spoken = set(waiting), set[ObjectId]()
        while waiting:
            here = waiting.pop()
            told = mentions.get(here, set()) if here.kind == "function" else set[ObjectId]()
            spoken |= told
            further = {need for need in (*needs.get(here, ()), *told) if need.kind in _CALLING} - reached
            reached |= further
            waiting += further
        if spoken:
            yield one, spoken - {one}


def _pointed_to(objects: Mapping[ObjectId, Object]) -> Iterator[tuple[ObjectId, set[ObjectId]]]:
    """No partition goes while a foreign key points to the table above it."""
    below: defaultdict[tuple[str, ...], list[ObjectId]] = defaultdict(list)
    keys: list[Any] = []
    for one in objects.values():
        above = getattr(one, "partition_of", ()) if one.id.kind == "table" else ()
        if above:
            below[above].append(one.id)
        elif getattr(one, "references", ()):
            keys.append(one)
    for key in keys if below else ():
        parts = [*below[key.references]]
        for part in parts:
            parts += below[part.name]
        if parts:
            yield key.id, set(parts)


def _columns_above(heir: Any, name: str, objects: Mapping[ObjectId, Object]) -> Iterator[ObjectId]:
    """What an heir says of a column comes after what is said above."""
    for above in heir.inherits or (heir.partition_of,):
        table: Any = objects.get(ObjectId("table", above))
        column = ObjectId("column", (*above, name))
        if column in objects:
            yield column
        elif table is not None and (table.inherits or table.partition_of):
            yield from _columns_above(table, name, objects)


def _lacked(
    heir: Any,
    above: set[ObjectId],
    parts: Mapping[tuple[str, ...], set[ObjectId]],
    objects: Mapping[ObjectId, Object],
) -> set[ObjectId]:
    """Indexes and keys above of which a partition has no part: it is there before them."""
    own: list[Any] = [objects[one] for one in parts.get(heir.id.name, ())]
    has = {getattr(one, "partition_of", ()) or getattr(one, "attached_to", ()) for one in own}
    indexes = {one for one in above if one.kind == "index" or getattr(objects[one], "has_index", False)}
    return {one for one in indexes if one.name not in has} if heir.bound else set()
