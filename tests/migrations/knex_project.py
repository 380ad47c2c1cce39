"""A project of Knex's own beside ours: its folder, its knexfile, its command."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.migrations.peers import TOOLS
from tests.migrations.tool_project import ToolProject

from dbdeed.migrations.formats.addresses import libpq_parameters, sqlite_file

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import Target

NODE = TOOLS / "node"
_SQLITE = "{client: 'better-sqlite3', useNullAsDefault: true, connection: {filename: process.env.SHOP_FILE}}"
_POSTGRESQL = "{client: 'pg', connection: {}}"


class KnexProject(ToolProject):
    """Its environment holds where the database is: `SHOP_FILE`, or libpq's variables."""

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
    program = root / "node_modules" / ".bin" / "knex"
    if file is not None:
        return KnexProject(root, program, {"SHOP_FILE": str(file)})
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    found = libpq_parameters(target)
    return KnexProject(root, program, {names[key]: value for key, value in found.items() if key in names})
