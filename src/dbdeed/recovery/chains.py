"""Chains of increments: which backup is due, what it builds on, and how a chain is read as one backup."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.document.values.types import BackupKind
from dbdeed.engines.recovering import IncrementalMethod
from dbdeed.errors import InvalidInput
from dbdeed.recovery.manifest import Damaged
from dbdeed.recovery.schedule import following

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dbdeed.document.values.types import Cadence, Frequency
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.store import Listing, Store

LONGEST = timedelta(days=30)
"""A schedule that names increments alone gets a full backup this often: a chain that never ends could never
be pruned, and one bad link would take all of it along."""


def wants_increments(frequency: Frequency | None) -> bool:
    """Whether a schedule asks for incremental backups."""
    return frequency is not None and any(one.kind is BackupKind.INCREMENTAL for one in frequency.cadences)


def kind_due(frequency: Frequency | None, now: datetime, last_full: datetime | None) -> BackupKind:
    """What a run makes now: full, or incremental.

    Args:
        frequency: the document's schedule.
        now: the current time, aware.
        last_full: when the newest full backup was started, aware; None where there is none.
    """
    if frequency is None or not wants_increments(frequency) or last_full is None:
        return BackupKind.FULL
    ends = [_end(one, last_full) for one in frequency.cadences if one.kind is not BackupKind.CONTINUOUS]
    full = min((one for one in ends if one is not None), default=last_full + LONGEST)
    return BackupKind.FULL if full <= now else BackupKind.INCREMENTAL


def _end(cadence: Cadence, last_full: datetime) -> datetime | None:
    """When a full backup is due again; None where this cadence makes none."""
    return None if cadence.kind is BackupKind.INCREMENTAL else following(cadence, last_full)


def parent_of(listing: Listing, method: BackupMethod, engine: str) -> Manifest | None:
    """The backup that the next increment builds on: the newest, if nothing speaks against its chain."""
    own = [one for one in listing.backups if (one.method, one.engine) == (method.name, engine)]
    newest = max(own, key=lambda one: (one.consistent_at, one.id), default=None)
    if newest is None or newest.log is None:
        return None
    there = {one.id for one in own}
    last = {proof.backup: proof for proof in sorted(listing.proofs, key=lambda one: one.at)}
    links = (*newest.needs, newest.id)
    sound = all(one in there and not (one in last and last[one].damages) for one in links)
    return newest if sound else None


def last_full(listing: Listing, method: BackupMethod) -> datetime | None:
    """When the newest full backup of a method was started."""
    fulls = [one.started for one in listing.backups if one.method == method.name and not one.needs]
    return max(fulls, default=None)


def chain_of(store: Store, manifest: Manifest) -> tuple[Manifest, ...]:
    """A backup with all that it needs, the full one first. Raises `Damaged` where a part is missing."""
    links = []
    for id_ in manifest.needs:
        try:
            links.append(store.find(id_))
        except InvalidInput as error:
            raise Damaged(
                f"The backup {manifest.id} builds on {id_}, which is gone.",
                hint="Restore another one: `dbdeed backup list` shows them.",
            ) from error
    return (*links, manifest)


def chain_damages(store: Store, manifest: Manifest, progress: Progress) -> list[str]:
    """Files of a backup or of what it needs that are not as written, one sentence each."""
    problems = []
    for one in chain_of(store, manifest):
        found = store.damages(one, progress)
        problems += found if one is manifest else [f"{one.id}, on which it builds: {each}" for each in found]
    return problems


@contextmanager
def reading_whole(
    store: Store,
    method: BackupMethod,
    manifest: Manifest,
    work: Path,
    progress: Progress,
    *,
    verifiable: bool = False,
) -> Iterator[tuple[Path, bool]]:
    """A backup's data as one whole, and whether it is a copy that may be spent.

    Args:
        store: that holds it and what it needs.
        method: that took it.
        manifest: the backup.
        work: a folder in which an increment's whole is put together; it is removed with the context.
        progress: where the step is announced.
        verifiable: the whole is for somebody who checks it by the engine's own programs.

    Raises:
        Damaged: a part of the chain is gone.
        RestoreFailed: the chain does not fit together.
    """
    with ExitStack() as opened:
        chain = chain_of(store, manifest)
        folders = [opened.enter_context(store.reading(one, progress)) for one in chain]
        if len(folders) == 1:
            yield folders[0], store.copies
            return
        if not isinstance(method, IncrementalMethod):
            raise Damaged(f"A {method.name} backup has a chain, and its method knows none.")
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="whole-", dir=work)))
        method.combine(folders, whole, progress, spend=store.copies, verifiable=verifiable)
        yield whole, True
