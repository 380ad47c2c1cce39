"""What there is to say about renames beside a plan: marks that do nothing, and what may be a rename."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.document.source import Span
from dbdeed.planning.offers import offers
from dbdeed.planning.shown import one_line, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.source import Place
    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.seam import Engine, Statement
    from dbdeed.planning.offers import Offer
    from dbdeed.planning.plan import Plan

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_PARTS = frozenset({"column", "enum value"})


def rename_remarks(
    engine: Engine, plan: Plan, current: Catalog, target: Catalog, statements: Sequence[Statement]
) -> tuple[Finding, ...]:
    """Findings that stop nothing; those about offers hold the mark to write as their fix."""
    if plan.empty:
        return ()
    found = engine.idle_marks(current, target, statements)
    made = offers(plan, current, target)
    places = engine.written_at(target, statements, [one.new for one in made]) if made else {}
    return (*found, *(_offered(one, places.get(one.new)) for one in made))


def _offered(offer: Offer, place: Place | None) -> Finding:
    mark = f"-- renamed from: {_written(offer.old, offer.new)}"
    where = "at the end of its line" if offer.new.kind in _PARTS else "on a line above it"
    return Finding(
        "rename-offered",
        Severity.INFO,
        f"{shown(offer.old)} goes and {shown(offer.new)} comes: {offer.evidence}.",
        place,
        f"If it is the same under a new name, write `{one_line(mark)}` {where}: then nothing is lost.",
        _fix(offer, mark, place),
    )


def _written(old: ObjectId, new: ObjectId) -> str:
    """The old name as a mark has it; with its schema where that changes too."""
    name = old.name[-1]
    if old.kind == "enum value":
        return "'" + name.replace("'", "''") + "'"
    moved = old.name[:-1] if old.kind not in _PARTS and old.name[:-1] != new.name[:-1] else ()
    return ".".join(
        one if _PLAIN.match(one) else '"' + one.replace('"', '""') + '"' for one in (*moved, name)
    )


def _fix(offer: Offer, mark: str, place: Place | None) -> tuple[Edit, ...]:
    """The edit that writes the mark; none where the line holds more than this one thing."""
    if place is None or "\n" in mark:
        return ()
    data = place.source.data
    if offer.new.kind not in _PARTS:
        ended = "\r\n" if b"\r\n" in data else "\n"
        begins = data.rfind(b"\n", 0, place.span.start) + 1
        indent = data[begins : place.span.start].decode("utf-8", "replace")
        return () if indent.strip() else (Edit(Span(begins, begins), f"{indent}{mark}{ended}"),)
    end = data.find(b"\n", place.span.start)
    line = data[place.span.start : len(data) if end < 0 else end].decode("utf-8", "replace").rstrip()
    alone = line.count("(") == line.count(")") and "," not in re.sub(r"\([^()]*\)", "", line)[:-1]
    if not alone or "--" in line or "/*" in line:
        return ()
    at = place.span.start + len(line.encode())
    return (Edit(Span(at, at), f" {mark}"),)
