"""Places of each kind; the object store is a real one, and its tests are skipped where none is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.recovery.faults.places import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def make(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Place]:
    """A place by its kind."""

    def made(kind: str) -> Place:
        gateway = request.getfixturevalue("s3") if kind == "s3" else None
        place = Place(kind, tmp_path / f"{request.node.name[:80]}", gateway)
        for name in place.environment.keys() & {"STORE", "BACKUP_KEY", *_aws(place)}:
            monkeypatch.setenv(name, place.environment[name])
        return place

    return made


def _aws(place: Place) -> set[str]:
    """What s3fs reads of this very process."""
    return {name for name in place.environment if name.startswith("AWS_")}
