"""A data folder that scratch servers are copied from: `initdb` takes a second, a copy some hundredths.

Its superuser has a password that only this machine's cache holds, so that SQL which runs in a scratch cannot
log in as superuser, whatever it manages to connect with. Everybody else needs none: the socket's folder is
closed to other users.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.servers.account import own, reachable, run, state_folder
from dbdeed.engines.postgresql.servers.processes import kill_members
from dbdeed.engines.postgresql.servers.room import locked
from dbdeed.engines.postgresql.servers.server import initialise
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from dbdeed.engines.postgresql.servers.account import Account
    from dbdeed.engines.postgresql.servers.programs import Programs

SUPERUSER = "dbdeed_scratch_admin"
_OPTIONS = ("--locale=C", "--auth=reject", "--no-sync", "--wal-segsize=4")
_FORMAT = 1

_ACCESS = f"""\
# Written by dbdeed: a throwaway server, its socket in a closed folder.
local all {SUPERUSER} scram-sha-256
local replication all reject
local all all trust
"""


@dataclass(frozen=True, slots=True)
class Template:
    """A folder to copy, and the superuser's password in it."""

    data: Path
    password: str


def template(programs: Programs, cache: Path, who: Account) -> Template:
    """The template for these programs, made where it is missing.

    Args:
        programs: that will run the copies.
        cache: the project's cache; as root the template lies under `/var/lib/dbdeed` instead.
        who: whom the server runs as.
    """
    parent = state_folder("templates") if who.foreign else cache / "postgresql"
    parent.mkdir(parents=True, exist_ok=True)
    place = parent / _key(programs)
    if not (place / "password").is_file():
        with locked(parent / ".lock"):
            _sweep(parent)
            if not (place / "password").is_file():
                _make(programs, place, who)
    return Template(place / "data", (place / "password").read_text(encoding="ascii"))


def copy(found: Template, into: Path, who: Account) -> None:
    """Copy a template's data folder to `into`, whose parent exists."""
    own(into, who)
    done = run(["cp", "-a", "--reflink=auto", f"{found.data}/.", str(into)], who)
    if done.returncode != 0:
        raise Unavailable(
            f"The scratch database's files could not be copied: {done.stderr.strip()}",
            hint=f"Is there space left for 50 MB at {into}?",
            code="no-copy",
        )


def _key(programs: Programs) -> str:
    text = f"{_FORMAT} {programs.version} {programs.folder} {_OPTIONS} {_ACCESS}"
    return f"{programs.major}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _sweep(parent: Path) -> None:
    """Remove what killed builds left; nobody builds while the lock is held."""
    for left in parent.glob(".template-*"):
        kill_members(left / "data")
        shutil.rmtree(left, ignore_errors=True)


def _make(programs: Programs, place: Path, who: Account) -> None:
    """Build beside the place and rename, so that a killed build leaves nothing half made there."""
    temporary = own(Path(tempfile.mkdtemp(prefix=".template-", dir=place.parent)), who)
    password = secrets.token_hex(16)
    try:
        secret = temporary / "password"
        secret.write_text(password, encoding="ascii")
        secret.chmod(0o600)
        data = own(temporary / "data", who)
        if who.foreign:
            os.chown(secret, who.user, who.group)
        initialise(
            reachable(programs, who),
            data,
            who,
            superuser=SUPERUSER,
            options=(*_OPTIONS, f"--pwfile={secret}"),
        )
        (data / "pg_hba.conf").write_text(_ACCESS, encoding="ascii")
        shutil.rmtree(place, ignore_errors=True)
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
