"""Which object needs which, from pg_depend, in terms of our objects.

pg_depend speaks of parts (a default, a view's rule, an array type); `Reading.addresses` says which object
    each
belongs to. What is part of the same object, or of something outside the catalog, says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.postgresql.reading import Reading

_QUERY = """
    SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid
    FROM pg_depend WHERE objid >= 16384 AND deptype IN ('n', 'a', 'i', 'P', 'S')
        AND NOT (classid = refclassid AND objid = refobjid)
"""

# Kinds that live in a schema; the first part of their name says which.
_SCHEMALESS = frozenset({"schema", "event trigger", "publication", "subscription"})


def read_needs(reading: Reading) -> Mapping[ObjectId, frozenset[ObjectId]]:
    found: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    addresses = reading.addresses
    for classid, objid, subid, refclass, refobj, refsub in reading.session.fetch(_QUERY):
        dependent = addresses.get((classid, objid, subid)) or addresses.get((classid, objid, 0))
        needed = addresses.get((refclass, refobj, refsub)) or addresses.get((refclass, refobj, 0))
        if dependent is not None and needed is not None and dependent != needed:
            found[dependent].add(needed)
    _add_parents(reading, found)
    _cut_cycles(reading, found)
    there = reading.objects.keys()
    return {key: frozenset(value & there) for key, value in found.items() if key in there}


def _add_parents(reading: Reading, found: defaultdict[ObjectId, set[ObjectId]]) -> None:
    for key, one in reading.objects.items():
        if one.parent is not None:
            found[key].add(one.parent)
        if key.kind == "privileges" and ObjectId("owner", key.name) in reading.objects:
            found[key].add(ObjectId("owner", key.name))
        if getattr(one, "attached_to", ()):
            found[key].add(ObjectId("index", one.attached_to))  # type: ignore[attr-defined]
        above = getattr(one, "partition_of", ())
        if above:
            found[key].add(ObjectId(key.kind, above))


def _cut_cycles(reading: Reading, found: defaultdict[ObjectId, set[ObjectId]]) -> None:
    """What refers to each other.

    A serial's column needs its sequence, which belongs to the column: ownership is written apart. A table
    needs nothing of what is part of it: row type, defaults and constraints are parts with needs of their own.
    """
    for key, one in reading.objects.items():
        needed = found.get(key)
        if needed is None:
            continue
        needed.discard(key)
        if key.kind == "sequence" and one.parent is not None and key in found.get(one.parent, ()):
            needed.discard(one.parent)
            needed.discard(ObjectId("table", one.parent.name[:2]))
        elif key.kind == "table":
            for other in [other for other in needed if other.kind == "column" and other.name[:2] == key.name]:
                needed.discard(other)
    for key in list(found):
        if key.kind == "sequence":
            found[key] = {
                other
                for other in found[key]
                if other not in reading.objects or key not in found.get(other, ())
            }
