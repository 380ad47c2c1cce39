"""A real PostgreSQL 15 with a password: `up` works on it, and the password shows up nowhere."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import pytest

from dbdeed.engines.postgresql.servers.account import account
from dbdeed.engines.postgresql.servers.programs import found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Sandbox

# With characters that must be escaped in a URL, so that its encoded form is looked for as well.
PASSWORD = "s3cr3t/p@ss:wörd%"
TRACES = ("s3cr3t", "p@ss", "p%40ss", "w%C3%B6rd", "wörd")


@dataclass(frozen=True)
class Server:
    """A server of somebody else: TCP and a socket, both with a password."""

    folder: Path
    port: int
    bin: Path

    def url(
        self, database: str, *, password: str = PASSWORD, host: str = "127.0.0.1", tcp: bool = True
    ) -> str:
        secret = f"postgres:{quote(password, safe='')}"
        if tcp:
            return f"postgresql://{secret}@{host}:{self.port}/{database}"
        return f"postgresql://{secret}@/{database}?host={self.folder}&port={self.port}"

    def psql(self, database: str, *arguments: str, sql: str = "") -> str:
        done = subprocess.run(
            [
                *(str(self.bin / "psql"), "-XAt", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder)),
                *("-p", str(self.port), "-U", "postgres", "-d", database, *arguments),
            ],
            env={"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD, "PGCLIENTENCODING": "UTF8"},
            input=sql,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def _as(who: str, *command: object) -> None:
    identity: dict[str, Any] = {"user": who} if who else {}
    subprocess.run([str(one) for one in command], check=True, cwd="/", stdout=subprocess.DEVNULL, **identity)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = next((one for one in found() if one.major == 15), None)
    if programs is None:
        pytest.skip("no PostgreSQL 15 on this machine")
    who = account().name
    folder = Path(tempfile.mkdtemp(prefix="dbdeed-test-", dir="/tmp"))
    if who:
        shutil.chown(folder, who)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = folder / "password"
    secret.write_text(PASSWORD, "utf-8")
    secret.chmod(0o644)
    _as(
        who, programs.path("initdb"), "-D", folder / "data", "-U", "postgres", "-A", "scram-sha-256",
        f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
    )  # fmt: skip
    secret.unlink()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = programs.path("pg_ctl")
    _as(who, control, "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start")
    try:
        yield Server(folder, port, programs.folder)
    finally:
        with suppress(subprocess.CalledProcessError):
            _as(who, control, "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


class Watch:
    """Looks at the command lines and environments of all processes, again and again, for a password."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        mine = str(os.getpid())
        while not self._over.is_set():
            for entry in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    command = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
                    if entry.name != mine and any(one in command for one in TRACES):
                        self.seen.add(command)
            time.sleep(0.01)


def _clean(text: str) -> bool:
    return not any(one in text for one in TRACES)


def _told(folder: Path) -> list[str]:
    """Files of a folder that hold the password, in their names or contents, backups' data left out."""
    wanted = [one.encode() for one in TRACES]
    return [
        str(path)
        for path in folder.rglob("*")
        if not _clean(path.name)
        or (path.is_file() and "/data/" not in str(path) and any(one in path.read_bytes() for one in wanted))
    ]


