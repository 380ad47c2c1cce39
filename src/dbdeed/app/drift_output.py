"""Drift for people: on a terminal, and as the Markdown of a pull request's comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.app.findings_output import finding_text
from dbdeed.app.unified import unified
from dbdeed.document.values.types import TargetState
from dbdeed.planning.render import ended, render_text
from dbdeed.planning.shown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.app.drift import Drift
    from dbdeed.document.findings import Finding

_LONGEST = 60_000
"""Characters of a comment; GitHub takes 65,536."""


def drift_text(drift: Drift) -> str:
    """What differs, line by line; then what makes it go away either way, the leading side's first."""
    if drift.same:
        return "\n".join([*_uncovered(drift), f"{_sides(drift)} are in line.", ""])
    lines = [finding_text(_without_hint(one)) for one in drift.findings]
    lines += ["", *_uncovered(drift), _summary(drift), ""]
    ways = [_apply_text(drift), _sync_text(drift)]
    if drift.leads is TargetState.AS_IS:
        ways.reverse()
    return "\n".join([*lines, *ways])


def _without_hint(finding: Finding) -> Finding:
    import msgspec

    return msgspec.structs.replace(finding, hint="")


def _sides(drift: Drift) -> str:
    return f"{drift.document} and {drift.database}"


def _summary(drift: Drift) -> str:
    count = len(drift.findings)
    places = "one place" if count == 1 else f"{count} places"
    return f"{_sides(drift)} differ in {places}. {_who_leads(drift)}"


def _who_leads(drift: Drift) -> str:
    if drift.leads is None:
        return "Target State does not say who leads."
    who = "database" if drift.leads is TargetState.AS_IS else "document"
    return f"The {who} leads (Target State: {drift.leads.value})."


def _uncovered(drift: Drift) -> list[str]:
    return [f"Not compared: {one_line(name)}" for name in drift.unmodelled]


def _apply_text(drift: Drift) -> str:
    _, found, steps = f"\n{render_text(drift.plan)}".partition("\nPlan: ")
    return f"To make the database what the document says (`dbdeed apply`):\n\n{found.strip()} {steps}"


def _sync_text(drift: Drift) -> str:
    head = "To make the document say what is live (`dbdeed sync`, where Target State is As-Is):"
    if drift.unplaced:
        return f"{head}\n\n{one_line(drift.unplaced)}\n"
    return f"{head}\n\n{_steady(unified(drift.texts))}"


def _steady(text: str) -> str:
    """A diff's lines with nothing in them that could steer a terminal."""
    return "".join(
        f"{one_line(line.expandtabs(4))}\n" for line in text.replace("\r\n", "\n").split("\n")[:-1]
    )


def drift_markdown(drift: Drift) -> str:
    """A comment: one line of sum, a table of what differs, and both ways folded away."""
    if drift.same:
        return f"**{_cell(_sides(drift))} are in line.**\n"
    rows = [f"| {_cell(one.message)} | {_cell(str(one.place or ''))} |" for one in drift.findings]
    script = "\n".join(ended(step.sql) for step in drift.plan.steps)
    parts = [
        f"**{_cell(_summary(drift))}**\n",
        "| what differs | where |\n| --- | --- |\n" + "".join(f"{row}\n" for row in rows),
        *(f"Not compared: {_cell(one)}\n" for one in drift.unmodelled),
        _folded("To make the database what the document says (dbdeed apply)", script, "sql"),
    ]
    if drift.texts:
        title = "To make the document say what is live (dbdeed sync)"
        parts.append(_folded(title, unified(drift.texts), "diff"))
    return _bounded(parts)


def _bounded(parts: Iterable[str]) -> str:
    """As many whole parts as a comment may hold."""
    text = ""
    for part in parts:
        if len(text) + len(part) > _LONGEST:
            return f"{text}\nThe rest is too long for a comment: `dbdeed diff` shows it.\n"
        text += f"{part}\n"
    return text


def _cell(text: str) -> str:
    """Text that stays text in a table's cell."""
    return re.sub(r"([\\`*_\[\]<>|#~&@])", lambda found: f"&#{ord(found[1])};", one_line(text))


def _folded(title: str, code: str, language: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    body = code.rstrip("\n")
    return f"<details><summary>{title}</summary>\n\n{fence}{language}\n{body}\n{fence}\n\n</details>\n"
