"""What of a project's migrations is not in order, in words, with what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.errors import Refused
from dbdeed.migrations.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.migrations.standing import Line

_REPAIR = "`dbdeed migrate repair`"
_SAID: Mapping[Standing, tuple[str, str]] = {
    Standing.EDITED: (
        "was edited after it was applied",
        f"Put it back as it was and write a new migration; or, where the change means nothing, {_REPAIR}.",
    ),
    Standing.GONE: (
        "is applied, and its file is missing",
        f"Bring the file back; or, where it is gone for good, {_REPAIR}.",
    ),
    Standing.FAILED: (
        "failed when its tool ran it",
        f"Bring the database back to before it, then {_REPAIR}.",
    ),
    Standing.LATE: (
        "comes before migrations that are applied already",
        "`dbdeed migrate rebase` gives it a place after them; or run it where it is with --out-of-order.",
    ),
}


def problems_of(lines: Sequence[Line], *, out_of_order: bool = False) -> list[tuple[Line, str, str]]:
    """What is not in order: the line, what is wrong in words, and what would be right."""
    return [
        (one, *_SAID[one.standing])
        for one in lines
        if one.standing in _SAID and not (out_of_order and one.standing is Standing.LATE)
    ]


def require_order(lines: Sequence[Line], *, out_of_order: bool = False) -> None:
    """Raises `Refused` with what is not in order."""
    found = problems_of(lines, out_of_order=out_of_order)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        line, said, hint = found[0]
        raise Refused(
            f"{line.version} {line.description} {said}{more}; nothing was run.",
            where=str(line.migration.path) if line.migration is not None else "",
            hint=hint,
            code=f"migration-{line.standing.name.lower()}",
        )
