"""The two files of expand and contract, and how the second is known again in any tool's format.

What a file is, its comments say: a tool's own runner does not look at them, ours stops before a second half.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.errors import Refused
from dbdeed.migrations.seam import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.migrations.seam import Migration
    from dbdeed.migrations.standing import Line
    from dbdeed.planning.phases import Phases

_FIRST = "Expand: the applications from before and after both work with what this leads to."
_SECOND = "Contract: `dbdeed migrate up --contract` runs this, when the application from before is gone."
_WAITS = "Waits: "
_SIGN = r"[\s*/#\-\"']*"
_IS_SECOND = re.compile(rf"^{_SIGN}{re.escape(_SECOND)}", re.MULTILINE)
_WAITING = re.compile(rf"^{_SIGN}{re.escape(_WAITS)}(.*?)[ \t]*$", re.MULTILINE)


def notes_of_expand(phases: Phases) -> tuple[str, ...]:
    """What the first file says of itself; nothing where there is no second one."""
    return () if phases.contract.empty else (_FIRST, *phases.notes)


def notes_of_contract(phases: Phases) -> tuple[str, ...]:
    return (_SECOND, *(f"{_WAITS}{one}" for one in phases.waits))


def waits_of(migration: Migration) -> tuple[str, ...] | None:
    """What a second half waits for, as its file says; None for any other file."""
    try:
        text = migration.path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    if not _IS_SECOND.search(text):
        return None
    return tuple(_WAITING.findall(text))


def held(lines: Sequence[Line], pending: Sequence[Line]) -> Line | None:
    """The second half before which `up` stops; None where it need not.

    In a database that never had any of the files there is no application from before, and one that was begun
    is gone on with.

    Args:
        lines: where all files stand.
        pending: those of them that would run, in order.

    Raises:
        Refused: files that are no second halves come after it: the application that needs them is on its way.
    """
    if not any(one.is_applied for one in lines):
        return None
    waits = [one for one in pending if one.migration is not None and waits_of(one.migration) is not None]
    stop = next((one for one in waits if one.standpoint is None), None)
    if stop is None:
        return None
    behind = [one for one in pending[pending.index(stop) + 1 :] if one not in waits]
    if behind and behind[0].migration is not None and behind[0].migration.kind is Kind.VERSIONED:
        raise Refused(
            f"{stop.version} {stop.description} is the second half of an expand and contract, and "
            f"{behind[0].version} {behind[0].description} comes after it; nothing was run.",
            hint=hint_of(stop),
            where=str(stop.migration.path) if stop.migration is not None else "",
            code="contract-waits",
        )
    return stop


def hint_of(line: Line) -> str:
    """When it may run, and by which command."""
    waits = (waits_of(line.migration) if line.migration is not None else None) or ()
    said = f" It waits: {'; '.join(waits)}." if waits else ""
    return f"When the application from before runs nowhere any more: `dbdeed migrate up --contract`.{said}"
