"""Texts before and after as a unified diff."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def unified(texts: Iterable[tuple[str, str, str]]) -> str:
    """(path, before, after) of each file, as `patch` and `git apply` take it."""
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for name, old, new in texts
        for line in unified_diff(_lines(old), _lines(new), f"a/{name}", f"b/{name}")
    )


def _lines(text: str) -> list[str]:
    """Lines with their ends, parted at LF alone, as `patch` has it."""
    parts = text.split("\n")
    return [*(f"{part}\n" for part in parts[:-1]), *filter(None, parts[-1:])]
