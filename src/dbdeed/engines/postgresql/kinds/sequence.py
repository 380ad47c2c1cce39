"""Sequences; those of identity columns are part of their column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Loosening, Making
from dbdeed.engines.postgresql.kinds import sequence_write
from dbdeed.engines.postgresql.kinds.made_anew import is_made_anew
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_CLASS
from dbdeed.engines.postgresql.writing import loses, step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Sequence(Named, frozen=True, tag="sequence"):
    """A sequence; its current value is data and no part of it.

    Attributes:
        owned_by: (schema, table, column) of the column that it goes with, or ().
    """

    schema: str
    name: str
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    unlogged: bool = False
    owned_by: tuple[str, ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("sequence", (self.schema, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId("column", self.owned_by) if self.owned_by else None

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("relation", self.schema, self.name),)


_QUERY = f"""
    SELECT c.oid, n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin,
        s.seqmax, s.seqcache, s.seqcycle, c.relpersistence = 'u',
        CASE WHEN d.objid IS NULL THEN '{{}}'
            ELSE ARRAY[tn.nspname::text, t.relname::text, a.attname::text] END
    FROM pg_sequence s
    JOIN pg_class c ON c.oid = s.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_class t ON t.oid = d.refobjid
    LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.deptype IS DISTINCT FROM 'i' AND {OURS}
    ORDER BY n.nspname, c.relname
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_CLASS, oid) not in reading.members:
            one = Sequence(*fields)
            reading.relations[oid] = one.id
            reading.add(one, (PG_CLASS, oid, 0))


def create(new: Sequence, context: Context) -> Making:
    given = sequence_write.given(new, context) if new.owned_by else ()
    if len(given) > 1:  # its table is another's
        return Making((sequence_write.creation(new), *given))
    return Making((sequence_write.creation(new, owned=True),))


def drop(old: Sequence, _: Context) -> tuple[Step, ...]:
    name = qualified(old.schema, old.name)
    return (
        step(
            f"DROP SEQUENCE {name}",
            old.id,
            LockLevel.ACCESS_EXCLUSIVE,
            hazards=(loses(f"The count of {name} is lost."),),
        ),
    )


def alter(old: Sequence, new: Sequence, context: Context) -> Alteration | None:
    first: Loosening | None = None
    if _owner_goes(old, new, context):
        first = loosen(old, frozenset(), context)
    left = first.left if first is not None else old
    steps = sequence_write.changes(left, new)
    return Alteration((*steps, *sequence_write.handed_over(left, new, context)), first=first)


def _owner_goes(old: Sequence, new: Sequence, context: Context) -> bool:
    """Whether its table is made anew while it goes to another, so that it must not go with the old one."""
    if not old.owned_by or old.owned_by[:2] == new.owned_by[:2]:
        return False
    return is_made_anew(ObjectId("table", old.owned_by[:2]), context)


def loosen(old: Sequence, _fallen: frozenset[ObjectId], _: Context) -> Loosening | None:
    """Nobody's for a while, so that it and its count outlive the column."""
    if not old.owned_by:
        return None
    left = msgspec.structs.replace(old, owned_by=())
    return Loosening((sequence_write.ownership(left),), left)


KINDS = (Kind("sequence", Sequence, create, drop, alter, holds_data=True, loosen=loosen),)
