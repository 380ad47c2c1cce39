"""Python values as SQLite keeps them, and back.

SQLite has no types for these: a timestamp is kept as text in UTC (`2026-01-31 12:00:00.5`), as its own
CURRENT_TIMESTAMP writes it, so that texts sort as times do; a date and a time as ISO 8601; a UUID as text; a
boolean as 0 or 1; a decimal as a number, which holds 15 significant digits.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.access.errors import InvalidValue
from dbdeed.access.statements import ByColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_from_iso, _Decimal = dt.datetime.fromisoformat, decimal.Decimal
_DIGITS = 15
_AT_ONCE = 1000  # rows that are held while they are converted
_ODD = "ENn"  # in a decimal's text: an exponent, no number, infinite
PLAIN: frozenset[type] = frozenset({int, float, str, bytes, bool, type(None)})
"""What SQLite takes as it is."""
_AS_IT_IS = PLAIN - {bool}
_MANY = 100  # parameters that no plan is kept for
_PLANS_KEPT = 1000
_plans: dict[tuple[type, ...], list[tuple[int, Callable[..., object]]]] = {}  # what to convert, by the types


def to_sqlite(parameters: Sequence[object]) -> Sequence[object]:
    """The parameters as `sqlite3` takes them."""
    if len(parameters) > _MANY:
        return parameters if PLAIN.issuperset(map(type, parameters)) else [*map(_one, parameters)]
    for value in parameters:
        if type(value) not in PLAIN:
            return _converted(parameters)
    return parameters


def _converted(parameters: Sequence[object]) -> list[object]:
    kinds = (*map(type, parameters),)
    plan = _plans.get(kinds)
    if plan is None:
        plan = [
            (place, _ADAPT.get(kind, _plain)) for place, kind in enumerate(kinds) if kind not in _AS_IT_IS
        ]
        if len(_plans) >= _PLANS_KEPT:
            _plans.clear()
        _plans[kinds] = plan
    values = [*parameters]
    for place, adapt in plan:
        values[place] = adapt(values[place])
    return values


def _one(value: object) -> object:
    return value if type(value) in _AS_IT_IS else _ADAPT.get(type(value), _plain)(value)


def all_to_sqlite(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    """As `to_sqlite`, for many rows: by the column, so many rows at a time."""
    return chain.from_iterable(_parts(rows))


def in_a_row(
    rows: Iterable[Sequence[object]], width: int, several: int
) -> Iterator[tuple[int, list[object]]]:
    """So many rows at a time, as `sqlite3` takes them: how many, and all their values in a row.

    Raises `InvalidValue` where a row has not `width` values.
    """
    if type(rows) is ByColumn:
        if len(rows.columns) != width:
            raise _uneven(width)
        values: list[object] = [None] * (width * len(rows.columns[0]))
        for place, column in enumerate(rows.columns):
            values[place::width] = _column(column)
        for start in range(0, len(values), width * several):
            part = values[start : start + width * several]
            yield len(part) // width, part
        return
    rest = iter(rows)
    while some := [*islice(rest, several)]:
        if {*map(len, some)} != {width}:
            raise _uneven(width)
        yield len(some), [*chain.from_iterable(zip(*map(_column, zip(*some, strict=True)), strict=True))]


def _uneven(width: int) -> InvalidValue:
    return InvalidValue(f"a row has not the {width} values that there are columns")


def _parts(rows: Iterable[Sequence[object]]) -> Iterator[Iterable[Sequence[object]]]:
    rest = iter(rows)
    while some := [*islice(rest, _AT_ONCE)]:
        if len({*map(len, some)}) == 1 and some[0]:
            yield zip(*map(_column, zip(*some, strict=True)), strict=True)
        else:
            yield map(to_sqlite, some)


def _column(values: Sequence[object]) -> Sequence[object]:
    kinds = {*map(type, values)}
    if kinds <= PLAIN:
        return values
    if kinds == {_Decimal}:
        return _decimals(values)
    if len(kinds) == 1:
        return [*map(_ADAPT.get(kinds.pop(), _plain), values)]
    return to_sqlite(values)


def to_datetime(value: str) -> dt.datetime:
    """A timestamp without zone."""
    moment = _from_iso(value)
    return moment if moment.tzinfo is None else moment.replace(tzinfo=None)


def to_utc(value: str) -> dt.datetime:
    """A timestamp with zone; without one it is UTC."""
    try:
        moment = _from_iso(value + "+00:00")  # as it is written; adding a zone afterwards takes twice as long
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    moment = _from_iso(value)
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment


def to_decimal(value: float | str) -> decimal.Decimal:
    """A number that was declared as a decimal."""
    return _Decimal(str(value))


def from_json(value: object) -> Any:
    """A JSON value; a column declared as JSON keeps one that is a number as a number."""
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value


def json_of(values: Sequence[object]) -> str:
    """The values as one parameter for `json_each`: bytes, which JSON has not, as hexadecimal digits."""
    items = [one.hex().upper() if isinstance(one, bytes) else one for one in to_sqlite(values)]
    if any(isinstance(one, str) and "\0" in one for one in items):
        raise InvalidValue("SQLite's JSON ends a text at a NUL character, so that a list cannot hold one")
    return msgspec.json.encode(items).decode()


def _plain(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dt.datetime):
        return _datetime(value)
    return value


def _datetime(value: dt.datetime) -> str:
    utc = value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
    return utc.isoformat(sep=" ")


def _decimal(value: decimal.Decimal) -> object:
    text = str(value)
    if len(text) <= _DIGITS and "E" not in text and value.is_finite():  # as most are
        number = float(text)
        return int(number) if number.is_integer() else number
    if not value.is_finite():
        raise InvalidValue("SQLite keeps no infinite decimal, and none that is not a number")
    if value == value.to_integral_value() and abs(value) < 2**63:
        return int(value)
    if len(value.normalize().as_tuple().digits) > _DIGITS:
        raise InvalidValue(f"SQLite keeps {_DIGITS} significant digits of a decimal; this one has more")
    return float(value)


def _decimals(values: Sequence[object]) -> Sequence[object]:
    """As `_decimal` of each."""
    texts = [*map(str, values)]
    together = "".join(texts)
    if max(map(len, texts)) > _DIGITS or any(odd in together for odd in _ODD):
        return [*map(_ADAPT[_Decimal], values)]
    return [int(number) if number.is_integer() else number for number in map(float, texts)]


_ADAPT: dict[type, Callable[..., object]] = {
    dt.datetime: _datetime,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    decimal.Decimal: _decimal,
    uuid.UUID: str,
    bool: int,  # in a list that is encoded as JSON too
}
