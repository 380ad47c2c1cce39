"""How PostgreSQL is backed up and brought back.

`backup_physical` copies a cluster, `backup_logical` dumps a database; `backup_digests` and `backup_examine`
say whether what came back is what was there; `backup_server` runs it where it reaches nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.backup.digests import table_digests
from dbdeed.engines.postgresql.backup.logical import Logical
from dbdeed.engines.postgresql.backup.physical import Physical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.recovering import BackupMethod

__all__ = ["METHODS", "backup_methods", "table_digests"]

METHODS: tuple[BackupMethod, ...] = (Physical(), Logical())


def backup_methods() -> Sequence[BackupMethod]:
    """Snapshots first: they are what a document without a Method gets."""
    return METHODS
