"""Versions that are moments: the next one after those that are there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOMENT = "%Y%m%d%H%M%S"
_DIGITS = re.compile(r"\d{14}(?!\d)")


def next_moment(moment: datetime, names: Iterable[str]) -> str:
    """A moment in UTC as fourteen digits, or a second after the last one where a clock was ahead.

    Args:
        moment: now.
        names: of the files that are there; the tool runs them in the order of their names.

    Raises:
        InvalidInput: a file's name sorts after that of any moment.
    """
    version, last = moment.astimezone(UTC).strftime(_MOMENT), max(names, default="")
    if version > last:
        return version
    if _DIGITS.match(last) is None:
        raise _no_room(last)
    try:
        found = datetime.strptime(last[:14], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise _no_room(last) from None
    return (found + timedelta(seconds=1)).strftime(_MOMENT)


def _no_room(last: str) -> InvalidInput:
    return InvalidInput(
        f"{last} sorts after all names that begin with a moment, and files run in the order of their names.",
        hint="Name it so that later ones can follow: 20261122101500_words.",
        code="migration-name",
    )
