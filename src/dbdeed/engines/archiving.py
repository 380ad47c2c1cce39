"""What engines with a log that can be archived continuously have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.recovering import LogRange
    from dbdeed.engines.seam import Session, Target
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file of the log on its way into the store.

    Attributes:
        name: on the store's shelf.
        data: what is kept there.
        final: it is whole and will never change; else it takes the place of what was sent before.
        replaces: the name of an unfinished one that is not needed once this is kept; "" for none.
        sources: local files that are not needed once it is kept.
    """

    name: str
    data: bytes
    final: bool
    replaces: str = ""
    sources: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverFacts:
    """How a server sees its receiver.

    Attributes:
        at: when, by the server's clock.
        written: the position up to which it has the log; "" where it is not connected.
        current: up to which the server itself has it on disk.
        lag: bytes that the server keeps for it.
        cap: bytes that it keeps at most; None for no limit.
        lost: the server no longer has what the receiver needs next.
        synchronous: commits wait for it.
    """

    at: datetime
    written: str
    current: str
    lag: int
    cap: int | None
    lost: bool
    synchronous: bool


class Receiver(Protocol):
    """A program that writes a server's log into a local folder as it comes."""

    def start(self) -> None:
        """Make what it needs on the server, and start it. Raises `Unavailable`."""

    def ended(self) -> str | None:
        """None while it runs; else its last words."""

    def facts(self) -> ReceiverFacts:
        """Ask the server. Raises `Unavailable` where it does not answer."""

    def advice(self) -> Sequence[str]:
        """What of the server's settings a person should change, one sentence each."""

    def parcels(self, *, unfinished: bool) -> Iterable[Parcel]:
        """What is to be kept, oldest first; `unfinished` has the file under way too, where it grew.

        Raises `LogDamaged` for a file that is not what it should be.
        """

    def kept(self, parcel: Parcel) -> None:
        """It is in the store for good: local files that are not needed any more go."""

    def renew(self) -> None:
        """Begin anew where the server lost what was needed next."""

    def stop(self) -> None:
        """End the program in good order; the server goes on keeping the log for it."""

    def release(self) -> None:
        """Before a stop that is meant: where commits wait for it by our doing, they wait no more."""

    def close(self) -> None:
        """Let go of the server."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far an archived log leads on from a backup without a gap.

    Attributes:
        files: names on the shelf, in order; the last may be unfinished.
        size: bytes to be replayed, about.
        start, end: positions between which every moment can be reached.
        timeline: on which it ends.
        missing: names of files that are not there although later ones are.
        connected: the archive has what comes right after the backup.
    """

    files: tuple[str, ...]
    size: int
    start: str
    end: str
    timeline: int
    missing: tuple[str, ...] = ()
    connected: bool = False


@dataclass(frozen=True, slots=True)
class Until:
    """Up to which moment a log is replayed: a time, a position, or, with neither, its end."""

    time: datetime | None = None
    position: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is replayed after a backup's files are back.

    Attributes:
        log: a folder with every file that is needed, by its own name, whole.
        reach: what is in it.
        unit: how many bytes one file holds.
        until: where to stop.
    """

    log: Path
    reach: Reach
    unit: int
    until: Until = field(default_factory=Until)


@dataclass(frozen=True, slots=True)
class Replayed:
    """Where a replay stopped: the position, and the time of the last commit; None where there was none."""

    position: str
    time: datetime | None


class LogArchiving(Protocol):
    """One engine's continuous archiving."""

    @property
    def base(self) -> str:
        """Name of the backup method from whose backups the log leads on."""

    def receiver(self, target: Target, spool: Path, *, owner: str, synchronous: bool) -> Receiver:
        """A receiver that writes into the folder `spool`; `owner` is the project's id."""

    def forget(self, target: Target, owner: str) -> bool:
        """Let the server keep no more log for this project; False where it keeps none."""

    def spooled(self, spool: Path) -> Iterable[Parcel]:
        """What a receiver that is gone left in its folder, the file under way too.

        Raises `LogDamaged` for a file that is not what it should be.
        """

    def system(self, target: Target) -> str:
        """The identifier of the server's system: what its log is kept under."""

    def shelf(self, system: str) -> str:
        """How the names of a system's files begin on the shelf, with a slash at the end."""

    def reach(self, log: LogRange, names: Sequence[tuple[str, int]], read: Callable[[str], bytes]) -> Reach:
        """How far the shelf's files lead on from a backup.

        Args:
            log: the backup's own part of it.
            names: everything on the shelf under `shelf`, with sizes.
            read: gives a file's contents.
        """

    def precedes(self, name: str, log: LogRange) -> bool:
        """Whether a file of the shelf holds nothing but what came before a backup's own part."""

    def position_of(self, text: str) -> int:
        """A position as a number that grows along the log. Raises `InvalidInput` for what is none."""

    def place(self, name: str, data: bytes, folder: Path, log: LogRange) -> None:
        """Write a file of the shelf into a folder for `Replay`, whole.

        Raises `LogDamaged` where it is not what its name says.
        """

    def recover(
        self, folder: Path, into: Path, replay: Replay, progress: Progress, *, spend: bool = False
    ) -> Replayed:
        """Bring a backup back in the empty folder `into`, replayed up to a moment and ready to be started.

        Raises `RestoreFailed` where the log does not lead there.
        """

    def replace(
        self, folder: Path, target: Target, replay: Replay, progress: Progress, *, spend: bool = False
    ) -> tuple[str, Replayed]:
        """The same in place of a live database; where what was there is kept, in a sentence."""

    def recovered(
        self, folder: Path, work: Path, replay: Replay, progress: Progress, *, spend: bool = False
    ) -> AbstractContextManager[tuple[Session, Replayed]]:
        """The same in a throwaway server that reaches nobody."""
