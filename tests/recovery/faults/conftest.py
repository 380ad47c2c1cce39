"""Places of each kind; the object store is a real one, and its tests are skipped where none is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from tests.recovery.faults.killing import whole
from tests.recovery.faults.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable


class Make(Protocol):
    """A place by its kind, with so many backups in it."""

    def __call__(self, kind: str, backups: int = 0) -> Place: ...


@pytest.fixture(scope="session")
def model(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, int], Place]:
    """What places are copied from: of each kind and number of backups one is made, when it is first wanted."""
    made: dict[tuple[str, int], Place] = {}

    def found(kind: str, backups: int) -> Place:
        if (kind, backups) not in made:
            gateway = request.getfixturevalue("s3") if kind == "s3" else None
            place = Place(kind, tmp_path_factory.mktemp(f"{kind}-{backups}-"), gateway)
            with pytest.MonkeyPatch.context() as patch:
                _enter(place, patch)
                for _ in range(backups):
                    place.back_up()
            made[kind, backups] = place
        return made[kind, backups]

    return found


@pytest.fixture
def make(
    request: pytest.FixtureRequest, model: Callable[[str, int], Place], monkeypatch: pytest.MonkeyPatch
) -> Make:
    """A place by its kind."""
    folder = request.getfixturevalue("tmp_path") / f"{request.node.name[:80]}"

    def made(kind: str, backups: int = 0) -> Place:
        like = model(kind, backups)
        place = Place(kind, folder, like.gateway, like=like if backups else None)
        _enter(place, monkeypatch)
        return place

    return made


@pytest.fixture(scope="session")
def length(
    model: Callable[[str, int], Place], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, tuple[str, ...]], float]:
    """Seconds of a processor that a command takes in a place of a kind, as one whole run of it shows."""
    known: dict[tuple[str, tuple[str, ...]], float] = {}

    def found(kind: str, command: tuple[str, ...]) -> float:
        if (kind, command) not in known:
            like = model(kind, 3)
            place = Place(kind, tmp_path_factory.mktemp(f"{kind}-whole-"), like.gateway, like=like)
            known[kind, command] = whole(place.start(*command))
        return known[kind, command]

    return found


def _enter(place: Place, patch: pytest.MonkeyPatch) -> None:
    """What s3fs reads of this very process, and what names the store."""
    for name, value in place.environment.items():
        if name in ("STORE", "BACKUP_KEY") or name.startswith("AWS_"):
            patch.setenv(name, value)
