"""Commits as the log tells them: each by the transaction whose work it makes visible."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.clusters import MAJORS, cluster

from dbdeed.engines.postgresql.backup.cut import lsn
from dbdeed.engines.postgresql.backup.tail import commits_in
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.postgresql


@pytest.mark.parametrize("major", MAJORS)
def test_a_prepared_transaction_is_told_by_its_own_number(major: int) -> None:
    with cluster(major, max_prepared_transactions="5") as server, closing(connect(server.target)) as session:
        session.execute("CREATE TABLE t (a int)")
        [(since, begin)] = session.fetch(
            "SELECT pg_walfile_name(pg_current_wal_insert_lsn()), pg_current_wal_insert_lsn()::text"
        )

        def number(statements: Sequence[str], ending: str) -> int:
            session.execute("BEGIN")
            for statement in statements:
                session.execute(statement)
            [(xid,)] = session.fetch("SELECT pg_current_xact_id()::text::bigint")
            session.execute(ending)
            return int(xid)

        insert = "INSERT INTO t VALUES (1)"
        prepared = number([insert], "PREPARE TRANSACTION 'it''s 7: COMMIT 2026-01-01'")
        plain = number([insert, "SAVEPOINT s", insert], "COMMIT")
        number([insert], "ROLLBACK")
        session.execute("COMMIT PREPARED 'it''s 7: COMMIT 2026-01-01'")
        session.execute("PREPARE x AS SELECT 1")
        [(end,)] = session.fetch("SELECT pg_current_wal_flush_lsn()::text")
        found = commits_in(find(major), server.server.data / "pg_wal", since, lsn(end))
        after = [one for one in found if one.position >= lsn(begin)]
        assert [one.xid for one in after] == [plain, prepared]
        assert after[0].position < after[1].position
