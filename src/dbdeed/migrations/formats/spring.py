"""What Spring Boot's `application.properties` says of Flyway or Liquibase.

`application.yaml` is not read; who keeps it there says it in the tool's own file as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.migrations.formats.java_properties import read_properties

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "src/main/resources/application.properties"
_DASH = re.compile(r"-(\w)")


def spring_settings(root: Path, tool: str) -> Iterator[tuple[str, str, str]]:
    """(key, value, `file:line`) of `spring.TOOL.KEY`; keys of several words as `severalWords`."""
    path = root / FILE
    if not path.is_file():
        return
    prefix = f"spring.{tool}."
    for key, value, line in read_properties(path.read_text(encoding="utf-8", errors="replace")):
        if key.startswith(prefix):
            name, dot, rest = key.removeprefix(prefix).partition(".")
            yield _DASH.sub(lambda found: found[1].upper(), name) + dot + rest, value, f"{FILE}:{line}"
