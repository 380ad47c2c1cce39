"""A plan that makes everything, cut into what a reader looks for.

Each table stands with all that is part of it; types, functions, views and the rest have headings of
their own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action
from dbdeed.engines.compare import Context
from dbdeed.engines.postgresql.kinds import table_create
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.stable import stable
from dbdeed.engines.postgresql.written.names import safe, short
from dbdeed.engines.postgresql.written.order import reading_order
from dbdeed.engines.postgresql.written.table import written
from dbdeed.engines.seam import Passage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change

_HEADINGS = {
    "schema": "Schemas",
    "extension": "Extensions",
    "language": "Languages",
    "access method": "Access methods",
    "collation": "Collations",
    "conversion": "Conversions",
    "enum": "Types",
    "domain": "Types",
    "composite type": "Types",
    "range type": "Types",
    "base type": "Types",
    "shell type": "Types",
    "text search parser": "Text search",
    "text search template": "Text search",
    "text search dictionary": "Text search",
    "text search configuration": "Text search",
    "foreign data wrapper": "Foreign servers",
    "server": "Foreign servers",
    "user mapping": "Foreign servers",
    "sequence": "Sequences",
    "table": "",
    "function": "Functions",
    "aggregate": "Functions",
    "operator": "Operators and casts",
    "operator family": "Operators and casts",
    "operator class": "Operators and casts",
    "cast": "Operators and casts",
    "transform": "Operators and casts",
    "view": "Views",
    "materialized view": "Materialized views",
    "event trigger": "Event triggers",
    "publication": "Publications",
    "subscription": "Subscriptions",
    "default privileges": "Default privileges",
}
"""Kinds by the heading that they stand under; a kind that is not here stands under its own name."""

_ABOVE = (
    "Schemas",
    "Extensions",
    "Languages",
    "Access methods",
    "Collations",
    "Conversions",
    "Types",
    "Text search",
    "Foreign servers",
    "Sequences",
    "",  # the tables
)
_BELOW = (
    "Functions",
    "Operators and casts",
    "Views",
    "Materialized views",
    "*",  # kinds of a name of their own
    "Event triggers",
    "Publications",
    "Subscriptions",
    "Default privileges",  # last: they would add to what is made after them
)
_PLACES = {heading: place for place, heading in enumerate((*_ABOVE, *_BELOW))}

# Within a table's own section; what is part of something else stands behind it.
_RANKS = {"table": 0, "column": 1, "constraint": 2, "index": 3, "statistics": 4, "comment": 5}
_LATER = {"trigger": 6, "rule": 7, "policy": 8, "owner": 9, "privileges": 10}


@dataclass(frozen=True, slots=True)
class _Work:
    context: Context
    roots: dict[ObjectId, ObjectId]


def passages(changes: Sequence[Change], base: Catalog, catalog: Catalog) -> list[Passage]:
    """The passages of what leads from an empty database to a catalog; see the seam."""
    work = _Work(Context(base, catalog), {})
    made = {change.id for change in changes if change.action is Action.CREATE}
    keys, places = reading_order(catalog, made, lambda one: _root(work, one))
    inside: defaultdict[ObjectId, list[Any]] = defaultdict(list)
    for key in keys:
        inside[key.parent].append(key)
    moved = {key.id for key in keys}
    families = _families(work, changes)
    found = []
    for number, change in enumerate(changes):
        if change.id in moved:
            continue
        root = _root(work, change.id)
        heading = _HEADINGS.get(root.kind, f"{root.kind.capitalize()}s")
        passage = _passage(work, change, heading, root, inside.get(change.id, ()))
        within = _rank(change) if families[root] == 1 else 0
        rank = (_PLACES.get(heading, _PLACES["*"]), places.get(root, 0), heading, within, number)
        found.append((rank, passage))
    return [passage for _, passage in sorted(found, key=lambda one: one[0])]


def _root(work: _Work, one: ObjectId) -> ObjectId:
    """What an object is part of in the end: a table, the one above its partitions; a type; itself."""
    known = work.roots.get(one)
    if known is not None:
        return known
    there: Any = work.context.target.objects.get(one) or work.context.current.objects.get(one)
    above = there.parent if there is not None else None
    partition = getattr(there, "partition_of", ()) if one.kind == "table" else ()
    if partition:
        above = ObjectId("table", tuple(partition))
    root = _root(work, above) if above is not None else one
    work.roots[one] = root
    return root


def _families(work: _Work, changes: Iterable[Change]) -> Mapping[ObjectId, int]:
    """How many tables stand under each root: a partitioned table's steps must keep their order."""
    found: defaultdict[ObjectId, int] = defaultdict(int)
    for change in changes:
        found[_root(work, change.id)] += change.id.kind == "table"
    return found


def _rank(change: Change) -> int:
    if change.id.kind == "comment":
        return _LATER.get(change.id.name[0], _RANKS["comment"])
    return _RANKS.get(change.id.kind, _LATER.get(change.id.kind, 11))


def _passage(work: _Work, change: Change, heading: str, root: ObjectId, keys: Sequence[Any]) -> Passage:
    plain = [one.sql for one in change.steps]
    shown = list(plain)
    if change.id.kind == "table" and change.action is Action.CREATE:
        at, shown_table = _table_statement(work, change, keys)
        shown[at] = shown_table
        plain += [_added(key) for key in keys]
    if change.id.kind == "comment" and change.id.name[0] == "extension":
        shown = []  # an extension brings its own; in full where it is another
    return Passage(
        heading,
        _table_name(root) if root.kind == "table" else "",
        (change.id, *change.covers, *(key.id for key in keys)),
        tuple(safe(short(sql)) for sql in shown),
        tuple(map(safe, plain)),
    )


def _table_statement(work: _Work, change: Change, keys: Sequence[Any]) -> tuple[int, str]:
    """Which of a table's steps makes it, and how a person would write that one."""
    table: Any = change.new
    found = table_create.inside(table, work.context)
    own = {one.id for one in (*found.constraints, *keys)}
    children: Sequence[Any] = work.context.target.children.get(table.id, ())
    others = [one for one in children if one.id.kind == "constraint" and one.id not in own]
    return len(found.before), stable(written(table, found, keys, others))


def _added(key: Any) -> str:
    return f"ALTER TABLE {key.table_sql} ADD CONSTRAINT {ident(key.name)} {key.full_definition}"


def _table_name(root: ObjectId) -> str:
    schema, name = root.name
    return name if schema == "public" else f"{schema}.{name}"
