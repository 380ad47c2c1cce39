"""A renamed column that counts by itself: one counter for both names, which is handed over at the end.

Between the halves the old column counts, as a default that asks a sequence of its own (an identity is made
one), and the new column is kept in step with it. When the old column goes, the same transaction gives the new
one that default, so that no row is without a number and none has one twice; only then the counter gets the
form that the state after has. The way back takes the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.bridge.merging import fragment
from dbdeed.engines.postgresql.kinds import sequence_write
from dbdeed.engines.postgresql.kinds.column_create import owned
from dbdeed.engines.postgresql.kinds.sequence import Sequence
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.writing import step
from dbdeed.engines.seam import Handover

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.postgresql.bridge.merging import Merge
    from dbdeed.engines.postgresql.bridge.syncing import Pair
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.seam import Session


def counts(column: Column) -> bool:
    """Whether rows that leave it out get the next number."""
    return column.identity is not None or "nextval(" in column.default


@dataclass(frozen=True, slots=True)
class Counter:
    """What counts for both columns of a pair.

    Attributes:
        old: the old column, as it counts between the halves.
        new: the new one, as it counts right after the old one is gone.
        own: the sequence, where it is the column's own.
        after: sequences that the state after has in its place.
    """

    old: Column
    new: Column
    own: Sequence | None
    after: frozenset[ObjectId]


def plain(session: Session, pairs: Iterable[Pair]) -> None:
    """Make identities of old columns, in a scratch, sequences and defaults; so the engine says how."""
    for one in pairs:
        identity = one.old.identity
        if identity is None:
            continue
        own = Sequence(
            identity.sequence_schema,
            identity.sequence_name,
            one.old.type,
            identity.start,
            identity.increment,
            identity.minimum,
            identity.maximum,
            identity.cache,
            identity.cycle,
            owned_by=one.old.id.name,
        )
        name = qualified(own.schema, own.name)
        column = f"ALTER TABLE {one.old.table_sql} ALTER COLUMN {ident(one.old.name)}"
        session.execute(f"{column} DROP IDENTITY")
        session.execute(sequence_write.creation(own, owned=True).sql)
        session.execute(f"{column} SET DEFAULT nextval({literal(name)})")


def counters(pairs: Iterable[Pair], there: Catalog, target: Catalog) -> Iterator[Counter]:
    """Of the pairs that count, with `there` as `plain` has left it."""
    for one in pairs:
        if not counts(one.old):
            continue
        old: Any = there.objects[one.old.id]
        sequences = owned(old, there)
        own = sequences[0] if sequences else None
        new = msgspec.structs.replace(one.new, identity=None, default=old.default)
        after = frozenset(each.id for each in owned(one.new, target)) - {own.id if own else one.new.id}
        yield Counter(old, new, own, after)


def settle(merge: Merge, found: Iterable[Counter], there: Catalog) -> None:
    """The middle has one counter, the old column's."""
    for one in found:
        merge.objects[one.old.id] = msgspec.structs.replace(
            one.old, not_null=merge.objects[one.old.id].not_null
        )
        merge.needs[one.old.id] = there.needs.get(one.old.id, frozenset())
        waiting = one.after | ({one.own.id} if one.own is not None else set())
        merge.needs[one.new.id] -= {each for each in merge.needs[one.new.id] if each.kind == "sequence"}
        for each in waiting & merge.objects.keys():
            merge.drop(each)
        if one.own is not None:
            merge.objects[one.own.id] = one.own
            merge.needs[one.own.id] = there.needs.get(one.own.id, frozenset())
            merge.notes.append(
                f"The counter of column {'.'.join(one.old.id.name)} counts for {one.new.name} as well, and "
                "belongs to the old column until the second half: an application takes the number that a row "
                "got from RETURNING, not from pg_get_serial_sequence of the new name."
            )


def handover(found: Iterable[Counter], there: Catalog) -> Handover | None:
    """What the new columns count by when the old ones go."""
    objects: dict[ObjectId, Any] = {}
    needs: dict[ObjectId, frozenset[ObjectId]] = {}
    moved: dict[ObjectId, Any] = {}
    after: set[ObjectId] = set()
    for one in found:
        before = there.needs.get(one.old.id, frozenset())
        objects[one.new.id] = one.new
        needs[one.new.id] = frozenset(one.new.id if each == one.old.id else each for each in before)
        after |= one.after
        if one.own is not None:
            moved[one.own.id] = msgspec.structs.replace(one.own, owned_by=one.new.id.name)
            needs[one.own.id] = frozenset(
                one.new.id if each == one.old.id else each for each in there.needs.get(one.own.id, ())
            )
    if not objects:
        return None
    tables = sorted({one.parent for one in objects.values() if one.parent is not None})
    locks = tuple(
        step(f"LOCK TABLE {qualified(*one.name)} IN ACCESS EXCLUSIVE MODE", one, LockLevel.ACCESS_EXCLUSIVE)
        for one in tables
    )
    return Handover(fragment(there, objects, needs), fragment(there, moved, needs), frozenset(after), locks)
