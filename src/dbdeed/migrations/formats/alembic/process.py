"""A project's own Alembic, for files that only it can run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from dbdeed.engines.registry import engine_for, system_of_url
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.migrations.formats.addresses import libpq_parameters, sqlite_file
from dbdeed.migrations.formats.alembic.settings import settings_of
from dbdeed.migrations.formats.alembic.tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.seam import Target
    from dbdeed.migrations.seam import Layout, Migration

_RUN = Path(__file__).with_name("run.py.txt")
_MARK = "dbdeed-answer:"
_ELSEWHERE = "elsewhere"
_IDENTITY = """
    SELECT oid::text || ' ' || extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text
    FROM pg_catalog.pg_database WHERE datname = current_database()
"""
"""As in `run.py.txt`: which database of which server it is, whatever way leads there."""

_PASSED = ("sslmode", "sslrootcert", "sslcert", "sslkey", "options", "application_name", "connect_timeout")


@dataclass(frozen=True, slots=True)
class AlembicProcess:
    """The seam's `Process`: the project's Python runs its Alembic, with the database in `DATABASE_URL`.

    env.py may take the URL from there or from the configuration's `sqlalchemy.url`.
    """

    layout: Layout
    environment: Mapping[str, str] = field(repr=False)

    @property
    def missing(self) -> str:
        if not settings_of(self.layout.root).configured:
            return "There is no alembic.ini: `alembic init alembic` makes one."
        return "" if self._python is not None else "It is not installed: `pip install alembic`."

    @property
    def _python(self) -> str | None:
        """The first Python that has Alembic: the project's, the active environment's, ours, the system's."""
        for one in self._pythons():
            if _has_alembic(one):
                return one
        return None

    def _pythons(self) -> Iterator[str]:
        yield str(self.layout.root / ".venv" / "bin" / "python")
        if active := self.environment.get("VIRTUAL_ENV"):
            yield str(Path(active) / "bin" / "python")
        yield sys.executable
        if found := shutil.which("python3", path=self.environment.get("PATH")):
            yield found

    def up(self, target: Target, migrations: Sequence[Migration]) -> None:
        self._run("upgrade", [one.key for one in migrations], target, migrations)

    def down(self, target: Target, migration: Migration) -> None:
        tree = read_tree(self.layout.root, settings_of(self.layout.root))
        parents = tree[migration.key].parents
        # Of its own branch: without that, all others that begin there would be taken back too.
        to = f"{migration.key}@{parents[0] if parents else 'base'}"
        self._run("downgrade", [to], target, [migration])

    def _run(
        self, what: str, revisions: Sequence[str], target: Target, migrations: Sequence[Migration]
    ) -> None:
        python = self._python
        assert python is not None  # `missing` was asked
        url, password = _url(target)
        done = subprocess.run(
            [python, "-c", _RUN.read_text(encoding="utf-8"), what, *revisions],
            cwd=self.layout.root,
            env={**self.environment, "DATABASE_URL": url, "DBDEED_IDENTITY": _identity(target)},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.rpartition(_MARK)[2].strip() or f"it ended with {done.returncode}"
            if said == _ELSEWHERE:
                raise Unavailable(
                    f"env.py has another database than {target.label}; Alembic ran nothing there.",
                    where="env.py",
                    hint='Let it take os.environ["DATABASE_URL"], or the configuration\'s sqlalchemy.url.',
                    code="migration-elsewhere",
                )
            number, _, words = said.partition(" ")
            migration = migrations[int(number)] if number.isdigit() else migrations[0]
            said = words if number.isdigit() else said
            raise Unavailable(
                f"Alembic could not run {migration.path.name}: {_hidden(said, password)}",
                where=str(migration.path),
                hint="Correct the file or the cause, then run this again.",
                code="migration-failed",
            )


@lru_cache
def _has_alembic(python: str) -> bool:
    command = [python, "-c", "import alembic, sqlalchemy"]
    return Path(python).exists() and not subprocess.run(command, capture_output=True, check=False).returncode


def _identity(target: Target) -> str:
    """What tells the database from all others; run.py.txt asks env.py's connection for the same."""
    file = sqlite_file(target)
    if file is not None:
        return str(file.resolve())
    system = system_of_url(target.url)
    assert system is not None  # it was connected to
    session = engine_for(system).connect(target)
    try:
        return str(session.fetch(_IDENTITY)[0][0])
    finally:
        session.close()


def _url(target: Target) -> tuple[str, str]:
    """The database as SQLAlchemy takes it, without a driver; and the password in it."""
    file = sqlite_file(target)
    if file is not None:
        return f"sqlite:///{file}", ""
    found = libpq_parameters(target)
    user, password = found.get("user", ""), found.get("password", "")
    name = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    host, port = found.get("host", ""), found.get("port", "")
    if "," in host:
        raise InvalidInput(f"{target.label} names several hosts, and Alembic's drivers take one.")
    query = {key: found[key] for key in _PASSED if key in found}
    place = f"{host}:{port}" if port and host and not host.startswith("/") else host
    if host.startswith("/"):
        place, query = "", {"host": host, **({"port": port} if port else {}), **query}
    url = f"postgresql://{name}{'@' if name else ''}{place}/{quote(found.get('dbname', ''), safe='')}"
    return url + (f"?{urlencode(query)}" if query else ""), password


def _hidden(text: str, password: str) -> str:
    for one in {password, quote(password, safe="")} - {""}:
        text = text.replace(one, "***")
    return text
