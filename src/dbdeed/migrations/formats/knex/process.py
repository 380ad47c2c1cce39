"""A project's own Knex, for files that only it can run."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from dbdeed.errors import Unavailable
from dbdeed.migrations.formats.addresses import libpq_parameters, sqlite_file
from dbdeed.migrations.formats.knex.settings import BRIDGE, answer_in, knexfile_of, last_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.seam import Target
    from dbdeed.migrations.seam import Layout, Migration

_NAMES = {
    "host": "host",
    "port": "port",
    "user": "user",
    "password": "password",
    "dbname": "database",
    "options": "options",
    "application_name": "application_name",
}
"""Parameters of libpq's, and what Node's driver calls them."""

_WITHOUT = frozenset({"disable", "allow", "prefer"})
_FIND = "require.resolve('knex', {paths: [process.cwd()]})"


@dataclass(frozen=True, slots=True)
class KnexProcess:
    """The seam's `Process`: Node runs `bridge.cjs` with the project's Knex, in the database at hand."""

    layout: Layout
    environment: Mapping[str, str] = field(repr=False)

    @property
    def missing(self) -> str:
        node = self._node
        if node is None:
            return "Node.js is not installed."
        done = subprocess.run(
            [node, "-e", _FIND],
            cwd=self.layout.root,
            env=dict(self.environment),
            capture_output=True,
            check=False,
        )
        return "" if done.returncode == 0 else "It is not installed in this project: `npm install knex`."

    @property
    def _node(self) -> str | None:
        return shutil.which("node", path=self.environment.get("PATH"))

    def up(self, target: Target, migrations: Sequence[Migration]) -> None:
        self._run("up", target, migrations)

    def down(self, target: Target, migration: Migration) -> None:
        self._run("down", target, [migration])

    def _run(self, direction: str, target: Target, migrations: Sequence[Migration]) -> None:
        node = self._node
        assert node is not None  # `missing` was asked
        address = _address(target)
        file = knexfile_of(self.layout.root)
        keys = [one.key for one in migrations]
        command = [node, str(BRIDGE), direction, str(file) if file is not None else "", *keys]
        done = subprocess.run(
            command,
            cwd=self.layout.root,
            env={**self.environment, "DBDEED_CONNECTION": json.dumps(address)},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            said = answer_in(done.stderr) or last_line(done.stderr)
            key, _, words = said.partition(": ")
            migration = next((one for one in migrations if one.key == key), migrations[0])
            said = words if migration.key == key else said
            raise Unavailable(
                f"Knex could not run {migration.path.name}: {_hidden(said, address)}",
                where=str(migration.path),
                hint="Correct the file or the cause, then run this again.",
                code="migration-failed",
            )


def _address(target: Target) -> dict[str, Any]:
    """The database as Node's drivers take it."""
    file = sqlite_file(target)
    if file is not None:
        return {"client": "sqlite", "filename": str(file)}
    parameters = libpq_parameters(target)
    found: dict[str, Any] = {_NAMES[key]: value for key, value in parameters.items() if key in _NAMES}
    mode = parameters.get("sslmode", "prefer")
    if mode not in _WITHOUT:
        found["ssl"] = {"rejectUnauthorized": mode.startswith("verify"), **_certificates(parameters)}
    return {"client": "pg", **found}


def _certificates(parameters: Mapping[str, str]) -> dict[str, str]:
    """The files that libpq is told of, as Node's TLS takes them: their texts."""
    names = {"sslrootcert": "ca", "sslcert": "cert", "sslkey": "key"}
    try:
        return {
            names[key]: Path(value).read_text(encoding="utf-8")
            for key, value in parameters.items()
            if key in names and value != "system"
        }
    except OSError as error:
        raise Unavailable(
            f"A certificate's file cannot be read: {error}.", code="migration-foreign"
        ) from None


def _hidden(text: str, address: Mapping[str, Any]) -> str:
    password = str(address.get("password") or "")
    for one in {password, unquote(password)} - {""}:
        text = text.replace(one, "***")
    return text
