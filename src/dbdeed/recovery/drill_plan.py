"""What a drill is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from pathlib import Path

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine
    from dbdeed.recovery.ledger import Beat, Mark
    from dbdeed.recovery.logs import Logs
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.store import Store


@dataclass(frozen=True, slots=True)
class Promises:
    """What the document declares; None where it declares nothing."""

    rpo: timedelta | None = None
    rto: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time of day, and a clock in seconds that no one sets."""

    now: Callable[[], datetime]
    ticks: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a drill is about.

    Attributes:
        project: whose backups; None for all of the store.
        work: an empty folder for the throwaway server; the caller removes it.
        expected: what the document means, or None where it is not known: then the schema is not verified.
        unknown: why it is not known, a sentence.
        backup: an id; "" for the newest.
        ledger: what the database acknowledged, in order.
        marks: of how far the archived log was safe, and when.
        ledger_name: under which it stands in the database.
        logs: the store's archived log; None where the engine has none.
        left_out: tables in which a migration tool keeps its history: no part of the document's schema.
        rehearsal: gives the Procedure's steps for a backup, and the path at which they look for it, from
            where they are run; no steps where they are not tried out.
    """

    engine: Engine
    store: Store
    project: str | None
    work: Path
    expected: Catalog | None
    promises: Promises
    backup: str = ""
    unknown: str = "The document's schema was not at hand."
    ledger: tuple[Beat, ...] = ()
    marks: tuple[Mark, ...] = ()
    ledger_name: str = ""
    logs: Logs | None = None
    rehearsal: Callable[[Manifest], tuple[tuple[str, ...], str]] | None = None
    left_out: frozenset[str] = frozenset()
