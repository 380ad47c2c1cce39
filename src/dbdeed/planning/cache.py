"""What was proven once need not be proven again: proven plans, by the content of what they were made from."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.planning.artifact import dump_plan, load_plan
from dbdeed.planning.plan import fingerprint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Statement
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

    def find(self, current: Catalog, target: Catalog, statements: Sequence[Statement]) -> Plan | None:
        """The plan that was proven for exactly this, or None."""
        try:
            found = load_plan(self._path(current, target, statements).read_bytes()).plan
        except (OSError, InvalidInput):
            return None
        return found if found.proven and found.target == fingerprint(target) else None

    def keep(self, current: Catalog, target: Catalog, statements: Sequence[Statement], plan: Plan) -> None:
        """Remember a proven plan."""
        write_atomically(self._path(current, target, statements), dump_plan(plan))

    def _path(self, current: Catalog, target: Catalog, statements: Sequence[Statement]) -> Path:
        marks = [(one.sql, one.renamed_from) for one in statements if one.renamed_from]
        parts = [
            self.tool,
            current.engine,
            str(current.version),
            fingerprint(current),
            fingerprint(target),
            repr(current.unmodelled),
            repr(target.unmodelled),
            repr(marks),
        ]
        key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{key}.json"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a cache's file whole or not at all; a cache that cannot be written is no error."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
