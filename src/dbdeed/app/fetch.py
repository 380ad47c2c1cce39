"""`dbdeed backup fetch`: a backup out of the store, whole and open, for the engine's own tools."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of
from dbdeed.app.vault import open_vault, utc_now
from dbdeed.errors import InvalidInput, Refused
from dbdeed.progress import SILENT
from dbdeed.recovery.chains import chain_damages, reading_whole
from dbdeed.recovery.drill import method_of
from dbdeed.recovery.files import explained
from dbdeed.recovery.points import newest
from dbdeed.recovery.rooms import work_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.app.vault import Vault
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest


def fetch_backup(
    document: Path,
    into: Path,
    *,
    backup: str = "",
    method: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Manifest:
    """Write a backup as its method wrote it, unsealed, and whole where it is an increment.

    Args:
        document: the path of DATABASE.md.
        into: a folder that is not there yet, or an empty one.
        backup: an id; "" for the newest.
        method: of this method alone: "physical", "logical", "online"; "" for any.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such backup.
        Refused: the folder is not empty, or the backup is damaged.
        Unavailable: no space, or a store that does not answer.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    engine, vault = engine_of(architecture), open_vault(project, architecture, environment)
    manifest = vault.store.find(backup) if backup else _newest(vault, method)
    with explained(into):
        if into.exists() and (not into.is_dir() or any(into.iterdir())):
            raise Refused(f"{into} is not empty.", hint="Name a folder that is not there yet.")
    if problems := chain_damages(vault.store, manifest, progress):
        raise Refused(f"The backup {manifest.id} is damaged: {problems[0]}", code="backup-damaged")
    project.prepare()
    with (
        work_folder(project.state / "work") as work,
        reading_whole(
            vault.store, method_of(engine, manifest), manifest, work, progress, verifiable=True
        ) as (data, _),
        explained(into),
    ):
        try:
            shutil.copytree(data, into, symlinks=True, dirs_exist_ok=True)
        except BaseException:
            shutil.rmtree(into, ignore_errors=True)
            raise
        into.chmod(0o700)
    return manifest


def _newest(vault: Vault, method: str) -> Manifest:
    chosen = [one for one in vault.listing().backups if method in ("", one.method)]
    found = newest(chosen, utc_now())
    if found is None:
        raise InvalidInput(
            f"There is no {f'{method} ' if method else ''}backup of this project in {vault.store.label}.",
            hint=vault.why_none(),
        )
    return found
