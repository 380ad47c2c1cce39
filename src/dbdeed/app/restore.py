"""`dbdeed restore`: bring a backup back, or a moment after it.

Into an empty place, as single tables, or with consent over the live database.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.carrying import carry_tables
from dbdeed.app.database import chosen_target, is_database, named_target
from dbdeed.app.files import write_text
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.restoring import wanted
from dbdeed.app.site import engine_of, open_target
from dbdeed.app.vault import open_vault, token, utc_now
from dbdeed.document.values.types import TargetState
from dbdeed.errors import DbdeedError, InvalidInput, Refused
from dbdeed.planning.consent import check_terms, terms_of
from dbdeed.progress import SILENT
from dbdeed.recovery.compare import compare_tables
from dbdeed.recovery.take import take_backup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from dbdeed.app.project import Project
    from dbdeed.app.restoring import Wanted
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.archiving import Replayed
    from dbdeed.engines.seam import Engine, Target
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Check, Manifest


@dataclass(frozen=True, slots=True)
class OverLive:
    """What a person agreed to when the live database is to be replaced.

    Attributes:
        confirm: asks on a terminal, given a sentence; None where nobody can be asked.
        yes: no question is needed.
        draft: a Draft may change a database that is not embedded.
        safety: take a safety backup first; without it only what the engine moves aside is left.
    """

    confirm: Callable[[str], bool] | None = None
    yes: bool = False
    draft: bool = False
    safety: bool = True


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back.

    Attributes:
        backup: which one.
        place: where to, for people.
        compared: its tables against those counted with the backup; None where the place is files that no
            server runs on yet, or another moment than the backup's.
        safety: the backup taken before a live database was replaced.
        kept: where what was there is kept, in a sentence.
        replayed: where the log's replay stopped; None where none was asked for.
        tables: the single tables that were asked for, with what belongs to them.
    """

    backup: Manifest
    place: str
    compared: Check | None = None
    safety: Manifest | None = None
    kept: str = ""
    replayed: Replayed | None = None
    tables: tuple[str, ...] = ()


