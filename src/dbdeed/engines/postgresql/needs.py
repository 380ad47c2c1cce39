"""Which object needs which, from pg_depend, in terms of our objects.

pg_depend speaks of parts (a default, a view's rule, an array type); `Reading.addresses` says which object
    each
belongs to. What is part of the same object, or of something outside the catalog, says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.catalog import Later, ObjectId
from dbdeed.engines.postgresql.kinds.base_type import filled
from dbdeed.engines.postgresql.system import PG_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.postgresql.reading import Address, Reading

# As texts of some thousand rows each, which cost little where nobody asks for them. A type's row type, array
# and multirange are parts of it.
_QUERY = """
    SELECT '[' || string_agg('[' ||
        concat_ws(',', classid, objid, objsubid, refclassid, refobjid, refobjsubid) || ']', ',') || ']'
    FROM pg_depend WHERE objid >= 16384 AND deptype IN ('n', 'a', 'i', 'P', 'S')
        AND NOT (classid = refclassid AND objid = refobjid)
        AND NOT (deptype = 'i' AND classid = 'pg_type'::regclass)
    GROUP BY objid::bigint / 2000
"""

_Row = tuple[int, int, int, int, int, int]

# Kinds that live in a schema; the first part of their name says which.
_SCHEMALESS = frozenset({"schema", "event trigger", "publication", "subscription"})


def read_needs(reading: Reading) -> Mapping[ObjectId, frozenset[ObjectId]]:
    """What each object needs; put together when somebody asks, since where nothing differs nobody does."""
    texts = [text for (text,) in reading.session.fetch(_QUERY)]
    return Later(lambda: _put_together(reading, texts))


def _put_together(reading: Reading, texts: Sequence[str]) -> Mapping[ObjectId, frozenset[ObjectId]]:
    found: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    address_of = reading.addresses.get
    latest: Address | None = None
    dependent: ObjectId | None = None
    for classid, objid, subid, refclass, refobj, refsub in _rows(texts):
        address = classid, objid, subid
        if address != latest:  # the rows of one object mostly stand together
            latest = address
            dependent = address_of(address) or (address_of((classid, objid, 0)) if subid else None)
        if dependent is None:
            continue
        needed = address_of((refclass, refobj, refsub))
        if needed is None and refsub:
            needed = address_of((refclass, refobj, 0))
        if needed is not None and needed is not dependent and needed != dependent:
            found[dependent].add(needed)
            if refsub and needed.kind == "column" and refclass == PG_CLASS:
                # A column that a table has from the one above is that one's: the table is needed too.
                table = address_of((PG_CLASS, refobj, 0), dependent)
                if table != dependent and table.name != needed.name[:2]:
                    found[dependent].add(table)
    _add_parents(reading, found)
    _cut_cycles(reading, found)
    there = reading.objects
    return {
        key: frozenset([one for one in value if one in there]) for key, value in found.items() if key in there
    }


def _rows(texts: Sequence[str]) -> Iterator[_Row]:
    decode = msgspec.json.Decoder(list[_Row]).decode
    for text in texts:
        yield from decode(text)


def _add_parents(reading: Reading, found: defaultdict[ObjectId, set[ObjectId]]) -> None:
    for key, one in reading.objects.items():
        parent = one.parent
        if parent is not None:
            found[key].add(parent)
        if key.kind == "privileges" and ObjectId("owner", key.name) in reading.objects:
            found[key].add(ObjectId("owner", key.name))
        if getattr(one, "attached_to", ()):
            found[key].add(ObjectId("index", one.attached_to))  # type: ignore[attr-defined]
        if key.kind == "dependence":
            found[key].add(one.needs)  # type: ignore[attr-defined]
        above = getattr(one, "partition_of", ())
        if above:
            found[key].add(ObjectId(key.kind, above))


def _cut_cycles(reading: Reading, found: defaultdict[ObjectId, set[ObjectId]]) -> None:
    """What refers to each other.

    A serial's column needs its sequence, which belongs to the column: ownership is written apart. A table
    needs nothing of what is part of it: row type, defaults and constraints are parts with needs of their own.
    """
    for key, one in reading.objects.items():
        if key.kind == "shell type":
            _start_from_shell(reading, found, key)
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


def _start_from_shell(reading: Reading, found: defaultdict[ObjectId, set[ObjectId]], shell: ObjectId) -> None:
    """The functions that a type is made of need its name alone, as the type itself does."""
    made = filled(shell, reading.objects)
    if made is None:
        return
    for one in list(found[made]):
        if one.kind == "function" and made in found.get(one, ()):
            found[one].discard(made)
            found[one].add(shell)
    found[made].add(shell)
    found[shell] |= {one for one in found[made] if one.kind == "schema"}
