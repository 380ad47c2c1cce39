"""Backups and drills of a PostgreSQL document: killed at any moment, damaged, out of space, and by hand."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.recovery.disks import small_disk

from dbdeed.app.backup import list_backups, run_backup, verify_backups
from dbdeed.app.drill import run_drill
from dbdeed.app.restore import OverLive, restore_backup
from dbdeed.document.load import load
from dbdeed.engines.postgresql.backup import physical
from dbdeed.engines.postgresql.backup.physical import Physical
from dbdeed.engines.postgresql.servers.account import account, own, reachable, short_folder
from dbdeed.engines.postgresql.servers.programs import find, found
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import initialise, throwaway
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import Unavailable
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.postgresql.servers.server import Server

pytestmark = pytest.mark.postgresql

MAJORS = sorted({one.major for one in found()} & {15, 18})
EACH = [pytest.param(one, marks=[pytest.mark.slow] * (one != MAJORS[-1])) for one in MAJORS]

DOCUMENT = """\
# Database Architecture

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL

## Schema Design

### Table: `notes`
```sql
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
```

## Backup and Recovery

- **Method**: METHOD

**Recovery Plan**:
- **RPO**: 1 hour
- **RTO**: 1 hour
- **Procedure**: [Steps to restore from backup]
"""


@pytest.fixture(scope="module", params=EACH)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    programs, who = find(request.param), account()
    with room("apptest") as place:
        data = own(place / "data", who)
        options = ("--locale=C", "--auth=trust", "--no-sync")
        initialise(reachable(programs, who), data, who, superuser="boss", options=options)
        with throwaway(programs, data, place / "s", {"fsync": "off", "autovacuum": "off"}, who=who) as one:
            yield one


class Project:
    def __init__(self, folder: Path, server: Server, method: str) -> None:
        self.folder, self.server = folder, server
        self.document = folder / "DATABASE.md"
        self.document.write_text(DOCUMENT.replace("METHOD", method))
        self.target = server.target("shop", user="boss")
        self.environment = {"DATABASE_URL": self.target.url}
        with closing(connect(server.target("template1", user="boss"))) as admin:
            admin.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
            admin.execute("CREATE DATABASE shop TEMPLATE template0")
        self.run(
            "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL)"
        )
        self.run("INSERT INTO notes (text) SELECT g::text FROM generate_series(1, 3000) AS g")

    def run(self, statement: str) -> None:
        with closing(connect(self.target)) as session:
            session.execute(statement)

    @property
    def rows(self) -> int:
        with closing(connect(self.target)) as session:
            return int(session.fetch("SELECT count(*) FROM notes")[0][0])


@pytest.fixture(params=["Snapshots", "Logical dumps"])
def project(tmp_path: Path, server: Server, request: pytest.FixtureRequest) -> Project:
    return Project(tmp_path, server, request.param)


def test_a_drill_proves_and_writes(project: Project) -> None:
    [backup] = run_backup(project.document, environment=project.environment).made
    project.run("INSERT INTO notes (text) VALUES ('after the backup')")
    result = run_drill(project.document, environment=project.environment)
    assert result.ok, [one for one in result.proof.checks if one.verdict is not Verdict.PROVEN]
    assert result.proof.backup == backup.id
    assert result.proof.schema
    names = [phase.name for phase in result.proof.phases]
    assert names[0] == "Find the backup"
    assert names[-1] == "First right answer"
    assert len(names) == (5 if backup.method == "physical" else 4)
    assert "1 table, 3,000 rows equal" in project.document.read_text()


def damage(file: Path, how: str) -> None:
    data = file.read_bytes()
    if how == "removed":
        file.unlink()
    elif how == "truncated":
        file.write_bytes(data[: len(data) // 2])
    else:
        middle = len(data) // 2
        file.write_bytes(data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :])


@pytest.mark.parametrize(
    "how", ["flipped", *(pytest.param(one, marks=pytest.mark.slow) for one in ("truncated", "removed"))]
)
def test_damage_is_noticed_by_verify_and_fails_the_drill(project: Project, how: str) -> None:
    [backup] = run_backup(project.document, environment=project.environment).made
    files = [one for one in (project.folder / "backups" / backup.id / "data").rglob("*") if one.is_file()]
    damage(random.Random(how).choice([one for one in files if one.stat().st_size > 1]), how)
    [proof] = verify_backups(project.document, environment=project.environment)
    assert proof.verdict is Verdict.FAILED
    result = run_drill(project.document, environment=project.environment)
    assert result.proof.verdict is Verdict.FAILED
    assert result.proof.damages


@pytest.mark.parametrize("project", ["Snapshots"], indirect=True)
def test_what_is_not_as_it_was_fails_and_what_cannot_be_run_is_not_verified(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_backup(project.document, environment=project.environment)
    original = Physical.restored

    def spoilt(statement: str) -> Any:
        @contextmanager
        def restored(*arguments: Any, **options: Any) -> Iterator[Any]:
            with original(*arguments, **options) as session:
                session.execute(statement)
                yield session

        return restored

    for statement, said in (
        ("DELETE FROM notes WHERE id = 17", "Table public.notes has 2,999 rows in place of 3,000."),
        ("UPDATE notes SET text = 'x' WHERE id = 17", "but not the same ones"),
    ):
        monkeypatch.setattr(Physical, "restored", spoilt(statement))
        proof = run_drill(project.document, environment=project.environment).proof
        assert proof.verdict is Verdict.FAILED
        assert any(
            said in problem for one in proof.checks if one.name == "tables" for problem in one.problems
        )
    monkeypatch.setattr(Physical, "restored", original)

    def missing(_: int) -> None:
        raise Unavailable("PostgreSQL's programs are not here.")

    monkeypatch.setattr(physical, "find", missing)
    proof = run_drill(project.document, environment=project.environment).proof
    assert proof.verdict is Verdict.NOT_VERIFIED
    assert not proof.damages


LOOP = """
import sys
from pathlib import Path
from dbdeed.app.backup import run_backup
from dbdeed.app.drill import run_drill

