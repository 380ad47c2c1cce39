"""What one PostgreSQL session knows of types: psycopg's own, and those of its database as they turn up.

A type of the database (an enum, a domain, a range, an array of one) has a number that means something else in
another database, so that each session asks its server, once, for those it meets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
from psycopg import adapters as psycopg_adapters
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo
from psycopg.types.array import register_array
from psycopg.types.range import RangeInfo, register_range
from psycopg.types.string import TextBinaryLoader, TextLoader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg.abc import AdaptContext, Buffer

FIRST_OF_DATABASE = 16384  # FirstNormalObjectId: smaller numbers mean the same in every database

# What is asked about types that are not known: each with what it is made of.
ASK = """
WITH RECURSIVE needed(oid) AS (
    SELECT pg_catalog.unnest($1::pg_catalog.oid[])
    UNION
    SELECT part.oid
    FROM needed
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) needed.oid
    LEFT JOIN pg_catalog.pg_range r ON r.rngtypid OPERATOR(pg_catalog.=) t.oid
    CROSS JOIN LATERAL (VALUES (t.typelem), (t.typbasetype), (r.rngsubtype)) part(oid)
    WHERE part.oid OPERATOR(pg_catalog.>=) 16384
)
SELECT t.oid, t.typname, t.typtype::text, t.typelem, t.typbasetype, r.rngsubtype, t.typdelim::text,
    CASE WHEN t.typsend OPERATOR(pg_catalog.<>) 0 THEN s.proname END
FROM needed
JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) needed.oid
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid OPERATOR(pg_catalog.=) t.oid
LEFT JOIN pg_catalog.pg_proc s ON s.oid OPERATOR(pg_catalog.=) t.typsend
ORDER BY t.oid
"""
_SENT_AS_TEXT = frozenset({"textsend", "enum_send", "citextsend", "varcharsend", "bpcharsend", "namesend"})
_ARRAY_SENT = "array_send"
# Whose two forms psycopg reads as different values: "char" (an empty one), real (1.1), and rows within rows.
_ONLY_AS_TEXT = frozenset({18, 1002, 700, 1021, 2249, 2287})


_decode = msgspec.json.Decoder().decode

# Nanoseconds for one value, here and at the server, that the binary form saves against the text form. They
# differ less than one would think: psycopg reads a numeric's text in a third of the time of its binary form.
_BINARY_SAVES = {
    17: 200,  # bytea
    20: 50,  # bigint
    21: 50,
    23: 50,
    701: 100,  # double precision
    1114: 100,  # timestamp
    1184: 350,  # timestamp with time zone: the server would have to find its offset
    1186: 350,  # interval
    1700: -600,  # numeric
    2950: 200,  # uuid
    3802: -60,  # jsonb
}


class _JsonLoader(Loader):
    format = Format.TEXT
    load = staticmethod(_decode)  # type: ignore[assignment] # no frame of Python between


class _JsonBinaryLoader(_JsonLoader):
    format = Format.BINARY


class _JsonbBinaryLoader(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> Any:
        return _decode(data[1:])  # behind the number of its version


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg_adapters)
    for name in ("json", "jsonb"):
        adapters.register_loader(name, _JsonLoader)
    adapters.register_loader("json", _JsonBinaryLoader)
    adapters.register_loader("jsonb", _JsonbBinaryLoader)
    return adapters


_ADAPTERS = _adapters()


class Types:
    """The types of one session; also the context in which psycopg looks for what converts values.

    Args:
        connection: psycopg's own; its loaders ask it for the session's time zone and date style.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.adapters = AdaptersMap(_ADAPTERS)
        self._bases: dict[int, int] = {}
        self._asked: set[int] = set()
        self._sound: dict[int, bool] = {}

    def unknown(self, oids: Iterable[int]) -> list[int]:
        """Those among `oids` that must be asked for."""
        return [oid for oid in oids if oid >= FIRST_OF_DATABASE and oid not in self._asked]

    def base(self, oid: int) -> int:
        """What a domain is made of, whatever its depth; itself for every other type."""
        while oid in self._bases:
            oid = self._bases[oid]
        return oid

    def binary(self, oids: Sequence[int]) -> bool:
        """Whether to ask for the binary form of these: where it gives the same values, and sooner."""
        return all(map(self._is_sound, oids)) and sum(_BINARY_SAVES.get(oid, 0) for oid in oids) >= 0

    def learn(self, oids: Iterable[int], rows: Iterable[tuple[Any, ...]]) -> None:
        """Take in the answer to `ASK` for `oids`."""
        self._asked.update(oids)
        arrays: list[tuple[int, int, str]] = []
        ranges: list[tuple[int, int]] = []
        context = cast("AdaptContext", self)
        for oid, name, kind, element, base, subtype, delimiter, send in rows:
            self._asked.add(oid)
            if kind == "d":
                self._bases[oid] = base
            elif kind == "r":
                register_range(RangeInfo(name, oid, 0, subtype_oid=subtype), context)
                ranges.append((oid, subtype))
            elif send == _ARRAY_SENT and element:
                arrays.append((oid, element, delimiter))
            elif send in _SENT_AS_TEXT:
                self.adapters.register_loader(oid, TextLoader)
                self.adapters.register_loader(oid, TextBinaryLoader)
        for oid, subtype in ranges:
            self._sound[oid] = self._is_sound(subtype)
        self._domains()
        for oid, element, delimiter in arrays:
            register_array(TypeInfo(f"_{element}", element, oid, delimiter=delimiter), context)
            self._sound[oid] = self._is_sound(element)
        self._domains()  # now those over arrays too

    def _domains(self) -> None:
        """Within an array a domain's values say that they are the domain's: they are read as their base's."""
        for oid in self._bases:
            for form in (Format.TEXT, Format.BINARY):
                loader = self.adapters.get_loader(self.base(oid), form)
                if loader is not None:
                    self.adapters.register_loader(oid, loader)
            self._sound[oid] = self._looks_sound(self.base(oid))

    def _is_sound(self, oid: int) -> bool:
        known = self._sound.get(oid)
        if known is None:
            known = self._sound[oid] = self._looks_sound(oid)
        return known

    def _looks_sound(self, oid: int) -> bool:
        if oid in _ONLY_AS_TEXT or self.adapters.get_loader(oid, Format.BINARY) is None:
            return False
        info = psycopg_adapters.types.get(oid)
        if info is None or info.array_oid != oid:
            return True
        # An array reads its elements by their own type.
        return info.oid != oid and self._is_sound(info.oid)
