"""Projects on which the real command runs, and what can be seen of them afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed.engines.postgresql.servers.account import STATE
from dbdeed.engines.postgresql.servers.programs import find, found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
_MEASURED = re.compile(r"<!-- dbdeed:(recovery|procedure) .*?<!-- /dbdeed:\1 -->", re.DOTALL)
_DATE = re.compile(r"\*\*Last Updated\*\*: \d{4}-\d\d-\d\d")


def environment(**more: str) -> dict[str, str]:
    """Ours, without anything that would name a database or colour the output."""
    names = ("DATABASE_URL", "READING_LIST_DATABASE", "NO_COLOR", "FORCE_COLOR")
    kept = {k: v for k, v in os.environ.items() if k not in names and not k.startswith(("PG", "DBDEED_"))}
    return {**kept, **more}


@dataclass
class Sandbox:
    """A folder with a document, on which `dbdeed` runs."""

    root: Path
    embedded: set[Path] = field(default_factory=set)

    @property
    def document(self) -> Path:
        return self.root / "DATABASE.md"

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end, without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "dbdeed", *arguments],
            cwd=self.root,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def good(self, *arguments: str, **more: str) -> str:
        """Run one command that must succeed; what it printed."""
        done = self.run(*arguments, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str, code: int = 0, **more: str) -> dict[str, Any]:
        """Run one command with `--format json`; its one object."""
        done = self.run(*arguments, "--format", "json", **more)
        assert done.returncode == code, done.stdout + done.stderr
        said = json.loads(done.stdout)
        assert said["format"] == "dbdeed/1"
        assert isinstance(said, dict)
        return said

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a command; its output goes to a file beside the project."""
        with self.root.with_name(f"{self.root.name}.out").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "dbdeed", *arguments],
                cwd=self.root,
                env=environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def output(self) -> str:
        """All that commands which were started so have printed."""
        return self.root.with_name(f"{self.root.name}.out").read_text("utf-8")

    def disturbed(self, how: signal.Signals, moment: float, *arguments: str) -> int:
        """Start a command, send it a signal some seconds later; its exit code. Nothing of it stays running."""
        process = self.start(*arguments)
        try:
            if how is not signal.SIGKILL:
                await_handler(process)
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            family = self._strangers(offspring(process.pid))
            if how is signal.SIGINT and process.poll() is None:
                os.killpg(process.pid, how)  # as a terminal does
            else:
                process.send_signal(how)
            code = process.wait(120)
        finally:
            process.kill()
        deadline = time.monotonic() + 20
        while (
            living := family & self._strangers({one.pid for one in family})
        ) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not living
        return code

    def _strangers(self, pids: set[int]) -> set[Process]:
        """Of these processes all but the embedded server's, which is meant to stay."""
        there = processes()
        state = self.state()
        own = {pid for pid, (_, one) in there.items() if state and one.folder == str(state / "data")}
        return {there[one][1] for one in pids if one in there and not own & {one, there[one][0]}}

    def edit(self, *pairs: tuple[str, str]) -> None:
        """Replace texts of the document, each of which stands there once."""
        text = self.document.read_bytes().decode()
        for old, new in pairs:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self.document.write_bytes(text.encode())

    def files(self) -> dict[str, tuple[str, int, int]]:
        """Every file of the project but caches: its digest, time of change in ns, and mode."""
        return {
            str(path.relative_to(self.root)): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.stat().st_mtime_ns,
                path.stat().st_mode,
            )
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".dbdeed/cache/" not in str(path)
        }

    def settled(self) -> dict[str, str]:
        """What two projects of one document have in common: the document but what was measured, and the code."""
        text = self.document.read_text("utf-8")
        measured = _MEASURED.findall(text)
        said = {"DATABASE.md": _DATE.sub("", _MEASURED.sub(r"[\1]", text)), "measured": " ".join(measured)}
        for path in sorted((self.root / "src").rglob("*")):
            if path.is_file():
                said[str(path.relative_to(self.root))] = path.read_text("utf-8")
        return said

    def backups(self) -> list[str]:
        """The ids of the backups that are listed; all are whole."""
        said = self.json("backup", "list")
        assert said["ok"], said
        assert not list((self.root / "backups").glob(".partial-*"))
        assert not list((self.root / "backups").glob(".trash-*"))
        return [one["id"] for one in said["backups"]]

    def state(self) -> Path | None:
        """The folder of the embedded PostgreSQL."""
        if os.geteuid() != 0:
            folder = self.root / ".dbdeed" / "postgresql"
        else:
            with suppress(OSError):
                self.embedded.add(STATE / (self.root / ".dbdeed" / "postgresql-id").read_text().strip())
            folder = next(iter(self.embedded), self.root / "none")
        return folder if folder.is_dir() else None

    def close(self) -> None:
        """Stop the embedded server and remove what lies outside the project."""
        if self.state() is None:
            return
        self.run("stop")
        for place in self.embedded:
            for process in served(place):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            shutil.rmtree(place, ignore_errors=True)


