"""The ERD as SVG: plain shapes, readable on light and dark, every text escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from dbdeed.diagram.layout import HEADER_HEIGHT, MARGIN, ROW_HEIGHT, Placed, layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.diagram.picture import Box, Line, Picture

_NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" role="img"'

_STYLE = """
text { font: 11px ui-monospace, "DejaVu Sans Mono", Menlo, monospace; fill: #1b1f24 }
.name { font-weight: 700 }
.type, .note { fill: #667085 }
.mark { fill: #9a5b00; font-size: 9px }
.box { fill: #ffffff; stroke: #98a2b3 }
.head { fill: #e8eef7 }
.line { fill: none; stroke: #5b7aa8; stroke-width: 1.2 }
.ground { fill: #fbfcfe }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef } .type, .note { fill: #98a2b3 } .mark { fill: #f0b357 }
  .box { fill: #1c2129; stroke: #4a5464 } .head { fill: #2b3648 } .line { stroke: #86a5d6 }
  .ground { fill: #13161b }
}
"""


def svg(drawn: Picture, title: str) -> str:
    """A whole SVG document, with a final newline; `title` names it for screen readers."""
    places = layout(drawn)
    width = max((one.x + one.width for one in places.values()), default=0) + MARGIN
    height = max((one.y + one.height for one in places.values()), default=0) + MARGIN
    width += _loops(drawn)
    parts = [
        f'<svg {_NAMESPACE} viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}">',
        f"<title>{_text(title)}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{width:.0f}" height="{height:.0f}"/>',
    ]
    for line in drawn.lines:
        if line.parent in places and line.child in places:
            parts += _line(line, places[line.parent], places[line.child])
    for box in drawn.boxes:
        parts += _box(box, places[box.name])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _loops(drawn: Picture) -> int:
    """Room on the right for lines that lead back to their own box."""
    return 40 if any(line.parent == line.child for line in drawn.lines) else 0


def _box(box: Box, at: Placed) -> Iterable[str]:
    yield f'<g transform="translate({at.x:.1f} {at.y:.1f})">'
    yield f'<rect class="box" rx="4" width="{at.width:.1f}" height="{at.height:.1f}"/>'
    top = f"M.5 {HEADER_HEIGHT}V4.5a4 4 0 0 1 4-4h{at.width - 9:.1f}a4 4 0 0 1 4 4V{HEADER_HEIGHT}z"
    yield f'<path class="head" d="{top}"/>'
    yield f'<text class="name" x="8" y="17">{_text(box.name)}</text>'
    y = HEADER_HEIGHT + 14
    for row in box.rows:
        mark = "".join(f'<tspan class="mark" dx="4">{mark}</tspan>' for mark in row.marks)
        weight = ' class="name"' if "PK" in row.marks else ""
        yield f'<text{weight} x="8" y="{y}">{_text(row.name)}{mark}</text>'
        type_ = _text(row.type) + ("?" if row.nullable else "")
        yield f'<text class="type" x="{at.width - 8:.1f}" y="{y}" text-anchor="end">{type_}</text>'
        y += ROW_HEIGHT
    if box.hidden:
        yield f'<text class="note" x="8" y="{y}">and {box.hidden} more</text>'
    yield "</g>"


def _line(line: Line, parent: Placed, child: Placed) -> Iterable[str]:
    """A curve from the parent's side to the child's, with crow's feet where there are many."""
    if parent == child:
        x, y = parent.x + parent.width, parent.y + 13
        path = f"M{x:.1f} {y:.1f}c34 0 34 26 0 26"
        start, end = (x, y, 1), (x, y + 26, 1)
    else:
        side = 1 if child.x >= parent.x + parent.width else -1 if child.x + child.width <= parent.x else 0
        x1 = parent.x + parent.width if side >= 0 else parent.x
        x2 = child.x if side == 1 else child.x + child.width
        y1, y2 = parent.y + 13, child.y + 13
        away = 1 if side == 0 else side
        reach = max(40.0, abs(x2 - x1) / 2)
        to = x2 + reach if side == 0 else x2 - away * reach
        path = f"M{x1:.1f} {y1:.1f}C{x1 + away * reach:.1f} {y1:.1f} {to:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        start, end = (x1, y1, away), (x2, y2, 1 if side == 0 else -away)
    yield f'<g><title>{_text(line.label)}</title><path class="line" d="{path}"/>'
    yield _end(*end, many=not line.one, optional=True)
    yield _end(*start, many=line.many, optional=line.many or not line.required)
    yield "</g>"


def _end(x: float, y: float, outward: int, *, many: bool, optional: bool) -> str:
    """Crow's foot notation at one end of a line; `outward` points away from the box."""
    if many:
        tip = f"M{x + outward * 10:.1f} {y:.1f}"
        shape = f"{tip}L{x:.1f} {y - 5:.1f}{tip}L{x:.1f} {y + 5:.1f}"
    else:
        shape = f"M{x + outward * 6:.1f} {y - 5:.1f}v10"
    ring = f'<circle class="line" cx="{x + outward * 14:.1f}" cy="{y:.1f}" r="3.5"/>' if optional else ""
    return f'<path class="line" d="{shape}"/>{ring}'


def _text(text: str) -> str:
    """Escaped for XML; characters that XML 1.0 has no way to write are shown as U+FFFD."""
    clean = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    return escape(clean, {'"': "&quot;"})
