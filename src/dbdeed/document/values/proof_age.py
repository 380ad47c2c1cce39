"""How long a proof holds: databases grow, and what was right last month may not be so now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from dbdeed.document.values.types import Frequency

WEEK = timedelta(days=7)


def cadence(frequency: Frequency | None) -> timedelta:
    """How often a drill is due: weekly, or with every backup where those are rarer."""
    lengths = [one.every for one in frequency.cadences if one.every is not None] if frequency else []
    return max(WEEK, min(lengths, default=WEEK))


def expires(at: datetime, frequency: Frequency | None) -> datetime:
    """Until when a drill of that time proves something; with a day of grace, for a machine that slept."""
    return at + cadence(frequency) + timedelta(days=1)