def await_handler(process: subprocess.Popen[bytes]) -> None:
    """Wait until a command has taken SIGTERM into its own hands, or is over."""
    while process.poll() is None:
        with suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            if int(status.partition("SigCgt:")[2].split()[0], 16) & 1 << (signal.SIGTERM - 1):
                return
        time.sleep(0.01)


def served(folder: Path) -> list[int]:
    """The processes whose command line names a folder."""
    named = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{folder}/".encode() in (entry / "cmdline").read_bytes():
                named.append(int(entry.name))
    return named


@dataclass(frozen=True)
class Process:
    """One process: its id, when it started (which tells it from a later one of that id), its command line."""

    pid: int
    started: str
    command: str

    @property
    def folder(self) -> str:
        """The data folder of a PostgreSQL server, or ""."""
        match = re.search(r"\0-D\0?([^\0]+)", self.command)
        return match.group(1) if match else ""


def processes() -> dict[int, tuple[int, Process]]:
    """All that run, with their parents; zombies left out."""
    there = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            parts = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            if parts[0] != "Z":
                there[int(entry.name)] = (int(parts[1]), Process(int(entry.name), parts[19], command))
    return there


def offspring(pid: int) -> set[int]:
    """The ids of what a process started, and of what that started."""
    there = processes()
    family = {pid}
    while more := {one for one, (parent, _) in there.items() if parent in family} - family:
        family |= more
    return family


@dataclass(frozen=True)
class Engine:
    """One example and its embedded engine: how to write to it, and how to see all that is in it.

    Attributes:
        change: a column, an index and a check more, as replacements in the document.
        differences: what that change is: action, kind and name of each.
        sql: a piece of each statement that must run for it, in order, and no other.
        rows: 500 of them for the changed table.
        count: says that they are there as they were.
        later: another change, which the example's Strategy lets run.
        added: what it adds and its reverse therefore destroys.
    """

    name: str
    example: str
    change: tuple[tuple[str, str], ...]
    differences: tuple[tuple[str, str, str], ...]
    sql: tuple[str, ...]
    run: Callable[[Sandbox, str], str]
    content: Callable[[Sandbox], str]
    schema: Callable[[Sandbox], str]
    rows: str
    count: str
    later: tuple[tuple[str, str], ...]
    added: tuple[str, ...]


def _sqlite_file(box: Sandbox) -> Path:
    return box.root / ".dbdeed" / "sqlite" / "database.db"


def _sqlite_run(box: Sandbox, sql: str) -> str:
    with closing(sqlite3.connect(_sqlite_file(box), isolation_level=None)) as session:
        rows = [row for one in sql.split(";\n") if one.strip() for row in session.execute(one)]
    return "\n".join("|".join(str(value) for value in row) for row in rows)


def _sqlite_content(box: Sandbox) -> str:
    # Not read-only: then SQLite could not remove the -wal and -shm that reading makes.
    with closing(sqlite3.connect(_sqlite_file(box))) as session:
        return "\n".join(session.iterdump())


