"""The archived log of a store: how far it leads on from a backup, and how it is fetched for a replay.

wal/SYSTEM/…                 what the engine's receiver sent
wal/SYSTEM/reached.json      up to which moment everything that was committed is here
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.archiving import Replay, Until
from dbdeed.engines.faults import LogDamaged
from dbdeed.errors import DbdeedError, Unavailable
from dbdeed.recovery.manifest import Damaged
from dbdeed.recovery.objects import NoObject

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.archiving import LogArchiving, Parcel, Reach
    from dbdeed.engines.recovering import LogRange
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.objects import Entry
    from dbdeed.recovery.shelf import Shelf

_REACHED = "reached.json"
_AT_ONCE = 4
_ZEROS = 8192  # the last bytes of an unfinished part may be zeros, which are not kept


class Reached(msgspec.Struct, frozen=True):
    """A mark: everything that was committed before `at` lies before `position`, and that is in the store."""

    position: str
    at: datetime


class NotOurs(LogDamaged):
    """A part of the log is in the store already, and not the same: two servers write one history."""

    default_code = "log-of-another"


@dataclass(frozen=True, slots=True)
class Logs:
    """A store's archived log, in an engine's words."""

    archiving: LogArchiving
    shelf: Shelf

    def names(self, system: str) -> list[tuple[str, int]]:
        """What is on the shelf of one system: names and sizes."""
        return [(one.name, one.size) for one in self.shelf.listing(self.archiving.shelf(system))]

    def reach(self, log: LogRange, names: list[tuple[str, int]] | None = None) -> Reach:
        """How far it leads on from a backup's own part. Raises `Damaged`, `Unavailable`.

        `names` are those of its system, where they are known already.
        """
        known = self.names(log.system) if names is None else names
        return self.archiving.reach(log, known, self.shelf.get)

    def preceding(self, log: LogRange) -> list[Entry]:
        """Files of the same system that hold nothing but what came before a backup's own part."""
        found = self.shelf.listing(self.archiving.shelf(log.system))
        return [one for one in found if self.archiving.precedes(one.name, log)]

    def reached(self, system: str) -> Reached | None:
        """The newest mark; None where there is none or it cannot be read: then less is known, no more."""
        try:
            return msgspec.json.decode(self.shelf.get(self._mark(system)), type=Reached)
        except (NoObject, Damaged, msgspec.MsgspecError):
            return None

    def mark(self, system: str, reached: Reached) -> None:
        """Keep a newer mark."""
        self.shelf.put(self._mark(system), msgspec.json.encode(reached))

    def keep(self, parcel: Parcel) -> None:
        """Put a file of the log on the shelf for good.

        Raises `NotOurs` where another one of its name is there, `Unavailable` where the store is not.
        """
        if parcel.final:
            stored = self.shelf.codec.encode(parcel.name, parcel.data)
            if not self.shelf.objects.create(parcel.name, stored) and self._read(parcel.name) != parcel.data:
                raise NotOurs(
                    f"{parcel.name} is in the store already, with other contents.",
                    hint="Another server writes the same log there: a copy of this one, perhaps. Give one of "
                    "them a store of its own.",
                )
        elif not self._shorter(parcel):
            self.shelf.put(parcel.name, parcel.data)
        if parcel.replaces:
            self.shelf.delete(parcel.replaces)

    def _shorter(self, parcel: Parcel) -> bool:
        """Whether it is but the beginning of what is kept: a receiver that begins a file again."""
        try:
            kept = self.shelf.get(parcel.name)
        except (NoObject, Damaged):
            return False
        return len(kept) > len(parcel.data) and kept.startswith(parcel.data)

    def until(self, log: LogRange, reach: Reach) -> datetime | None:
        """The last moment that is known to be reached from a backup; None where the log leads nowhere."""
        mark = self.reached(log.system)
        if mark is None or reach.end == log.end:
            return None
        known = self.archiving.position_of(reach.end) + _ZEROS
        return mark.at if self.archiving.position_of(mark.position) <= known else None

    def fetch(self, manifest: Manifest, until: Until, folder: Path, progress: Progress) -> Replay:
        """Bring what a replay needs into the empty `folder`.

        Raises `LogDamaged` for a part that is missing or not what it should be.
        """
        log = manifest.log
        if log is None:
            raise Unavailable(f"The backup {manifest.id} does not say where in the log it ends.")
        reach = self.reach(log)
        with progress.step("Fetch the log", total=reach.size) as task:

            def fetch(name: str) -> int:
                self.archiving.place(name, self._read(name), folder, log)
                return log.unit

            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for size in pool.map(fetch, reach.files):
                    task.advance(size)
        return Replay(folder, reach, log.unit, until)

    def damages(self, log: LogRange, folder: Path, progress: Progress) -> list[str]:
        """Read every part that leads on from a backup; what is wrong, one sentence each.

        `folder` is an empty place to work in.
        """
        reach = self.reach(log)
        problems = gap(reach)
        with progress.step("Check the log", total=reach.size) as task:
            for name in reach.files:
                try:
                    self.archiving.place(name, self._read(name), folder, log)
                except DbdeedError as error:
                    problems.append(error.message)
                for one in folder.iterdir():
                    one.unlink()
                task.advance(log.unit)
        return problems

    def _read(self, name: str) -> bytes:
        try:
            return self.shelf.get(name)
        except (Damaged, NoObject) as error:
            raise LogDamaged(f"{name}: {error.message}") from error

    def _mark(self, system: str) -> str:
        return f"{self.archiving.shelf(system)}{_REACHED}"


def gap(reach: Reach) -> list[str]:
    """A sentence about what is missing between what can be reached and what is archived after it."""
    if not reach.missing:
        return []
    names = ", ".join(reach.missing)
    return [f"The log has a gap after {reach.end}: {names} is missing, and later parts are there."]
