"""The measurements as Markdown tables, one for each work, with dbdeed's goals beside its figures."""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks.accessing.works import WORKS, Goal, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.accessing.measure import Block, Taken
    from benchmarks.accessing.roster import Contestant

BEGIN, END = "<!-- benchmark:access -->", "<!-- /benchmark:access -->"

_HEAD = (
    "| work | contestant | time of a call | ratio | quartiles | processor: client + server | ratio | trips |"
)


def tables(taken: Taken, contestants: Sequence[Contestant]) -> str:
    """How dbdeed stands to its goals, and every figure."""
    parts = ["### dbdeed and its goals\n", _goals(taken, contestants)]
    for group in dict.fromkeys(one.group for one in contestants):
        members = [one for one in contestants if one.group == group]
        parts += [f"### {group}\n", _group(taken, members)]
    parts += [f"{each}\n" for each in _failed(taken)]
    return "\n".join(parts)


def _goals(taken: Taken, contestants: Sequence[Contestant]) -> str:
    lines = [
        "| where | work | against | ratio | quartiles | of processor time | must | aim | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for ours in (one for one in contestants if one.ours):
        base = _base(contestants, ours.group)
        for work in WORKS:
            goal = work.goals.get(ours.group)
            if goal is None or base is None:
                continue
            found = ratios(taken, ours, base, work)
            if not found:
                figures = f"not measured | | | {goal.must} | {goal.aim} | "
                lines.append(f"| {ours.group} | {work.title} | {base.name} | {figures} |")
                continue
            low, middle, high = quartiles(found)
            worked = quartiles(ratios(taken, ours, base, work, _processor))[1]
            figures = (
                f"{middle:.2f} | {low:.2f} to {high:.2f} | {worked:.2f} | "
                f"{goal.must} | {goal.aim} | {verdict(middle, goal)}"
            )
            lines.append(f"| {ours.group} | {work.title} | {base.name} | {figures} |")
    return "\n".join(lines) + "\n"


def verdict(ratio: float, goal: Goal) -> str:
    """What a ratio means for a goal, as it is shown: two digits behind the point."""
    shown = round(ratio, 2)
    if shown <= goal.aim:
        return "reached"
    return "holds, aim not met" if shown <= goal.must else "**not met**"


def _group(taken: Taken, members: Sequence[Contestant]) -> str:
    base = _base(members, members[0].group)
    lines = [_HEAD, "|" + " --- |" * _HEAD.count(" | ") + " --- |"]
    for work in WORKS:
        lines += [
            f"| {' | '.join(_cells(taken, one, base, work))} |"
            for one in members
            if taken.blocks.get((one, work.name))
        ]
    return "\n".join(lines) + "\n"


def _cells(taken: Taken, one: Contestant, base: Contestant | None, work: Work) -> Iterator[str]:
    blocks = taken.blocks[one, work.name].values()
    yield work.title
    yield one.name
    yield _time(median(block.seconds for block in blocks))
    found = ratios(taken, one, base, work)
    if found:
        low, middle, high = quartiles(found)
        yield f"{middle:.2f}"
        yield f"{low:.2f} to {high:.2f}"
    else:
        yield from ("", "")
    client, server = (median(map(part, blocks)) for part in (_client, _server))
    yield f"{_time(client)} + {_time(server)}" if server else _time(client)
    yield f"{quartiles(ratios(taken, one, base, work, _processor))[1]:.2f}" if found else ""
    trips = taken.trips.get((one, work.name))
    yield "" if trips is None else f"{trips:.1f}".removesuffix(".0")


def _seconds(block: Block) -> float:
    return block.seconds


def _client(block: Block) -> float:
    return block.client


def _server(block: Block) -> float:
    return block.server


def _processor(block: Block) -> float:
    return block.processor


def ratios(
    taken: Taken,
    one: Contestant,
    base: Contestant | None,
    work: Work,
    value: Callable[[Block], float] = _seconds,
) -> list[float]:
    """Its time by that of the base, for each round in which both took part."""
    if base is None:
        return []
    ours, theirs = taken.blocks.get((one, work.name), {}), taken.blocks.get((base, work.name), {})
    return [value(ours[number]) / value(theirs[number]) for number in ours if number in theirs]


def _base(contestants: Sequence[Contestant], group: str) -> Contestant | None:
    """What the group is measured against; None where it could not be installed."""
    return next((one for one in contestants if one.base and one.group == group), None)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The quartiles; of one value it is all three."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.0f} µs"


def _failed(taken: Taken) -> Iterator[str]:
    titles = {work.name: work.title for work in WORKS}
    for (one, work), reason in taken.failed.items():
        yield f"Not measured: {one.name} ({one.group}) in {titles[work]}: {reason.splitlines()[0][:200]}."
