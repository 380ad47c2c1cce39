"""`dbdeed agent` as it runs: real processes, a real database, kills and a wrong clock."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.app.test_backup import DOCUMENT, Project

from dbdeed.app.agent import Agent, Wishes, alone, read_state
from dbdeed.app.agent_http import parse_listen, serving
from dbdeed.app.agent_units import crontab, install_agent, kubernetes
from dbdeed.app.backup import list_backups
from dbdeed.app.project import open_project
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery.metrics import exposition, health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WISHES = Wishes(drill_every=None, ledger=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Project(folder)


def environment(project: Project, **more: str) -> dict[str, str]:
    return {**os.environ, **project.environment, **more}


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def never(seconds: float) -> bool:
    """Not told to end."""
    time.sleep(seconds)
    return False


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Process:
    """An agent in a process of its own; its lines go to a file."""

    def __init__(self, project: Project, *options: str, **more: str) -> None:
        self.port = free_port()
        self.log = project.folder.parent / f"agent-{self.port}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "dbdeed", "agent", "run", str(project.document)),
                    *(
                        "--listen",
                        f"127.0.0.1:{self.port}",
                        "--drill-every",
                        "never",
                        "--no-ledger",
                        *options,
                    ),
                ],
                env=environment(project, **more),
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def said(self, words: str) -> bool:
        return words in self.log.read_text()

    def fetch(self, path: str, host: str = "") -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
        if host:
            request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def agent(project: Project) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(*options: str, **more: str) -> Process:
        started.append(Process(project, *options, **more))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_it_runs_what_is_due_says_how_it_stands_and_ends_cleanly(
    project: Project, agent: Callable[..., Process]
) -> None:
    one = agent()
    wait_for(lambda: one.said("verify: ended with code 0"))
    assert one.said("backup: ended with code 0")
    assert one.said("prune: ended with code 0")
    status, body = one.fetch("/health")
    assert (status, json.loads(body)["ok"]) == (200, True), body
    _, metrics = one.fetch("/metrics")
    assert "\ndbdeed_backups 1\n" in metrics
    assert "\ndbdeed_up 1\n" in metrics
    assert 'dbdeed_job_ok{job="backup"} 1' in metrics
    for line in metrics.splitlines():
        assert line.startswith("# ") or re.fullmatch(r'dbdeed_\w+(\{\w+="[^"]*"\})? [-+.e\d]+', line), line
    assert one.fetch("/health", host="rebound.example.com")[0] == 403
    assert one.fetch("/etc/passwd")[0] == 404
    other = agent()
    assert other.process.wait(30) == 3
    assert other.said("Another agent is at work")
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(30) == 0
    assert one.said("ended")


def test_killed_at_any_moment_it_goes_on_and_takes_no_second_backup(
    project: Project, agent: Callable[..., Process]
) -> None:
    for words in ("backup: started", "verify: started"):
        one = agent()
        wait_for(lambda one=one, words=words: one.said(words))  # type: ignore[misc]
        one.kill()
    one = agent()
    wait_for(lambda: one.said("health and metrics"))
    wait_for(lambda: bool(list_backups(project.document, environment=project.environment).backups), 200)
    time.sleep(3)
    found = list_backups(project.document, environment=project.environment)
    assert len(found.backups) <= 2
    assert not found.damaged


def test_a_clock_that_is_a_year_ahead_leaves_no_silence_behind(project: Project) -> None:
    project.document.write_text(DOCUMENT.replace("2 backups", "9 backups"))
    clock = [datetime.now(UTC)]
    one = Agent(project.document, WISHES, environment(project), now=lambda: clock[0])

    def run() -> int:
        before = len(list_backups(project.document, environment=project.environment).backups)
        one.until_idle(never)
        return len(list_backups(project.document, environment=project.environment).backups) - before

    assert run() == 1
    assert run() == 0
    clock[0] += timedelta(days=365)
    assert run() == 1
    clock[0] -= timedelta(days=365)
    assert run() == 0
    clock[0] += timedelta(days=1, minutes=5)
    assert run() == 1
    one.close()


def test_a_document_that_is_edited_is_followed_and_a_broken_one_is_said(project: Project) -> None:
    one = Agent(project.document, WISHES, environment(project))
    assert [job.name for job in one.jobs] == ["backup", "prune", "verify"]
    project.document.write_text(DOCUMENT.replace("Daily", "every full moon"))
    one.tick()
    one.close()
    assert [job.name for job in one.jobs] == ["backup", "prune", "verify"]
    assert any("Frequency" in problem for problem in health(one.facts())["problems"])  # type: ignore[attr-defined]
    assert "dbdeed_up 0" in exposition(one.facts())
    project.document.write_text(DOCUMENT.replace("Daily", "Hourly"))
    one.tick()
    one.close()
    assert not one.facts().document_problem


def test_without_a_schedule_there_is_no_agent(project: Project) -> None:
    project.document.write_text(DOCUMENT.replace("- **Frequency**: Daily\n", ""))
    with pytest.raises(InvalidInput, match="how often backups are taken"):
        Agent(project.document, WISHES, environment(project))


def test_a_store_that_is_away_is_said_and_tried_again(project: Project) -> None:
    project.document.write_text(
        DOCUMENT.replace("- **Retention**", "- **Destination**: `STORE`\n- **Retention**")
    )
    (project.folder / "file").write_text("")
    one = Agent(project.document, WISHES, environment(project, STORE=str(project.folder / "file" / "x")))
    assert one.until_idle(never) == 3
    facts = one.facts()
    assert "cannot be used" in facts.state.jobs["backup"].said
    assert (due := facts.upcoming["backup"]) is not None
    assert due > facts.now
    assert not health(facts)["ok"]
    one.close()


def test_what_a_look_found_wrong_is_said(project: Project) -> None:
    one = Agent(project.document, WISHES, environment(project))
    assert one.until_idle(never) == 0
    [listed] = list_backups(project.document, environment=project.environment).backups
    (project.folder / "backups" / listed.backup.id / "data" / "database.db").write_bytes(b"")
    (project.folder / ".dbdeed" / "agent.json").unlink()  # nothing is remembered: looked at again
    one = Agent(project.document, WISHES, environment(project))
    assert one.until_idle(never) == 1
    problems = health(one.facts())["problems"]
    assert any("database.db" in problem for problem in problems)  # type: ignore[attr-defined]
    one.close()


def test_once_runs_what_is_due_and_nothing_twice(project: Project) -> None:
    def once() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dbdeed", "agent", "run", "--once", "--drill-every", "never"],
            cwd=project.folder,
            env=environment(project),
            capture_output=True,
            text=True,
            check=False,
        )

    first, second = once(), once()
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr
    assert "backup: started" in first.stdout
    assert "started" not in second.stdout
    assert read_state(open_project(project.document)).jobs["backup"].failures == 0


def test_a_lasting_command_is_started_again_with_growing_pauses(project: Project) -> None:
    from dbdeed.recovery.children import Child, Lasting, Supervised

    now = [0.0]
    one = Supervised(
        Lasting("wrong", ("restore", "nowhere.md")),
        lambda arguments: Child(arguments, project.folder, environment(project)),
        lambda: now[0],
    )
    assert one.tick() == "wrong: started"
    wait_for(lambda: "ended with code 2" in one.tick())
    assert one.problem
    now[0] = 100
    assert one.tick() == ""
    now[0] = 700
    assert one.tick() == "wrong: started"
    assert one.restarts == 1
    one.end()
    assert not one.running


def test_the_agent_killed_takes_its_children_along(project: Project, agent: Callable[..., Process]) -> None:
    import shutil

    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not here")
    one = agent()
    one.kill()
    one = Process(project, "--ledger")
    try:
        wait_for(lambda: one.said("ledger: started"))
        time.sleep(2)
    finally:
        one.kill()

    def children() -> list[str]:
        return [
            line
            for line in subprocess.run(
                ["ps", "-eo", "args"], capture_output=True, text=True, check=True
            ).stdout.splitlines()
            if str(project.document) in line and "ledger" in line
        ]

    wait_for(lambda: not children(), 20)


@pytest.mark.parametrize(
    "text", ["0.0.0.0:9420", "10.0.0.1:80", "example.com:80", "9420", "localhost", ":1", "[::]:1"]
)
def test_only_this_machine_may_look(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_listen(text)


def test_addresses_of_this_machine() -> None:
    assert parse_listen("localhost:1") == ("127.0.0.1", 1)
    assert parse_listen("[::1]:2") == ("::1", 2)
    assert parse_listen("none") is None


def test_it_answers_on_the_other_loopback_too(project: Project) -> None:
    said: list[str] = []
    one = Agent(project.document, WISHES, environment(project))
    try:
        with serving(one.facts, ("::1", 0), said.append):
            address = said[0].removeprefix("health and metrics at ")
            with urllib.request.urlopen(f"{address}metrics", timeout=10) as answer:
                assert b"dbdeed_backups 0" in answer.read()
    except Unavailable:
        pytest.skip("no IPv6 here")


def test_a_job_that_the_agent_ended_has_not_failed(project: Project) -> None:
    one = Agent(project.document, WISHES, environment(project))
    one.tick()
    assert one.facts().running == "backup"
    one.close()
    state = read_state(open_project(project.document)).jobs["backup"]
    assert state.ended is None or state.code == 0
    again = Agent(project.document, WISHES, environment(project))
    due = again.facts().upcoming["backup"]
    assert due is not None
    assert due < datetime.now(UTC) + timedelta(seconds=15) or state.code == 0
    again.close()


def test_one_agent_a_project(project: Project) -> None:
    home = open_project(project.document)
    with alone(home), pytest.raises(Unavailable, match="Another agent"), alone(home):
        pass
    with alone(home):
        pass


SECRET = "s3cr3t-value"


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("DATABASE_URL", "STORE", "BACKUP_KEY"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / 'a "strange" 100% $HOME folder'
    folder.mkdir()
    text = DOCUMENT.replace(
        "- **Retention**",
        "- **Destination**: `STORE`\n- **Encryption**: key in `BACKUP_KEY`\n- **Retention**",
    )
    return Project(folder, text)


@pytest.mark.parametrize("timer", [False, True])
def test_a_unit_is_written_that_holds_no_secret(sealed: Project, timer: bool) -> None:
    shown = install_agent(sealed.document, timer=timer, write=False)
    assert not shown.units[0].path.exists()
    done = install_agent(sealed.document, timer=timer)
    assert done.variables == ("DATABASE_URL", "STORE", "BACKUP_KEY")
    for unit in done.units:
        text = unit.path.read_text()
        assert SECRET not in text
        assert text == unit.text
    service = done.units[0].text
    assert '100%% $$HOME folder/DATABASE.md"' in service
    assert "EnvironmentFile=-" in service
    assert ("Restart=on-failure" in service) is not timer


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
@pytest.mark.parametrize("timer", [False, True])
@pytest.mark.parametrize("system", [False, True])
def test_systemd_finds_nothing_wrong_with_a_unit(
    sealed: Project, tmp_path: Path, system: bool, timer: bool
) -> None:
    """It only warns of what it ignores, so that its words count and not its exit code alone."""
    units = install_agent(sealed.document, system=system, timer=timer, write=False).units
    for unit in units:
        (tmp_path / unit.path.name).write_text(unit.text)

    def said() -> list[tuple[int, str]]:
        runs = (
            subprocess.run(
                ["systemd-analyze", *([] if system else ["--user"]), "--man=no", "verify", unit.path.name],
                cwd=tmp_path,
                env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
                capture_output=True,
                text=True,
                check=False,
            )
            for unit in units
        )
        return [(run.returncode, run.stderr) for run in runs]

    assert said() == [(0, "")] * len(units)
    service = tmp_path / units[0].path.name
    service.write_text(units[0].text.replace("KillMode=mixed", "KillMode=mixd"))
    assert "kill mode" in said()[0][1], "it looks at the file at all"


def test_cron_and_kubernetes_run_what_is_due_and_hold_no_secret(sealed: Project) -> None:
    line = crontab(sealed.document).splitlines()[-1]
    assert line.startswith("*/15 * * * * ")
    assert "agent run --once" in line
    assert re.search(r"(?<!\\)%", line) is None
    job = kubernetes(sealed.document, image="example/dbdeed:1")
    assert "concurrencyPolicy: Forbid" in job
    assert "secretKeyRef: {name: dbdeed-a-strange-100-home-folder, key: BACKUP_KEY}" in job
    assert SECRET not in crontab(sealed.document) + job
