"""What SQLite lacks of JSON: containment, as PostgreSQL's `@>` decides it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

CONTAINS = "dbdeed_json_contains"
"""The name of `json_contains` in SQL."""


def json_contains(whole: str | float | None, part: str | None) -> bool | None:
    """Whether a JSON value has another one in it; None where either is null in SQL.

    Args:
        whole: as its column keeps it: its text, or a number that stands for itself.
        part: its text.
    """
    if whole is None or part is None:
        return None
    outer, inner = _read(str(whole)), _read(part)
    if isinstance(outer, list) and not isinstance(inner, list | dict):
        return any(_same(item, inner) for item in outer)  # an array has a plain value in it, at the top only
    return _contains(outer, inner)


def _read(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _contains(outer: Any, inner: Any) -> bool:
    if isinstance(inner, dict):
        return isinstance(outer, dict) and all(
            key in outer and _contains(outer[key], value) for key, value in inner.items()
        )
    if isinstance(inner, list):
        return isinstance(outer, list) and all(
            any(_contains(have, wanted) for have in outer) for wanted in inner
        )
    return _same(outer, inner)


def _same(one: Any, other: Any) -> bool:
    """Equal plain values; numbers by their value, which truth values are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return not isinstance(one, list | dict) and bool(one == other)
