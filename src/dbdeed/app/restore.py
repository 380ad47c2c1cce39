"""`dbdeed restore`: bring a backup back, into an empty place or, with consent, over the live database."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.database import chosen_target, is_database, named_target
from dbdeed.app.files import write_text
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of, open_target
from dbdeed.app.vault import open_vault, token, utc_now
from dbdeed.document.values.types import TargetState
from dbdeed.errors import DbdeedError, InvalidInput, Refused
from dbdeed.planning.consent import check_terms, terms_of
from dbdeed.progress import SILENT
from dbdeed.recovery.chains import chain_damages, reading_whole
from dbdeed.recovery.compare import compare_tables
from dbdeed.recovery.drill import method_of
from dbdeed.recovery.rooms import work_folder
from dbdeed.recovery.take import take_backup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dbdeed.app.project import Project
    from dbdeed.app.vault import Vault
    from dbdeed.document.architecture import Architecture
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
            server runs on yet.
        safety: the backup taken before a live database was replaced.
        kept: where what was there is kept, in a sentence.
    """

    backup: Manifest
    place: str
    compared: Check | None = None
    safety: Manifest | None = None
    kept: str = ""


def restore_backup(
    document: Path,
    *,
    backup: str = "",
    into: str = "",
    over_live: OverLive | None = None,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Restored:
    """Restore the newest backup, or one by id.

    Args:
        document: the path of DATABASE.md.
        backup: an id; "" for the newest.
        into: an empty place: a folder or file that is not there yet, or the URL of an empty database; "" for
            the folder `restored/ID` beside the document.
        over_live: replace the document's own database instead.
        database: what `--database` says; with `over_live` alone.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such backup, or a place that its method cannot use.
        Refused: the place is not empty, or nobody agreed.
        RestoreFailed: the backup is at fault.
        Unavailable: programs or space are missing.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    environment = os.environ if environment is None else environment
    if into and is_database(into):
        named_target(into, environment)  # a password is refused before anything else is looked at
    vault, engine = open_vault(project, architecture, environment), engine_of(architecture)
    manifest = _chosen(vault, backup)
    if over_live is None:
        return _into(project, vault, engine, manifest, into, environment, progress)
    if into:
        raise InvalidInput("Either an empty place or the live database is restored to, not both.")
    return _over(project, architecture, vault, engine, manifest, over_live, database, environment, progress)


def _chosen(vault: Vault, backup: str) -> Manifest:
    if backup:
        return vault.store.find(backup)
    newest = max(vault.listing().backups, key=lambda one: (one.consistent_at, one.id), default=None)
    if newest is None:
        raise InvalidInput(
            f"There is no backup in {vault.store.label}.", hint="`dbdeed backup run` takes one."
        )
    return newest


def _into(
    project: Project,
    vault: Vault,
    engine: Engine,
    manifest: Manifest,
    into: str,
    environment: Mapping[str, str],
    progress: Progress,
) -> Restored:
    place: Target | Path
    if into and is_database(into):
        place = named_target(into, environment)
    else:
        place = Path(into).absolute() if into else _beside(project) / manifest.id
    _require_sound(vault, manifest, progress)
    with _whole(project, vault, engine, manifest, progress) as (data, spend):
        method_of(engine, manifest).restore(data, place, progress, spend=spend)
    if isinstance(place, Path):
        return Restored(manifest, str(place))
    return Restored(manifest, place.label, _compared(engine, manifest, place))


def _beside(project: Project) -> Path:
    """The folder for restored copies beside the document, out of version control's sight."""
    folder = project.root / "restored"
    if not (folder / ".gitignore").exists():
        write_text(folder / ".gitignore", "*\n")
    return folder


def _require_sound(vault: Vault, manifest: Manifest, progress: Progress) -> None:
    """Raises `Refused` where a file of the backup, or of what it builds on, is not as it was written."""
    problems = chain_damages(vault.store, manifest, progress)
    if problems:
        raise Refused(
            f"The backup {manifest.id} is damaged: {problems[0]}",
            hint="Restore another one: `dbdeed backup verify` says which are sound.",
            code="backup-damaged",
        )


@contextmanager
def _whole(
    project: Project, vault: Vault, engine: Engine, manifest: Manifest, progress: Progress
) -> Iterator[tuple[Path, bool]]:
    """The backup's data, put together where it is a chain, and whether it may be spent."""
    project.prepare()
    method = method_of(engine, manifest)
    with (
        work_folder(project.state / "work") as work,
        reading_whole(vault.store, method, manifest, work, progress) as found,
    ):
        yield found


def _compared(engine: Engine, manifest: Manifest, target: Target) -> Check:
    with closing(engine.connect(target)) as session:
        return compare_tables(engine, manifest, session)


def _over(
    project: Project,
    architecture: Architecture,
    vault: Vault,
    engine: Engine,
    manifest: Manifest,
    agreed: OverLive,
    database: str,
    environment: Mapping[str, str],
    progress: Progress,
) -> Restored:
    private = chosen_target(database, environment, architecture) is None
    # Who leads, document or database, does not matter here.
    terms = replace(terms_of(architecture), target_state=TargetState.AS_TO_BE)
    check_terms(terms, private=private, draft=agreed.draft)
    _require_sound(vault, manifest, progress)
    with open_target(
        project, architecture, engine, database=database, environment=environment, progress=progress
    ) as target:
        _require_consent(agreed, target, manifest)
        safety = _safety(vault, engine, manifest, target, progress) if agreed.safety else None
        with _whole(project, vault, engine, manifest, progress) as (data, _):
            kept = method_of(engine, manifest).replace(data, target, progress)
    with open_target(
        project, architecture, engine, database=database, environment=environment, progress=progress
    ) as target:
        return Restored(manifest, target.label, _compared(engine, manifest, target), safety, kept)


def _require_consent(agreed: OverLive, target: Target, manifest: Manifest) -> None:
    moment = f"{manifest.consistent_at:%Y-%m-%d %H:%M} UTC"
    question = f"Replace {target.label} by backup {manifest.id} of {moment}?"
    if agreed.yes or (agreed.confirm is not None and agreed.confirm(question)):
        return
    raise Refused(
        f"{target.label} would be replaced, and nobody agreed to it.",
        hint="Give --yes, or restore into an empty place with --into.",
        code="not-confirmed",
    )


def _safety(vault: Vault, engine: Engine, manifest: Manifest, target: Target, progress: Progress) -> Manifest:
    """A backup of what is about to be replaced."""
    try:
        return take_backup(
            engine,
            method_of(engine, manifest),
            target,
            vault.store,
            project=vault.project,
            now=utc_now,
            token=token,
            progress=progress,
        )
    except DbdeedError as error:
        raise Refused(
            f"No safety backup of {target.label} could be taken: {error.message}",
            hint="Where the database is beyond that, say so explicitly and it is replaced without one.",
            code="no-safety-backup",
        ) from error
