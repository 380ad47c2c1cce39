"""Files that only their tool can run: why its program cannot be asked, said in one way."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dbdeed.errors import DbdeedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.migrations.seam import Migration, Process

Fault = TypeVar("Fault", bound=DbdeedError)


def foreign(migrations: Sequence[Migration]) -> bool:
    """Whether one of them can only be run by its tool."""
    return any(one.up is None for one in migrations)


def without_tool(
    fault: type[Fault], migration: Migration, process: Process | None, so: str = "", hint: str = ""
) -> Fault:
    """The error for a migration whose tool is not here, or cannot do what is asked of it.

    Args:
        fault: its class.
        migration: which.
        process: the tool's program, if it has one.
        so: what follows of it, as the end of a sentence.
        hint: what to do instead.
    """
    missing = process.missing if process is not None else ""
    return fault(
        f"{migration.path.name} can only be run by {migration.needs or 'its tool'}{so}. {missing}".rstrip(),
        where=str(migration.path),
        hint=hint,
        code="migration-foreign",
    )
