"""Where each migration stands: its file held against the tool's history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dbdeed.migrations.seam import Kind, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dbdeed.migrations.progress import Standpoint
    from dbdeed.migrations.seam import Applied, Migration


class Standing(StrEnum):
    APPLIED = "applied"
    BASELINE = "baseline"  # there before the history began
    PENDING = "pending"
    BEGUN = "begun"  # under way when it was stopped
    AGAIN = "changed, runs again"  # repeatable
    LATE = "pending, out of order"  # its place is before one that is applied
    EDITED = "edited"  # since it was applied
    GONE = "missing"  # applied, and its file is not there
    FAILED = "failed"  # as the tool's history has it


RUNS = frozenset({Standing.PENDING, Standing.BEGUN, Standing.AGAIN, Standing.LATE})
"""What `up` runs."""

IN_ORDER = frozenset({Standing.APPLIED, Standing.BASELINE, Standing.PENDING, Standing.AGAIN, Standing.BEGUN})
"""What needs nobody's decision."""


@dataclass(frozen=True, slots=True)
class Line:
    """One migration.

    Attributes:
        migration: its file; None where it is missing.
        applied: its row in the history; None where there is none.
        standing: of both.
        standpoint: how far it came, where it was stopped.
    """

    migration: Migration | None
    applied: Applied | None
    standing: Standing
    standpoint: Standpoint | None = None

    @property
    def key(self) -> str:
        one = self.migration or self.applied
        assert one is not None
        return one.key

    @property
    def version(self) -> str:
        one = self.migration or self.applied
        assert one is not None
        return one.version

    @property
    def description(self) -> str:
        one = self.migration or self.applied
        assert one is not None
        return one.description

    @property
    def moment(self) -> datetime | None:
        return self.applied.moment if self.applied is not None else None

    @property
    def is_applied(self) -> bool:
        """Whether the database has it."""
        return self.standing in (Standing.APPLIED, Standing.BASELINE, Standing.EDITED, Standing.GONE)


def standings(
    migrations: Sequence[Migration], applied: Sequence[Applied], standpoints: Mapping[str, Standpoint]
) -> list[Line]:
    """A line for each, in the order in which the tool runs them; missing ones first.

    A row of the history that says BASELINE counts for all versions up to its own.
    """
    rows = {one.key: one for one in applied}
    if not applied and not standpoints:
        first = {one.key for one in from_empty(migrations)}
        return [
            Line(one, None, Standing.PENDING if one.key in first else Standing.BASELINE) for one in migrations
        ]
    covered = _covered(migrations, applied)
    known = {one.key for one in migrations}
    lines = [
        Line(None, one, Standing.GONE)
        for one in applied
        if one.key not in known and one.state is not State.BASELINE
    ]
    ordered = [one for one in migrations if one.kind is Kind.VERSIONED]
    last = {one.line: number for number, one in enumerate(ordered) if one.key in rows or one.key in covered}
    late = {one.key for number, one in enumerate(ordered) if number < last.get(one.line, -1)}
    for one in migrations:
        row, point = rows.get(one.key), standpoints.get(one.key)
        lines.append(Line(one, row, _standing(one, row, point, one.key in covered, one.key in late), point))
    return lines


def from_empty(migrations: Sequence[Migration]) -> list[Migration]:
    """What runs in an empty database: the latest baseline file, if any, and what comes after it."""
    baselines = [number for number, one in enumerate(migrations) if one.kind is Kind.BASELINE]
    if not baselines:
        return list(migrations)
    start = baselines[-1]
    return [
        *migrations[start:],
        *(one for one in migrations[:start] if one.kind is Kind.REPEATABLE),
    ]


def _covered(migrations: Sequence[Migration], applied: Sequence[Applied]) -> frozenset[str]:
    """Keys of migrations that a baseline stands for."""
    versions = {one.version for one in applied if one.state is State.BASELINE}
    ordered = [one for one in migrations if one.kind is not Kind.REPEATABLE]
    last = max((number for number, one in enumerate(ordered) if one.version in versions), default=-1)
    return frozenset(one.key for one in ordered[: last + 1])


def _standing(
    migration: Migration, row: Applied | None, point: Standpoint | None, covered: bool, late: bool
) -> Standing:
    if point is not None:
        return Standing.BEGUN
    if row is not None and row.state is State.FAILED:
        return Standing.FAILED
    if row is not None and row.state is State.DONE:
        if not row.checksum or row.checksum == migration.checksum:
            return Standing.APPLIED
        return Standing.AGAIN if migration.kind is Kind.REPEATABLE else Standing.EDITED
    if row is not None or covered:
        edited = row is not None and row.checksum and row.checksum != migration.checksum
        return Standing.EDITED if edited else Standing.BASELINE
    if migration.kind is Kind.BASELINE:
        return Standing.BASELINE
    return Standing.LATE if late else Standing.PENDING
