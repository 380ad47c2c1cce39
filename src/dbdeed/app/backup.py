"""`dbdeed backup run|list|verify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of, open_site
from dbdeed.app.vault import methods_of, open_vault, token, utc_now
from dbdeed.app.verify_log import verify_logs
from dbdeed.document.values.types import BackupKind
from dbdeed.engines.recovering import IncrementalMethod
from dbdeed.errors import DbdeedError, Unavailable
from dbdeed.progress import SILENT
from dbdeed.recovery.chains import kind_due, last_full, parent_of, wants_increments
from dbdeed.recovery.drill import method_of, worst_of
from dbdeed.recovery.logs import Logs, gap
from dbdeed.recovery.manifest import Check, Proof, Verdict
from dbdeed.recovery.moments import ranges, spans_of
from dbdeed.recovery.objects import StoreLocked
from dbdeed.recovery.schedule import next_due
from dbdeed.recovery.take import take_backup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from dbdeed.app.site import Site
    from dbdeed.app.vault import Vault
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Engine
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.moments import Span
    from dbdeed.recovery.store import Listing, Store


@dataclass(frozen=True, slots=True)
class BackupRun:
    """What was made.

    Attributes:
        made: one backup for each method, whole and listed.
        missing: what of the document's Method is not built yet, a sentence each.
        notes: why a full backup was made where an incremental one was due, a sentence each.
        store: which one, for people.
        database: which one, for people.
    """

    made: tuple[Manifest, ...]
    missing: tuple[str, ...]
    store: str
    database: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedBackup:
    """A backup, and the last that was found about it; None where nobody looked."""

    backup: Manifest
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class BackupList:
    """What the store holds.

    Attributes:
        backups: newest first.
        damaged: records that cannot be trusted, by name, and why.
        due: when the next run is due; in the past where one was missed, None where the document has no
            schedule.
        spans: stretches of time every moment of which can be restored from the archived log.
        gaps: what of the archived log is missing, a sentence each.
    """

    store: str
    backups: tuple[ListedBackup, ...]
    damaged: Mapping[str, str]
    due: datetime | None
    spans: tuple[Span, ...] = ()
    gaps: tuple[str, ...] = ()


def run_backup(
    document: Path,
    *,
    database: str = "",
    full: bool = False,
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> BackupRun:
    """Take a backup of the document's database, by each of its methods.

    Args:
        document: the path of DATABASE.md.
        database: what `--database` says.
        full: a full backup, whatever the schedule says is due.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        NotYet: methods, stores or sealing that are not built.
        Unavailable: no database, no space, another run at work; nothing half-written is listed.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    with open_site(
        project, architecture, database=database, environment=environment, progress=progress
    ) as site:
        return backup_for(site, environment, full=full)


def backup_for(site: Site, environment: Mapping[str, str] | None = None, *, full: bool = False) -> BackupRun:
    """Take a backup of an open database."""
    vault = open_vault(site.project, site.architecture, environment)
    methods, missing = methods_of(site.engine, site.architecture, embedded=site.target.embedded)
    made: list[Manifest] = []
    notes: list[str] = []
    for method in methods:
        manifest, note = _taken(site, vault, method, full=full)
        made.append(manifest)
        notes += [note] if note else []
    return BackupRun(tuple(made), tuple(missing), vault.store.label, site.target.label, tuple(notes))


def _taken(site: Site, vault: Vault, method: BackupMethod, *, full: bool) -> tuple[Manifest, str]:
    """One backup, incremental where that is due and possible; else full, and why, where it was not possible.

    That a backup is larger than was asked for is no reason to have none.
    """
    parent, note = (None, "") if full else _parent(site, vault, method)

    def take(parent: Manifest | None) -> Manifest:
        return take_backup(
            site.engine,
            method,
            site.target,
            vault.store,
            project=vault.project,
            now=utc_now,
            token=token,
            progress=site.progress,
            parent=parent,
        )

    if parent is None:
        return take(None), note
    try:
        return take(parent), ""
    except StoreLocked:
        raise
    except Unavailable as error:
        if error.code == "no-space":
            raise
        return take(None), f"A full backup was made, since no increment could be: {error.message}"


