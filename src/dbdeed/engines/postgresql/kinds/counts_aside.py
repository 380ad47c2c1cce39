"""How far an identity has counted, kept while its column is none.

An identity wants NOT NULL: where that constraint is made anew the column has no identity for a while, and its
sequence goes with that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.postgresql.kinds import column_create, sequence_write
from dbdeed.engines.postgresql.online.names import aside
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.kinds.column import Column, Identity


def kept(was: Column) -> Iterator[Step]:
    """The count in a sequence of its own."""
    if was.identity is None:
        return
    how = was.identity
    bounds = f"MINVALUE {how.minimum} MAXVALUE {how.maximum}"
    source = qualified(how.sequence_schema, how.sequence_name)
    yield step(f"CREATE SEQUENCE {_place(how)} {bounds}", was.id)
    yield step(sequence_write.counted(_place(how), source), was.id)
    yield exclusive(f"ALTER TABLE ONLY {was.table_sql} ALTER COLUMN {ident(was.name)} DROP IDENTITY", was.id)


def brought_back(was: Column, wanted: Column) -> Iterator[Step]:
    """The column counts on, as it did, and then as it shall."""
    if was.identity is None or wanted.identity is None:
        return
    schema, name = wanted.identity.sequence_schema, wanted.identity.sequence_name
    how = msgspec.structs.replace(was.identity, sequence_schema=schema, sequence_name=name)
    again = msgspec.structs.replace(wanted, identity=how)
    add = f"ALTER COLUMN {ident(was.name)} ADD {column_create.identity(again, how)}"
    yield exclusive(f"ALTER TABLE ONLY {wanted.table_sql} {add}", wanted.id)
    yield step(sequence_write.counted(qualified(schema, name), _place(was.identity)), wanted.id)
    yield step(f"DROP SEQUENCE {_place(was.identity)}", wanted.id)
    if how.logged:
        yield column_create.logging(how, wanted.id, how.logged)
    yield from column_create.own_steps(again, wanted)


def rights(was: Column, current: Catalog) -> list[ObjectId]:
    """What is granted on its sequence, and would be lost."""
    return [
        one.id
        for one in current.children.get(was.id, ())
        if one.id.kind == "privileges" and one.id.name[0] != "column"
    ]


def _place(how: Identity) -> str:
    return qualified(how.sequence_schema, aside(how.sequence_name))
