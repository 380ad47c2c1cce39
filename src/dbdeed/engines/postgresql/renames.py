"""Renames that the document declares with `-- renamed from: old`.

PostgreSQL's own RENAME keeps rows, grants, comments and everything that depends on an object. Schemas are
renamed first, then what is in them, then parts of it: each round is planned from what the engine reads after
the round before, so that every name is looked up where it then is.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Change, Detail
from dbdeed.engines.postgresql.marks import read_marks, written
from dbdeed.engines.postgresql.rename_write import aside, rename_steps_of
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.sql.located import place_of
from dbdeed.engines.renaming import Renaming, idle, in_order, pending, rings, shape, unbound
from dbdeed.engines.sql_text import name_of, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dbdeed.document.findings import Finding
    from dbdeed.document.source import Place
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.marks import Mark
    from dbdeed.engines.seam import Statement

_KINDS = {
    "foreign table": ("table",),
    "type": ("enum", "composite type", "range type", "base type"),
    "procedure": ("function",),
}
"""Our kinds for what a CREATE statement's words make, where they are not the same."""

_ON_TABLE = frozenset({"trigger", "policy", "rule"})
_RELATIONS = ("table", "view", "materialized view")
_ROUTINES = frozenset({"function", "aggregate"})
_PARTS = frozenset({"column", "constraint", "view column", "attribute", "enum value", "domain constraint"})
_BARE = frozenset(
    ["schema", "publication", "subscription", "server", "foreign data wrapper", "event trigger", "language"]
)
"""Kinds that are in no schema."""

_HOLDS_DATA = frozenset({"table", "sequence", "column"})


def rename_steps(current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Change]:
    """The next round of those that still have to happen; () when none is left."""
    wanted = declared(current, target, statements)
    found = _possible(pending(wanted, _look(current), _look(target)), current)
    stage = min((_stage(one.new) for one in found), default=0)
    chosen = [one for one in found if _stage(one.new) == stage]
    return _changes([*chosen, *_out_of_the_way(chosen, current, target)], current, target)


def idle_marks(current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Finding]:
    """Marks whose old name is nowhere, or whose new one is taken; silent in a database that is new."""
    there = {one.kind for one in current.objects}

    def owner(one: ObjectId) -> bool:
        if one.kind in _PARTS or one.kind in _ON_TABLE:
            return any(each in current.objects for each in _possible_owners(one))
        return one.kind in there

    return idle(declared(current, target, statements), _look(current), _look(target), owner)


def unbound_marks(statements: Sequence[Statement]) -> list[Finding]:
    """Warnings about marks that stand at nothing that has a name."""
    return [
        unbound(place_of(mark.statement, max(mark.offset, 0)))
        for mark in read_marks(statements)
        if not mark.made
    ]


def _possible_owners(part: ObjectId) -> Iterator[ObjectId]:
    for kind in (*_RELATIONS, "enum", "composite type", "domain"):
        yield ObjectId(kind, part.name[:-1])


def written_at(
    target: Catalog, statements: Sequence[Statement], wanted: Sequence[ObjectId]
) -> dict[ObjectId, Place]:
    """The places where objects and parts are written; the first one of each."""
    found: dict[ObjectId, Place] = {}
    names = {one.name[-1] for one in wanted}
    for statement in statements:
        if not any(name in statement.sql for name in names):
            continue
        for mark in written(statement):
            for owner in _owners(mark, target):
                one = _part(owner, mark, target) if mark.part else owner
                place = place_of(statement, mark.offset) if one in wanted else None
                if one is not None and place is not None:
                    found.setdefault(one, place)
    return found


def renaming(pairs: Sequence[tuple[ObjectId, ObjectId]], current: Catalog, target: Catalog) -> list[Change]:
    """One round of renames that are known by their ids."""
    return _changes([Renaming(old, new) for old, new in pairs], current, target)


def declared(current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Renaming]:
    """What the marks say, as ids; a mark that names nothing of the target says nothing."""
    found: dict[ObjectId, Renaming] = {}
    for mark in read_marks(statements):
        for one in resolved(mark, current, target):
            found.setdefault(one.new, one)
    return list(found.values())


def resolved(mark: Mark, current: Catalog, target: Catalog) -> Iterator[Renaming]:
    """One mark's renames: one, or those of all routines of that name."""
    place = place_of(mark.statement, max(mark.offset, 0))
    for owner in _owners(mark, target):
        new = _part(owner, mark, target) if mark.part else owner
        if new is None:
            continue
        known = _look(current)
        old = [_old(new, names) for names in _readings(mark.old)]
        yield Renaming(next((one for one in old if known(one) is not None), old[-1]), new, place)


def _owners(mark: Mark, target: Catalog) -> list[ObjectId]:
    """The objects of a mark's name: written without a schema, looked for in `public`, then anywhere once."""
    if not mark.made:
        return []
    kinds = _KINDS.get(mark.made, (mark.made,))
    if mark.made in _ON_TABLE:
        tables = _named(target, _RELATIONS, mark.on)
        found = [ObjectId(mark.made, (*table.name, mark.name[-1])) for table in tables]
        return [one for one in found if one in target.objects]
    return _named(target, kinds, mark.name)


def _named(catalog: Catalog, kinds: Sequence[str], name: tuple[str, ...]) -> list[ObjectId]:
    found = [one for one in catalog.objects if one.kind in kinds and _matches(one, name)]
    if len(name) == 1:
        found = [one for one in found if one.name[0] == "public"] or found
    return found if len({one.name[:2] for one in found}) == 1 else []


def _matches(one: ObjectId, name: tuple[str, ...]) -> bool:
    own = one.name[:2] if one.kind in _ROUTINES else one.name
    return own[-len(name) :] == name


