"""Many places, asked often whether one is touched: a document may have a hundred thousand placeholders."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.document.source import Place, Source, Span


class Places:
    """Places that do not overlap each other, by source and in order."""

    def __init__(self, places: Iterable[Place]) -> None:
        by_source: dict[int, list[Span]] = {}
        for place in places:
            by_source.setdefault(id(place.source), []).append(place.span)
        self._spans = {source: sorted(spans) for source, spans in by_source.items()}
        self._ends = {source: [span.end for span in spans] for source, spans in self._spans.items()}

    def touch(self, place: Place) -> bool:
        """Whether one of them has a byte in common with a place."""
        return self.touch_span(place.source, place.span)

    def touch_span(self, source: Source, span: Span) -> bool:
        """As `touch`, for a span of a source."""
        spans = self._spans.get(id(source), [])
        first = bisect_left(self._ends.get(id(source), []), span.start + 1)
        return first < len(spans) and spans[first].start < span.end
