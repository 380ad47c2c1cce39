"""Increments of real clusters: each holds what changed, and a chain comes back as what was there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS, cluster

from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.postgresql.backup.digests import table_digests
from dbdeed.engines.postgresql.backup.physical import Physical
from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.errors import Unavailable
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines.postgresql.clusters import Cluster

    from dbdeed.engines.recovering import BackupFacts

pytestmark = pytest.mark.postgresql
METHOD = Physical()
NEWEST = MAJORS[-1] if MAJORS else 0


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    if NEWEST < 17:
        pytest.skip("no PostgreSQL 17 or later on this machine")
    with cluster(NEWEST, summarize_wal="on") as one:
        yield one


def take(server: Cluster, folder: Path, parent: Path | None = None) -> BackupFacts:
    folder.mkdir()
    if parent is None:
        return METHOD.take(server.target, folder, SILENT)
    return METHOD.take_increment(server.target, folder, parent, SILENT)


def test_a_chain_comes_back_as_what_was_there(server: Cluster, tmp_path: Path) -> None:
    with room("spacetest") as space:
        outside = own(space / "outside", account())
        server.run(
            "CREATE TABLE t AS SELECT g AS a, repeat(md5(g::text), 20) AS b FROM generate_series(1, 20000) AS g",
            f"CREATE TABLESPACE spare LOCATION '{outside}'",
            "CREATE TABLE spared TABLESPACE spare AS SELECT generate_series(1, 3000) AS a",
        )
        try:
            full = take(server, tmp_path / "1")
            server.run("UPDATE t SET b = 'changed' WHERE a % 5000 = 0")
            first = take(server, tmp_path / "2", tmp_path / "1")
            server.run(
                "DELETE FROM t WHERE a = 17", "INSERT INTO spared VALUES (0)", "CREATE TABLE more (a int)"
            )
            second = take(server, tmp_path / "3", tmp_path / "2")
            assert second.tables == server.tables
            segments = 2 * (16 << 20)  # of the log, as long whatever is in them
            assert first.size - segments < (full.size - segments) / 2
            chain = [tmp_path / name for name in "123"]
            for folder, facts in zip(chain, (full, first, second), strict=True):
                assert METHOD.verify(folder, facts) == []
                assert facts.log is not None
                assert facts.log.system
            for spend in (False, True):
                whole = tmp_path / f"whole-{spend}"
                whole.mkdir()
                METHOD.combine(chain, whole, SILENT, spend=spend, verifiable=not spend)
                assert (whole / "cluster" / "backup_manifest").exists() == (not spend)
                if not spend:
                    assert METHOD.verify(whole, second) == []
                with METHOD.restored(whole, tmp_path, SILENT, spend=True) as session:
                    assert table_digests(session) == second.tables
                    [(location,)] = session.fetch(
                        "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'spare'"
                    )
                    assert str(outside) not in location
                if not spend:  # the backups are as they were
                    assert METHOD.verify(chain[2], second) == []
        finally:
            server.run("DROP TABLE IF EXISTS spared, t, more", "DROP TABLESPACE spare")


def test_a_chain_with_a_link_missing_is_refused(server: Cluster, tmp_path: Path) -> None:
    take(server, tmp_path / "1")
    take(server, tmp_path / "2", tmp_path / "1")
    take(server, tmp_path / "3", tmp_path / "2")
    (tmp_path / "whole").mkdir()
    with pytest.raises(RestoreFailed, match="does not come together"):
        METHOD.combine([tmp_path / "1", tmp_path / "3"], tmp_path / "whole", SILENT)
    shutil.rmtree(tmp_path / "2" / "cluster" / "base")
    with pytest.raises(RestoreFailed, match="does not come together"):
        METHOD.combine([tmp_path / name for name in "123"], tmp_path / "whole", SILENT)


def test_a_server_that_gives_none_says_why(tmp_path: Path) -> None:
    with cluster(NEWEST) as one:
        reason = METHOD.why_no_increment(one.target, arrange=True)
        assert "ALTER SYSTEM SET summarize_wal = on" in reason  # not ours, so it is only said
        one.run("ALTER SYSTEM SET summarize_wal = on", "SELECT pg_reload_conf()")
        take(one, tmp_path / "1")
        with cluster(NEWEST, summarize_wal="on") as other, pytest.raises(Unavailable):
            take(other, tmp_path / "2", tmp_path / "1")
    if MAJORS[0] < 17:
        with cluster(MAJORS[0]) as old:
            assert METHOD.why_no_increment(old.target, arrange=True) == (
                f"PostgreSQL {MAJORS[0]} gives no incremental backups; 17 and later do."
            )
