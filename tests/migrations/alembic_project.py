"""A project of Alembic's own beside ours: as `alembic init` makes it, its command, its database's URL."""

from __future__ import annotations

import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING
from unittest import mock

from alembic.config import CommandLine, Config

from dbdeed.migrations.formats.alembic.process import _url

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import Target

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass
class AlembicProject:
    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def _run(self, *words: str) -> tuple[bool, str]:
        """The command itself, in this process: starting Python and SQLAlchemy takes longer than its work."""
        command, said = CommandLine(), StringIO()
        options = command.parser.parse_args(words)
        config = Config(str(self.root / "alembic.ini"), stdout=said, cmd_opts=options)
        with mock.patch.dict(os.environ, self.environment), redirect_stderr(said), redirect_stdout(said):
            try:
                command.run_cmd(config, options)
            except SystemExit:
                return False, said.getvalue()
        return True, said.getvalue()

    def ask(self, *words: str) -> str:
        """Its words. Fails the test where the command does."""
        done, said = self._run(*words)
        assert done, said
        return said

    def refuses(self, *words: str) -> str:
        done, said = self._run(*words)
        assert not done, said
        return said

    def all_done(self) -> bool:
        """Whether its current revision is its head."""
        return self.ask("current", "--check-heads").count("(head)") == 1


def alembic_project(root: Path, target: Target, *, env: str = ENV) -> AlembicProject:
    (root / "db" / "versions").mkdir(parents=True)
    (root / "db" / "env.py").write_text(env)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/db\n")
    url = _url(target)[0].replace("postgresql:", "postgresql+psycopg:", 1)
    return AlembicProject(root, {"DATABASE_URL": url})