def restore_backup(
    document: Path,
    *,
    backup: str = "",
    to: str = "",
    into: str = "",
    tables: Sequence[str] = (),
    agreed: OverLive | None = None,
    over_live: OverLive | None = None,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Restored:
    """Restore the newest backup, one by id, or a moment that the log after one leads to.

    Args:
        document: the path of DATABASE.md.
        backup: an id; "" for the newest.
        to: a time, a position of the log, or "latest"; "" for the backup as it was taken.
        into: an empty place: a folder or file that is not there yet, or the URL of an empty database; "" for
            the folder `restored/ID` beside the document, and for tables the document's own database.
        tables: only these.
        agreed: what a person said to replacing tables that are there already.
        over_live: replace the document's own database instead.
        database: what `--database` says; where the document's own database is changed.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such backup, or a place that its method cannot use.
        Refused: the place is not empty, nobody agreed, or the moment cannot be reached.
        RestoreFailed: the backup or the log is at fault.
        Unavailable: programs or space are missing.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    environment = os.environ if environment is None else environment
    if into and is_database(into):
        named_target(into, environment)  # a password is refused before anything else is looked at
    if into and over_live is not None:
        raise InvalidInput("Either an empty place or the live database is restored to, not both.")
    if tables and over_live is not None:
        raise InvalidInput("Single tables go into the document's database without --over-live.")
    vault, engine = open_vault(project, architecture, environment), engine_of(architecture)
    found = wanted(project, vault, engine, backup, to)
    site = _Site(project, architecture, engine, database, environment, progress)
    if over_live is not None:
        return _over(site, found, over_live)
    if tables:
        return _tables(site, found, tables, into, agreed or OverLive())
    return _into(site, found, into)


@dataclass(frozen=True, slots=True)
class _Site:
    """What every way of restoring needs."""

    project: Project
    architecture: Architecture
    engine: Engine
    database: str
    environment: Mapping[str, str]
    progress: Progress

    def open(self) -> AbstractContextManager[Target]:
        """The document's own database."""
        return open_target(
            self.project,
            self.architecture,
            self.engine,
            database=self.database,
            environment=self.environment,
            progress=self.progress,
        )

    def check_terms(self, agreed: OverLive) -> None:
        """Raises `Refused` where the document's terms forbid a change. Who leads does not matter here."""
        private = chosen_target(self.database, self.environment, self.architecture) is None
        terms = replace(terms_of(self.architecture), target_state=TargetState.AS_TO_BE)
        check_terms(terms, private=private, draft=agreed.draft)


def _into(site: _Site, found: Wanted, into: str) -> Restored:
    if not (into and is_database(into)):
        place = Path(into).absolute() if into else _beside(site.project) / found.name
        if found.whole_systems:
            replayed = found.restore_checked(place, site.progress)
        else:
            found.require_sound(site.progress)
            replayed = found.restore(place, site.progress)
        return Restored(found.manifest, str(place), replayed=replayed)
    found.require_sound(site.progress)
    target = named_target(into, site.environment)
    replayed = None
    if found.whole_systems:
        nothing = Path()
        _, _, replayed = carry_tables(found, (), target, OverLive(), nothing, site.progress)
    else:
        found.restore(target, site.progress)
    compared = _compared(site.engine, found.manifest, target) if found.until is None else None
    return Restored(found.manifest, target.label, compared, replayed=replayed)


def _tables(site: _Site, found: Wanted, tables: Sequence[str], into: str, agreed: OverLive) -> Restored:
    def carried(place: Target | Path, label: str) -> Restored:
        found.require_sound(site.progress)
        kept = _beside(site.project) / f"before-{utc_now():%Y%m%dT%H%M%SZ}.sql"
        names, note, replayed = carry_tables(found, tables, place, agreed, kept, site.progress)
        return Restored(found.manifest, label, kept=note, replayed=replayed, tables=names)

    if into and is_database(into):
        target = named_target(into, site.environment)
        return carried(target, target.label)
    if into:
        return carried(Path(into).absolute(), into)
    site.check_terms(agreed)
    with site.open() as own:
        return carried(own, own.label)


def _beside(project: Project) -> Path:
    """The folder for restored copies beside the document, out of version control's sight."""
    folder = project.root / "restored"
    if not (folder / ".gitignore").exists():
        write_text(folder / ".gitignore", "*\n")
    return folder


def _compared(engine: Engine, manifest: Manifest, target: Target) -> Check:
    with closing(engine.connect(target)) as session:
        return compare_tables(engine, manifest, session)


def _over(site: _Site, found: Wanted, agreed: OverLive) -> Restored:
    site.check_terms(agreed)
    found.require_sound(site.progress)
    with site.open() as target:
        _require_consent(agreed, target, found)
        safety = _safety(site, found, target) if agreed.safety else None
        kept, replayed = found.replace(target, site.progress)
    with site.open() as target:
        compared = _compared(site.engine, found.manifest, target) if found.until is None else None
        return Restored(found.manifest, target.label, compared, safety, kept, replayed)


def _require_consent(agreed: OverLive, target: Target, found: Wanted) -> None:
    moment = f"{found.manifest.consistent_at:%Y-%m-%d %H:%M} UTC"
    question = f"Replace {target.label} by backup {found.manifest.id} of {moment}?"
    if found.until is not None:
        question = f"Replace {target.label} by its state of {found.moment}?"
    if agreed.yes or (agreed.confirm is not None and agreed.confirm(question)):
        return
    raise Refused(
        f"{target.label} would be replaced, and nobody agreed to it.",
        hint="Give --yes, or restore into an empty place with --into.",
        code="not-confirmed",
    )


def _safety(site: _Site, found: Wanted, target: Target) -> Manifest:
    """A backup of what is about to be replaced."""
    try:
        return take_backup(
            site.engine,
            found.method,
            target,
            found.vault.store,
            project=found.vault.project,
            now=utc_now,
            token=token,
            progress=site.progress,
        )
    except DbdeedError as error:
        raise Refused(
            f"No safety backup of {target.label} could be taken: {error.message}",
            hint="Where the database is beyond that, say so explicitly and it is replaced without one.",
            code="no-safety-backup",
        ) from error
