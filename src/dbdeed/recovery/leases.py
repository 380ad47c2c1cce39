"""Locks in a place that has none: leases that their holder renews, and that run out when it is gone.

    leases/NAME/x-000000000012   the newest of these is whose turn it is; empty once it was given back
    leases/NAME/s-TOKEN          one of several who share

Of two that want the same turn one wins, since the place creates an object only once (a conditional put). How
old a lease is, is told by the place's clock alone: a holder's or a waiter's own may be wrong. What this rests
on: the conditional put, and that a listing shows what was put before it began. A holder that sleeps for
longer than a lease lasts loses it; `check` tells it so.
"""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable
from dbdeed.recovery.objects import Entry, NoObject, StoreLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbdeed.recovery.objects import Held, Objects

LEASES = "leases/"
_TURN, _SHARE, _PROBE = "x-", "s-", "p-"


@dataclass(frozen=True, slots=True)
class Leases:
    """Leases in a place for objects; each lasts `seconds` beyond its last renewal."""

    objects: Objects
    seconds: float = 60.0
    ticks: Callable[[], float] = time.monotonic

    @contextmanager
    def exclusive(self, name: str) -> Iterator[Held]:
        """As `Objects.exclusive`."""
        folder, token = f"{LEASES}{name}/", secrets.token_hex(8)
        turn = self._next_turn(folder, token)
        lease = _Lease(self, f"{folder}{_TURN}{turn:012}", token.encode())
        if not self.objects.create(lease.name, lease.content):
            raise self._locked()
        if self.objects.create(lease.name, b"somebody else's"):
            raise Unavailable(
                f"{self.objects.label} ignores the condition of a put, so two runs could not be kept apart.",
                hint="Use an object store that knows If-None-Match.",
                code="store",
            )
        try:
            found = self._looked(folder, token)
            if any(one.name.startswith(f"{folder}{_SHARE}") for one in found.living):
                raise self._locked()
            for entry in found.entries:
                if entry.name.startswith(f"{folder}{_TURN}") and entry.name < lease.name:
                    self.objects.delete(entry.name)
            with lease.renewed():
                yield lease
        finally:
            with suppress(Unavailable):
                if lease.is_ours():
                    self.objects.put(lease.name, b"")

    @contextmanager
    def shared(self, name: str) -> Iterator[Held]:
        """As `Objects.shared`."""
        folder, token = f"{LEASES}{name}/", secrets.token_hex(8)
        lease = _Lease(self, f"{folder}{_SHARE}{token}", token.encode())
        self.objects.put(lease.name, lease.content)
        try:
            found = self._looked(folder, token)
            if found.turn is not None and found.turn in found.living:
                raise self._locked()
            with lease.renewed():
                yield lease
        finally:
            with suppress(Unavailable):
                self.objects.delete(lease.name)

    def forget(self, name: str) -> None:
        """As `Objects.forget`."""
        for entry in self.objects.listing(f"{LEASES}{name}/"):
            self.objects.delete(entry.name)

    def _next_turn(self, folder: str, token: str) -> int:
        found = self._looked(folder, token)
        if found.turn is None:
            return 1
        if found.turn in found.living:
            raise self._locked()
        return int(found.turn.name.removeprefix(f"{folder}{_TURN}")) + 1

    def _looked(self, folder: str, token: str) -> _Found:
        """The leases of one name, and which of them live by the place's own clock."""
        probe = f"{folder}{_PROBE}{token}"
        self.objects.put(probe, b"")
        entries = self.objects.listing(folder)
        now = next(one.modified for one in entries if one.name == probe)
        self.objects.delete(probe)
        entries = [one for one in entries if not one.name.startswith(f"{folder}{_PROBE}")]
        living = [one for one in entries if one.size and one.modified > now - self.seconds]
        return _Found(entries, living, _newest(entries, f"{folder}{_TURN}"))

    def _locked(self) -> StoreLocked:
        return StoreLocked(
            f"Another run is at work in {self.objects.label}.",
            hint=f"Wait for it to finish and try again; a killed one lets go after {self.seconds:g} s.",
        )


@dataclass(frozen=True, slots=True)
class _Found:
    entries: list[Entry]
    living: list[Entry]
    turn: Entry | None


class _Lease:
    """A lease that is held."""

    def __init__(self, leases: Leases, name: str, content: bytes) -> None:
        self.name = name
        self.content = content
        self._leases = leases
        self._renewed = leases.ticks()

    def check(self) -> None:
        """As `Held.check`."""
        if self._leases.ticks() - self._renewed > self._leases.seconds / 2 and not self._renew():
            raise StoreLocked("Another run took over, since this one did not move for too long.")
        if not self.is_ours():
            raise StoreLocked("Another run took over, since this one did not move for too long.")

    def is_ours(self) -> bool:
        """Whether nobody came after."""
        try:
            ours = self._leases.objects.get(self.name) == self.content
        except NoObject:
            return False
        prefix = self.name.rpartition("/")[0] + "/" + _TURN
        if not ours or not self.name.startswith(prefix):
            return ours
        newest = _newest(self._leases.objects.listing(prefix), prefix)
        return newest is not None and newest.name == self.name

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew in the background."""
        done = Event()
        thread = Thread(target=self._keep, args=(done,), name=f"lease {self.name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _keep(self, done: Event) -> None:
        while not done.wait(self._leases.seconds / 4):
            with suppress(Unavailable):  # `check` says it when it matters
                if not self._renew():
                    return

    def _renew(self) -> bool:
        before = self._leases.ticks()
        if not self.is_ours():
            return False
        self._leases.objects.put(self.name, self.content)
        self._renewed = before
        return True


def _newest(entries: list[Entry], prefix: str) -> Entry | None:
    return max(
        (one for one in entries if one.name.startswith(prefix)), key=lambda one: one.name, default=None
    )
