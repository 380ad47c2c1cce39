"""What running a plan asks of PostgreSQL: settings, the one lock, the private schema, and counts."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Session

PRIVATE_SCHEMA = "dbdeed"
PRIVATE_SETUP = (
    f"CREATE SCHEMA IF NOT EXISTS {PRIVATE_SCHEMA}",
    f"REVOKE ALL ON SCHEMA {PRIVATE_SCHEMA} FROM PUBLIC",
)

# Half of an advisory lock's key; the other half is the database's own number.
_LOCK = 0x6462_6465  # "dbde"

# Functions are made before what they mention, and no name is looked up anywhere but where the plan says.
# A table whose policies hide rows from its owner is no reason to keep or convert a part of them: an error is.
SETTINGS = {"check_function_bodies": "off", "search_path": "", "row_security": "off"}
LOCK_TIMEOUT = "1s"


def envelope(*, transactional: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What stands around a group of steps in a script for psql."""
    settings = tuple(f"SET {name} = {literal(value)}" for name, value in SETTINGS.items())
    timeout = f"SET lock_timeout = {literal(LOCK_TIMEOUT)}"
    back = tuple(f"RESET {name}" for name in (*SETTINGS, "lock_timeout"))
    if transactional:
        return (*settings, timeout, "BEGIN"), ("COMMIT", *back)
    return (*settings, timeout), back


@contextmanager
def exclusive(session: Session) -> Iterator[None]:
    """The one lock of whoever changes this database; it goes with the session, however that ends."""
    key = f"{_LOCK}, (SELECT oid::bigint::bit(32)::int FROM pg_catalog.pg_database "
    key += "WHERE datname = current_database())"
    if not session.fetch(f"SELECT pg_catalog.pg_try_advisory_lock({key})")[0][0]:
        raise Unavailable(
            "Somebody else is changing this database at the moment.",
            hint="Wait until it is done, or see who holds an advisory lock in pg_locks.",
            code="database-locked",
        )
    try:
        yield
    finally:
        with suppress(Unavailable):  # the connection is gone, and the lock with it
            session.fetch(f"SELECT pg_catalog.pg_advisory_unlock({key})")


def begin_step(session: Session, step: Step) -> None:
    """Whoever waits for a lock makes everybody behind it wait too, so no step waits long for one.

    Names in what people wrote to fill a column with are looked up as in the document.
    """
    path = "public" if step.batched else SETTINGS["search_path"]
    wanted = {**SETTINGS, "search_path": path, "lock_timeout": "0" if _concurrent(step) else LOCK_TIMEOUT}
    session.execute("; ".join(f"SET {name} = {literal(value)}" for name, value in wanted.items()))


def _concurrent(step: Step) -> bool:
    """What waits for other transactions to end, as long as these take, and keeps nobody waiting meanwhile."""
    return not step.transactional and "CONCURRENTLY" in step.sql


_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_BUILD = re.compile(rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY ({_NAME}) ON ({_NAME})\.")


def give_way(session: Session, step: Step) -> None:
    """Drop the invalid index that a build leaves where it gave way in a deadlock."""
    found = _BUILD.match(step.sql)
    if found is None:
        return
    name = f"{found[2]}.{found[1]}"
    if session.fetch(
        f"SELECT FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass({literal(name)}) "
        "AND NOT indisvalid"
    ):
        session.execute(f"DROP INDEX CONCURRENTLY {name}")


_WAITERS = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE NOT granted AND pid <> pg_catalog.pg_backend_pid()
        AND (database IS NULL OR database = (SELECT oid FROM pg_catalog.pg_database
            WHERE datname = pg_catalog.current_database())))
"""


def busy(session: Session) -> bool:
    """Whether somebody waits for a lock in this database, or for another's transaction."""
    return bool(session.fetch(_WAITERS)[0][0])


def rows(session: Session, table: ObjectId) -> int:
    """How many rows: 0 and 1 exactly, above that as the statistics have it.

    A foreign table's rows are not asked for, since its server may be far away; 2 stands for them.
    """
    name = qualified(*table.name)
    ((kind, populated),) = session.fetch(
        f"SELECT relkind::text, relispopulated FROM pg_catalog.pg_class WHERE oid = {literal(name)}::regclass"
    )
    if kind == "f" or not populated:
        return 2 if populated else 0
    ((found,),) = session.fetch(f"SELECT count(*) FROM (SELECT FROM {name} LIMIT 2) AS first")
    if found < 2:
        return int(found)
    ((estimate,),) = session.fetch(
        # -1 is for a table that was never analysed: then its size says something.
        "SELECT coalesce(sum(CASE WHEN reltuples < 0 THEN pg_catalog.pg_relation_size(oid) / 100 "
        f"ELSE reltuples END), 0)::bigint FROM pg_catalog.pg_class "
        f"WHERE oid IN (SELECT relid FROM pg_catalog.pg_partition_tree({literal(name)}) "
        f"UNION ALL SELECT {literal(name)}::pg_catalog.regclass) AND relkind <> 'p'"
    )
    return max(int(estimate), 2)


_SERVER_SETTINGS = (
    "max_connections",
    "superuser_reserved_connections",
    "wal_level",
    "archive_mode",
    "archive_timeout",
    "default_transaction_isolation",
    "server_version",
    "server_encoding",
    "ssl",
    "data_checksums",
    "max_wal_senders",
    "summarize_wal",
    "statement_timeout",
    "lock_timeout",
)


def database_settings(session: Session) -> Mapping[str, str]:
    """Server settings that checks hold the document against."""
    names = ", ".join(literal(name) for name in _SERVER_SETTINGS)
    found = session.fetch(
        f"SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ({names}) ORDER BY name"
    )
    return dict(found)


def private_name(table: str) -> str:
    return f"{PRIVATE_SCHEMA}.{ident(table)}"


NOW = "pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS+00:00')"


def private_size(session: Session, place: str) -> int:
    """Bytes of one of our own tables, with what belongs to it."""
    ((size,),) = session.fetch(
        f"SELECT coalesce(pg_catalog.pg_total_relation_size(pg_catalog.to_regclass({literal(place)})), 0)"
    )
    return int(size)
