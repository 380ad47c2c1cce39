"""A store, and backups in it that no engine was needed for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.recovery import gateway

from dbdeed.engines.recovering import BackupFacts
from dbdeed.recovery.store import FolderStore, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dbdeed.recovery.cloud import CloudObjects
    from dbdeed.recovery.manifest import Manifest

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "backups")


@pytest.fixture
def add(store: FolderStore) -> Callable[..., Manifest]:
    """Publish a small backup: `add(hour)`."""

    def publish(hour: int = 0, *, project: str = "me", method: str = "physical") -> Manifest:
        moment = NOON + timedelta(hours=hour)
        facts = BackupFacts(moment, moment, moment, "0/1", 0, (18, 1), {"public.a": (2, "ff")}, ("A note.",))
        with store.writing(), store.draft(new_id(moment, method, f"{hour:08x}")) as draft:
            (draft.data / "deep" / "empty").mkdir(parents=True)
            (draft.data / "deep" / "file").write_bytes(b"x" * 3_000_000)
            (draft.data / "ünïcode name").write_text("y")
            (draft.data / "link").symlink_to("deep/file")
            return store.publish(draft, facts, project=project, engine="postgresql", method=method)

    return publish


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gateway.Gateway]:
    """A real S3 server with one bucket."""
    if not gateway.program():
        pytest.skip(f"{gateway.NAME} is not here: `go install` it, as .ci/run does")
    with gateway.running(tmp_path_factory.mktemp("s3")) as one:
        yield one


@pytest.fixture
def bucket(
    s3: gateway.Gateway, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., CloudObjects]:
    """Objects under a prefix of this test's own: `bucket(lease=2)`."""
    pytest.importorskip("s3fs")
    from dbdeed.recovery.cloud import open_cloud

    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    prefix = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)

    def opened(lease: float = 60.0) -> CloudObjects:
        return open_cloud(f"s3://bucket/{prefix}", "STORE", lease=lease)

    return opened