def test_up_on_a_server_of_ones_own(server: Server, new: Callable[..., Sandbox]) -> None:
    """Without consent nothing; with it plan, apply, backup and drill; and the password is nowhere."""
    box = new("shop")
    server.psql("postgres", "-c", "CREATE DATABASE shop")
    url = server.url("shop")
    said: list[str] = []

    def run(*arguments: str, code: int) -> str:
        done = box.run(*arguments, DATABASE_URL=url)
        said.append(done.stdout + done.stderr)
        assert done.returncode == code, said[-1]
        return said[-1]

    with Watch() as watch:
        assert "--yes" in run("up", code=4)
        assert json.loads(box.run("up", "--format", "json", DATABASE_URL=url).stdout)["ok"] is False
        assert server.psql("shop", "-c", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"
        assert "PROVEN" in run("up", "--yes", code=0)
        assert "Nothing to do" in run("up", code=0)
        run("backup", "run", code=0)
        run("backup", "list", "--format", "json", code=0)
        run("drill", code=0)
        run("status", code=0)
        run("plan", "--format", "json", code=0)
        run("diff", "DATABASE.md", "env:DATABASE_URL", code=0)
    assert not watch.seen
    assert all(_clean(one) for one in said)
    assert not _told(box.root)
    assert box.state() is None
    journal = server.psql(
        "shop", "-c", "SELECT * FROM dbdeed.journal", "-c", "SELECT * FROM dbdeed.journal_steps"
    )
    assert journal
    assert _clean(journal)


@pytest.mark.parametrize("arguments", [("up", "--yes"), ("backup", "run")])
def test_a_wrong_password_or_host_is_told_without_it(
    server: Server, new: Callable[..., Sandbox], arguments: tuple[str, ...]
) -> None:
    box = new("shop")
    urls = (
        server.url("postgres", password=PASSWORD + "x"),
        server.url("postgres", password=PASSWORD + "x", tcp=False),
        server.url("no such database".replace(" ", "%20")),
        server.url("postgres", host="127.0.0.2"),
        f"postgresql://postgres:{quote(PASSWORD, safe='')}@host.invalid/x",
        f"postgresql://postgres:{PASSWORD}@127.0.0.1:{server.port}/x",
        f"postgresql://postgres:{quote(PASSWORD, safe='')}@127.0.0.1:nonsense/x",
        f"postgres:{PASSWORD}",
        f"host=127.0.0.1 user=postgres password={PASSWORD}",
        f"postgresql://127.0.0.1:{server.port}/postgres?user=postgres&password={quote(PASSWORD + 'x')}",
    )
    for url in urls:
        for form in ((), ("--format", "json")):
            done = box.run(*arguments, *form, DATABASE_URL=url)
            text = done.stdout + done.stderr
            assert done.returncode in (2, 3), text
            assert "Traceback" not in text
            assert _clean(text), text
            if form:
                assert json.loads(done.stdout)["error"]["exit_code"] == done.returncode
    assert not _told(box.root)


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--database"),
        ("plan", "--database"),
        ("apply", "--database"),
        ("up", "--scratch"),
        ("plan", "--scratch"),
        ("diff", "DATABASE.md"),
        ("restore", "--into"),
        ("backup", "run", "--database"),
    ],
    ids=" ".join,
)
def test_a_url_with_a_password_is_refused_and_not_repeated(
    new: Callable[..., Sandbox], arguments: tuple[str, ...]
) -> None:
    box = new("shop")
    for url in (
        f"postgresql://joe:{quote(PASSWORD, safe='')}@127.0.0.1/shop",
        f"postgresql://joe:{PASSWORD}@127.0.0.1/shop",
        f"postgresql:///shop?host=/tmp&password={quote(PASSWORD, safe='')}",
    ):
        for form in ((), ("--format=json",)):
            done = box.run(*arguments, url, *form)
            text = done.stdout + done.stderr
            assert done.returncode == 2, text
            assert "env:" in text, text
            assert _clean(text), text
    assert not _told(box.root)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check", 1),
        ("up", 2),
        ("plan", 2),
        ("apply", 2),
        ("sync", 0),
        ("generate", 0),
        ("erd", 0),
        ("status", 0),
    ],
)
def test_a_password_in_the_document_is_found_and_not_repeated(
    new: Callable[..., Sandbox], command: str, code: int
) -> None:
    """What needs no database may well go on; nothing says the secret again."""
    box = new("shop")
    box.edit(("`DATABASE_URL`", f"`postgresql://joe:{PASSWORD}@db.example.org/shop`"))
    before = box.document.read_bytes()
    for form in ((), ("--format", "json")):
        done = box.run(command, *(() if command == "erd" else form))
        assert done.returncode == code, done.stdout + done.stderr
        assert _clean(done.stdout + done.stderr)
        assert not form or not code or "secret-in-document" in done.stdout
    if code:
        assert box.document.read_bytes() == before
    box.document.unlink()
    assert not _told(box.root)
