"""What changing a column's type takes: an expression, a rewrite, a risk.

Rules: the assignment casts and the binary-coercible pairs of PostgreSQL's pg_cast, and
ATColumnChangeRequiresRewrite with the length coercions that skip the rewrite where a limit only grows. Of
a list each value is converted by itself, which the server does not look into: it skips the rewrite only where
nothing is converted at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_NUMBERS = {
    "smallint": 0,
    "integer": 1,
    "bigint": 2,
    "numeric": 3,
    "real": 4,
    "double precision": 5,
}
_TEXTS = frozenset({"text", "character varying", "character", "bpchar", "name", "citext", "public.citext"})
_TIMES = frozenset(
    {"date", "timestamp without time zone", "timestamp with time zone"},
)
_FAMILIES = (
    frozenset(_NUMBERS),
    _TEXTS,
    _TIMES,
    frozenset({"time without time zone", "time with time zone"}),
    frozenset({"json", "jsonb"}),
    frozenset({"bit", "bit varying"}),
    frozenset({"inet", "cidr"}),
    frozenset({"macaddr", "macaddr8"}),
)
# Explicit casts that pg_cast has between different families.
_EXPLICIT = frozenset(
    {
        ("integer", "boolean"),
        ("boolean", "integer"),
        ("timestamp without time zone", "time without time zone"),
        ("timestamp with time zone", "time without time zone"),
        ("timestamp with time zone", "time with time zone"),
        ("time without time zone", "interval"),
        ("interval", "time without time zone"),
        ("numeric", "money"),
        ("integer", "money"),
        ("bigint", "money"),
        ("money", "numeric"),
        ("integer", "bit"),
        ("bigint", "bit"),
        ("bit", "integer"),
        ("bit", "bigint"),
        ("jsonb", "boolean"),
        ("jsonb", "numeric"),
        ("jsonb", "integer"),
        ("jsonb", "bigint"),
        ("jsonb", "double precision"),
    }
)
_MODIFIER = re.compile(r"\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Conversion:
    """How values of one type become values of another.

    Attributes:
        using_template: the USING expression with `{}` for the column; "" where an assignment cast does it.
        rewrites: every row is written anew.
        may_fail: some values have no counterpart.
        family: both types work with the same operators and constants.
        utc: what is no moment by itself is read, or written, as UTC has it.
    """

    using_template: str
    rewrites: bool
    may_fail: bool
    family: bool
    utc: bool = False

    def using(self, column: str) -> str:
        return self.using_template.replace("{}", column)


def conversion(old: str, new: str) -> Conversion:
    """From type `old` to type `new`, both as format_type writes them."""
    old_base, old_modifier, old_array = _parts(old)
    new_base, new_modifier, new_array = _parts(new)
    if old_base == new_base and old_array == new_array:
        change = _resized(new_base, old_modifier, new_modifier)
        return replace(change, rewrites=True) if new_array and _limited(new) and old != new else change
    if old_array != new_array:
        return _with_array(new, old_base, new_base, old_array=old_array)
    family = any({old_base, new_base} <= one for one in _FAMILIES)
    if family:
        change = _within(old_base, new_base, old_modifier, new_modifier)
        return replace(change, rewrites=True) if new_array else _zoned(old_base, new_base, change)
    if new_base in _TEXTS:
        return Conversion("", rewrites=True, may_fail=new_modifier != (), family=False)
    if old_base in _TEXTS or (old_base, new_base) in _EXPLICIT:
        return Conversion("{}::" + new, rewrites=True, may_fail=True, family=False)
    text = "{}::text[]::" if old_array else "{}::text::"
    moment = "" if new_array else _moment(old_base, new_base, new)
    return Conversion(moment or text + new, rewrites=True, may_fail=True, family=False)


_WIDER = frozenset(
    [
        *((old, "numeric") for old in ("smallint", "integer", "bigint")),
        *((old, "double precision") for old in ("smallint", "integer", "real")),
        *(("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint"), ("smallint", "real")),
        *(("date", f"timestamp {zone} time zone") for zone in ("with", "without")),
        ("timestamp with time zone", "timestamp without time zone"),
        ("timestamp without time zone", "timestamp with time zone"),
        *(("jsonb", "json"), ("cidr", "inet"), ("macaddr", "macaddr8")),
        *(("bigint", "integer"), ("bigint", "smallint"), ("integer", "smallint")),
    ]
)
"""Pairs where each value has its own counterpart, or none: then the statement fails."""


def keeps_values(old: str, new: str) -> bool:
    """Whether a value can be had again from what it becomes, both types as format_type writes them."""
    old_base, old_modifier, old_array = _parts(old)
    new_base, new_modifier, new_array = _parts(new)
    if old_array != new_array:
        return new_array and (old_base, old_modifier) == (new_base, new_modifier)
    if old_base == new_base:
        change = _resized(new_base, old_modifier, new_modifier)
        return not change.rewrites or (new_base in ("character", "bit") and not change.may_fail)
    return not new_modifier and (new_base in _TEXTS or (old_base, new_base) in _WIDER)


_FLOATS = frozenset({"real", "double precision"})
_PLAIN_TEXTS = frozenset({"text", "character varying", "character"})
_STEADY = (
    frozenset(_NUMBERS) | _PLAIN_TEXTS | {"boolean", "uuid", "jsonb", "inet", "cidr", "macaddr", "macaddr8"}
)
_STEADY_TIMES = frozenset({"date", "timestamp without time zone", "time without time zone"})
_TOLD = _STEADY | _STEADY_TIMES | {"timestamp with time zone", "time with time zone", "interval", "json"}


def is_steady(old: str, new: str) -> bool:
    """Whether a value becomes the same in every session, whatever its settings, and can be compared after.

    A time zone, a style of dates or the digits of a float shown are a session's own.
    """
    (old_base, _, old_array), (new_base, _, new_array) = _parts(old), _parts(new)
    if (old_base, new_base) in _ZONED and not (old_array or new_array):
        return True
    if old_base in _FLOATS and new_base in _PLAIN_TEXTS:
        return False
    pair = {old_base, new_base}
    return pair <= _STEADY or pair <= _STEADY_TIMES or pair == {"timestamp with time zone"}


def is_told(old: str, new: str) -> bool:
    """Whether both are types, or lists of types, of which it is known what a value hangs on."""
    (old_base, _, old_array), (new_base, size, new_array) = _parts(old), _parts(new)
    return {old_base, new_base} <= _TOLD and old_array == new_array and not (new_array and size)


def is_text(written: str) -> bool:
    """Whether it is a text of any length, or a list of such."""
    return _parts(written)[0] in _PLAIN_TEXTS


def _parts(written: str) -> tuple[str, tuple[int, ...], bool]:
    """(base, modifiers, whether an array)."""
    array = written.endswith("]")
    bare = re.sub(r"(\[\])+\Z", "", written)
    found = _MODIFIER.search(bare)
    numbers = tuple(int(one) for one in re.findall(r"-?\d+", found.group(1))) if found else ()
    return _MODIFIER.sub("", bare).replace("  ", " ").strip(), numbers, array


_FINEST = 6  # digits of a second that are kept where none are said


def _limited(written: str) -> bool:
    """Whether a type says more than its name: a length, or which fields an interval has."""
    return "(" in written or bool(re.match(r"interval \w", written))


def _resized(base: str, old: tuple[int, ...], new: tuple[int, ...]) -> Conversion:
    """Only the modifier differs (or only the collation)."""
    if old == new:
        return Conversion("", rewrites=False, may_fail=False, family=True)
    if base in ("character varying", "bit varying"):
        grows = not new or (bool(old) and new[0] >= old[0])
    elif base == "numeric":
        grows = not new or (len(old) == 2 and len(new) == 2 and new[1] == old[1] and new[0] >= old[0])
    elif base in ("character", "bit"):
        return Conversion("", rewrites=True, may_fail=not old or not new or new[0] < old[0], family=True)
    else:
        grows = not new or new[0] >= (old[0] if old else _FINEST)
        return Conversion("", rewrites=not grows, may_fail=False, family=True)
    return Conversion("", rewrites=not grows, may_fail=not grows, family=True)


def _within(old: str, new: str, _old_size: tuple[int, ...], new_size: tuple[int, ...]) -> Conversion:
    """Within a family there are assignment casts both ways, but for jsonb's."""
    if old in _NUMBERS and new in _NUMBERS:
        return Conversion(
            "", rewrites=True, may_fail=_NUMBERS[new] < _NUMBERS[old] or bool(new_size), family=True
        )
    if old in _TEXTS:
        plain = {old, new} <= {"text", "character varying"}
        grows = plain and not new_size
        return Conversion("", rewrites=not grows, may_fail=bool(new_size), family=True)
    if {old, new} == {"json", "jsonb"}:
        return Conversion("", rewrites=True, may_fail=new == "jsonb", family=False)
    if (old, new) == ("cidr", "inet") or ((old, new) == ("bit", "bit varying") and not new_size):
        return Conversion("", rewrites=False, may_fail=False, family=True)
    return Conversion("", rewrites=True, may_fail=bool(new_size), family=True)


