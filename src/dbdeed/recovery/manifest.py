"""What the store knows of a backup and of its proofs, as JSON that says when it is damaged.

A record is an envelope: the format, the SHA-256 of what follows, and the content. One flipped bit anywhere in
it is noticed, so that a wrong row count is never mistaken for a lost row.
"""

from __future__ import annotations

import hashlib
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from dbdeed.engines.recovering import BackupFacts, LogRange
from dbdeed.errors import Unavailable

FORMAT = "dbdeed-store/1"


class Damaged(Unavailable):
    """A record of the store cannot be trusted."""

    default_code = "store-damaged"


class Verdict(StrEnum):
    """What a proof comes to. What could not be run is NOT VERIFIED, never PROVEN."""

    PROVEN = "PROVEN"
    FAILED = "FAILED"
    NOT_VERIFIED = "NOT VERIFIED"


def worst(verdicts: list[Verdict]) -> Verdict:
    """FAILED before NOT VERIFIED before PROVEN; nothing at all is NOT VERIFIED."""
    for verdict in (Verdict.FAILED, Verdict.NOT_VERIFIED, Verdict.PROVEN):
        if verdict in verdicts:
            return verdict
    return Verdict.NOT_VERIFIED


class FileFacts(msgspec.Struct, frozen=True):
    """One file of a backup: its size in bytes and its SHA-256, or where a symbolic link points."""

    size: int
    sha256: str
    link: str = ""


class Piece(msgspec.Struct, frozen=True):
    """A part of a file: `length` bytes from `offset`."""

    path: str
    offset: int
    length: int


class Pack(msgspec.Struct, frozen=True):
    """Pieces stored one behind the other as one object; size in bytes and SHA-256 are of what is stored."""

    name: str
    size: int
    sha256: str
    pieces: tuple[Piece, ...]


class TableFacts(msgspec.Struct, frozen=True):
    """What a table held: rows, and a digest that does not depend on their order."""

    rows: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One whole backup.

    Attributes:
        id: sorts by time: `20260301T020000Z-physical-1f3a5c`.
        project: whose backup it is; a store may serve several.
        engine, method: names of the engine's package and of its backup method.
        started, finished, consistent_at, position, engine_version, tables, notes: as in `BackupFacts`.
        size: bytes of all files.
        files: by path relative to the backup's data, with `/`.
        folders: likewise; a server misses even its empty ones.
        needs: ids of backups without which it cannot be restored: its chain, the full one first.
        log: the part of the server's log that belongs to it; None where there is none or it is not known.
        packs: in which objects the files are; none where they are stored as they are.
    """

    id: str
    project: str
    engine: str
    method: str
    started: datetime
    finished: datetime
    consistent_at: datetime
    position: str
    size: int
    engine_version: tuple[int, ...]
    tables: dict[str, TableFacts]
    notes: tuple[str, ...]
    files: dict[str, FileFacts]
    folders: tuple[str, ...]
    needs: tuple[str, ...] = ()
    log: LogRange | None = None
    packs: tuple[Pack, ...] = ()

    @property
    def facts(self) -> BackupFacts:
        """As the engine gave them when the backup was taken."""
        return BackupFacts(
            started=self.started,
            finished=self.finished,
            consistent_at=self.consistent_at,
            position=self.position,
            size=self.size,
            engine_version=self.engine_version,
            tables={name: (table.rows, table.digest) for name, table in self.tables.items()},
            notes=self.notes,
            log=self.log,
        )


class Check(msgspec.Struct, frozen=True):
    """One part of a proof; `problems` are sentences, `detail` says what was looked at."""

    name: str
    verdict: Verdict
    detail: str = ""
    problems: tuple[str, ...] = ()


class Phase(msgspec.Struct, frozen=True):
    """One timed part of a recovery, by a clock that no one sets."""

    name: str
    seconds: float


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one backup, once.

    Attributes:
        backup: its id; "" where there was none to look at.
        kind: "drill", "moment" (a drill of a moment after a backup) or "verify".
        at: when, in UTC.
        verdict: of all checks together.
        checks: what was looked at.
        phases: of the recovery, in order; their sum is `recovery_seconds`.
        recovery_seconds: the recovery time actual: from finding the backup to the first right answer; None
            where it did not come so far.
        loss_seconds: the recovery point actual: how much would be lost, had disaster struck at `at`; an upper
            bound. None where it is unknown.
        schema: fingerprint of the catalog that came back (`planning.plan.fingerprint`); "" where unknown.
        gap_seconds: the longest time between two restorable moments in the store's last 30 days, up to `at`.
        beats_lost: how many beats of the ledger the restored copy lacks; then `loss_seconds` is measured by
            them and no upper bound. None where there is no ledger that could tell.
        worst_seconds: the most that would have been lost at any beat of the last 30 days.
    """

    backup: str
    kind: str
    at: datetime
    verdict: Verdict
    checks: tuple[Check, ...]
    method: str = ""
    phases: tuple[Phase, ...] = ()
    recovery_seconds: float | None = None
    loss_seconds: float | None = None
    gap_seconds: float | None = None
    schema: str = ""
    beats_lost: int | None = None
    worst_seconds: float | None = None

    @property
    def damages(self) -> bool:
        """It found the backup itself unsound; a missed objective alone is not the backup's fault.

        Nor is a part of the log that is missing after it, a step of the Procedure that fails, or what the
        database itself has wrong: a schema that is not the document's, a reference that leads nowhere. Such a
        backup is all there is in a disaster, and brings back what was there.
        """
        return any(one.verdict is Verdict.FAILED and one.name not in _OTHERS for one in self.checks)


RECOVERY_POINT = "recovery point"
RECOVERY_TIME = "recovery time"
OBJECTIVES = frozenset({RECOVERY_POINT, RECOVERY_TIME})
_OF_THE_DATABASE = {"schema", "references", "foreign keys", "sequences", "counters"}
_OTHERS = OBJECTIVES | {"log", "ledger", "procedure"} | _OF_THE_DATABASE

Record = TypeVar("Record", Manifest, Proof)


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    sha256: str
    content: msgspec.Raw


# Made here, by one thread: msgspec reads a type's annotations when it first meets it, and two threads that do
# so at once crash the interpreter (msgspec 0.22).
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Manifest, Proof)
}


def encode(record: Manifest | Proof) -> bytes:
    """A record as JSON that a person can read."""
    content = msgspec.json.format(msgspec.json.encode(record), indent=1)
    envelope = _Envelope(FORMAT, hashlib.sha256(content).hexdigest(), msgspec.Raw(content))
    return msgspec.json.encode(envelope) + b"\n"


def decode(data: bytes, kind: type[Record], where: str) -> Record:
    """Read a record back. Raises `Damaged` for anything that `encode` did not write just so."""
    try:
        envelope = _ENVELOPE.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(f"This record cannot be read: {error}.", where=where) from error
    if envelope.format != FORMAT:
        raise Damaged(
            f"This record has the format {envelope.format!r}; {FORMAT!r} is understood.",
            hint="It may come from a newer dbdeed.",
            where=where,
        )
    content = bytes(envelope.content)
    if hashlib.sha256(content).hexdigest() != envelope.sha256:
        raise Damaged("This record was changed after it was written.", where=where)
    try:
        record: Record = _DECODERS[kind].decode(content)
    except msgspec.MsgspecError as error:
        raise Damaged(f"This record cannot be read: {error}.", where=where) from error
    return record
