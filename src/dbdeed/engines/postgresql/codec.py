"""A catalog as bytes, for the cache. Objects are written once; needs refer to them by position."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from typing import Any

import msgspec

from dbdeed.engines.catalog import Catalog, Later, Unmodelled
from dbdeed.engines.postgresql.listing import KINDS
from dbdeed.engines.postgresql.mentions import read_mentions

FORMAT = "postgresql/4"
"""Changes with the shape of any object, so that an older cache is read anew."""


class _Head(msgspec.Struct, frozen=True, array_like=True):
    format: str
    version: tuple[int, ...]
    unmodelled: tuple[tuple[str, str], ...]
    needs: tuple[tuple[int, tuple[int, ...]], ...]
    body: msgspec.Raw


def encode(catalog: Catalog) -> bytes:
    """The catalog with everything in it."""
    position = {one: number for number, one in enumerate(catalog.objects)}
    needs = tuple(
        (position[one], tuple(sorted(position[need] for need in needed if need in position)))
        for one, needed in catalog.needs.items()
        if one in position
    )
    body = msgspec.msgpack.encode(tuple(catalog.objects.values()))
    unmodelled = tuple((one.kind, one.name) for one in catalog.unmodelled)
    return msgspec.msgpack.encode(_Head(FORMAT, catalog.version, unmodelled, needs, msgspec.Raw(body)))


def decode(data: bytes) -> Catalog:
    """Raises `ValueError` for what is damaged or of another format."""
    try:
        head = msgspec.msgpack.decode(data, type=_Head)
        if head.format != FORMAT:
            raise ValueError(f"This catalog has the format {head.format}, not {FORMAT}.")
        objects = _objects().decode(head.body)
        ids = [one.id for one in objects]
        needs = {ids[one]: frozenset(ids[need] for need in needed) for one, needed in head.needs}
    except (msgspec.DecodeError, IndexError) as error:
        raise ValueError(f"This is no PostgreSQL catalog: {error}") from error
    found = dict(zip(ids, objects, strict=True))
    return Catalog(
        engine="postgresql",
        version=head.version,
        objects=found,
        needs=needs,
        unmodelled=tuple(Unmodelled(*one) for one in head.unmodelled),
        mentions=Later(lambda: read_mentions(found, needs)),
    )


@cache
def _objects() -> Any:
    """The decoder of all kinds' structs, made when it is first wanted."""
    union = reduce(or_, (kind.type for kind in KINDS))
    return msgspec.msgpack.Decoder(tuple[union, ...])  # type: ignore[valid-type]
