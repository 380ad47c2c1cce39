"""A drill in words: what stands in the document's generated blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.values.duration import write_duration
from dbdeed.recovery.manifest import OBJECTIVES, RECOVERY_POINT, RECOVERY_TIME, Proof, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from dbdeed.recovery.drill_plan import Promises
    from dbdeed.recovery.forecast import Forecast

RECOVERY_BLOCK, PROCEDURE_BLOCK = "recovery", "procedure"

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~>$])")
_MET = {Verdict.PROVEN: "met", Verdict.FAILED: "**missed**", Verdict.NOT_VERIFIED: "not measured"}


def render_recovery(proof: Proof, promises: Promises, outlook: Forecast | None = None) -> str:
    """Declared beside measured, with what was proven and when and what is to be expected, as Markdown."""
    rows = [
        ("RPO", promises.rpo, _lost(proof), _met(proof, RECOVERY_POINT)),
        ("RTO", promises.rto, _seconds(proof.recovery_seconds), _met(proof, RECOVERY_TIME)),
    ]
    lines = ["| | Declared | Measured | |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {_declared(declared)} | {measured} | {met if declared is not None else ''} |"
        for name, declared, measured, met in rows
    ]
    for check in proof.checks:
        if check.name not in OBJECTIVES:
            lines.append(f"| {_text(check.name.capitalize())} | | {_text(check.detail)} | {check.verdict} |")
    lines += ["", _summary(proof)]
    if outlook is not None and outlook.growth is not None:
        lines += ["", _text(outlook.said)]
    problems = [problem for check in proof.checks for problem in check.problems]
    if problems:
        lines += ["", *(f"- {_text(problem)}" for problem in problems)]
    return "\n".join(lines) + "\n"


def render_procedure(commands: Sequence[str]) -> str:
    """Numbered steps, each one command."""
    return "".join(f"{number}. {_code(command)}\n" for number, command in enumerate(commands, 1))


def _summary(proof: Proof) -> str:
    when = f"{proof.at:%Y-%m-%d %H:%M} UTC"
    if not proof.backup:
        return f"**{proof.verdict}** by the drill of {when}."
    text = f"**{proof.verdict}** by the drill of {when}, with backup `{proof.backup}`"
    if proof.phases:
        parts = (f"{_text(phase.name.lower())} {_seconds(phase.seconds)}" for phase in proof.phases)
        text += f": {', '.join(parts)}"
    return text + "."


def _met(proof: Proof, name: str) -> str:
    return next((_MET[check.verdict] for check in proof.checks if check.name == name), "")


def _declared(limit: timedelta | None) -> str:
    return _text(write_duration(limit)) if limit is not None else ""


def _lost(proof: Proof) -> str:
    """What would be lost at the time of the drill, and the most that would have been in the last 30 days.

    By the ledger it is measured; without one, an upper bound.
    """
    if proof.loss_seconds is None:
        return ""
    now = _seconds(proof.loss_seconds)
    if proof.beats_lost is None:
        longest = _seconds(proof.gap_seconds)
        return f"at most {now}" if longest in ("", now) else f"at most {now}; in 30 days at most {longest}"
    said = f"{now} by the ledger" if proof.beats_lost else "nothing, by the ledger"
    return f"{said}; in 30 days {_seconds(proof.worst_seconds)}" if proof.worst_seconds is not None else said


def _seconds(seconds: float | None) -> str:
    """`0.3 s`, `45 s`, `3 min 20 s`, `5 h 2 min`, `3 d 4 h`."""
    if seconds is None:
        return ""
    if seconds < 0.05:
        return "under 0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    for size, unit, lesser, minor in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            major, rest = divmod(int(seconds), size)
            return f"{major} {unit} {rest // lesser} {minor}"
    return f"{seconds:.0f} s"


def _text(text: str) -> str:
    """Names come from databases: nothing in them is markup, ends a cell, a line or a comment."""
    flat = "".join(letter if letter.isprintable() else " " for letter in text)
    return _SPECIAL.sub(r"\\\1", flat.replace("&", "&amp;").replace("<", "&lt;").replace("--", "-\u200b-"))


def _code(command: str) -> str:
    flat = "".join(letter if letter.isprintable() else " " for letter in command)
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"
