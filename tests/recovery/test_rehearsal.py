"""The Procedure tried out: what fails is FAILED with its words, what is not installed is NOT VERIFIED."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.recovering import Stage
from dbdeed.errors import Unavailable
from dbdeed.recovery import rehearsal
from dbdeed.recovery.manifest import Verdict
from dbdeed.recovery.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Plain:
    """A stage on which every program of this machine's may run."""

    def __init__(self, after: tuple[str, ...] = (), last: str = "", error: Unavailable | None = None) -> None:
        self.after, self.last, self.error = after, last, error

    @contextmanager
    def stage(self, data: Path, work: Path) -> Iterator[Stage]:
        if self.error is not None:
            raise self.error
        folder = work / "steps"
        folder.mkdir()
        yield Stage(
            folder=folder, environment={"PATH": "/usr/bin:/bin"}, adopt=lambda: None,
            step=lambda command: command.replace("FAR", "near"), after=self.after, last=self.last, argv=list,
        )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("hello")
    (tmp_path / "work").mkdir()
    return tmp_path / "data"


STEPS = ('BACKUP="$(ls -d backups/*/data | tail -n 1)"', 'cp "$BACKUP/file" copy', "grep -q hello copy")
PLACE = "backups/20260301T120000Z-plain-00000000/data"


def test_steps_share_their_variables_and_are_run_in_order(data: Path, tmp_path: Path) -> None:
    found = rehearse(Plain(("test -e copy",)), STEPS, data, PLACE, tmp_path / "work")
    assert (found.verdict, found.problems) == (Verdict.PROVEN, ())
    assert "3 steps" in found.detail


def test_a_step_that_fails_says_which_and_why_and_no_secret(data: Path, tmp_path: Path) -> None:
    steps = (*STEPS, "echo broken by s3cret >&2; exit 3", "touch never")
    found = rehearse(Plain(), steps, data, PLACE, tmp_path / "work", ("s3cret",))
    assert found.verdict is Verdict.FAILED
    assert found.problems == ("Step 4 ended with code 3: broken by …",)
    assert not (tmp_path / "work" / "steps" / "never").exists()


def test_a_program_that_is_not_installed_is_not_verified(data: Path, tmp_path: Path) -> None:
    found = rehearse(Plain(), (*STEPS, "pg_no_such_program --version"), data, PLACE, tmp_path / "work")
    assert found.verdict is Verdict.NOT_VERIFIED
    assert "pg_no_such_program" in found.problems[0]


def test_what_was_restored_must_answer(data: Path, tmp_path: Path) -> None:
    found = rehearse(Plain(("false",)), STEPS, data, PLACE, tmp_path / "work")
    assert found.verdict is Verdict.FAILED
    assert "does not answer" in found.problems[0]


def test_what_must_be_done_at_the_end_is_done_whatever_happened(data: Path, tmp_path: Path) -> None:
    rehearse(Plain(last="touch ended"), ("exit 1",), data, PLACE, tmp_path / "work")
    assert (tmp_path / "work" / "steps" / "ended").exists()


def test_a_stage_that_cannot_be_set_up_is_not_verified(data: Path, tmp_path: Path) -> None:
    found = rehearse(Plain(error=Unavailable("No programs.")), STEPS, data, PLACE, tmp_path / "work")
    assert (found.verdict, found.problems) == (Verdict.NOT_VERIFIED, ("No programs.",))


def test_steps_that_do_not_end_are_not_verified(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "_LONGEST", 0.2)
    found = rehearse(Plain(), ("exec sleep 30",), data, PLACE, tmp_path / "work")
    assert found.verdict is Verdict.NOT_VERIFIED
    assert "did not end" in found.problems[0]


def test_the_stage_may_change_a_step(data: Path, tmp_path: Path) -> None:
    assert rehearse(Plain(), ("test FAR = near",), data, PLACE, tmp_path / "work").verdict is Verdict.PROVEN