_ZONED = {
    ("timestamp without time zone", "timestamp with time zone"): "{} AT TIME ZONE 'UTC'",
    ("timestamp with time zone", "timestamp without time zone"): "{} AT TIME ZONE 'UTC'",
    ("date", "timestamp with time zone"): "{}::timestamp AT TIME ZONE 'UTC'",
    ("timestamp with time zone", "date"): "({} AT TIME ZONE 'UTC')::date",
}


def _zoned(old: str, new: str, change: Conversion) -> Conversion:
    """With the zone in the statement: a cast takes that of whoever runs it, psql another than we."""
    template = _ZONED.get((old, new))
    return replace(change, using_template=template, utc=True) if template is not None else change


def _with_array(new: str, old_base: str, new_base: str, *, old_array: bool) -> Conversion:
    """A value becomes a list of one; of a list the first value is taken."""
    if old_array:
        way = conversion(old_base, new) if old_base != new_base else None
        template = (way.using_template if way is not None else "") or "{}::" + new
        return Conversion(template.replace("{}", "({})[1]"), rewrites=True, may_fail=True, family=False)
    inner = "{}" if old_base == new_base else "{}::text"
    template = "CASE WHEN {} IS NULL THEN NULL ELSE ARRAY[" + inner + "]::" + new + " END"
    return Conversion(template, rewrites=True, may_fail=old_base != new_base, family=False)


def _moment(old: str, new: str, written: str) -> str:
    """Whole numbers as moments and back: seconds since 1970, as epochs are kept."""
    if new.startswith("timestamp") and old in ("integer", "bigint"):
        return "pg_catalog.to_timestamp({})::" + written
    if old.startswith("timestamp") and new in ("integer", "bigint"):
        return "extract(epoch FROM {})::" + written
    return ""
