"""Indexes, constraints and counters that differ only in their name: they are renamed, never built again.

Most have their name from the table and columns they stand on, and so get another one when these are renamed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import Catalog, ObjectId
from dbdeed.engines.change import Action, Change, Detail
from dbdeed.engines.postgresql.quoting import literal, qualified
from dbdeed.engines.postgresql.rename_write import aside, rename_steps_of
from dbdeed.engines.renaming import Renaming, in_order

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from dbdeed.engines.renaming import Move

_KINDS = frozenset({"index", "constraint", "sequence", "statistics"})
_ASIDE = frozenset({"index", "constraint"})
# What ALTER changes in place says nothing of whether two are the same; nor does what stands above them.
_ALTERABLE = frozenset(
    """
    name partition_of attached_to inherited names validated clustered replica_identity index_options
    tablespace options statistics type
    """.split()  # noqa: SIM905 - a list of names reads best as text
)


def renamed_alike(current: Catalog, target: Catalog) -> tuple[Catalog, list[Change]]:
    """The current catalog with the new names, and the changes that give them; they come before all others."""
    pairs = _pairs(current, target)
    counters, columns = _identity_counters(current, target)
    if not (pairs or counters):
        return current, []
    aside_too = {one: aside(one) for one in _in_the_way(pairs, current, target)}
    names = {**pairs, **counters, **aside_too}
    moves = in_order(
        [Renaming(old, new) for old, new in names.items()],
        lambda one: _claims(one.old, current),
        lambda one: _claims(one.new, target),
        aside,
    )
    changes = [
        found for move in moves for found in _change(move, current, target, columns.get(move.renaming.old))
    ]
    return _with_names(current, names), changes


def _change(move: Move, current: Catalog, target: Catalog, column: ObjectId | None) -> Iterator[Change]:
    """An identity column's counter is told of as a part of the column."""
    old, new = move.renaming.old, move.renaming.new
    there = current.objects.get(column or old)
    if there is not None and _follows(there):
        return
    steps = rename_steps_of(move.old, move.new, current, old)
    said = Detail("sequence" if column else "name", move.old.name[-1], move.new.name[-1])
    one = column or new
    yield Change(Action.RENAME, one, there, target.objects.get(one), steps, details=(said,))


def _claims(one: ObjectId, catalog: Catalog) -> frozenset[tuple[str, ...]]:
    """The names that an object holds; an identity column's counter is no object."""
    there = catalog.objects.get(one)
    if there is not None:
        return frozenset(there.claims)
    return frozenset({("relation", *one.name)}) if one.kind == "sequence" else frozenset()


def _identity_counters(
    current: Catalog, target: Catalog
) -> tuple[dict[ObjectId, ObjectId], dict[ObjectId, ObjectId]]:
    """The counters of identity columns, which are parts of them and mostly called after them.

    Returns their old names to their new ones, and to the columns.
    """
    found: dict[ObjectId, ObjectId] = {}
    columns: dict[ObjectId, ObjectId] = {}
    for name, one in target.objects.items():
        before: Any = current.objects.get(name) if name.kind == "column" else None
        was, now = getattr(before, "identity", None), getattr(one, "identity", None)
        if was == now or was is None or now is None or was.sequence_schema != now.sequence_schema:
            continue
        if was.sequence_name != now.sequence_name:
            old = ObjectId("sequence", (was.sequence_schema, was.sequence_name))
            found[old] = ObjectId("sequence", (now.sequence_schema, now.sequence_name))
            columns[old] = name
    return found, columns


def _follows(one: Any) -> bool:
    """A check that comes from a table above is renamed with the one there."""
    return bool(one.id.kind == "constraint" and one.type == "check" and one.inherited)


def _pairs(current: Catalog, target: Catalog) -> dict[ObjectId, ObjectId]:
    """Old ids to new ones: what is only there, and what is only wanted, in the same table with one form."""
    gone = _differing(current, target)
    made: defaultdict[Hashable, list[ObjectId]] = defaultdict(list)
    for new in _differing(target, current) if gone else ():
        made[_form(target.objects[new])].append(new)
    pairs: dict[ObjectId, ObjectId] = {}
    for one in gone if made else ():
        matching = made.get(_form(current.objects[one]))
        if matching and _may(one, matching[0], current, target):
            pairs[one] = matching.pop(0)
    pairs = {old: new for old, new in pairs.items() if _stands_with(old, new, pairs, current, target)}
    return _free(pairs, current, target)


def _differing(one: Catalog, other: Catalog) -> list[ObjectId]:
    """What the other catalog does not have in the same form under the same name."""
    return [
        name
        for name, there in one.objects.items()
        if name.kind in _KINDS
        and ((same := other.objects.get(name)) is None or (same != there and _form(same) != _form(there)))
    ]


def _free(pairs: dict[ObjectId, ObjectId], current: Catalog, target: Catalog) -> dict[ObjectId, ObjectId]:
    """Without those whose new name is held by something that cannot step aside: a table, a counter."""
    if not pairs:
        return pairs
    held = {
        claim
        for one in current.objects.values()
        if one.id not in pairs and one.id.kind not in _ASIDE
        for claim in one.claims
    }
    return {old: new for old, new in pairs.items() if not held & set(target.objects[new].claims)}


