"""The contract between generated files and this runtime."""

from __future__ import annotations

from dbdeed.access.errors import FormatMismatch

FORMAT = 3
OLDEST_FORMAT = 2


def require_format(number: int) -> None:
    """Called by every generated file. Raises `FormatMismatch` where this runtime cannot serve it."""
    if number > FORMAT:
        raise FormatMismatch(
            f"these repositories were generated in format {number}, this dbdeed knows formats to {FORMAT}: "
            "upgrade dbdeed"
        )
    if number < OLDEST_FORMAT:
        raise FormatMismatch(
            f"these repositories were generated in format {number}, and this dbdeed knows formats from "
            f"{OLDEST_FORMAT}: generate them again with `dbdeed generate`"
        )
