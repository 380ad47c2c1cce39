"""Running PostgreSQL's own backup programs against a target, without a secret on any command line."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.servers.account import Account, Launch
from dbdeed.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Target
    from dbdeed.progress import Task

# Parameters that hold a secret, and the environment variable by which libpq takes it (manual, "Environment
# Variables"). `sslpassword` has none.
_SECRETS = {"password": "PGPASSWORD", "passfile": "PGPASSFILE"}
_KEPT = 8000
_PROGRESS = re.compile(r"(\d+)/(\d+) kB")


@dataclass(frozen=True, slots=True)
class Connection:
    """How a program reaches a database: `conninfo` for its command line, `environment` with the secrets."""

    conninfo: str
    environment: Mapping[str, str]


def connection_of(
    target: Target, *, database: str | None = None, application: str = "dbdeed", replication: bool = False
) -> Connection:
    """A target's connection for libpq's programs.

    Args:
        target: the database.
        database: another one of its server.
        application: the name by which the server shows it.
        replication: it is for the log: no database is named.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    scheme, separator, rest = target.url.partition("://")
    try:
        parts = conninfo_to_dict(f"{scheme.partition('+')[0]}://{rest}" if separator else target.url)
    except ProgrammingError:
        raise InvalidInput(f"The URL of {target.label} cannot be read.", code="bad-url") from None
    if parts.get("sslpassword"):
        raise InvalidInput(
            "PostgreSQL's programs take no sslpassword from the environment.",
            hint="Use a client key without a password, readable by its owner only.",
        )
    environment = client_environment(os.environ)
    for name, variable in _SECRETS.items():
        if value := parts.pop(name, None):
            environment[variable] = str(value)
    if database is not None:
        parts["dbname"] = database
    if replication:
        parts.pop("dbname", None)
    conninfo = make_conninfo("", **{**parts, "application_name": application})
    return Connection(conninfo, environment)


def client_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a client program sees of ours: libpq's own variables, so that it connects as our session does."""
    kept = {name: value for name, value in environment.items() if name.startswith("PG") or name == "HOME"}
    return {"PATH": "/usr/bin:/bin", **kept, "LC_ALL": "C", "LANG": "C", "PGCLIENTENCODING": "UTF8"}


class ToolFailed(Unavailable):
    """One of PostgreSQL's programs did not do its work; the message holds its last words."""

    default_code = "program-failed"


def run_tool(
    program: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    task: Task | None = None,
    folder: Path | None = None,
    kept: int | None = _KEPT,
) -> str:
    """Run a program to its end and return what it wrote; it dies with us, its children too.

    Raises `ToolFailed`.

    Its standard error is its output too; `…/… kB` in it advances `task`. Of long output the last `kept`
    characters are returned, with None all of it.
    """
    launch = Launch((str(program), *arguments), parent=os.getpid(), guarded=True)
    process = subprocess.Popen(
        launch.arguments(_ourselves()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=folder,
    )
    try:
        said = _follow(process, task, kept)
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if code != 0:
        raise failure_of(program.name, said, code)
    return said


def _ourselves() -> Account:
    return Account("", os.geteuid(), os.getegid())


def _follow(process: subprocess.Popen[bytes], task: Task | None, kept: int | None) -> str:
    """Read to the end; keep the last of it, or all."""
    assert process.stdout is not None
    said, seen = "", 0
    pieces: list[str] = []
    with process.stdout:
        while chunk := os.read(process.stdout.fileno(), 65536):
            text = chunk.decode("utf-8", "replace")
            if kept is None:
                pieces.append(text)
            else:
                said = (said + text)[-kept:]
            if task is not None and (matches := _PROGRESS.findall(text)):
                done, total = (int(number) * 1024 for number in matches[-1])
                task.advance(max(done - seen, 0), max(total, done))
                seen = max(done, seen)
    return said if kept is not None else "".join(pieces)


def failure_of(name: str, said: str, code: int) -> ToolFailed:
    """The error of a program that ended so, from what it said."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", said) if line.strip()]
    wrong = [line for line in lines if "error:" in line or "FATAL" in line or "No space left" in line]
    text = " ".join((wrong or lines)[-3:]) or f"exit code {code}"
    if "No space left" in said or "File too large" in said or "Disk quota exceeded" in said:
        return ToolFailed(f"{name}: no space is left: {text}", hint="Free some.", code="no-space")
    return ToolFailed(f"{name} failed: {text}", hint=_hint(said))


def _hint(said: str) -> str:
    if "pg_hba.conf" in said or "no pg_hba" in said:
        return "Let this role make replication connections: a line `host replication ROLE …` in pg_hba.conf."
    if "must be superuser or replication role" in said or "permission denied to start WAL sender" in said:
        return "Give the role the REPLICATION attribute, or use logical dumps."
    if "max_wal_senders" in said or "wal_level" in said:
        return "Set wal_level to replica and max_wal_senders to at least 4 on the server."
    return ""