def _sqlite_schema(box: Sandbox) -> str:
    return _sqlite_run(box, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")


def _psql(box: Sandbox, *arguments: str) -> str:
    state = box.state()
    assert state is not None
    programs = find(int((state / "data" / "PG_VERSION").read_text()))
    name = (state / "database").read_text().strip()
    import psycopg  # noqa: F401 - the driver brings libpq where the wheel has no psql

    done = subprocess.run(
        [
            str(programs.path(arguments[0])),
            "-h",
            str(state / "s"),
            "-U",
            "postgres",
            "-d",
            name,
            *arguments[1:],
        ],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _postgresql_run(box: Sandbox, sql: str) -> str:
    return _psql(box, "psql", "-XAtv", "ON_ERROR_STOP=1", "-c", sql).strip()


def _dumped(text: str) -> str:
    """Without the token that keeps psql from running commands of a dump, which is new each time."""
    return "\n".join(one for one in text.splitlines() if not one.startswith(("\\restrict", "\\unrestrict")))


def _postgresql_content(box: Sandbox) -> str:
    return _dumped(_psql(box, "pg_dump", "--inserts"))


def _postgresql_schema(box: Sandbox) -> str:
    return _dumped(_psql(box, "pg_dump", "--schema-only"))


POSTGRESQL = Engine(
    name="postgresql",
    example="shop",
    change=(
        ("    loyalty_points integer", "    phone text,\n    loyalty_points integer"),
        (
            "COMMENT ON TABLE customers IS",
            "CREATE INDEX customers_name_idx ON customers (name);\n\nCOMMENT ON TABLE customers IS",
        ),
        (
            "    CONSTRAINT customers_email_has_at",
            "    CONSTRAINT customers_name_is_there CHECK (name <> ''),\n    CONSTRAINT customers_email_has_at",
        ),
    ),
    differences=(
        ("create", "column", "public.customers.phone"),
        ("create", "constraint", "public.customers.customers_name_is_there"),
        ("create", "index", "public.customers_name_idx"),
    ),
    sql=(
        "ADD COLUMN phone text",
        "ADD CONSTRAINT customers_name_is_there",
        "VALIDATE CONSTRAINT customers_name_is_there",
        "CREATE INDEX CONCURRENTLY customers_name_idx",
    ),
    run=_postgresql_run,
    content=_postgresql_content,
    schema=_postgresql_schema,
    rows="INSERT INTO customers (email, name) SELECT i || '@example.org', 'n' || i FROM generate_series(1, 500) i",
    count="SELECT count(*), min(name), max(name), sum(id) FROM customers",
    later=(
        ("    street text NOT NULL,", "    street text NOT NULL,\n    floor integer NOT NULL DEFAULT 0,"),
        (
            "### Views\n",
            (
                "### Table: `coupons`\n```sql\nCREATE TABLE coupons (code text PRIMARY KEY, worth integer NOT NULL, "
                "order_id bigint REFERENCES orders (id));\nCREATE INDEX coupons_order_idx ON coupons (order_id);\n"
                "```\n\n### Views\n"
            ),
        ),
        ("'What can be promised to a customer, over all warehouses.'", "'What can be promised.'"),
    ),
    added=("public.coupons", "public.addresses.floor"),
)

SQLITE = Engine(
    name="sqlite",
    example="reading-list",
    change=(
        ("    title TEXT NOT NULL,\n", "    title TEXT NOT NULL,\n    subtitle TEXT,\n"),
        (
            "CREATE UNIQUE INDEX books_isbn_key",
            "CREATE INDEX books_title_idx ON books (title);\nCREATE UNIQUE INDEX books_isbn_key",
        ),
        ("pages INTEGER CHECK (pages > 0)", "pages INTEGER CHECK (pages > 0 AND pages < 100000)"),
    ),
    differences=(("alter", "table", "books"), ("create", "index", "books_title_idx")),
    # SQLite's own procedure for a changed check: a new table, the rows, the old one's name, what stood on it.
    sql=(
        "DROP INDEX books_isbn_key",
        "DROP TRIGGER books_touch",
        "pages < 100000",
        "INSERT OR ABORT INTO",
        "DROP TABLE books",
        "PRAGMA legacy_alter_table=ON",
        "RENAME TO books",
        "PRAGMA legacy_alter_table=OFF",
        "CREATE UNIQUE INDEX books_isbn_key",
        "CREATE INDEX books_title_idx",
        "CREATE TRIGGER books_touch",
    ),
    run=_sqlite_run,
    content=_sqlite_content,
    schema=_sqlite_schema,
    rows="INSERT INTO books (isbn, title, pages, updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
    "SELECT i + 1 FROM n WHERE i < 500) SELECT 1000000000 + i, 't' || i, i, '2026-01-01' FROM n",
    count="SELECT count(*), min(title), max(title), sum(id), max(updated_at) FROM books",
    later=(
        ("pages INTEGER CHECK (pages > 0)", "pages INTEGER CHECK (pages >= 1)"),
        (
            "### Views\n",
            (
                "### Table: `loans`\n```sql\nCREATE TABLE loans (id INTEGER PRIMARY KEY, "
                "book_id INTEGER NOT NULL REFERENCES books (id)) STRICT;\n"
                "CREATE INDEX loans_book_idx ON loans (book_id);\n```\n\n### Views\n"
            ),
        ),
    ),
    added=("loans",),
)

ENGINES = {"postgresql": POSTGRESQL, "sqlite": SQLITE}


@pytest.fixture(scope="module", params=sorted(ENGINES, reverse=True))
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each embedded engine that this machine has."""
    if request.param == "postgresql" and not list(found()):
        pytest.skip("no PostgreSQL programs on this machine")
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sandbox]]:
    """Make a project, of an example's name or of a document's text; its server is gone afterwards."""
    boxes: list[Sandbox] = []

    def make(example: str = "", text: str | bytes = "") -> Sandbox:
        box = Sandbox(tmp_path_factory.mktemp("p") / (example.replace("-", "_") or "project"))
        box.root.mkdir()
        if example:
            shutil.copyfile(EXAMPLES / example / "DATABASE.md", box.document)
        else:
            box.document.write_bytes(text.encode() if isinstance(text, str) else text)
        boxes.append(box)
        return box

    yield make
    for box in boxes:
        box.close()
