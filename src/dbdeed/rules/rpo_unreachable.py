"""Frequency and Method cannot meet the RPO.

In the worst case everything since the last backup is lost, so that the time between two backups may not be
longer than the RPO. With continuous archiving the store is 15 seconds behind, if it keeps up. An RPO of
none takes a receiver that commits wait for, which `dbdeed agent` and `dbdeed backup receive` then are:
nothing acknowledged is lost, but writes take longer (on one disk about 44 % fewer a second were measured)
and stand still while no receiver runs. The finding names the cheapest change that would meet the objective.

**To right it**, back up more often, add continuous archiving, or promise less.

    - **Frequency**: Daily
    - **RPO (Recovery Point Objective)**: 1 hour     error: up to 24 hours are lost
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.duration import write_duration
from dbdeed.document.values.types import BackupKind, HostingKind, Method, System

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.values.types import Frequency
    from dbdeed.rules.facts import Facts

CODE = "rpo-unreachable"
SEVERITY = Severity.ERROR

# What archiving a log loses at most when nothing is broken: the file under way is sent every ten seconds.
ARCHIVED_WITHIN = timedelta(seconds=15)
# Below this distance dumps and snapshots follow each other without a pause.
_SHORTEST_INTERVAL = timedelta(minutes=5)


def check(facts: Facts) -> Iterator[Finding]:
    recovery = facts.architecture.recovery
    if recovery.rpo.value is None:
        return
    limit = recovery.rpo.value.limit
    if recovery.frequency.value is None:
        if recovery.frequency.absent:
            message = f"an RPO of {_said(limit)} is promised, and no Frequency is given"
            yield Finding(CODE, SEVERITY, message, recovery.rpo.place, _cheapest(facts, limit))
        return
    worst = _worst_loss(recovery.frequency.value, recovery.method.value or (), limit)
    if worst > limit:
        message = f"up to {write_duration(worst)} are lost between backups, and the RPO is {_said(limit)}"
        yield Finding(CODE, SEVERITY, message, recovery.rpo.place, _cheapest(facts, limit))


def _worst_loss(frequency: Frequency, methods: tuple[Method, ...], limit: timedelta) -> timedelta:
    """The longest time without a backup, as far as arithmetic goes: its own duration comes on top.

    Where nothing at all may be lost, commits wait for the receiver.
    """
    kinds = [cadence.kind for cadence in frequency.cadences]
    if BackupKind.CONTINUOUS in kinds or Method.CONTINUOUS_ARCHIVING in methods:
        return ARCHIVED_WITHIN if limit else timedelta(0)
    return min(cadence.every for cadence in frequency.cadences if cadence.every is not None)


def _cheapest(facts: Facts, limit: timedelta) -> str:
    """The least that would meet the objective with this system and hosting."""
    if limit >= _SHORTEST_INTERVAL:
        return f"The cheapest change that would: Frequency “{_every(limit)}”."
    overview = facts.architecture.overview
    own = overview.hosting.value is None or overview.hosting.value.kind is not HostingKind.PROVIDER
    if overview.system.value in (None, System.POSTGRESQL) and own:
        if limit >= ARCHIVED_WITHIN:
            return "The cheapest change that would: Method “Snapshots, Continuous archiving”."
        least = write_duration(ARCHIVED_WITHIN)
        return (
            "The cheapest change that would: an RPO of none with Method “Snapshots, Continuous archiving”. "
            "Commits then wait for the receiver, for about 44 % fewer writes a second on one disk; an RPO of "
            f"{least} needs none of that."
        )
    least = write_duration(_SHORTEST_INTERVAL)
    return (
        f"Nothing here meets it; the least that can be promised is {least}, with Frequency “Every {least}”."
    )


def _every(limit: timedelta) -> str:
    """The longest usual interval within the limit."""
    for name, length in (
        ("Weekly", timedelta(days=7)),
        ("Daily", timedelta(days=1)),
        ("Hourly", timedelta(hours=1)),
    ):
        if length <= limit < 2 * length or (name == "Weekly" and limit >= length):
            return name
    if limit > timedelta(hours=1):
        return f"Every {write_duration(timedelta(hours=limit // timedelta(hours=1)))}"
    return f"Every {write_duration(timedelta(minutes=limit // timedelta(minutes=1)))}"


def _said(limit: timedelta) -> str:
    return write_duration(limit) if limit else "none"