document, environment = Path(sys.argv[1]), {"DATABASE_URL": sys.argv[2]}
print("ready", flush=True)
while True:
    run_backup(document, environment=environment)
    run_drill(document, environment=environment)
"""


def processes(text: str) -> list[str]:
    """Command lines of live processes that hold a text."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if text in line:
                lines.append(line)
    return lines


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_kill_at_any_moment_then_again(project: Project, seed: int) -> None:
    command = [sys.executable, "-c", LOOP, str(project.document), project.environment["DATABASE_URL"]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(random.Random(seed).uniform(0.2, 9))
    assert process.poll() is None, "the loop ended by itself"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left = set(short_folder().glob("drill-*"))
    assert not list_backups(project.document, environment=project.environment).damaged
    run_backup(project.document, environment=project.environment)
    assert run_drill(project.document, environment=project.environment).ok
    assert not [
        one for one in (project.folder / "backups").iterdir() if one.name.startswith((".part", ".tr"))
    ]
    for folder in left & set(short_folder().glob("drill-*")):  # other tests may be drilling beside this one
        assert processes(f"{folder}/data")
    assert not processes(str(project.folder))
    proofs = verify_backups(project.document, environment=project.environment)
    assert all(proof.verdict is Verdict.PROVEN for proof in proofs)


def test_a_full_disk_is_said_and_nothing_is_listed(project: Project) -> None:
    project.run("CREATE TABLE noise AS SELECT gen_random_uuid() AS a FROM generate_series(1, 400000)")
    with small_disk(project.folder / "backups", "8m"):
        with pytest.raises(Unavailable, match=r"(?i)no space") as caught:
            run_backup(project.document, environment=project.environment)
        assert caught.value.exit_code == 3
        assert list_backups(project.document, environment=project.environment).backups == ()
        assert not list((project.folder / "backups").glob(".partial*"))


def test_over_the_live_database(tmp_path: Path, server: Server) -> None:
    project = Project(tmp_path, server, "Logical dumps")
    run_backup(project.document, environment=project.environment)
    project.run("DELETE FROM notes WHERE id > 10")
    result = restore_backup(project.document, over_live=OverLive(yes=True), environment=project.environment)
    assert project.rows == 3000
    assert result.safety is not None
    assert result.safety.facts.tables["public.notes"][0] == 10
    assert result.compared is not None
    assert result.compared.verdict is Verdict.PROVEN


def test_the_generated_steps_bring_the_cluster_back(tmp_path: Path, server: Server) -> None:
    """As the unprivileged user that a person would do it as, with nothing but PostgreSQL's own programs."""
    project = Project(tmp_path, server, "Snapshots")
    [backup] = run_backup(project.document, environment=project.environment).made
    run_drill(project.document, environment=project.environment)
    [block] = [one for one in load(project.document).generated if one.name == "procedure"]
    lines = block.content.source.text(block.content.span).splitlines()
    commands = [line.partition(". ")[2].strip("`") for line in lines if line.strip()]
    who, programs = account(), reachable(find(backup.engine_version[0]), account())
    with room("byhand") as place:
        here = own(place / "here", who)
        subprocess.run(["cp", "-a", str(tmp_path / "backups"), str(here)], check=True)
        if who.foreign:
            subprocess.run(["chown", "-R", str(who.user), str(here)], check=True)
        commands[-1] += f" -o \"-c listen_addresses='' -k '{here}'\""
        question = f"psql -X -h '{here}' -U boss -d shop -Atc 'SELECT count(*) FROM notes'"
        script = "\n".join([*commands, question, 'pg_ctl -D "$DATA" -m immediate stop'])
        identity = {"user": who.user, "group": who.group, "extra_groups": []} if who.foreign else {}
        done = subprocess.run(  # type: ignore[call-overload]
            ["sh", "-e"], input=script, cwd=here, text=True, capture_output=True, check=False,
            env={"PATH": f"{programs.folder}:/usr/bin:/bin"}, **identity,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        assert "\n3000\n" in f"\n{done.stdout}"
