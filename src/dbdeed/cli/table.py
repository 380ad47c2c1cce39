"""A few columns of text under each other, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row as a line, its cells as wide as the widest of their column; columns that are all empty go."""
    shown = [place for place, cells in enumerate(zip(*rows[1:], strict=True)) if any(cells)]
    kept = [[row[place] for place in shown] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*kept, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in kept
    ]