def _part(owner: ObjectId, mark: Mark, target: Catalog) -> ObjectId | None:
    """The id of a part; some parts are no objects of the catalog, and have ids here only."""
    if mark.part == "value":
        return ObjectId("enum value", (*owner.name, mark.called))
    if mark.part == "constraint":
        kind = "domain constraint" if owner.kind == "domain" else "constraint"
        return ObjectId(kind, (*owner.name, mark.called))
    if owner.kind == "composite type":
        return ObjectId("attribute", (*owner.name, mark.called))
    if owner.kind in ("view", "materialized view"):
        columns = [name for name, *_ in getattr(target.objects[owner], "columns", ())]
        called = columns[mark.number - 1] if mark.number <= len(columns) else ""
        return ObjectId("view column", (*owner.name, called)) if called == mark.called else None
    return ObjectId("column", (*owner.name, mark.called))


def _readings(text: str) -> list[tuple[str, ...]]:
    """An old name's parts: as it is written, and as PostgreSQL folds it."""
    head = text.partition("(")[0] if not text.startswith(('"', "'")) else text
    if head.startswith("'") and head.endswith("'"):
        return [(head[1:-1].replace("''", "'"),)]
    words = [one for one in tokens(head, RULES) if head[one.start : one.end] != "."]
    readings = [tuple(name_of(head, one, fold=fold) or "" for one in words) for fold in (False, True)]
    return [(text,), *(names for names in readings if names)]


def _old(new: ObjectId, names: tuple[str, ...]) -> ObjectId:
    """The id under the old name; a part stays in its object, a qualified name may be of another schema."""
    if new.kind in _PARTS or new.kind in _ON_TABLE or new.kind in _BARE:
        return ObjectId(new.kind, (*new.name[:-1], names[-1]))
    schema = names[-2] if len(names) > 1 else new.name[0]
    return ObjectId(new.kind, (schema, names[-1], *new.name[2:]))


_SHOWN_IN = {
    "enum value": ("enum",),
    "attribute": ("composite type",),
    "view column": _RELATIONS[1:],
    "domain constraint": ("domain",),
}


def _look(catalog: Catalog) -> Callable[[ObjectId], Counter[Any] | None]:
    """What something looks like in a catalog, parts that are no objects included."""

    def look(one: ObjectId) -> Counter[Any] | None:
        if one in catalog.objects or one.kind not in _SHOWN_IN:
            return shape(catalog, one)
        owners = [ObjectId(kind, one.name[:-1]) for kind in _SHOWN_IN[one.kind]]
        found: Any = next((catalog.objects[each] for each in owners if each in catalog.objects), None)
        if found is None:
            return None
        if one.kind == "enum value":
            return Counter([found.values.index(one.name[-1])]) if one.name[-1] in found.values else None
        fields = {"attribute": "attributes", "domain constraint": "constraints"}
        parts = {part[0]: part[1:] for part in getattr(found, fields.get(one.kind, "columns"))}
        return Counter([parts[one.name[-1]]]) if one.name[-1] in parts else None

    return look


def _stage(one: ObjectId) -> int:
    """Schemas before what is in them, that before its parts."""
    if one.kind == "schema":
        return 1
    return 3 if one.kind in _PARTS or one.kind in _ON_TABLE else 2


def _possible(found: Iterable[Renaming], current: Catalog) -> list[Renaming]:
    """Without columns and checks that come from a table above: they are renamed there, and follow."""
    return [one for one in found if not getattr(current.objects.get(one.old), "inherited", False)]


def _out_of_the_way(chosen: Sequence[Renaming], current: Catalog, target: Catalog) -> Iterator[Renaming]:
    """What has one of the new names, is of another kind and goes: it steps aside, and is dropped after."""
    taken = {claim for one in chosen for claim in _claims(target, one.new)}
    moving = {one.old for one in chosen}
    for one in current.objects.values() if taken else ():
        in_the_way = taken & set(one.claims) and one.id not in moving and one.id not in target.objects
        if in_the_way and one.id.kind not in _HOLDS_DATA and one.parent is None:
            yield Renaming(one.id, aside(one.id))


def _claims(catalog: Catalog, one: ObjectId) -> frozenset[tuple[str, ...]]:
    found = catalog.objects.get(one)
    own = ("id", one.kind, *one.name)
    return frozenset((own, *(found.claims if found is not None else ())))


def _changes(renamings: Sequence[Renaming], current: Catalog, target: Catalog) -> list[Change]:
    """One change for each, in an order that works; a ring's statements are all the first one's."""
    moves = in_order(
        renamings,
        lambda one: _claims(current, one.old),
        lambda one: _claims(target, one.new),
        aside,
    )
    found = []
    for group in rings(moves):
        steps = tuple(
            step for move in group for step in rename_steps_of(move.old, move.new, current, move.renaming.old)
        )
        for number, one in enumerate(dict.fromkeys(move.renaming for move in group)):
            found.append(_change(one, steps if number == 0 else (), current, target))
    return found


def _change(one: Renaming, steps: tuple[Any, ...], current: Catalog, target: Catalog) -> Change:
    old, new = current.objects.get(one.old), target.objects.get(one.new)
    said = Detail("name", _said(one.old), _said(one.new))
    return Change(Action.RENAME, one.new, old, new, steps, details=(said,), was=one.old)


def _said(one: ObjectId) -> str:
    """A part by its own name, all else with its schema."""
    if one.kind in _PARTS or one.kind in _ON_TABLE:
        return one.name[-1]
    return ".".join(one.name[:2] if one.kind in _ROUTINES else one.name)
