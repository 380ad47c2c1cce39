"""Edits to a document: span replacements, each write proven.

The proof: what is outside the edits is byte-identical afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.document.source import Span


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes of `span` by `text`. An empty span inserts."""

    span: Span
    text: str
