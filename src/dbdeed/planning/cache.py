"""What was proven once need not be proven again: proven plans, by the content of what they were made from."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from dbdeed.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class PlanCache:
    """A folder of proven plans; it may be deleted at any time.

    Attributes:
        folder: made when first needed. A folder that cannot be written is no error: then nothing is kept.
        tool: the program's version; another version proves again.
    """

    folder: Path
    tool: str

    def find(self, first: Plan) -> Plan | None:
        """What became of this plan once it was run in a scratch; None where that is not known."""
        from dbdeed.planning.artifact import load_plan

        try:
            found = load_plan(self._path(first).read_bytes()).plan
        except (OSError, InvalidInput):
            return None
        same = (found.current, found.target) == (first.current, first.target)
        return found if found.proven and same else None

    def keep(self, first: Plan, proven: Plan) -> None:
        """Remember what became of a plan; with renames it has grown by what is left to do after them."""
        from dbdeed.planning.artifact import dump_plan

        write_atomically(self._path(first), dump_plan(proven))

    def _path(self, first: Plan) -> Path:
        from dbdeed.planning.artifact import dump_plan

        key = hashlib.sha256(self.tool.encode() + b"\0" + dump_plan(first)).hexdigest()
        return self.folder / f"{key}.json"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a cache's file whole or not at all; a cache that cannot be written is no error."""
    import tempfile

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
