"""PostgreSQL's continuous archiving, tied to the seam."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dbdeed.engines.faults import LogDamaged
from dbdeed.engines.postgresql.backup.source import read_source
from dbdeed.engines.postgresql.backup.swap import replace_cluster
from dbdeed.engines.postgresql.log import reach, replay
from dbdeed.engines.postgresql.log.names import shelf_folder
from dbdeed.engines.postgresql.log.pages import problems_of
from dbdeed.engines.postgresql.log.positions import PARTIAL, UNIT, parse_name, parse_position
from dbdeed.engines.postgresql.log.receiver import WalReceiver, drop_slot, slot_name
from dbdeed.engines.postgresql.log.spool import left_in
from dbdeed.engines.postgresql.session import connect
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.archiving import Parcel, Reach, Replay, Replayed
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.recovering import LogRange
    from dbdeed.engines.seam import Target
    from dbdeed.progress import Progress


class WalArchiving:
    """The seam's `LogArchiving`."""

    base = "physical"

    def receiver(self, target: Target, spool: Path, *, owner: str, synchronous: bool) -> WalReceiver:
        """A receiver that writes into the folder `spool`."""
        return WalReceiver(target, spool, slot_name(owner), synchronous)

    def forget(self, target: Target, owner: str) -> bool:
        """Drop the slot."""
        return drop_slot(target, owner)

    def spooled(self, spool: Path) -> Iterator[Parcel]:
        """What a receiver that is gone left. Raises `LogDamaged`."""
        left = left_in(spool)
        if left is not None:
            yield from left.parcels(unfinished=True)

    def system(self, target: Target) -> str:
        """The cluster's identifier. Raises `Unavailable` where this role may not know it."""
        with closing(connect(target)) as session:
            system = read_source(session).system
        if not system:
            raise Unavailable(
                f"The role of {target.label} may not know the system's identifier.",
                hint="GRANT EXECUTE ON FUNCTION pg_control_system() to it.",
            )
        return system

    def shelf(self, system: str) -> str:
        return shelf_folder(system)

    def reach(self, log: LogRange, names: Sequence[tuple[str, int]], read: Callable[[str], bytes]) -> Reach:
        """Follow the names from the backup's end."""
        return reach.follow(log, names, read)

    def precedes(self, name: str, log: LogRange) -> bool:
        """Segments whose last byte comes before the backup's start; histories of timelines never do."""
        unit = log.unit or UNIT
        segment = parse_name(name.rpartition("/")[2].removesuffix(PARTIAL), unit)
        return segment is not None and (segment.number + 1) * unit <= parse_position(log.start)

    def position_of(self, text: str) -> int:
        return parse_position(text)

    def place(self, name: str, data: bytes, folder: Path, log: LogRange) -> None:
        """Write a file as the server wants it. Raises `LogDamaged`."""
        unit = log.unit or UNIT
        plain, whole = reach.completed(name.rpartition("/")[2], data, unit)
        segment = parse_name(plain, unit)
        if segment is not None:
            unfinished = not name.endswith(plain)
            for problem in problems_of(
                data if unfinished else whole, segment, log.system, unit, whole=not unfinished
            ):
                raise LogDamaged(problem)
        (folder / plain).write_bytes(whole)

    def recover(
        self, folder: Path, into: Path, replay_: Replay, progress: Progress, *, spend: bool = False
    ) -> Replayed:
        """A cluster at a moment, ready to be started."""
        return replay.recover(folder, into, replay_, progress, spend=spend)

    def replace(
        self, folder: Path, target: Target, replay_: Replay, progress: Progress, *, spend: bool = False
    ) -> tuple[str, Replayed]:
        """In place of the embedded cluster, which is stopped and kept beside it."""
        found: list[Replayed] = []
        kept = replace_cluster(
            target,
            lambda fresh: found.append(replay.recover(folder, fresh, replay_, progress, spend=spend)),
        )
        return kept, found[0]

    @contextmanager
    def recovered(
        self, folder: Path, work: Path, replay_: Replay, progress: Progress, *, spend: bool = False
    ) -> Iterator[tuple[Session, Replayed]]:
        """The same in a throwaway server."""
        with replay.recovered(folder, work, replay_, progress, spend=spend) as found:
            yield found
