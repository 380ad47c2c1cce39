"""`dbdeed.sum`: the checksums of a folder's migrations, beside them and committed with them.

The first line has the total of all others. Two branches that both add a migration therefore both change it,
so that git reports the conflict; and a file that somebody merged by hand does not add up.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import checksum_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NAME = "dbdeed.sum"

_HEAD = re.compile(r"dbdeed\.sum 1 ([0-9a-f]{64})")
_LINE = re.compile(r"([0-9a-f]{64}) (\S.*)")
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One file that is not as `dbdeed.sum` has it.

    Attributes:
        name: of the file, relative to the folder.
        problem: "edited", "missing" or "not listed".
    """

    name: str
    problem: str


def text_of(checksums: Mapping[str, str]) -> str:
    """The file, of checksums by file name."""
    lines = "".join(f"{checksums[name]} {name}\n" for name in sorted(checksums))
    return f"dbdeed.sum 1 {_total(lines)}\n{lines}"


def checksums_of(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """The checksum of each file, by its name relative to the folder."""
    return {os.path.relpath(one, folder).replace(os.sep, "/"): checksum_of(one.read_bytes()) for one in files}


def read(folder: Path) -> dict[str, str] | None:
    """What the folder's `dbdeed.sum` has, by file name; None where there is none.

    Raises:
        InvalidInput: it holds a conflict of git's, does not add up, or is no such file.
    """
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("This file cannot be read.", where=str(path), code="sum-unreadable") from error
    first, _, rest = text.replace("\r\n", "\n").partition("\n")
    if any(line.startswith(_CONFLICT) for line in (first, *rest.split("\n"))):
        raise InvalidInput(
            "Two branches have both added migrations.",
            where=str(path),
            hint="`dbdeed migrate rebase` orders them, proves them together and writes this file anew.",
            code="sum-conflict",
        )
    head = _HEAD.fullmatch(first)
    lines = [_LINE.fullmatch(line) for line in rest.splitlines()]
    found = {line[2]: line[1] for line in lines if line is not None}
    if head is None or len(found) != len(lines):
        raise InvalidInput("This is no dbdeed.sum as it was written.", where=str(path), code="sum-unreadable")
    if head[1] != _total(rest):
        raise InvalidInput(
            "The total in the first line is not that of the lines below: they were merged or edited by hand.",
            where=str(path),
            hint="`dbdeed migrate rebase` orders what two branches added and writes this file anew.",
            code="sum-total",
        )
    return found


def mismatches(listed: Mapping[str, str], there: Mapping[str, str]) -> list[Mismatch]:
    """What differs between `dbdeed.sum` and the folder, by file name."""
    found = []
    for name in sorted({*listed, *there}):
        if name not in there:
            found.append(Mismatch(name, "missing"))
        elif name not in listed:
            found.append(Mismatch(name, "not listed"))
        elif listed[name] != there[name]:
            found.append(Mismatch(name, "edited"))
    return found


def _total(lines: str) -> str:
    return hashlib.sha256(lines.encode()).hexdigest()
