"""A cluster that the Procedure's steps start acts for nobody, and is gone afterwards."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from tests.engines.postgresql.clusters import MAJORS, cluster

from dbdeed.engines.postgresql.backup.physical import Physical
from dbdeed.engines.postgresql.servers.account import short_folder
from dbdeed.engines.seam import Target
from dbdeed.progress import SILENT
from dbdeed.recovery.manifest import Verdict
from dbdeed.recovery.rehearsal import rehearse

pytestmark = pytest.mark.postgresql
PLACE = "backups/20260301T120000Z-physical-00000000/data"
FIND = 'BACKUP="$(ls -d backups/*-physical-*/data | tail -n 1)"'


@pytest.mark.parametrize(
    "major", [pytest.param(one, marks=[pytest.mark.slow] * (one != MAJORS[-1])) for one in MAJORS]
)
def test_a_rehearsed_cluster_archives_nowhere_and_leaves_no_server(
    major: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, data = Physical(), tmp_path / "data"
    data.mkdir()
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="dbdeed-reach-") as reach:
        Path(reach).chmod(0o777)
        with cluster(major) as server:
            server.run(
                "CREATE TABLE t AS SELECT generate_series(1, 100) AS a",
                "ALTER SYSTEM SET archive_mode = on",
                f"ALTER SYSTEM SET archive_command = 'touch {reach}/reached'",
                "ALTER SYSTEM SET listen_addresses = '*'",
                "ALTER SYSTEM SET unix_socket_directories = '/nowhere'",
            )
            method.take(server.target, data, SILENT)
        steps = (FIND, *method.commands(Target("", "")), 'psql -Atc "SELECT pg_switch_wal()"', "sleep 1")
        (tmp_path / "work").mkdir()
        with tempfile.TemporaryDirectory(dir=short_folder(), prefix="t-") as own:
            Path(own).chmod(0o711)
            monkeypatch.setattr("dbdeed.engines.postgresql.servers.room.short_folder", lambda: Path(own))
            found = rehearse(method, steps, data, PLACE, tmp_path / "work")
            left = {one.name for one in Path(own).iterdir()} - {".lock"}
        assert (found.verdict, found.problems) == (Verdict.PROVEN, ())
        assert list(Path(reach).iterdir()) == []
    assert not left
