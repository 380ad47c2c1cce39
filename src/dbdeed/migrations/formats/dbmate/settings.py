"""What the environment, or `.env`, says of a project's dbmate."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?(DBMATE_[A-Z_]+)[ \t]*[=:][ \t]*(.*?)[ \t]*")


@dataclass(frozen=True, slots=True)
class Settings:
    """What dbmate goes by; `schema` is "" where connections look first."""

    folder: Path
    table: str = "schema_migrations"
    schema: str = ""


def settings_of(root: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The project's settings; the environment wins over `.env`, as with dbmate.

    Raises `InvalidInput` for several folders.
    """
    found = {**_dotenv(root / ".env"), **(os.environ if environment is None else environment)}
    folder = found.get("DBMATE_MIGRATIONS_DIR") or "./db/migrations"
    if "," in folder:
        raise InvalidInput(
            "DBMATE_MIGRATIONS_DIR names several folders.",
            hint="Only one folder of files is run here; put them into one, or run them with dbmate.",
            code="dbmate-folders",
        )
    schema, _, table = (found.get("DBMATE_MIGRATIONS_TABLE") or "schema_migrations").rpartition(".")
    return Settings(Path(os.path.normpath(root / folder)), table, schema)


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
