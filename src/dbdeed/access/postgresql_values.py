"""Python values as PostgreSQL's parameters.

The type of each parameter is the server's decision and known from its description of the statement, so that
None and an empty list need no type of their own. What is common goes in binary form, made without a detour;
all else as psycopg writes it as text, which the server reads as the parameter's type.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import struct
import uuid
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from dbdeed.access.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dbdeed.access.postgresql_types import Types

Dump: TypeAlias = "Callable[[Any], bytes | None]"
Sent: TypeAlias = "tuple[list[bytes | None], Sequence[int] | None]"

_TEXT, _BINARY = 0, 1
_BOOL, _BYTEA, _INT8, _INT2, _INT4, _FLOAT8, _UUID = 16, 17, 20, 21, 23, 701, 2950
_NUMERIC = 1700
_TEXTS = (25, 1042, 1043)
_DATE, _TIME, _TIMESTAMP, _TIMESTAMPTZ, _INTERVAL, _TIMETZ = 1082, 1083, 1114, 1184, 1186, 1266
_INTS = frozenset({1005, 1007, 1016})  # their arrays
# time, timestamp, their arrays, ranges of timestamps, and arrays of those: a time zone would be lost in them.
WITHOUT_ZONE = frozenset({1083, 1114, 1115, 1183, 3908, 3909, 4533, 6152})
# Their text means the same whichever type the server reads it as.
_PLAIN = (int, str, float, bool, uuid.UUID, type(None), dt.timedelta)

_none: Dump = {None: None}.get


class NeedsText(Exception):  # noqa: N818 - a turn in the road
    """This one value has to go as text."""


class Plan:
    """How to send parameters of certain Python types for certain database types.

    Attributes:
        dumps: what makes each travel; they raise one of `UNFIT`.
        formats: the form of each; None where all are texts.
    """

    __slots__ = ("_texts", "dumps", "formats")

    def __init__(self, dumps: list[Dump], formats: list[int], texts: list[Dump]) -> None:
        self.dumps = dumps
        self.formats = formats if any(formats) else None
        self._texts = texts

    def otherwise(self, parameters: Sequence[object], error: Exception) -> Sent:
        """How they travel, or why they cannot, where a dump raised `error`."""
        # A number that is out of range: the server says so, or knows better.
        if isinstance(error, NeedsText | struct.error):
            return _dumped(self._texts, parameters), None
        raise unfit(error) from error


# What a dump raises where a value does not fit.
UNFIT = (
    NeedsText,
    struct.error,
    ValueError,  # a UnicodeEncodeError too
    TypeError,
    OverflowError,
    AttributeError,
    psycopg.Error,
)


def unfit(error: Exception) -> InvalidValue:
    """A parameter that cannot be sent."""
    if isinstance(error, InvalidValue):
        return error
    if isinstance(error, UnicodeEncodeError):
        return InvalidValue("a text holds characters that UTF-8 cannot express")
    said = str(error).splitlines()[0] if isinstance(error, psycopg.Error) else type(error).__name__
    return InvalidValue(f"a parameter cannot be sent as its type: {said}")


def plain(parameters: Iterable[object]) -> bool:
    """Whether these can be sent as text before the types of their parameters are known."""
    return all(isinstance(value, _PLAIN) for value in parameters)


class Dumper:
    """Makes plans for one session."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._transformer = Transformer(types)

    def plan(self, oids: Sequence[int], parameters: Sequence[object]) -> Plan:
        """For parameters of these types, and values like these. Raises `InvalidValue`."""
        if len(oids) != len(parameters):
            raise InvalidValue(
                f"the statement takes {len(oids)} parameters, and {len(parameters)} were given"
            )
        chosen = [
            self._chosen(self._types.base(oid), value) for oid, value in zip(oids, parameters, strict=True)
        ]
        return Plan(
            [dump for dump, _ in chosen],
            [form for _, form in chosen],
            [self._as_text(self._types.base(oid)) for oid in oids],
        )

    def texts(self, parameters: Sequence[object]) -> list[bytes | None]:
        """What is `plain`, before types are known."""
        return _dumped([self.text] * len(parameters), parameters)

    def text(self, value: Any) -> bytes | None:
        """As psycopg writes it as text."""
        if value is None:
            return None
        if isinstance(value, enum.Enum) and isinstance(value, str):
            value = str(value.value)
        return bytes(self._transformer.get_dumper(value, PyFormat.TEXT).dump(value) or b"")

    def _chosen(self, oid: int, value: object) -> tuple[Dump, int]:
        kind = type(value)
        if value is None:
            return _none, _TEXT
        known = _BINARIES.get((oid, kind))
        if known is not None:
            return known, _BINARY
        if kind is dt.datetime or kind is dt.time:
            return self._moment(oid, value)
        if kind is dt.date and oid == _DATE:
            return self._binary(value), _BINARY
        if kind is dt.timedelta and oid == _INTERVAL:
            return self._binary(value), _BINARY
        if kind is decimal.Decimal and oid == _NUMERIC:
            return _number, _TEXT
        if kind is list and oid in _INTS:
            return self._integers, _TEXT
        return self._as_text(oid), _TEXT

    def _moment(self, oid: int, value: object) -> tuple[Dump, int]:
        if oid == _TIMESTAMPTZ and type(value) is dt.datetime:
            return _aware(self._binary(_AWARE)), _BINARY
        if oid == _TIMESTAMP and type(value) is dt.datetime:
            return _naive(self._binary(_AWARE.replace(tzinfo=None))), _BINARY
        if oid == _TIME and type(value) is dt.time:
            return _naive(self._binary(dt.time())), _BINARY
        return self._as_text(oid), _TEXT

    def _binary(self, example: object) -> Dump:
        return self._transformer.get_dumper(example, PyFormat.BINARY).dump  # type: ignore[return-value]

    def _as_text(self, oid: int) -> Dump:
        if oid in WITHOUT_ZONE:
            return self._zoneless
        return self.text if oid == _BYTEA else self._no_bytes

    def _zoneless(self, value: Any) -> bytes | None:
        require_no_zone(value)
        return self.text(value)

    def _no_bytes(self, value: Any) -> bytes | None:
        if isinstance(value, bytes | bytearray | memoryview):
            raise InvalidValue("bytes were given for a parameter that is no bytea")
        return self.text(value)

    def _integers(self, value: list[object]) -> bytes | None:
        """A list that holds nothing but integers, as most do, is its own text but for the brackets."""
        if set(map(type, value)) == {int}:
            return f"{{{str(value)[1:-1]}}}".encode()
        return self.text(value)


