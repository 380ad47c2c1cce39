"""Under which user the server's programs run, and where their files may lie.

PostgreSQL refuses to run as root. Where we are root, its programs run as `postgres` if that user exists, else
as `nobody`, and everything they touch lies where that user can reach it: under `/var/lib/dbdeed`.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.postgresql.servers.programs import Programs

STATE = Path("/var/lib/dbdeed")
"""Where root's servers live; anybody may pass through, since each folder inside has its own owner."""

_LAUNCHER = Path(__file__).with_name("launch.py")
_LONGEST_SOCKET = 107 - len("/.s.PGSQL.65535.lock")  # sun_path of unix(7), with room for the lock file


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's user that runs the programs; `name` "" means ourselves."""

    name: str
    user: int
    group: int

    @property
    def foreign(self) -> bool:
        """Whether it is somebody other than us."""
        return self.user != os.geteuid()


def account() -> Account:
    """Whom the programs run as."""
    if os.geteuid() != 0:
        return ourselves()
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name, found.pw_uid, found.pw_gid)
    raise Unavailable(
        "PostgreSQL does not run as root, and neither a user postgres nor nobody exists.",
        hint="Run dbdeed as an ordinary user, or create one: useradd --system postgres.",
        code="no-account",
    )


def ourselves() -> Account:
    """The user that we are."""
    return Account("", os.geteuid(), os.getegid())


@dataclass(frozen=True, slots=True)
class Launch:
    """What `launch.py` is asked for.

    Attributes:
        command: the program's path and arguments.
        parent: whose death ends it; 0 for nobody's. (It is the death of the *thread* that started it.)
        guarded: what it starts is ended with it.
        isolated: without any network.
        memory: the most address space that each of its processes may take, in bytes; 0 for no limit.
        detached: it outlives us: its process id comes on standard output.
        user, group: whom it runs as; None for ourselves.
    """

    command: tuple[str, ...]
    parent: int = 0
    guarded: bool = False
    isolated: bool = False
    memory: int = 0
    detached: bool = False
    user: int | None = None
    group: int | None = None

    def arguments(self, who: Account) -> list[str]:
        """The command line that launches it as `who`."""
        asked = replace(self, user=who.user, group=who.group) if who.foreign else self
        return [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(asdict(asked))]


def environment() -> dict[str, str]:
    """What the programs see of ours: no secret, no setting of libpq, no library path."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LANG": "C", "TZ": "UTC"}


def run(command: Sequence[str], who: Account) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as `who`; its output, whatever its exit code.

    Raises:
        Unavailable: it cannot be started.
    """
    identity = {"user": who.user, "group": who.group, "extra_groups": [who.group]} if who.foreign else {}
    try:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            [str(one) for one in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=environment(),
            umask=0o077,
            start_new_session=True,
            **identity,
        )
    except OSError as error:
        raise Unavailable(
            f"{command[0]} cannot be run as {who.name or 'this user'}: {error.strerror}.",
            hint="Every folder above it must be open to that user, and the file executable.",
            code="program-unreadable",
        ) from error


def own(folder: Path, who: Account) -> Path:
    """Make a folder that only `who` may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if who.foreign:
        os.chown(folder, who.user, who.group)
    return folder


def state_folder(name: str) -> Path:
    """A folder of root's under `/var/lib/dbdeed` that others may pass through."""
    folder = STATE / name
    for one in (STATE, folder):
        one.mkdir(mode=0o755, parents=True, exist_ok=True)
        one.chmod(0o755)
    return folder


def short_folder() -> Path:
    """Where throwaway servers and sockets go: a path that is short, and nobody else's.

    Raises:
        Unavailable: somebody else made the folder.
    """
    if os.geteuid() == 0:
        return state_folder("run")
    folder = Path(tempfile.gettempdir()) / f"dbdeed-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise Unavailable(
            f"{folder} is not a private folder of this user.",
            hint="Remove it, or set TMPDIR to a folder of your own.",
            code="unsafe-folder",
        )
    return folder


def fits_socket(folder: Path) -> bool:
    """Whether a socket's path in it stays within the system's limit."""
    return len(os.fsencode(folder)) <= _LONGEST_SOCKET


def reachable(programs: Programs, who: Account) -> Programs:
    """The same programs where `who` can run them: themselves, or a copy under `/var/lib/dbdeed/programs`.

    A copy belongs to root, so the server cannot change its own programs.
    """
    if not who.foreign or _runs(programs, who):
        return programs
    base = programs.folder.parent
    if programs.also:
        base = base.parent
    place = state_folder("programs") / f"{programs.version[0]}.{programs.version[1]}-{_stamp(programs)}"
    copy = replace(programs, folder=place / programs.folder.relative_to(base.parent), also=())
    if not copy.folder.is_dir():
        _copy((base, *programs.also), place)
    if not _runs(copy, who):
        raise Unavailable(
            f"{who.name} can run PostgreSQL's programs neither in {programs.folder} nor in the copy {place}.",
            hint=f"Open {place} and the folders above it to {who.name}, or install PostgreSQL system-wide.",
            code="program-unreadable",
        )
    return copy


def _runs(programs: Programs, who: Account) -> bool:
    try:
        return all(
            run([str(programs.folder / name), "--version"], who).returncode == 0
            for name in ("postgres", "initdb")
        )
    except Unavailable:
        return False


def _stamp(programs: Programs) -> str:
    """A name for exactly these files: another build at the same path gets another copy."""
    binary = (programs.folder / "postgres").stat()
    text = f"{programs.folder} {binary.st_size} {binary.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _copy(folders: Sequence[Path], place: Path) -> None:
    """Copy folders beside each other, whole or not at all."""
    temporary = Path(tempfile.mkdtemp(prefix=".copy-", dir=place.parent))
    try:
        for folder in folders:
            shutil.copytree(folder, temporary / folder.name, ignore=shutil.ignore_patterns("include", "*.a"))
        _open_to_all(temporary)
        with suppress(FileExistsError, NotADirectoryError):
            temporary.rename(place)
    except OSError as error:
        if not place.is_dir():
            raise Unavailable(
                f"PostgreSQL's programs could not be copied to {place}: {error.strerror}.", code="no-copy"
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _open_to_all(folder: Path) -> None:
    for path, _, names in os.walk(folder):
        Path(path).chmod(0o755)
        for name in names:
            file = Path(path, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
