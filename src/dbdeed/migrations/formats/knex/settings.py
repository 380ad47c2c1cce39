"""What a project's knexfile says of its migrations. It is a program: Node reads it, if there is any."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dbdeed.errors import InvalidInput, Unavailable

BRIDGE = Path(__file__).with_name("bridge.cjs")
MARK = "dbdeed-answer:"
NAMES = ("knexfile.js", "knexfile.mjs", "knexfile.cjs", "knexfile.ts")
LOADED = frozenset({".co", ".coffee", ".eg", ".iced", ".js", ".cjs", ".litcoffee", ".ls", ".ts"})
"""Files that Knex takes for migrations unless it is told otherwise."""

_SECONDS = 60
_SAYS_WHERE = re.compile(r"\b(migrations|searchPath)\b")


@dataclass(frozen=True, slots=True)
class Settings:
    """What Knex goes by.

    Attributes:
        folders: of the migrations; a new one goes into the last, as with Knex.
        separately: those of one folder come before those of the next, whatever their names.
        schema: of the history; "" for where connections look first.
        extension: of new files, without the dot; "" where nothing says.
        loaded: the endings of files that are migrations, with the dot.
        hooks: functions run around each migration, so that only Knex can run any.
    """

    folders: tuple[Path, ...]
    table: str = "knex_migrations"
    schema: str = ""
    extension: str = ""
    loaded: frozenset[str] = LOADED
    hooks: bool = False
    separately: bool = False


def knexfile_of(root: Path) -> Path | None:
    """The knexfile in a project's folder, if there is one."""
    return next((root / name for name in NAMES if (root / name).is_file()), None)


def settings_of(root: Path) -> Settings:
    """The knexfile's settings, or Knex's defaults where there is none.

    Raises:
        Unavailable: there is one that has to be run, and no Node to run it, or it fails.
        InvalidInput: it has what we cannot do: a source of migrations of its own.
    """
    file = knexfile_of(root)
    if file is None:
        return Settings((root / "migrations",))
    text = file.read_text(encoding="utf-8", errors="replace")
    if not _SAYS_WHERE.search(text) and not re.search(r"\b(require|import)\b", text):
        return Settings((root / "migrations",), extension=file.suffix[1:])
    answer = json.loads(_asked(root, file, file.stat().st_mtime_ns, os.environ.get("NODE_ENV", "")))
    return _settings(root, file, answer)


def _settings(root: Path, file: Path, answer: dict[str, Any]) -> Settings:
    given = answer.get("directory") or "./migrations"
    folders = given if isinstance(given, list) else [given]
    if answer.get("source") or not all(isinstance(one, str) for one in folders):
        raise InvalidInput(
            "This knexfile has a migrationSource of its own, or a directory that is no text.",
            where=file.name,
            hint="Only files of folders are run here; name those, or run the migrations with Knex.",
            code="knexfile",
        )
    path = answer.get("searchPath")
    first = path[0] if isinstance(path, list) and path else path
    if isinstance(first, str):
        first = first.split(",")[0].strip(' "')
        first = "" if first == "$user" else first
    loaded = answer.get("loadExtensions")
    return Settings(
        folders=tuple(Path(os.path.normpath(root / one)) for one in folders),
        table=answer.get("tableName") or "knex_migrations",
        schema=answer.get("schemaName") or (first if isinstance(first, str) else ""),
        extension=str(answer.get("extension") or answer.get("ext") or "").lower(),
        loaded=frozenset(loaded) if isinstance(loaded, list) else LOADED,
        hooks=bool(answer.get("hooks")),
        separately=bool(answer.get("sortDirsSeparately")),
    )


@lru_cache(maxsize=32)
def _asked(root: Path, file: Path, moment: int, environment: str) -> str:
    """Node's answer; the last two make it another question."""
    del moment, environment
    node = shutil.which("node")
    if node is None:
        raise Unavailable(
            f"{file.name} says where the migrations are, and only Node can read it, which is not installed.",
            where=file.name,
            hint="Install Node.js.",
            code="migration-foreign",
        )
    command = [node, str(BRIDGE), "settings", str(file)]
    try:
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{file.name} did not end within {_SECONDS} seconds.", where=file.name) from None
    answer = answer_in(done.stdout)
    if done.returncode != 0 or not answer:
        said = answer_in(done.stderr) or last_line(done.stderr)
        raise Unavailable(
            f"{file.name} could not be read: {said}",
            where=file.name,
            hint="Does `npx knex migrate:list` run?",
        )
    return answer


def answer_in(output: str) -> str:
    """What the bridge answered, past what the project's own files printed."""
    return output.rpartition(f"\n{MARK}")[2].strip() if f"\n{MARK}" in output else ""


def last_line(output: str) -> str:
    """The last words of a program."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing."
