"""The Procedure, tried out: the very commands that stand in the document, run where they reach nobody.

A step that fails is FAILED, with its last words. A program that this machine does not have is NOT VERIFIED:
nobody knows whether the step would have worked.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from dbdeed.errors import DbdeedError, OurFault
from dbdeed.recovery.files import explained
from dbdeed.recovery.looking import said
from dbdeed.recovery.manifest import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbdeed.engines.recovering import Rehearsable, Stage

PROCEDURE = "procedure"
_MISSING = 127  # what a shell says of a program that is not there
_LONGEST = 6 * 3600.0
_WORDS = 500


def rehearse(
    method: Rehearsable, steps: Sequence[str], data: Path, place: str, work: Path, secrets: Sequence[str] = ()
) -> Check:
    """Run the steps on a backup.

    Args:
        method: that took it.
        steps: of the Procedure, each one command of a shell.
        data: the backup.
        place: where the steps look for it: a path relative to where they are run.
        work: an empty folder, which the caller removes.
        secrets: what must never be shown.
    """
    try:
        with explained(work), method.stage(data, work) as stage:
            _lay_out(stage, data, place)
            return _run(stage, steps, secrets)
    except subprocess.TimeoutExpired:
        why = f"The steps did not end within {_LONGEST / 3600:g} hours."
        return Check(PROCEDURE, Verdict.NOT_VERIFIED, problems=(why,))
    except OurFault:
        raise
    except DbdeedError as error:
        return Check(PROCEDURE, Verdict.NOT_VERIFIED, problems=(said(error),))


def _lay_out(stage: Stage, data: Path, place: str) -> None:
    """The backup where the steps look for it, readable by whoever runs them."""
    target = stage.folder / place
    target.parent.mkdir(parents=True, exist_ok=True)
    if stage.shares:
        target.symlink_to(data)
    else:
        shutil.copytree(data, target, symlinks=True)
    stage.adopt()


def _run(stage: Stage, steps: Sequence[str], secrets: Sequence[str]) -> Check:
    note, output = stage.folder / ".step", stage.folder / ".output"
    script = stage.folder / ".steps"
    every = [*map(stage.step, steps), *stage.after]
    lines = ["exec 2>&1", *([f"trap {_single(stage.last)} EXIT"] if stage.last else [])]
    for number, step in enumerate(every, 1):
        lines += [f"echo {number} > {_single(str(note))}", step]
    script.write_text("\n".join(lines) + "\n", "utf-8")
    note.touch()
    stage.adopt()
    # Into a file and not a pipe: a server that a step starts would hold that open.
    with output.open("wb") as said_:
        done = subprocess.run(
            stage.argv(["/bin/sh", "-e", str(script)]),
            stdin=subprocess.DEVNULL,
            stdout=said_,
            stderr=said_,
            cwd=stage.folder,
            env=dict(stage.environment),
            timeout=_LONGEST,
            check=False,
        )
    detail = f"{len(steps)} steps"
    if done.returncode == 0:
        return Check(PROCEDURE, Verdict.PROVEN, f"{detail} run as they stand there, and it answers")
    number = int(note.read_text("ascii") or "0")
    words = _last_words(output, secrets)
    what = f"Step {number}" if 0 < number <= len(steps) else "What the steps restored does not answer:"
    verdict = Verdict.NOT_VERIFIED if done.returncode == _MISSING else Verdict.FAILED
    return Check(PROCEDURE, verdict, detail, (f"{what} ended with code {done.returncode}: {words}",))


def _last_words(output: Path, secrets: Sequence[str]) -> str:
    text = output.read_bytes()[-4000:].decode("utf-8", "replace")
    for one in secrets:
        text = text.replace(one, "…") if one else text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-4:])[-_WORDS:] or "it said nothing"


def _single(text: str) -> str:
    from shlex import quote

    return quote(text)
