"""What the environment, or `.env`, says of a project's dbmate."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?(DBMATE_[A-Z_]+)[ \t]*[=:][ \t]*(.*?)[ \t]*")


@dataclass(frozen=True, slots=True)
class Settings:
    """What dbmate goes by.

    Attributes:
        folders: of the migrations; a new one goes into the first, as with dbmate.
        schema: of the history; "" for where connections look first.
    """

    folders: tuple[Path, ...]
    table: str = "schema_migrations"
    schema: str = ""


def settings_of(root: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The project's settings; the environment wins over `.env`, as with dbmate."""
    found = {**_dotenv(root / ".env"), **(os.environ if environment is None else environment)}
    given = found.get("DBMATE_MIGRATIONS_DIR") or "./db/migrations"
    folders = tuple(Path(os.path.normpath(root / one.strip())) for one in given.split(","))
    schema, _, table = (found.get("DBMATE_MIGRATIONS_TABLE") or "schema_migrations").rpartition(".")
    return Settings(folders, table, schema)


def _dotenv(file: Path) -> dict[str, str]:
    """Only what is dbmate's own: nothing else of the file is kept."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for line in lines:
        if match := _LINE.fullmatch(line):
            name, value = match.groups()
            quote = value[:1]
            if quote in ("'", '"') and value.find(quote, 1) > 0:
                value = value[1 : value.find(quote, 1)]
            else:
                value = re.split(r"[ \t]#", value, maxsplit=1)[0].strip()
            found[name] = value
    return found
