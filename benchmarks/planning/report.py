"""The measurements as a Markdown table, on its page of the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.planning.peers import FLOOR, OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.planning.measure import Run

BEGIN, END = "<!-- benchmark:plan -->", "<!-- /benchmark:plan -->"

_HEAD = (
    "| tables | changed | caches | tool | seconds | ratio to dbdeed | ratio to floor | "
    "processor: tool + server | peak memory |"
)


@dataclass(frozen=True)
class Case:
    """What was compared: so many tables, this share of them changed, right after a restart or not."""

    tables: int
    changed: str
    caches: str


def table(found: Mapping[Case, Mapping[str, Sequence[Run]]]) -> str:
    """Medians of each tool's runs, case by case."""
    lines = [_HEAD, "|" + " --- |" * _HEAD.count(" | ") + " --- |"]
    for case, tools in found.items():
        ours = _median(tools.get(OURS.name, ()), _seconds)
        floor = _median(tools.get(FLOOR.name, ()), _seconds)
        for name, runs in tools.items():
            lines.append("| " + " | ".join(_cells(case, name, runs, ours, floor)) + " |")
    return "\n".join(lines) + "\n"


def _cells(case: Case, name: str, runs: Sequence[Run], ours: float, floor: float) -> Iterator[str]:
    yield f"{case.tables:,}"
    yield case.changed
    yield case.caches
    yield name
    if not runs:
        yield from ("failed", "", "", "", "")
        return
    seconds = _median(runs, _seconds)
    yield f"{seconds:.2f}"
    yield f"{seconds / ours:.2f}" if ours else ""
    yield f"{seconds / floor:.2f}" if floor else ""
    yield f"{_median(runs, lambda run: run.client):.2f} + {_median(runs, lambda run: run.server):.2f} s"
    yield f"{_median(runs, lambda run: run.memory) / 1e6:.0f} MB"


def _seconds(run: Run) -> float:
    return run.seconds


def _median(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    return median(map(value, runs)) if runs else 0.0


def write(page: Path, text: str, begin: str = BEGIN, end: str = END) -> None:
    """Put the text between the page's markers; what stands around them stays."""
    whole = page.read_text(encoding="utf-8")
    before, _, rest = whole.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
