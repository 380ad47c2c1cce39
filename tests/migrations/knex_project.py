"""A project of Knex's own beside ours: its folder, its knexfile, its command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.migrations.peers import TOOLS

from dbdeed.migrations.formats.addresses import libpq_parameters, sqlite_file

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import Target

NODE = TOOLS / "node"
_SQLITE = "{client: 'better-sqlite3', useNullAsDefault: true, connection: {filename: process.env.SHOP_FILE}}"
_POSTGRESQL = "{client: 'pg', connection: {}}"


@dataclass
class KnexProject:
    """Its environment holds where the database is: `SHOP_FILE`, or libpq's variables."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        command = ["node", "node_modules/knex/bin/cli.js", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.root, env={**os.environ, **self.environment}, **pipes)  # type: ignore[call-overload, no-any-return]

    def ask(self, *words: str) -> str:
        """Its words. Fails the test where the command does."""
        with self.begin(*words) as process:
            said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        return str(said)

    def refuses(self, *words: str) -> str:
        with self.begin(*words) as process:
            said, _ = process.communicate(timeout=60)
        assert process.returncode != 0, said
        return str(said)

    def all_done(self, count: int) -> bool:
        said = self.ask("migrate:status")
        return f"Found {count} Completed Migration" in said and "No Pending Migration files Found" in said


def knex_project(root: Path, target: Target, *, kind: str = "commonjs", knexfile: str = "") -> KnexProject:
    """Make one; the test that wants it is skipped where Knex is absent."""
    if shutil.which("node") is None or not (NODE / ".installed").exists():
        pytest.skip("Knex is not here; `tools/peers.py node` fetches it")
    (root / "node_modules").symlink_to(NODE / "node_modules")
    (root / "package.json").write_text(json.dumps({"name": "shop", "private": True, "type": kind}))
    file = sqlite_file(target)
    begin = "export default " if kind == "module" else "module.exports = "
    text = knexfile or f"{begin}{_SQLITE if file is not None else _POSTGRESQL};\n"
    (root / "knexfile.js").write_text(text)
    (root / "migrations").mkdir(exist_ok=True)
    if file is not None:
        return KnexProject(root, {"SHOP_FILE": str(file)})
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    found = libpq_parameters(target)
    return KnexProject(root, {names[key]: value for key, value in found.items() if key in names})
