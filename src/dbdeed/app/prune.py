"""`dbdeed backup prune`: delete what the document's Retention no longer keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of
from dbdeed.app.vault import open_vault, require_understood, utc_now
from dbdeed.errors import DbdeedError
from dbdeed.progress import SILENT
from dbdeed.recovery.logs import Logs
from dbdeed.recovery.manifest import Verdict
from dbdeed.recovery.retention import Candidate, decide
from dbdeed.recovery.store import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.recovering import LogRange
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.retention import Decision
    from dbdeed.recovery.store import Listing, Store


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was decided.

    Attributes:
        decisions: for each backup, newest first, why it is kept; no reason means that it goes.
        removed: ids that are gone; empty in a dry run.
        busy: ids that somebody was reading, or that such a one needs, and that stay until the next run.
        log: what of the archived log goes, by system.
        log_kept: why all of it is kept, a sentence; "" where that is not so.
    """

    decisions: tuple[Decision, ...]
    removed: tuple[str, ...]
    busy: tuple[str, ...] = ()
    log: tuple[PrunedLog, ...] = ()
    log_kept: str = ""


@dataclass(frozen=True, slots=True)
class PrunedLog:
    """The archived log of one system that no kept backup needs.

    Attributes:
        system: whose.
        since: the position from which it is kept.
        needed_by: the oldest kept backup, which needs it from there.
        files: how many go.
        size: bytes of these, as stored.
    """

    system: str
    since: str
    needed_by: str
    files: int
    size: int


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
    logs = _logs(architecture, vault.store)
    if dry_run or not vault.store.exists():
        decisions = decide(candidates(vault.own()), retention, utc_now())
        goes = {one.id for one in decisions if not one.kept}
        log, log_kept = _log(vault.store.listing(), goes, logs, remove=False)
        return Pruned(tuple(decisions), (), (), log, log_kept)
    with vault.store.writing(), progress.step("Prune the backups"):
        listing = vault.own()
        decisions = decide(candidates(listing), retention, utc_now())
        removed, busy = _remove(vault.store, listing, [one.id for one in decisions if not one.kept])
        log, log_kept = _log(vault.store.listing(), set(), logs, remove=True)
    return Pruned(tuple(decisions), tuple(removed), tuple(busy), log, log_kept)


def _logs(architecture: Architecture, store: Store) -> Logs | None:
    """The archived log, where the document's engine has one."""
    try:
        archiving = engine_of(architecture).log_archiving()
    except DbdeedError:
        return None
    return Logs(archiving, store.shelf) if archiving is not None else None


def _remove(store: Store, listing: Listing, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Remove backups, the newest first, so that none is ever without what it needs; what is busy stays."""
    needs = {one.id: one.needs for one in listing.backups}
    removed: list[str] = []
    busy: list[str] = []
    needed: set[str] = set()
    for id_ in ids:
        if id_ not in needed and store.remove(id_):
            removed.append(id_)
        else:
            busy.append(id_)
            needed.update(needs[id_])
    return removed, busy


def _log(
    listing: Listing, goes: set[str], logs: Logs | None, *, remove: bool
) -> tuple[tuple[PrunedLog, ...], str]:
    """What of the archived log no kept backup of anybody needs; of each system the oldest one decides.

    A record that cannot be read just now, for want of a key perhaps, may need all of it.
    """
    kept = [one for one in listing.backups if one.id not in goes and one.log is not None]
    if logs is None or not kept:
        return (), ""
    if unread := [name for name in listing.damaged if is_id(name)]:
        return (), f"The archived log is kept whole, since {unread[0]} cannot be read: it may need it."
    oldest: dict[str, tuple[int, Manifest, LogRange]] = {}
    for one in kept:
        assert one.log is not None
        entry = logs.archiving.position_of(one.log.start), one, one.log
        before = oldest.get(one.log.system)
        if before is None or entry[0] < before[0]:
            oldest[one.log.system] = entry
    found = []
    for system, (_, manifest, log) in sorted(oldest.items(), key=lambda one: one[0]):
        files = logs.preceding(log)
        for file in files if remove else ():
            logs.shelf.delete(file.name)
        size = sum(file.size for file in files)
        found.append(PrunedLog(system, log.start, manifest.id, len(files), size))
    return tuple(found), ""


def candidates(listing: Listing) -> list[Candidate]:
    """Backups with what is known of them: a drill proves, the last look of any kind condemns.

    A backup whose chain has a link that is missing or unsound is unsound itself.
    """
    last = {proof.backup: proof for proof in listing.proofs}
    proven = {one.backup for one in listing.proofs if one.kind == "drill" and one.verdict is Verdict.PROVEN}
    bad = {id_ for id_, proof in last.items() if proof.damages}
    there = {one.id for one in listing.backups}
    return [
        Candidate(
            one.id,
            one.consistent_at,
            one.method,
            proven=one.id in proven,
            damaged=any(link in bad or link not in there for link in (one.id, *one.needs)),
            needs=frozenset(one.needs),
        )
        for one in listing.backups
    ]
