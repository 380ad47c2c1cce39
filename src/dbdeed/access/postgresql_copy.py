"""Rows in the text form of COPY.

The server reads it as each column's own type, whatever that is by now; the binary form would be taken for
what the columns were when they were last asked for.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
from psycopg._copy_base import format_row_text
from psycopg.adapt import AdaptersMap, Dumper, Transformer

from dbdeed.access.errors import InvalidValue
from dbdeed.access.postgresql_values import UNFIT, WITHOUT_ZONE, require_no_zone, unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dbdeed.access.postgresql_types import Types

_CHUNK = 64 * 1024  # bytes that are sent at a time


class _Context:
    def __init__(self, types: Types) -> None:
        self.connection = types.connection
        self.adapters = AdaptersMap(types.adapters)
        self.adapters.register_dumper(dt.datetime, _Moment)


class _Moment(Dumper):
    """A date and time, several times as fast as by its `str`."""

    def dump(self, obj: Any) -> bytes:
        if obj.tzinfo is not None and obj.tzinfo is not dt.UTC:
            try:
                obj = obj.astimezone(dt.UTC)
            except OverflowError:
                return str(obj).encode()
        return msgspec.json.encode(obj)[1:-1]


def chunks(rows: Iterable[Sequence[object]], types: Types, oids: Sequence[int]) -> Iterator[bytearray]:
    """The rows, as they are sent.

    Args:
        rows: values in the order of the columns.
        types: of the session.
        oids: the columns' types, as last known: they decide only what is refused.

    Raises:
        InvalidValue: a value cannot be sent.
    """
    transformer = Transformer(_Context(types))
    zoneless = [place for place, oid in enumerate(oids) if types.base(oid) in WITHOUT_ZONE]
    width = len(oids)
    out = bytearray()
    for row in rows:
        if len(row) != width:
            raise InvalidValue(f"a row holds {len(row)} values for {width} columns")
        for place in zoneless:
            require_no_zone(row[place])
        try:
            format_row_text(row, transformer, out)
        except UNFIT as error:
            raise unfit(error) from error
        if len(out) > _CHUNK:
            yield out
            out = bytearray()
    if out:
        yield out
