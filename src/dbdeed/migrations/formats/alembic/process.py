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
from dbdeed.migrations.formats.alembic.history import AlembicHistory
from dbdeed.migrations.formats.alembic.settings import settings_of
from dbdeed.migrations.formats.alembic.tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.seam import Target
    from dbdeed.migrations.seam import Layout, Migration

_RUN = """
import importlib.util, os, sys
from alembic import command
from alembic.config import Config
config = Config("alembic.ini")
url = os.environ["DATABASE_URL"]
if url.startswith("postgresql:"):
    given = config.get_main_option("sqlalchemy.url") or ""
    names = [given.partition(":")[0].partition("+")[2], "psycopg", "psycopg2", "pg8000", "asyncpg"]
    driver = next((one for one in names if one and importlib.util.find_spec(one)), "psycopg2")
    url = os.environ["DATABASE_URL"] = url.replace("postgresql:", f"postgresql+{driver}:", 1)
config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
try:
    getattr(command, sys.argv[1])(config, sys.argv[2])
except Exception as error:
    words = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    print("dbdeed-answer:", words.replace("\\n", " "), file=sys.stderr)
    sys.exit(1)
"""
_MARK = "dbdeed-answer:"
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
        if not (self.layout.root / "alembic.ini").is_file():
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

    def up(self, target: Target, migration: Migration) -> None:
        self._run("upgrade", migration.key, target, migration, wanted=True)

    def down(self, target: Target, migration: Migration) -> None:
        tree = read_tree(self.layout.root, settings_of(self.layout.root))
        parents = tree[migration.key].parents
        self._run("downgrade", parents[0] if parents else "base", target, migration, wanted=False)

    def _run(self, what: str, revision: str, target: Target, migration: Migration, *, wanted: bool) -> None:
        python = self._python
        assert python is not None  # `missing` was asked
        url, password = _url(target)
        done = subprocess.run(
            [python, "-c", _RUN, what, revision],
            cwd=self.layout.root,
            env={**self.environment, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.rpartition(_MARK)[2].strip() or f"it ended with {done.returncode}"
            raise Unavailable(
                f"Alembic could not run {migration.path.name}: {_hidden(said, password)}",
                where=str(migration.path),
                hint="Correct the file or the cause, then run this again.",
                code="migration-failed",
            )
        if self._is_applied(target, migration) is not wanted:
            raise Unavailable(
                f"Alembic ran {migration.path.name}, but not in {target.label}: env.py has another database.",
                where="env.py",
                hint='Let it take os.environ["DATABASE_URL"], or the configuration\'s sqlalchemy.url.',
                code="migration-elsewhere",
            )

    def _is_applied(self, target: Target, migration: Migration) -> bool:
        system = system_of_url(target.url)
        assert system is not None  # it was connected to
        engine = engine_for(system)
        session = engine.connect(target)
        try:
            history = AlembicHistory(engine, self.layout, settings_of(self.layout.root))
            return any(one.key == migration.key for one in history.applied(session))
        finally:
            session.close()


@lru_cache
def _has_alembic(python: str) -> bool:
    command = [python, "-c", "import alembic, sqlalchemy"]
    return Path(python).exists() and not subprocess.run(command, capture_output=True, check=False).returncode


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
