"""A project that Liquibase's own command line runs beside ours."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from tests.migrations.peers import JAVA
from tests.migrations.tool_project import ToolProject

from dbdeed.migrations.formats.jdbc import jdbc_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Target

_MAIN = "liquibase.integration.commandline.LiquibaseCommandLine"


def liquibase_program(folder: Path) -> Path:
    """`liquibase` as its distribution has it, in a folder of its own; skips the test where it is absent."""
    if shutil.which("java") is None or not (JAVA / "lib").is_dir():
        pytest.skip("Liquibase is not here; `tools/peers.py java` fetches it")
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "liquibase"
    program.write_text(f"#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -cp '{JAVA}/lib/*' {_MAIN} \"$@\"\n")
    program.chmod(0o755)
    return program


class LiquibaseProject(ToolProject):
    """Its environment holds where the changelog is, too."""

    def left(self) -> str:
        """What it says of changesets that are to be run; "" where there are none."""
        said = self.ask("status", "--verbose")
        return "" if "is up to date" in said else said


def liquibase_project(root: Path, target: Target, changelog: str) -> LiquibaseProject:
    """The target's address is one that Java's drivers reach."""
    reached = jdbc_of(target)
    environment = {"LIQUIBASE_COMMAND_URL": reached.url, "LIQUIBASE_COMMAND_CHANGELOG_FILE": changelog}
    if reached.user:
        environment["LIQUIBASE_COMMAND_USERNAME"] = reached.user
    return LiquibaseProject(root, liquibase_program(root / "bin"), environment)


def xml_changelog(sets: Sequence[str]) -> str:
    """A changelog of changesets in XML."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog '
        'http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">\n'
        + "\n".join(sets)
        + "\n</databaseChangeLog>\n"
    )
