"""Prepared transactions in a restored copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.engines.postgresql.session import Session


def drop_prepared(session: Session) -> None:
    """Prepared transactions came along and hold their locks; they committed nothing."""
    rows = session.fetch("SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = current_database()")
    for (gid,) in rows:
        session.execute("ROLLBACK PREPARED '" + gid.replace("'", "''") + "'")
