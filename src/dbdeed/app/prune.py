"""`dbdeed backup prune`: delete what the document's Retention no longer keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.vault import open_vault, require_understood, utc_now
from dbdeed.progress import SILENT
from dbdeed.recovery.manifest import Verdict
from dbdeed.recovery.retention import Candidate, decide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.progress import Progress
    from dbdeed.recovery.retention import Decision
    from dbdeed.recovery.store import Listing


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was decided.

    Attributes:
        decisions: for each backup, newest first, why it is kept; no reason means that it goes.
        removed: ids that are gone; empty in a dry run.
        busy: ids that somebody was reading, and that stay until the next run.
    """

    decisions: tuple[Decision, ...]
    removed: tuple[str, ...]
    busy: tuple[str, ...] = ()


def prune_backups(
    document: Path,
    *,
    dry_run: bool = False,
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Pruned:
    """Delete backups that no rule keeps. Backups whose record cannot be trusted are left alone.

    Raises `InvalidInput` for a Retention that is not understood, `StoreLocked` where another run writes.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    require_understood(architecture.recovery.retention)
    vault = open_vault(project, architecture, environment)
    retention = architecture.recovery.retention.value
    if dry_run or not vault.store.exists():
        return Pruned(tuple(decide(candidates(vault.listing()), retention, utc_now())), ())
    removed: list[str] = []
    busy: list[str] = []
    with vault.store.writing(), progress.step("Prune the backups"):
        decisions = decide(candidates(vault.listing()), retention, utc_now())
        for one in decisions:
            if not one.kept:
                (removed if vault.store.remove(one.id) else busy).append(one.id)
    return Pruned(tuple(decisions), tuple(removed), tuple(busy))


def candidates(listing: Listing) -> list[Candidate]:
    """Backups with what is known of them: a drill proves, the last look of any kind condemns."""
    last = {proof.backup: proof for proof in listing.proofs}
    proven = {one.backup for one in listing.proofs if one.kind == "drill" and one.verdict is Verdict.PROVEN}
    return [
        Candidate(
            one.id,
            one.consistent_at,
            one.method,
            proven=one.id in proven,
            damaged=one.id in last and last[one.id].damages,
            needs=frozenset(one.needs),
        )
        for one in listing.backups
    ]
