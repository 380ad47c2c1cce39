"""Recovery points: what would be lost, and for how long nothing was restorable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dbdeed.recovery.manifest import Check, Proof, Verdict
from dbdeed.recovery.points import longest_gap, loss_now, newest

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.recovery.manifest import Manifest

    Add = Callable[..., Manifest]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def found(manifest: Manifest, name: str, verdict: Verdict, hour: int) -> Proof:
    return Proof(
        backup=manifest.id,
        kind="drill",
        at=NOON + hour * HOUR,
        verdict=verdict,
        checks=(Check(name, verdict),),
    )


def test_the_loss_is_the_time_since_the_newest_backup(add: Add) -> None:
    backups = [add(0), add(3)]
    assert loss_now(backups, [], NOON + 5 * HOUR) == 2 * HOUR
    assert longest_gap(backups, [], NOON + 5 * HOUR) == 3 * HOUR
    assert longest_gap(backups, [], NOON + 9 * HOUR) == 6 * HOUR


def test_without_a_backup_nothing_is_known() -> None:
    assert loss_now([], [], NOON) is None
    assert longest_gap([], [], NOON) is None


def test_a_backup_found_unsound_counts_for_nothing_until_it_is_found_sound(add: Add) -> None:
    backups = [add(0), add(3)]
    bad = found(backups[1], "files", Verdict.FAILED, 4)
    assert loss_now(backups, [bad], NOON + 5 * HOUR) == 5 * HOUR
    good = found(backups[1], "files", Verdict.PROVEN, 5)
    assert loss_now(backups, [good, bad], NOON + 5 * HOUR) == 2 * HOUR


def test_a_missed_objective_does_not_condemn_the_backup(add: Add) -> None:
    backup = add(3)
    slow = found(backup, "recovery time", Verdict.FAILED, 4)
    assert loss_now([backup], [slow], NOON + 5 * HOUR) == 2 * HOUR


def test_a_clock_that_ran_ahead_gives_no_negative_loss(add: Add) -> None:
    assert loss_now([add(3)], [], NOON) == timedelta(0)


def test_what_is_dated_ahead_is_not_the_newest_while_there_is_another(add: Add) -> None:
    right, ahead = add(3), add(24 * 400)
    assert newest([right, ahead], NOON + 5 * HOUR) == right
    assert newest([ahead], NOON) == ahead
    assert loss_now([right, ahead], [], NOON + 5 * HOUR) == 2 * HOUR


def test_what_is_older_than_a_month_no_longer_counts(add: Add) -> None:
    backups = [add(0), add(24 * 40), add(24 * 60)]
    assert longest_gap(backups, [], NOON + 24 * 65 * HOUR) == 20 * 24 * HOUR
