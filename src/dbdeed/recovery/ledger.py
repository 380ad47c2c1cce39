"""The ledger: what the database acknowledged, written down outside of it.

A beat is one small transaction through the normal commit path: a number in a table of our own. Only when the
database has acknowledged it, it is written here and made durable. So whatever number a restored copy holds,
the ledger knows what was acknowledged after it and is not there: the loss, measured and not estimated.

    LEDGER/2026-03-01.jsonl   one line a beat; days of UTC, of which the newest 32 are kept
    LEDGER/lock               held by the one that writes

A line ends with a checksum of itself. What a crash tore is known by it, left out and counted.
"""

from __future__ import annotations

import os
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.faults import SqlRejected
from dbdeed.errors import Unavailable
from dbdeed.recovery.files import explained, held, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.seam import Engine, Session

TABLE = "heartbeat"
_DAYS_KEPT = 32
_JUMP = 1.0  # seconds that the clock may differ from one that nobody sets before it is noted
_CHECKED = b',"sum":"'


class Beat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One acknowledged transaction.

    Attributes:
        number: counts up; a number that is left out was never acknowledged.
        begun, ended: by the database server's clock, before the transaction and after its commit.
        acknowledged: by this machine's clock.
        position: in the log, at or behind the commit; "" where there is none.
        ticks, boot: a clock that nobody sets, in seconds, and which start of the machine it counts from.
        jump: by how many seconds the clock was set between the beat before and this one, where it was.
    """

    number: int
    begun: datetime
    ended: datetime
    acknowledged: datetime
    position: str = ""
    ticks: float = 0.0
    boot: str = ""
    jump: float = 0.0


class Mark(msgspec.Struct, frozen=True):
    """Seen at `since`: everything that was committed before `covers` lies in the store, archived."""

    since: datetime
    covers: datetime


@dataclass(frozen=True, slots=True)
class Beats:
    """What a ledger holds: beats by number, marks in order, and how many lines could not be read."""

    beats: tuple[Beat, ...] = ()
    torn: int = 0
    marks: tuple[Mark, ...] = ()


class LedgerBusy(Unavailable):
    """Another process writes this ledger."""

    default_code = "ledger-busy"


@dataclass(slots=True)
class Ledger:
    """A ledger that is being written; open it with `writing`.

    Attributes:
        engine: of the database.
        folder: where the days are.
        name: whose beats they are in the database's table, which several ledgers may share.
        last: the newest beat; None before the first.
        ready: the table is known to be there.
    """

    engine: Engine
    folder: Path
    name: str
    last: Beat | None = None
    ready: bool = False


@contextmanager
def writing(engine: Engine, folder: Path, name: str) -> Iterator[Ledger]:
    """Be the one that writes a ledger. Raises `LedgerBusy`."""
    busy = LedgerBusy(
        f"Another process writes the ledger in {folder}.", hint="The agent keeps it while it runs."
    )
    with held(folder / "lock", busy):
        known = read_beats(folder).beats
        yield Ledger(engine, folder, name, known[-1] if known else None)


def beat(session: Session, ledger: Ledger, now: datetime) -> Beat:
    """Have the database commit one beat, then write it down for good.

    Args:
        session: of the live database, in no transaction.
        ledger: from `writing`.
        now: this machine's time, in UTC.

    Raises:
        Unavailable: the database does not answer, or the ledger's disk takes nothing: it does not count.
        SqlRejected: the database refuses.
    """
    _, begun = ledger.engine.log_moment(session)
    started = time.monotonic()
    number = _commit(session, ledger, begun)
    position, ended = ledger.engine.log_moment(session)
    ticks = time.monotonic()
    made = Beat(
        number=number,
        begun=begun,
        ended=ended,
        acknowledged=now + timedelta(seconds=ticks - started),
        position=position,
        ticks=round(ticks, 3),
        boot=_boot(),
    )
    made = msgspec.structs.replace(made, jump=_jump(ledger.last, made))
    _append(ledger.folder, made, made.acknowledged)
    ledger.last = made
    return made


def mark(ledger: Ledger, covers: datetime, now: datetime) -> None:
    """Note how far what was committed is safe by now. Raises `Unavailable` where the disk takes nothing."""
    _append(ledger.folder, Mark(now, covers), now)


def read_beats(folder: Path) -> Beats:
    """Everything that a ledger holds; nothing where there is none."""
    beats: dict[int, Beat] = {}
    marks: list[Mark] = []
    torn = 0
    for day in _days(folder):
        with explained(day):
            data = day.read_bytes()
        for line in data.splitlines():
            if not line:
                continue
            try:
                one = _decode(line)
            except ValueError:
                torn += 1
            else:
                if isinstance(one, Mark):
                    marks.append(one)
                else:
                    beats[one.number] = one
    ordered = tuple(beats[number] for number in sorted(beats))
    return Beats(ordered, torn, tuple(sorted(marks, key=lambda one: one.since)))


def number_in(engine: Engine, session: Session, name: str) -> int | None:
    """The newest beat that a restored database holds; None where it holds none."""
    table = engine.private_name(TABLE)
    try:
        rows = session.fetch(f"SELECT number FROM {table} WHERE ledger = $1", name)
    except SqlRejected:  # it was taken before there was a ledger
        return None
    return int(rows[0][0]) if rows else None


def _commit(session: Session, ledger: Ledger, moment: datetime) -> int:
    """The number that was committed: higher than any in the ledger or in the database."""
    table = ledger.engine.private_name(TABLE)
    if not ledger.ready:
        for statement in ledger.engine.private_setup():
            session.execute(statement)
        session.execute(
            f"CREATE TABLE IF NOT EXISTS {table} "
            "(ledger text PRIMARY KEY, number bigint NOT NULL, at text NOT NULL)"
        )
        ledger.ready = True
    upcoming = ledger.last.number + 1 if ledger.last is not None else 1
    [(number,)] = session.fetch(
        f"INSERT INTO {table} AS known (ledger, number, at) VALUES ($1, $2, $3) "
        "ON CONFLICT (ledger) DO UPDATE SET number = CASE WHEN known.number >= excluded.number "
        "THEN known.number + 1 ELSE excluded.number END, at = excluded.at RETURNING number",
        ledger.name,
        upcoming,
        moment.isoformat(),
    )
    return int(number)


def _append(folder: Path, made: Beat | Mark, moment: datetime) -> None:
    """One line at the end of the day's file, on the disk when this returns."""
    day = folder / f"{moment:%Y-%m-%d}.jsonl"
    with explained(day):
        new = not day.exists()
        handle = os.open(day, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            line = _encode(made)
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":  # a crash tore the last one
                line = b"\n" + line
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            sync_folder(folder)
            for old in _days(folder)[:-_DAYS_KEPT]:
                old.unlink(missing_ok=True)


def _encode(made: Beat | Mark) -> bytes:
    body = msgspec.json.encode(made)
    return body[:-1] + _CHECKED + f"{zlib.crc32(body):08x}".encode() + b'"}\n'


def _decode(line: bytes) -> Beat | Mark:
    """Raises `ValueError` (as msgspec's errors are) for a line that is not whole."""
    head, found, tail = line.rpartition(_CHECKED)
    body = head + b"}"
    if not found or tail != f"{zlib.crc32(body):08x}".encode() + b'"}':
        raise ValueError
    kind: type[Beat | Mark] = Mark if b'"covers":' in body else Beat
    return msgspec.json.decode(body, type=kind)


def _days(folder: Path) -> list[Path]:
    return sorted(folder.glob("????-??-??.jsonl"))


def _jump(last: Beat | None, made: Beat) -> float:
    if last is None or last.boot != made.boot or not made.boot:
        return 0.0
    by_clock = (made.acknowledged - last.acknowledged).total_seconds()
    jump = by_clock - (made.ticks - last.ticks)
    return round(jump, 3) if abs(jump) > _JUMP else 0.0


def _boot() -> str:
    """Which start of the machine this is: a clock of ticks begins anew with each."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()[:8]
    except OSError:
        return ""