def _parent(site: Site, vault: Vault, method: BackupMethod) -> tuple[Manifest | None, str]:
    """What an increment that is due now builds on, or why there can be none; else None and "".

    A full backup that increments are to follow makes the embedded server ready for them.
    """
    frequency = site.architecture.recovery.frequency.value
    if not (wants_increments(frequency) and isinstance(method, IncrementalMethod)):
        return None, ""
    reason = method.why_no_increment(site.target, arrange=True)
    if reason:
        return None, f"A full backup was made, since no increment could be: {reason}"
    listing = vault.listing()
    if kind_due(frequency, utc_now(), last_full(listing, method)) is BackupKind.FULL:
        return None, ""
    return parent_of(listing, method, site.engine.name), ""


def list_backups(document: Path, *, environment: Mapping[str, str] | None = None) -> BackupList:
    """The document's backups; needs neither its database nor its engine."""
    project = open_project(document)
    architecture = read_architecture(project)
    vault = open_vault(project, architecture, environment)
    listing = vault.listing()
    last = {proof.backup: proof for proof in listing.proofs}
    backups = sorted(listing.backups, key=lambda one: one.id, reverse=True)
    frequency = architecture.recovery.frequency.value
    due = None
    if frequency is not None:
        due = next_due(frequency, utc_now(), max((one.started for one in backups), default=None))
    entries = tuple(ListedBackup(one, last.get(one.id)) for one in backups)
    spans = _spans(architecture, vault, listing)
    gaps = tuple(dict.fromkeys(sentence for one in spans for sentence in gap(one.reach)))
    return BackupList(vault.store.label, entries, listing.damaged, due, tuple(ranges(spans)), gaps)


def _spans(architecture: Architecture, vault: Vault, listing: Listing) -> list[Span]:
    """What the archived log leads to; nothing where the document's system has none."""
    if not any(one.log is not None for one in listing.backups):
        return []
    archiving = engine_of(architecture).log_archiving()
    return spans_of(Logs(archiving, vault.store.shelf), listing) if archiving is not None else []


def verify_backups(
    document: Path,
    *,
    backup: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> tuple[Proof, ...]:
    """Look at every file of one backup, or of all, and let the engine check its own format.

    Records what was found beside the backups. A record that cannot be trusted is a FAILED proof too. Raises
    `InvalidInput` for an id that is not there.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    engine = engine_of(architecture)
    vault = open_vault(project, architecture, environment)
    if backup:
        chosen, damaged = [vault.store.find(backup)], {}
    else:
        listing = vault.listing()
        chosen, damaged = list(listing.backups), dict(listing.damaged)
    proofs = [_verified(vault.store, engine, manifest, progress) for manifest in chosen]
    for proof in proofs:
        vault.store.record(proof, token())
    logs = verify_logs(project, engine, vault, chosen, progress)
    return (*proofs, *(_untrusted(name, why) for name, why in damaged.items()), *logs)


def _verified(store: Store, engine: Engine, manifest: Manifest, progress: Progress) -> Proof:
    checks = [_looked("files", store.damages(manifest, progress))]
    if checks[0].verdict is Verdict.PROVEN:
        try:
            with store.reading(manifest) as data:
                problems = method_of(engine, manifest).verify(data, manifest.facts)
            checks.append(_looked("format", list(problems)))
        except DbdeedError as error:
            checks.append(Check("format", Verdict.NOT_VERIFIED, problems=(str(error),)))
    return Proof(
        backup=manifest.id,
        kind="verify",
        at=utc_now(),
        verdict=worst_of(checks),
        checks=tuple(checks),
        method=manifest.method,
    )


def _looked(name: str, problems: list[str]) -> Check:
    return Check(name, Verdict.FAILED if problems else Verdict.PROVEN, problems=tuple(problems))


def _untrusted(name: str, why: str) -> Proof:
    check = Check("record", Verdict.FAILED, problems=(why,))
    return Proof(backup=name, kind="verify", at=utc_now(), verdict=Verdict.FAILED, checks=(check,))
