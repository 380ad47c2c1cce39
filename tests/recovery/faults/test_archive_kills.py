"""kill -9 of a server, of its receiver and of what works on a cluster, at random moments under writers.

After each kill what was killed is started again, the writers go on, and the receiver is ended in good order.
Then all that was acknowledged is in the database, and in what the store alone gives back; and at last a drill
proves it.
"""

from __future__ import annotations

import random
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS
from tests.recovery.archived import Archived
from tests.recovery.faults.killing import descendants, kill_after, whole
from tests.recovery.writers import Writers, lost

from dbdeed.app.backup import list_backups, run_backup, verify_backups
from dbdeed.app.drill import run_drill
from dbdeed.app.restore import restore_backup
from dbdeed.engines.postgresql.servers.processes import kill_members
from dbdeed.errors import Refused
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.postgresql

MANY = 6
VICTIMS = ("server", "receiver", "pg_receivewal", "backup", "restore")
COMMANDS = {"backup": ("backup", "run"), "restore": ("restore", "--to", "latest", "--into")}
CASES = [
    pytest.param(victim, seed, marks=[pytest.mark.slow] * ((victim, seed) != ("receiver", 0)))
    for victim in VICTIMS
    for seed in range(MANY)
]
_ROW = re.compile(r"(\d+)\t(\d+)\t")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    made = Archived(tmp_path_factory.mktemp("archived"), MAJORS[-1])
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def length(place: Archived, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], float]:
    """Seconds of a processor that a command takes, as one whole run of it shows."""
    known: dict[str, float] = {}

    def found(name: str) -> float:
        if name not in known:
            into = tmp_path_factory.mktemp("whole") / "copy"
            known[name] = whole(place.start(*_arguments(name, into)))
        return known[name]

    return found


def _arguments(name: str, into: Path) -> tuple[str, ...]:
    return (*COMMANDS[name], str(into)) if name == "restore" else COMMANDS[name]


@pytest.mark.parametrize(("victim", "seed"), CASES)
def test_a_kill_under_writers(
    place: Archived, length: Callable[[str], float], tmp_path: Path, victim: str, seed: int
) -> None:
    rng, synchronous = random.Random(f"{victim} {seed}"), seed % 2 == 0
    place.run("TRUNCATE written")
    receiver = place.receive_apart(synchronous=synchronous)
    seconds = rng.uniform(0.3, 1.05) * length(victim) if victim in COMMANDS else 0
    before, after = (Writers(place.target.url, tmp_path / "ledger", 2, 0.002, first) for first in (0, 2))
    try:
        before.start()
        before.wait_for(50)
        time.sleep(rng.uniform(0, 1.5))
        if victim == "server":
            kill_members(place.data)
            with place.opened():  # the embedded one is started by whoever wants it
                after.start()
        elif victim == "receiver":
            kill_after(receiver, 0)
            receiver = place.receive_apart(synchronous=synchronous)
        elif victim == "pg_receivewal":
            _kill_program(receiver)
        else:
            kill_after(place.start(*_arguments(victim, tmp_path / "copy")), seconds)
        going = after if victim == "server" else before
        going.wait_for(sum(map(len, going.acknowledged().values())) + 50, 120)
        place.wait_until_receiving(receiver, synchronous=synchronous)  # else the server keeps the rest for it
    finally:
        before.stop()
        after.stop()
        receiver.send_signal(signal.SIGTERM)
        code = receiver.wait(120)
    assert code == 0
    ledger = before.acknowledged() | after.acknowledged()
    assert not lost(ledger, place.rows()), "the server itself"
    assert not lost(ledger, _archived(place, tmp_path / "written.sql")), "what the store alone gives back"
    if victim == "backup":
        run_backup(place.document, environment={})
    if seed == MANY - 1:
        assert run_drill(place.document, environment={}).proof.verdict is Verdict.PROVEN


def _kill_program(receiver: subprocess.Popen[bytes]) -> None:
    """The receiver's own program, with which it has to begin again."""
    [program] = [one for one in descendants(receiver.pid) if "pg_receivewal" in one.name]
    program.kill()


def _archived(place: Archived, file: Path) -> set[tuple[int, int]]:
    """The rows at the end of the archived log."""
    assert list_backups(place.document, environment={}).gaps == ()
    restore_backup(place.document, to="latest", tables=["written"], into=str(file), environment={})
    found = (_ROW.match(line) for line in file.read_text().splitlines())
    return {(int(one[1]), int(one[2])) for one in found if one}


@pytest.mark.slow
def test_every_kind_of_damage_to_the_log_is_noticed(place: Archived) -> None:
    """A part removed, cut, or with one bit changed: each is named, and what is whole again is PROVEN again."""
    receiver = place.receive_apart(synchronous=False)
    for _ in range(4):
        place.run("INSERT INTO written (writer, number) VALUES (9, 9)", "SELECT pg_switch_wal()")
    receiver.send_signal(signal.SIGTERM)
    assert receiver.wait(120) == 0
    assert run_drill(place.document, environment={}).proof.verdict is Verdict.PROVEN
    shelf = place.folder / "backups" / "wal"
    parts = sorted(one for one in shelf.rglob("*") if len(one.name) == 24)[-3:-1]
    for number, (part, how) in enumerate((part, how) for part in parts for how in ("remove", "cut", "flip")):
        kept, rng = part.read_bytes(), random.Random(number)
        at = rng.randrange(len(kept))
        if how == "remove":
            part.unlink()
        elif how == "cut":
            part.write_bytes(kept[:at])
        else:
            part.write_bytes(kept[:at] + bytes([kept[at] ^ (1 << rng.randrange(8))]) + kept[at + 1 :])
        said = f"{how} {part.name} at {at}"
        proofs = verify_backups(place.document, environment={})
        problems = [problem for one in proofs for check in one.checks for problem in check.problems]
        assert any(one.verdict is Verdict.FAILED for one in proofs), said
        assert any(part.name in one for one in problems), (said, problems)
        if how == "remove":
            assert run_drill(place.document, environment={}).proof.verdict is Verdict.FAILED, said
            with pytest.raises(Refused, match=part.name):
                restore_backup(place.document, to="latest", environment={})
        part.write_bytes(kept)
    assert run_drill(place.document, environment={}).proof.verdict is Verdict.PROVEN
