"""Which backup is due, and on what it builds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from dbdeed.document.values.schedule import parse_frequency
from dbdeed.document.values.types import BackupKind, Frequency
from dbdeed.engines.recovering import LogRange
from dbdeed.recovery.chains import LONGEST, chain_of, kind_due, last_full, parent_of
from dbdeed.recovery.manifest import Check, Damaged, Manifest, Proof, Verdict
from dbdeed.recovery.store import Listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.recovery.store import Store

SUNDAY = datetime(2026, 3, 1, 2, tzinfo=UTC)


def frequency(text: str) -> Frequency:
    found = parse_frequency(text)
    assert isinstance(found, Frequency)
    return found


@pytest.mark.parametrize(
    ("text", "days", "kind"),
    [
        ("Weekly full on Sunday at 02:00, daily incremental", 1, BackupKind.INCREMENTAL),
        ("Weekly full on Sunday at 02:00, daily incremental", 6.9, BackupKind.INCREMENTAL),
        ("Weekly full on Sunday at 02:00, daily incremental", 7, BackupKind.FULL),
        ("Weekly full on Sunday at 02:00, hourly incremental, continuous", 3, BackupKind.INCREMENTAL),
        ("Weekly on Sunday, daily incremental", 8, BackupKind.FULL),
        ("Daily incremental", 8, BackupKind.INCREMENTAL),
        ("Daily incremental", LONGEST.days, BackupKind.FULL),
        ("Daily", 0.5, BackupKind.FULL),
        ("Continuous", 0.5, BackupKind.FULL),
    ],
)
def test_the_schedule_says_what_is_due(text: str, days: float, kind: BackupKind) -> None:
    assert kind_due(frequency(text), SUNDAY + timedelta(days=days), SUNDAY) is kind


def test_the_first_is_full() -> None:
    assert kind_due(frequency("Weekly full, daily incremental"), SUNDAY, None) is BackupKind.FULL
    assert kind_due(None, SUNDAY, SUNDAY) is BackupKind.FULL


@dataclass
class Method:
    name: str = "physical"


def listing(*backups: Manifest, unsound: str = "") -> Listing:
    check = Check("files", Verdict.FAILED, problems=("Gone.",))
    proofs = [
        Proof(backup=unsound, kind="verify", at=SUNDAY, verdict=Verdict.FAILED, checks=(check,))
    ] * bool(unsound)
    return Listing(backups, tuple(proofs), {})


def logged(manifest: Manifest, *needs: Manifest) -> Manifest:
    range_ = LogRange("1", 1, "0/1000028", "0/1000100")
    return replace(manifest, log=range_, needs=tuple(one.id for one in needs))


def test_an_increment_builds_on_the_newest_sound_chain(add: Callable[..., Manifest]) -> None:
    full, dump = logged(add(0)), add(9, method="logical")
    first = logged(add(1), full)
    second = logged(add(2), full, first)
    method = Method()

    def parent(*backups: Manifest, unsound: str = "") -> Manifest | None:
        return parent_of(listing(*backups, unsound=unsound), method, "postgresql")  # type: ignore[arg-type]

    assert parent(full, first, second, dump) == second
    assert parent(full) == full
    assert parent() is None
    assert parent(full, second) is None, "a link is gone"
    assert parent(full, first, second, unsound=full.id) is None
    assert parent(full, first, second, unsound=second.id) is None
    assert parent(add(3)) is None, "its part of the log is not known"
    assert last_full(listing(full, first, dump), method) == full.started  # type: ignore[arg-type]


def test_a_chain_is_found_or_said_to_be_broken(store: Store, add: Callable[..., Manifest]) -> None:
    full = add(0)
    increment = logged(add(1), full)
    assert chain_of(store, increment) == (full, increment)
    store.remove(full.id)
    with pytest.raises(Damaged, match=f"builds on {full.id}, which is gone"):
        chain_of(store, increment)
