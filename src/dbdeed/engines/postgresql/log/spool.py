"""The folder that pg_receivewal writes into: what in it is whole, what is under way, what may go.

    SPOOL/000000010000000000000004            whole and on the disk: pg_receivewal renames only then
    SPOOL/000000010000000000000005.partial    under way, of full length, zeros after what has come
    SPOOL/00000002.history                    how a timeline began

The newest whole file stays: pg_receivewal goes on after it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.engines.archiving import Parcel
from dbdeed.engines.faults import LogDamaged
from dbdeed.engines.postgresql.log.names import shelf_name
from dbdeed.engines.postgresql.log.pages import problems_of, read_opening
from dbdeed.engines.postgresql.log.positions import HISTORY, PARTIAL, UNIT, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def left_in(folder: Path) -> Spool | None:
    """The spool that a receiver left, by what its files say of themselves; None where there is nothing."""
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        if parse_name(one.name.removesuffix(PARTIAL), UNIT) is not None:
            with one.open("rb") as file:
                opening = read_opening(file.read(64))
            if opening is not None:
                return Spool(folder, str(opening.system), opening.unit)
    return None


@dataclass(slots=True)
class Spool:
    """The files of one system's log; `unit` is how long a whole one is."""

    folder: Path
    system: str
    unit: int
    _sent: dict[str, bytes | None] = field(default_factory=dict)

    def parcels(self, *, unfinished: bool) -> Iterator[Parcel]:
        """What is not in the store yet: histories, whole files in order, and the one under way."""
        names = sorted(one.name for one in self.folder.iterdir() if not one.name.startswith("."))
        for name in names:
            if HISTORY.fullmatch(name) and name not in self._sent:
                yield self._parcel(name, (self.folder / name).read_bytes())
        for name in names:
            if parse_name(name, self.unit) is not None and name not in self._sent:
                yield self._whole(name)
        if unfinished:
            for name in names:
                stem = name.removesuffix(PARTIAL)
                if stem != name and parse_name(stem, self.unit) is not None:
                    yield from self._unfinished(name, stem)

    def kept(self, parcel: Parcel) -> None:
        """Note that it is in the store, and remove whole files before the newest one."""
        name = parcel.name.rpartition("/")[2]
        self._sent[name] = None if parcel.final else parcel.data
        whole = sorted(
            one.name for one in self.folder.iterdir() if parse_name(one.name, self.unit) is not None
        )
        for old in whole[:-1]:
            if old in self._sent:
                (self.folder / old).unlink(missing_ok=True)
                self._sent.pop(old)
                self._sent.pop(f"{old}{PARTIAL}", None)

    def _parcel(self, name: str, data: bytes, *, final: bool = True, replaces: str = "") -> Parcel:
        old = shelf_name(self.system, replaces) if replaces else ""
        return Parcel(shelf_name(self.system, name), data, final, old)

    def _whole(self, name: str) -> Parcel:
        data = (self.folder / name).read_bytes()
        self._require_sound(name, data, whole=True)
        return self._parcel(name, data, replaces=f"{name}{PARTIAL}")

    def _unfinished(self, name: str, stem: str) -> Iterator[Parcel]:
        """What has come of it so far, where that is more than was sent."""
        try:
            data = (self.folder / name).read_bytes().rstrip(b"\0")
        except FileNotFoundError:  # it became whole meanwhile
            return
        if data and self._sent.get(name) != data:
            self._require_sound(stem, data, whole=False)
            yield self._parcel(name, data, final=False)

    def _require_sound(self, name: str, data: bytes, *, whole: bool) -> None:
        segment = parse_name(name, self.unit)
        assert segment is not None
        with suppress(IndexError):
            raise LogDamaged(problems_of(data, segment, self.system, self.unit, whole=whole)[0])
