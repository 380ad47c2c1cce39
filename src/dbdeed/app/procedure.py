"""The document's Procedure: the exact commands of a restore, for the day on which everything else is gone."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed import __version__
from dbdeed.document.values.types import Method
from dbdeed.recovery.chains import wants_increments
from dbdeed.recovery.destination import DEFAULT_FOLDER
from dbdeed.recovery.drill import method_of
from dbdeed.recovery.report import PROCEDURE_BLOCK, render_procedure
from dbdeed.recovery.store import FolderStore

if TYPE_CHECKING:
    from dbdeed.app.vault import Vault
    from dbdeed.document.architecture import Architecture
    from dbdeed.engines.seam import Engine, Target
    from dbdeed.recovery.manifest import Manifest

_STAGED = "backups"
_ID = ".dbdeed/id"


@dataclass(frozen=True, slots=True)
class Procedure:
    """What brings the newest backup back, each step one command of a shell.

    Attributes:
        preparing: what makes `BACKUP` the folder of a backup, or, with `restored`, all of it.
        steps: the engine's own commands on that folder, or on what was restored.
        restored: dbdeed itself brings it back: the archived log is replayed too.
    """

    preparing: tuple[str, ...]
    steps: tuple[str, ...]
    restored: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        """As they stand in the document."""
        return (*self.preparing, *self.steps)


def procedure_of(architecture: Architecture, engine: Engine, vault: Vault, manifest: Manifest) -> Procedure:
    """The steps that bring the newest backup back.

    Plain files are brought back with the engine's own programs alone. What is packed, sealed, in an object
    store, in increments or followed by an archived log wants dbdeed, which is installed first.
    """
    recovery = architecture.recovery
    steps = list(method_of(engine, manifest).commands(_nowhere()))
    if any("$DATABASE" in one for one in steps) and not any(one.startswith("DATABASE=") for one in steps):
        steps.insert(0, 'DATABASE="$PWD/restored.db"')
    tool = _tool(architecture, manifest.project if vault.shared else "")
    if Method.CONTINUOUS_ARCHIVING in (recovery.method.value or ()):
        return _replayed(tool, architecture, steps)
    increments = bool(manifest.needs) or wants_increments(recovery.frequency.value)
    if isinstance(vault.store, FolderStore) and not increments:
        find = f'BACKUP="$(ls -d {_folder(architecture)}/*-{manifest.method}-*/data | tail -n 1)"'
        return Procedure((find,), tuple(steps))
    fetch = f"dbdeed backup fetch {_document(architecture)} --quiet --method {manifest.method} --into fetched"
    return Procedure((*tool, f'BACKUP="$({fetch})"'), tuple(steps))


def rehearsal_of(
    architecture: Architecture, engine: Engine, vault: Vault, manifest: Manifest
) -> tuple[tuple[str, ...], str]:
    """The steps as they are tried out, and where they look for the backup.

    What dbdeed does in them is the drill's own: it reads and replays by the same functions. None is left to
    be tried out where that is all.
    """
    procedure = procedure_of(architecture, engine, vault, manifest)
    if procedure.restored:
        return (), ""
    find = f'BACKUP="$(ls -d {_STAGED}/*-{manifest.method}-*/data | tail -n 1)"'
    return (find, *procedure.steps), f"{_STAGED}/{manifest.id}/data"


def edited(architecture: Architecture, procedure: Procedure) -> str:
    """What a person changed in the generated steps, a sentence; "" where nothing was."""
    for block in architecture.generated:
        if block.name == PROCEDURE_BLOCK and block.edited:
            text = block.content.source.text(block.content.span)
            mine = {line.strip() for line in render_procedure(procedure.all).splitlines()}
            other = [line.strip() for line in text.splitlines() if line.strip() and line.strip() not in mine]
            said = f", from “{other[0][:80]}” on" if other else ""
            return f"The Procedure was edited by hand{said}; what was rehearsed is what dbdeed generates."
    setting = architecture.recovery.procedure
    generated = any(block.name == PROCEDURE_BLOCK for block in architecture.generated)
    if not (setting.absent or setting.unfilled or generated):
        return "The Procedure is a person's own; what was rehearsed is what dbdeed would generate."
    return ""


def _tool(architecture: Architecture, project: str) -> list[str]:
    """dbdeed, where it is not there, the variables that it needs, by name, and whose backups are meant.

    `project` is the id under which they lie in a store that others use too; "" where nobody else does.
    """
    recovery = architecture.recovery
    named = []
    if recovery.destination.value is not None and recovery.destination.value.env is not None:
        named.append(f'"${{{recovery.destination.value.env.name}:?says where the backups are}}"')
    if recovery.encryption.value is not None and recovery.encryption.value.key is not None:
        named.append(f'"${{{recovery.encryption.value.key.name}:?is the key that they are sealed with}}"')
    return [
        "command -v dbdeed > /dev/null || python3 -m venv .recovery",
        f'command -v dbdeed > /dev/null || .recovery/bin/pip install "dbdeed[all]=={__version__}"',
        'PATH="$PATH:$PWD/.recovery/bin"',
        *([f": {' '.join(named)}"] if named else []),
        *(
            [f"test -s {_ID} || {{ mkdir -p .dbdeed && echo {shlex.quote(project)} > {_ID}; }}"]
            if project
            else []
        ),
    ]


def _replayed(tool: list[str], architecture: Architecture, steps: list[str]) -> Procedure:
    """The engine's commands, with those that read the backup's files replaced by one of ours."""
    readers = [number for number, one in enumerate(steps) if '"$BACKUP' in one]
    target = _target(steps[readers[-1]])
    restore = f"dbdeed restore {_document(architecture)} --to latest --into {target}"
    rest = [one for number, one in enumerate(steps) if number not in readers]
    at = readers[-1] - len(readers) + 1
    return Procedure((*tool, *rest[:at], restore), tuple(rest[at:]), restored=True)


def _document(architecture: Architecture) -> str:
    """By its name alone: where it lies is another machine's business."""
    return shlex.quote(Path(architecture.source.name).name)


def _target(reader: str) -> str:
    """Where a command puts what it reads from the backup, as `restore --into` takes it."""
    if '--dbname="$DATABASE"' in reader:
        return '"postgresql:///$DATABASE"'
    return next(one for one in ('"$DATABASE.restored"', '"$DATA"', '"$DATABASE"') if one in reader)


def _folder(architecture: Architecture) -> str:
    """The store's folder, in the shell's words."""
    destination = architecture.recovery.destination.value
    if destination is not None and destination.env is not None:
        return f'"${destination.env.name}"'
    return shlex.quote(((destination.folder if destination else "") or DEFAULT_FOLDER).rstrip("/"))


def _nowhere() -> Target:
    """The commands name no live database: they are for the day on which it is gone."""
    from dbdeed.engines.seam import Target

    return Target("", "the new database")
