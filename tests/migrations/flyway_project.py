"""A project that Flyway's own command line runs beside ours."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.migrations.peers import TOOLS
from tests.migrations.tool_project import ToolProject

from dbdeed.migrations.formats.jdbc import jdbc_of

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import Target

_DONE = frozenset(
    ["Success", "Baseline", "Below Baseline", "Ignored (Baseline)", "Out of Order", "Undone", "Available"]
)
_JARS = TOOLS / "flyway" / "lib"


def flyway_program(folder: Path) -> Path:
    """`flyway` as its distribution has it, in a folder of its own; the test is skipped where it is absent."""
    if shutil.which("java") is None or not _JARS.is_dir():
        pytest.skip("Flyway's command line is not here; `tools/peers.py flyway` fetches it")
    program = folder / "flyway"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(
        "#!/bin/sh\n"
        f"exec java -XX:TieredStopAtLevel=1 -cp '{_JARS}/*' org.flywaydb.commandline.Main "
        '-skipCheckForUpdate "$@"\n'
    )
    program.chmod(0o755)
    return program


class FlywayProject(ToolProject):
    def info(self) -> list[dict[str, Any]]:
        """What it says of each migration."""
        found = self.ask("-outputType=json", "info")
        return list(json.loads(found[found.index("{") :])["migrations"])

    def states(self) -> dict[str, str]:
        """Of each version; a repeatable one by its words."""
        return {one["version"] or one["description"]: one["state"] for one in self.info()}

    def left(self) -> dict[str, str]:
        """What is not applied as it stands in the files."""
        self.ask("validate")
        return {version: state for version, state in self.states().items() if state not in _DONE}


def flyway_project(root: Path, target: Target) -> FlywayProject:
    """The target's address is one that Java's drivers reach."""
    reached = jdbc_of(target)
    environment = {"FLYWAY_URL": reached.url}
    if reached.user:
        environment["FLYWAY_USER"] = reached.user
    return FlywayProject(root, flyway_program(root / "bin"), environment)