def require_no_zone(value: Any) -> None:
    """Raises `InvalidValue` where a time within `value` has a zone, which its type would silently drop."""
    if isinstance(value, dt.datetime | dt.time):
        if value.tzinfo is not None:
            raise InvalidValue("a time with a zone was given for a type without: the zone would be lost")
    elif isinstance(value, list | tuple | Multirange):
        for item in value:
            require_no_zone(item)
    elif isinstance(value, Range):
        require_no_zone(value.lower)
        require_no_zone(value.upper)


def _dumped(dumps: Iterable[Dump], parameters: Sequence[object]) -> list[bytes | None]:
    try:
        return [dump(value) for dump, value in zip(dumps, parameters, strict=True)]
    except UNFIT as error:
        raise unfit(error) from error


def _aware(binary: Dump) -> Dump:
    def dump(value: Any) -> bytes | None:
        if value.tzinfo is None:
            raise NeedsText  # the server takes it for one of the session's zone, with that zone's rules
        return binary(value)

    return dump


def _naive(binary: Dump) -> Dump:
    def dump(value: Any) -> bytes | None:
        require_no_zone(value)
        return binary(value)

    return dump


def _number(value: decimal.Decimal) -> bytes:
    if not value.is_finite():
        raise NeedsText
    return str(value).encode()


def _uuid(value: uuid.UUID) -> bytes:
    return value.bytes


_AWARE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_BINARIES: dict[tuple[int, type], Dump] = {
    (_BOOL, bool): {True: b"\x01", False: b"\x00"}.get,
    (_BYTEA, bytes): bytes,
    (_INT2, int): struct.Struct("!h").pack,
    (_INT4, int): struct.Struct("!i").pack,
    (_INT8, int): struct.Struct("!q").pack,
    (_FLOAT8, float): struct.Struct("!d").pack,
    (_UUID, uuid.UUID): _uuid,
    **{(oid, str): str.encode for oid in _TEXTS},
}