def _form(one: Any) -> Hashable:
    """All that must be the same. A counter goes with its column, and only with that."""
    if one.id.kind == "sequence":
        return ("sequence", one.owned_by) if one.owned_by else ("sequence", one.id)
    if one.id.kind == "statistics":
        _, _, rest = one.definition.partition(" ON ")
        head = one.definition.partition("(")[2] if "(" in one.definition.partition(" ON ")[0] else ""
        return ("statistics", one.on, head, rest)
    fields = [name for name in type(one).__struct_fields__ if name not in _ALTERABLE]
    kind = one.type if one.id.kind == "constraint" else ""
    return (one.id.kind, kind, *(getattr(one, name) for name in fields))


def _may(old: ObjectId, new: ObjectId, current: Catalog, target: Catalog) -> bool:
    """Whether both stand on the same thing, which stays, and a rename leads from one schema to the same."""
    there: Any = current.objects[old]
    wanted: Any = target.objects[new]
    return (
        old.name[:-1] == new.name[:-1]
        and there.parent in target.objects
        and bool(getattr(there, "valid", True))
        and bool(getattr(there, "attached_to", ())) == bool(getattr(wanted, "attached_to", ()))
    )


def _stands_with(
    old: ObjectId, new: ObjectId, pairs: Mapping[ObjectId, ObjectId], current: Catalog, target: Catalog
) -> bool:
    """Whether what it is a part of, in a table above, is the same or is renamed likewise."""
    there: Any = current.objects[old]
    wanted: Any = target.objects[new]
    for field, kind in (("partition_of", old.kind), ("attached_to", "index")):
        above, after = getattr(there, field, ()), getattr(wanted, field, ())
        if bool(above) != bool(after):
            return False
        if above and pairs.get(ObjectId(kind, above), ObjectId(kind, above)).name != after:
            return False
    return True


def _in_the_way(pairs: Mapping[ObjectId, ObjectId], current: Catalog, target: Catalog) -> Iterator[ObjectId]:
    """An index or constraint that has one of the new names and is another: it is dropped after."""
    taken = {claim for new in pairs.values() for claim in target.objects[new].claims}
    for one in current.objects.values() if taken else ():
        if one.id not in pairs and one.id.kind in _ASIDE and not taken.isdisjoint(one.claims):
            yield one.id


def _with_names(catalog: Catalog, names: Mapping[ObjectId, ObjectId]) -> Catalog:
    """The catalog as it is after the renames, in all that compares it."""
    objects = {}
    for one in catalog.objects.values():
        renamed = _renamed(one, names)
        objects[renamed.id] = renamed
    ids = {before: after.id for before, after in zip(catalog.objects, objects.values(), strict=True)}

    def moved(needs: Mapping[ObjectId, frozenset[ObjectId]]) -> dict[ObjectId, frozenset[ObjectId]]:
        return {
            ids.get(one, one): frozenset(ids.get(each, each) for each in all_) for one, all_ in needs.items()
        }

    return replace(catalog, objects=objects, needs=moved(catalog.needs), mentions=moved(catalog.mentions))


def _renamed(one: Any, names: Mapping[ObjectId, ObjectId]) -> Any:
    changes: dict[str, Any] = {}
    if one.id in names:
        changes["name"] = names[one.id].name[-1]
        if one.id.kind == "statistics":
            was, now = (qualified(*each.name) for each in (one.id, names[one.id]))
            changes["definition"] = one.definition.replace(
                f"CREATE STATISTICS {was} ", f"CREATE STATISTICS {now} ", 1
            )
    for field, kind in (("partition_of", one.id.kind), ("attached_to", "index")):
        above = ObjectId(kind, getattr(one, field, ()))
        if above in names:
            changes[field] = names[above].name
    if one.id.kind == "comment":
        changes.update(_comment(one, names))
    elif one.id.kind in ("owner", "privileges"):
        field = "of" if one.id.kind == "owner" else "on"
        if getattr(one, field) in names:
            changes[field] = names[getattr(one, field)]
    elif one.id.kind == "column":
        changes.update(_default(one, names) if one.default else _identity(one, names))
    return msgspec.structs.replace(one, **changes) if changes else one


def _comment(one: Any, names: Mapping[ObjectId, ObjectId]) -> Iterable[tuple[str, Any]]:
    """A comment on a key's index is a part of the key, one on an identity's counter a part of the column."""
    counter = names.get(ObjectId(one.kind, one.name))
    if counter is not None and one.part_of.kind == "column" and one.kind == "sequence":
        yield "name", counter.name
    if one.part_of not in names:
        return
    after = names[one.part_of]
    yield "part_of", after
    yield "name", (*one.name[:-1], after.name[-1])


def _identity(one: Any, names: Mapping[ObjectId, ObjectId]) -> Iterator[tuple[str, Any]]:
    how = one.identity
    after = names.get(ObjectId("sequence", (how.sequence_schema, how.sequence_name))) if how else None
    if after is not None:
        yield "identity", msgspec.structs.replace(how, sequence_name=after.name[-1])


def _default(one: Any, names: Mapping[ObjectId, ObjectId]) -> Iterable[tuple[str, Any]]:
    """The server writes a counter into a default by its name of the day."""
    text = one.default
    for old, new in names.items():
        if old.kind == "sequence" and "::regclass" in text:
            was, now = (f"{literal(qualified(*each.name))}::regclass" for each in (old, new))
            text = text.replace(was, now)
    if text != one.default:
        yield "default", text
