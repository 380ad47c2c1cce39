"""Names and texts from a database, made safe to show on one line.

A table may be called anything, line ends and terminal controls included. What is shown to people, or stands
in a comment of a script, goes through here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import ObjectId

# Control characters (C0, DEL, C1), Unicode's line ends, marks that turn text direction round, surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def one_line(text: str) -> str:
    """The text with every character that could end a line or steer a terminal written as an escape."""
    return _UNSAFE.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), text)


def shown(one: ObjectId) -> str:
    """What an object is called, for people: `column public.orders.note`."""
    return one_line(str(one))


def listed(objects: Sequence[ObjectId], limit: int = 10) -> str:
    """Several of them, comma-separated, with how many more there are."""
    text = ", ".join(shown(one) for one in objects[:limit])
    return text + (f" and {len(objects) - limit} more" if len(objects) > limit else "")
