"""The tools that are measured, each in an environment of its own under the cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
_HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "dbdeed-benchmarks"

_OURS = (
    "import sys; from dbdeed.app.diff import diff; "
    "print(*(step.sql for step in diff(*sys.argv[1:], prove=False).plan.steps), sep=';\\n')"
)


@dataclass(frozen=True)
class Tool:
    """Something that compares two databases.

    Attributes:
        name: in the table.
        command: what stands before the two URLs, FROM and TO.
        between: what stands between them.
        accepts: exit codes that say it worked: some say with theirs that something differs.
    """

    name: str
    command: tuple[str, ...]
    between: tuple[str, ...] = ()
    accepts: frozenset[int] = frozenset({0})

    def arguments(self, source: str, destination: str) -> list[str]:
        return [*self.command, source, *self.between, destination]


FLOOR = Tool("reading only (floor)", (sys.executable, str(_HERE / "floor.py")))
OURS = Tool("dbdeed", (sys.executable, "-c", _OURS))


@dataclass(frozen=True)
class Absent:
    """A peer that could not be installed, and why."""

    name: str
    reason: str


def _alembic(cache: Path) -> Tool:
    python = environment(cache / "alembic", "alembic", "psycopg[binary]")
    return Tool("alembic", (str(python), str(_HERE / "alembic_peer.py")))


def _results(cache: Path) -> Tool:
    python = environment(cache / "results", "results", "psycopg[binary]")
    return Tool("results", (str(python.with_name("results")), "dbdiff"), accepts=frozenset({0, 2}))


def _migra(cache: Path) -> Tool:
    python = environment(cache / "migra", "migra", "psycopg2-binary", "sqlalchemy<2.1", "setuptools<81")
    return Tool("migra", (str(python.with_name("migra")), "--unsafe"), accepts=frozenset({0, 2}))


def _pg_delta(cache: Path) -> Tool:
    folder = cache / "pg-delta"
    program = folder / "node_modules" / ".bin" / "pgdelta"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        if npm is None:
            raise OSError("npm is not installed")
        # The tag `latest` is an empty placeholder; the program is among the versions before 1.0.0.
        _run(
            [
                npm,
                "install",
                "--no-audit",
                "--no-fund",
                "--prefix",
                str(folder),
                "@supabase/pg-delta@>=1.0.0-alpha",
            ]
        )
    return Tool("pg-delta", (str(program), "plan", "--source"), ("--desired",), frozenset({0, 2, 3}))


_PEERS: dict[str, Callable[[Path], Tool]] = {
    "alembic": _alembic,
    "results": _results,
    "migra": _migra,
    "pg-delta": _pg_delta,
}

NAMES = tuple(_PEERS)


def install(name: str, cache: Path) -> Tool | Absent:
    """One peer, installed where it is not yet."""
    return attempt(name, lambda: _PEERS[name](cache))


def attempt(name: str, installation: Callable[[], T]) -> T | Absent:
    """What an installation gives, or why it could not be done."""
    try:
        return installation()
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        return Absent(name, said.strip().splitlines()[-1] if said.strip() else type(error).__name__)


def environment(folder: Path, *requirements: str) -> Path:
    """The interpreter of a virtual environment with these packages."""
    python = folder / "bin" / "python"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", *requirements])
        (folder / ".complete").touch()
    return python


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
