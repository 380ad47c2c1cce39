"""A catalog as bytes, for the cache."""

from __future__ import annotations

import msgspec

from dbdeed.engines.catalog import ObjectId, Unmodelled
from dbdeed.engines.sqlite.kinds.index import Index
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.kinds.trigger import Trigger
from dbdeed.engines.sqlite.kinds.view import View
from dbdeed.engines.sqlite.kinds.virtual_table import VirtualTable
from dbdeed.engines.sqlite.schema import Schema

FORMAT = "sqlite/1"
"""Changes with the shape of any object, so that an older cache is read anew."""


_Kinds = Table | Index | View | Trigger | VirtualTable


class _Stored(msgspec.Struct, frozen=True):
    format: str
    version: tuple[int, ...]
    objects: tuple[_Kinds, ...]
    texts: tuple[str, ...]
    needs: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
    unmodelled: tuple[tuple[str, str], ...]


def encode(schema: Schema) -> bytes:
    """The catalog with everything in it."""
    ids = list(schema.objects)
    stored = _Stored(
        format=FORMAT,
        version=schema.version,
        objects=tuple(schema.objects.values()),  # type: ignore[arg-type]
        texts=tuple(schema.texts[one] for one in ids),
        needs=tuple(
            tuple((need.kind, need.name) for need in sorted(schema.needs.get(one, ()))) for one in ids
        ),
        unmodelled=tuple((one.kind, one.name) for one in schema.unmodelled),
    )
    return msgspec.msgpack.encode(stored)


def decode(data: bytes) -> Schema:
    """Raises `ValueError` for what is damaged or of another format."""
    try:
        stored = msgspec.msgpack.decode(data, type=_Stored)
    except msgspec.DecodeError as error:
        raise ValueError(f"This is no SQLite catalog: {error}") from error
    if stored.format != FORMAT or not len(stored.objects) == len(stored.texts) == len(stored.needs):
        raise ValueError(f"This catalog has the format {stored.format}, not {FORMAT}.")
    ids = [one.id for one in stored.objects]
    return Schema(
        engine="sqlite",
        version=stored.version,
        objects=dict(zip(ids, stored.objects, strict=True)),
        needs={
            one: frozenset(ObjectId(*need) for need in needs)
            for one, needs in zip(ids, stored.needs, strict=True)
        },
        unmodelled=tuple(Unmodelled(*one) for one in stored.unmodelled),
        texts=dict(zip(ids, stored.texts, strict=True)),
    )
