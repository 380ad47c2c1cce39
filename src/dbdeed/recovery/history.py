"""What drills found over time: one line of evidence each, appended and never changed.

The last line may be torn by a crash; it is left out. Lines name each other, so that one that was taken out or
changed is noticed.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.recovery.evidence import chain_problems, decode_evidence, encode_evidence
from dbdeed.recovery.files import explained
from dbdeed.recovery.manifest import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dbdeed.recovery.evidence import Account, Evidence

FILE = "drills.jsonl"


@dataclass(frozen=True, slots=True)
class History:
    """Attributes: `drills`, oldest first; `problems`, what cannot be trusted in it, a sentence each."""

    drills: tuple[Evidence, ...] = ()
    problems: tuple[str, ...] = ()


def read_history(file: Path) -> History:
    """All that is there; nothing where there is none."""
    with explained(file):
        if not file.exists():
            return History()
        lines = file.read_bytes().split(b"\n")
    drills: list[Evidence] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            drills.append(decode_evidence(line, f"{file.name}:{number}"))
        except Damaged as error:
            problems.append(str(error))
    return History(tuple(drills), (*problems, *chain_problems(drills)))


def append(file: Path, make: Callable[[str], Evidence]) -> Evidence:
    """Add one drill; `make` is given the digest of the one before. On the disk when this returns."""
    with explained(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            known = read_history(file).drills
            evidence = make(known[-1].sha256 if known else "")
            line = encode_evidence(evidence)
            size = handle.seek(0, os.SEEK_END)
            if size:
                handle.seek(size - 1)
                line = line if handle.read(1) == b"\n" else b"\n" + line
            handle.write(line)
            handle.flush()
            os.fsync(handle.fileno())
    return evidence


def accounts(history: History) -> list[Account]:
    """What the drills had to say, oldest first."""
    return [one.account for one in history.drills]
