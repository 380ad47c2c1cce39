"""A receiver in the foreground: stopped by signals, and saying what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.app.receive import Receipt, receive
from dbdeed.cli.output import json_object
from dbdeed.cli.stopping import until_told
from dbdeed.recovery.receiving import State

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.recovery.receiving import Health


def run(document: Path, *, database: str, synchronous: bool | None, format_: str, cost: str) -> Receipt:
    """Receive until SIGINT or SIGTERM; a line for each change, as text or as JSON."""
    with until_told() as stopped:
        said = _Said(format_, cost)
        return receive(document, stopped=stopped, told=said, synchronous=synchronous, database=database)


class _Said:
    """Prints a health where it is not what the one before was."""

    def __init__(self, format_: str, cost: str) -> None:
        self._format, self._cost = format_, cost
        self._last: tuple[object, ...] = ()

    def __call__(self, health: Health) -> None:
        now = (health.state, health.problem, health.warnings, health.synchronous, health.reached is not None)
        if now == self._last:
            return
        if self._format == "json":
            print(json_object("backup receive", ok=health.ok, health=health), flush=True)
        else:
            print("\n".join(self._lines(health)), flush=True)
        self._last = now

    def _lines(self, health: Health) -> list[str]:
        lines = [_state(health)]
        if health.synchronous:
            lines.append(self._cost)
        return [*lines, *health.warnings]


def _state(health: Health) -> str:
    reached = f"; all up to {health.reached:%Y-%m-%d %H:%M:%S} UTC is in the store" if health.reached else ""
    if health.problem:
        return f"{health.state.value.capitalize()}{reached}: {health.problem}"
    where = f" at {health.position}" if health.position and health.state is State.RECEIVING else ""
    return f"{health.state.value.capitalize()}{where}{reached}."
