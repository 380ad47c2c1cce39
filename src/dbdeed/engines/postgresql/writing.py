"""Small makers of steps, so that each kind says only what is particular to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.change import Hazard, HazardKind, LockLevel, Step

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId


def step(
    sql: str,
    one: ObjectId,
    lock: LockLevel = LockLevel.NONE,
    *,
    scans: bool = False,
    rewrites: bool = False,
    hazards: tuple[Hazard, ...] = (),
    destroys: tuple[ObjectId, ...] = (),
    online: tuple[Step, ...] | None = None,
) -> Step:
    """A step inside a transaction."""
    return Step(
        sql, one, lock, scans=scans, rewrites=rewrites, hazards=hazards, destroys=destroys, online=online
    )


def patient(sql: str, one: ObjectId, *hazards: Hazard) -> Step:
    """A step outside of transactions that reads a whole table while readers and writers go on."""
    lock = LockLevel.SHARE_UPDATE_EXCLUSIVE
    return Step(sql, one, lock, scans=True, transactional=False, hazards=hazards)


def looking(sql: str, one: ObjectId, *hazards: Hazard) -> Step:
    """A step outside of transactions that reads a table as any reader does."""
    return Step(sql, one, LockLevel.ACCESS_SHARE, scans=True, transactional=False, hazards=hazards)


def exclusive(
    sql: str,
    one: ObjectId,
    *hazards: Hazard,
    destroys: tuple[ObjectId, ...] = (),
    online: tuple[Step, ...] | None = None,
) -> Step:
    """A short step that nobody may be beside: ACCESS EXCLUSIVE, but neither scan nor rewrite."""
    return Step(sql, one, LockLevel.ACCESS_EXCLUSIVE, hazards=hazards, destroys=destroys, online=online)


def may_fail(message: str) -> Hazard:
    return Hazard(HazardKind.MAY_FAIL, message)


def loses(message: str) -> Hazard:
    return Hazard(HazardKind.DESTROYS, message)


def rewriting(message: str) -> Hazard:
    return Hazard(HazardKind.REWRITES, message)


def pauses(message: str) -> Hazard:
    return Hazard(HazardKind.PAUSES, message)


def blocks_reads(message: str) -> Hazard:
    return Hazard(HazardKind.BLOCKS_READS, message)


def blocks_writes(message: str) -> Hazard:
    return Hazard(HazardKind.BLOCKS_WRITES, message)
