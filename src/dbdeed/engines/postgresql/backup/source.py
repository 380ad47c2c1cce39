"""What a backup notes of the cluster that it was taken of: enough to bring it back without asking anybody."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - used in signatures only, but small
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.faults import RestoreFailed

if TYPE_CHECKING:
    from dbdeed.engines.seam import Session

_FILE = "source.json"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a live server says of itself.

    Attributes:
        version: server_version_num.
        database: the one that the target named.
        superuser: a role that may log in and do everything; "" where there is none.
        system: the cluster's identifier.
        tablespaces: (number, folder) of those besides the two that every cluster has.
        standby: it was recovering when the backup was taken.
    """

    version: int
    database: str
    superuser: str
    system: str
    tablespaces: tuple[tuple[int, str], ...]
    standby: bool

    @property
    def major(self) -> int:
        return self.version // 10_000


_QUERY = """
SELECT current_setting('server_version_num')::int, current_database(),
  coalesce((SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1), ''),
  pg_catalog.pg_is_in_recovery()
"""


def read_source(session: Session) -> Source:
    """Ask a live server."""
    [(version, database, superuser, standby)] = session.fetch(_QUERY)
    spaces = session.fetch(
        "SELECT oid::int8, pg_catalog.pg_tablespace_location(oid) FROM pg_catalog.pg_tablespace "
        "WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1"
    )
    return Source(
        version=version,
        database=database,
        superuser=superuser,
        system=_system(session),
        tablespaces=tuple((int(oid), folder) for oid, folder in spaces),
        standby=standby,
    )


def _system(session: Session) -> str:
    """The cluster's identifier, where this role may know it."""
    allowed = "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')"
    if not session.fetch(allowed)[0][0]:
        return ""
    return str(session.fetch("SELECT system_identifier FROM pg_catalog.pg_control_system()")[0][0])


def write_source(folder: Path, source: Source) -> None:
    """Keep it in a backup."""
    (folder / _FILE).write_bytes(msgspec.json.format(msgspec.json.encode(source)) + b"\n")


def kept_source(folder: Path) -> Source:
    """Read it from a backup. Raises `RestoreFailed` where it is missing or damaged."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=Source)
    except (OSError, msgspec.MsgspecError) as error:
        raise RestoreFailed(f"The backup's {_FILE} cannot be read: {error}.") from error
