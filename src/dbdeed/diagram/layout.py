"""Where boxes stand: Graphviz decides where it is installed, a plain layered layout elsewhere.

Units are pixels; y grows downward. Parents stand left of their children where no cycle forbids it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.diagram.picture import Box, Picture

ROW_HEIGHT = 18
HEADER_HEIGHT = 26
CHARACTER = 6.7  # width of one character of the 11-pixel monospace face, rounded up
GAP_X = 90
GAP_Y = 36
MARGIN = 24
_DOT_SECONDS = 30
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """A box's upper left corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def layout(drawn: Picture) -> Mapping[str, Placed]:
    """A place for each box, none over another."""
    sizes = {box.name: _size(box) for box in drawn.boxes}
    return _by_graphviz(drawn, sizes) or _by_layers(drawn, sizes)


def _size(box: Box) -> tuple[float, float]:
    widest = max((len(row.name) + len(row.type) + 8 for row in box.rows), default=0)
    width = max(widest, len(box.name) + 4, 16) * CHARACTER + 16
    rows = len(box.rows) + (1 if box.hidden else 0)
    return width, HEADER_HEIGHT + rows * ROW_HEIGHT + 6


def _by_graphviz(drawn: Picture, sizes: Mapping[str, tuple[float, float]]) -> dict[str, Placed] | None:
    """Positions by `dot`; None where it is missing, fails or takes too long. It is told numbers only."""
    program = shutil.which("dot")
    if program is None or not drawn.boxes:
        return None
    numbers = {box.name: number for number, box in enumerate(drawn.boxes)}
    lines = [
        f"digraph {{ rankdir=LR; nodesep={GAP_Y / 72}; ranksep={GAP_X / 72}; node [shape=box fixedsize=true];"
    ]
    for name, (width, height) in sizes.items():
        lines.append(f'n{numbers[name]} [label="" width={width / 72:.4f} height={height / 72:.4f}];')
    lines += [
        f"n{numbers[line.parent]} -> n{numbers[line.child]};"
        for line in drawn.lines
        if line.parent in numbers and line.child in numbers
    ]
    try:
        done = subprocess.run(
            [program, "-Tjson"],
            input="\n".join([*lines, "}"]),
            capture_output=True,
            text=True,
            timeout=_DOT_SECONDS,
            check=True,
        )
        objects = json.loads(done.stdout)["objects"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None
    return _placed([box.name for box in drawn.boxes], objects, sizes)


def _placed(
    names: Sequence[str], objects: Sequence[Mapping[str, str]], sizes: Mapping[str, tuple[float, float]]
) -> dict[str, Placed]:
    centres: dict[str, tuple[float, float]] = {}
    for one in objects:
        x, y = one["pos"].split(",")
        centres[names[int(one["name"][1:])]] = (float(x), -float(y))
    left = min(x - sizes[name][0] / 2 for name, (x, _) in centres.items()) - MARGIN
    top = min(y - sizes[name][1] / 2 for name, (_, y) in centres.items()) - MARGIN
    return {
        name: Placed(x - sizes[name][0] / 2 - left, y - sizes[name][1] / 2 - top, *sizes[name])
        for name, (x, y) in centres.items()
    }


def _by_layers(drawn: Picture, sizes: Mapping[str, tuple[float, float]]) -> dict[str, Placed]:
    """Columns by depth of foreign keys, each ordered by the mean place of its neighbours."""
    layers = _layers(drawn)
    near = _neighbours(drawn)
    places: dict[str, Placed] = {}
    for _ in range(_SWEEPS):
        for layer in layers:
            layer.sort(key=lambda name: (_mean(near[name], places), name))
        places = _stack(layers, sizes)
    return places


def _layers(drawn: Picture) -> list[list[str]]:
    """Boxes by the longest chain of parents above them; a cycle is cut where it is met."""
    parents: defaultdict[str, set[str]] = defaultdict(set)
    for line in drawn.lines:
        if line.parent != line.child and not line.many:
            parents[line.child].add(line.parent)
    depth: dict[str, int] = {}
    for box in drawn.boxes:
        _walk(box.name, parents, depth)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for box in drawn.boxes:
        layers[depth[box.name]].append(box.name)
    return [layer for layer in layers if layer]


def _walk(start: str, parents: Mapping[str, set[str]], depth: dict[str, int]) -> None:
    """Depth first without recursion: a chain of tables may be longer than Python's stack."""
    waiting = [(start, iter(sorted(parents.get(start, ()))))]
    open_: dict[str, int] = {} if start in depth else {start: 0}
    while waiting and open_:
        name, rest = waiting[-1]
        parent = next(rest, None)
        if parent is None:
            waiting.pop()
            depth[name] = open_.pop(name)
            if waiting:
                above = waiting[-1][0]
                open_[above] = max(open_[above], depth[name] + 1)
        elif parent in depth:
            open_[name] = max(open_[name], depth[parent] + 1)
        elif parent not in open_:
            open_[parent] = 0
            waiting.append((parent, iter(sorted(parents.get(parent, ())))))


def _neighbours(drawn: Picture) -> Mapping[str, list[str]]:
    near: defaultdict[str, list[str]] = defaultdict(list)
    for line in drawn.lines:
        near[line.parent].append(line.child)
        near[line.child].append(line.parent)
    return near


def _mean(names: Sequence[str], places: Mapping[str, Placed]) -> float:
    found = [places[name].middle for name in names if name in places]
    return sum(found) / len(found) if found else 0.0


def _stack(layers: Sequence[Sequence[str]], sizes: Mapping[str, tuple[float, float]]) -> dict[str, Placed]:
    places: dict[str, Placed] = {}
    x = float(MARGIN)
    for layer in layers:
        y = float(MARGIN)
        for name in layer:
            places[name] = Placed(x, y, *sizes[name])
            y += sizes[name][1] + GAP_Y
        x += max(sizes[name][0] for name in layer) + GAP_X
    return places
