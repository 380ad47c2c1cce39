"""The project's own database server: made, started, found again and stopped.

Its files lie in the project's `.dbdeed/postgresql`, or, where we are root, in `/var/lib/dbdeed/ID`, which the
server's unprivileged user can reach; the ID is kept in `.dbdeed/`. A data folder is made beside its place and
renamed, and a lock file keeps two commands from doing so at once, so a kill at any moment leaves either
nothing or a whole one. The server outlives the command that started it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.servers import server as servers
from dbdeed.engines.postgresql.servers.account import (
    STATE,
    Account,
    account,
    fits_socket,
    own,
    reachable,
    short_folder,
    state_folder,
)
from dbdeed.engines.postgresql.servers.processes import kill_members, running
from dbdeed.engines.postgresql.servers.programs import Programs, find
from dbdeed.engines.postgresql.servers.room import locked
from dbdeed.engines.postgresql.session import PostgresqlRejected, connect
from dbdeed.engines.seam import Target
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.progress import Progress

SUPERUSER = "postgres"
_LOCK_SECONDS = 30.0
_LOG_LIMIT = 10 << 20
_ID = re.compile(r"[0-9a-f]{12}\Z")

_SETTINGS = """
# dbdeed: reachable by its socket only; every commit is on disk; base backups are possible.
listen_addresses = ''
fsync = on
wal_level = replica
max_wal_senders = 10
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The database of the project in `root`; the seam's `EmbeddedServer`.

    Attributes:
        root: the project's folder.
        version: that the document asks for; () for the newest programs at hand.
    """

    root: Path
    version: tuple[int, ...] = ()

    def start(self, progress: Progress, *, reading: bool = False) -> Target:  # noqa: ARG002 - the seam has it
        """Start it, or find it running; make what is missing: only a server that runs can be read.

        Raises:
            Unavailable: no programs, data of another major version, a lock that somebody holds, or a server
                that does not start (with its log's last lines).
        """
        who = account()
        place = _place(self.root, make=True)
        own(place, who)
        with _held(place):
            _return_aside(place / "data")
            programs = self._programs(place / "data")
            if not (place / "data").is_dir():
                with progress.step(f"Making a PostgreSQL {programs.major} database"):
                    _initialise(programs, place, who)
            socket = self._running_socket(place, programs, who, progress)
            name = _database_name(place, self.root, who)
            target = _target(socket, name)
            _ensure_database(_target(socket, "postgres"), name)
        return target

    def stop(self) -> bool:
        """Stop it in good order; False where it was not running."""
        place = _place(self.root, make=False)
        if not (place / "data").is_dir():
            return False
        with _held(place):
            return servers.stop(place / "data")

    def status(self) -> str:
        """One line for people."""
        place = _place(self.root, make=False)
        major = _major(place / "data")
        if not major:
            return "never started"
        found = running(place / "data")
        if found is None:
            return f"stopped, PostgreSQL {major}, data in {place / 'data'}"
        state = "running" if found.status == "ready" else found.status or "starting"
        return f"{state}, PostgreSQL {major}, socket {found.socket}"

    @property
    def running(self) -> bool:
        return running(_place(self.root, make=False) / "data") is not None

    def _programs(self, data: Path) -> Programs:
        """Those that fit the data, or the document where there is none yet."""
        wanted = self.version[0] if self.version else None
        present = _major(data)
        if present and wanted and present != wanted:
            raise Unavailable(
                f"The embedded database in {data} is PostgreSQL {present}; the document asks for {wanted}.",
                hint=f"Dump it with the programs of {present}, move {data} away, and restore the dump into "
                f"{wanted}; or set Version back to {present}.",
                code="other-major",
            )
        return find(present or wanted)

    def _running_socket(self, place: Path, programs: Programs, who: Account, progress: Progress) -> Path:
        data, log = place / "data", place / "log"
        found = running(data)
        if found is None:
            with progress.step(f"Starting PostgreSQL {programs.major}"):
                _rotate(log)
                return servers.start(programs, data, _socket(place), {}, log=log, who=who).socket
        if found.status != "ready":
            with progress.step("Waiting for PostgreSQL to be ready"):
                servers.wait_until_ready(data, found.pid, log)
        return found.socket if found.socket != Path("/") else _socket(place)


def _place(root: Path, *, make: bool) -> Path:
    """The folder of the project's server."""
    kept = root.resolve() / ".dbdeed"
    if not account().foreign:
        return kept / "postgresql"
    file = kept / "postgresql-id"
    found = _kept_id(file)
    if found and _belongs(STATE / found, root):
        return _claimed(STATE / found, root) if make else STATE / found
    if not make:
        return kept / "postgresql"
    kept.mkdir(parents=True, exist_ok=True)
    with locked(kept / ".lock"):
        return _new_place(file, root, found)


def _kept_id(file: Path) -> str:
    """The ID in a file, or ""."""
    try:
        found = file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
    return found if _ID.match(found) else ""


def _new_place(file: Path, root: Path, seen: str) -> Path:
    """Choose an ID, unless somebody did meanwhile; written whole or not at all."""
    now = _kept_id(file)
    if now and now != seen:
        return STATE / now
    fresh = secrets.token_hex(6)
    state_folder(".")
    temporary = file.with_suffix(".new")
    temporary.write_text(f"{fresh}\n", encoding="ascii")
    temporary.replace(file)
    return _claimed(STATE / fresh, root)


def _belongs(place: Path, root: Path) -> bool:
    """Whether a folder of `/var/lib/dbdeed` is this project's.

    A project that was moved keeps its database; one that was copied must not share its original's.
    """
    note = place / "project"
    there = note.read_text(encoding="utf-8") if note.is_file() else ""
    if there in {"", str(root.resolve())}:
        return True
    return _kept_id(Path(there) / ".dbdeed" / "postgresql-id") != place.name


def _claimed(place: Path, root: Path) -> Path:
    """The folder, with a note of whose it is."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = place / f"project.{os.getpid()}"  # of our own: another start may be writing its note
    temporary.write_text(str(root.resolve()), encoding="utf-8")
    temporary.replace(place / "project")
    return place


def _socket(place: Path) -> Path:
    if fits_socket(place / "s"):
        return place / "s"
    return short_folder() / sha256(os.fsencode(place)).hexdigest()[:12]


@contextmanager
def _held(place: Path) -> Iterator[None]:
    """The one lock of whoever starts or stops this server."""
    with locked(place / "lock", patience=_LOCK_SECONDS, busy="Another command is starting or stopping it."):
        yield


def _return_aside(data: Path) -> None:
    """Put back what a restore moved aside before it was killed, and before its own data took the place.

    Without this a new, empty cluster would be made where a full one had been.
    """
    aside = sorted(data.parent.glob(f"{data.name}.before-*"))
    if aside and not data.exists():
        aside[-1].rename(data)


def _initialise(programs: Programs, place: Path, who: Account) -> None:
    for left in place.glob(".new-*"):
        kill_members(left)
        shutil.rmtree(left, ignore_errors=True)
    temporary = own(Path(tempfile.mkdtemp(prefix=".new-", dir=place)), who)
    _initdb(programs, temporary, who)
    with (temporary / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(_SETTINGS)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(place / "data")
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _initdb(programs: Programs, data: Path, who: Account) -> None:
    """Sorted by code point, the same on every machine: 17's own C.UTF-8, else the system's, else C."""
    options = ["--auth-local=trust", "--auth-host=reject", "--data-checksums"]
    locales = [["--locale=C.UTF-8"], ["--locale=C"]]
    if programs.major >= 17:
        locales = [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    for locale in locales:
        try:
            servers.initialise(
                reachable(programs, who), data, who, superuser=SUPERUSER, options=[*options, *locale]
            )
        except servers.ServerFailed:
            if locale is locales[-1]:
                raise
            for left in data.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        else:
            return


def _major(data: Path) -> int:
    """The version that made a data folder; 0 where there is none."""
    try:
        return int((data / "PG_VERSION").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _rotate(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".old"))


def _database_name(place: Path, root: Path, who: Account) -> str:
    """Named after the project's folder when it was made; a folder renamed later changes nothing."""
    file = place / "database"
    if file.is_file() and (found := file.read_text(encoding="utf-8").strip()):
        return found
    name = database_name(root.resolve().name)
    temporary = file.with_suffix(".new")
    temporary.write_text(name, encoding="utf-8")
    if who.foreign:
        os.chown(temporary, who.user, who.group)
    temporary.replace(file)
    return name


def database_name(folder: str) -> str:
    """A folder's name as a database's: lower-case letters, digits and underscores, at most 63 of them."""
    plain = re.sub(r"[^a-z0-9]+", "_", folder.lower()).strip("_")[:60].strip("_")
    if not plain or plain in {"postgres", "template0", "template1"}:
        return f"{plain}_db".lstrip("_")
    return f"db_{plain}" if plain[0].isdigit() else plain


def _target(socket: Path, name: str) -> Target:
    return Target(servers.socket_url(socket, name, SUPERUSER), f"{name} (embedded)", embedded=True)


def _ensure_database(server: Target, name: str) -> None:
    """Make the database if it is not there; the server may need a moment more after a crash."""
    with closing(connect(server)) as session:
        if session.fetch("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", name):
            return
        deadline = time.monotonic() + 10
        while True:
            try:
                session.execute(f"CREATE DATABASE {ident(name)}")
            except PostgresqlRejected as error:
                # template1 is briefly in use when a killed command's session is still ending
                if error.sqlstate != "55006" or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return
