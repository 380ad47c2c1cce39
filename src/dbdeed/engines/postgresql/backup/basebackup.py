"""Calling pg_basebackup, and what its manifest says.

BACKUP/source.json          what it was taken of
BACKUP/cluster/             the data folder, with backup_manifest
BACKUP/tablespaces/NUMBER/  tablespaces besides it; the links in cluster/pg_tblspc are relative
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.postgresql.backup.copy import TABLESPACES
from dbdeed.engines.postgresql.backup.tools import connection_of, run_tool
from dbdeed.engines.recovering import LogRange

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.postgresql.backup.source import Source
    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.seam import Target
    from dbdeed.progress import Task

CLUSTER, SPACES, MANIFEST = "cluster", "tablespaces", "backup_manifest"


class _WalRange(msgspec.Struct):
    timeline: int = msgspec.field(name="Timeline")
    start: str = msgspec.field(name="Start-LSN")
    end: str = msgspec.field(name="End-LSN")


class _BackupManifest(msgspec.Struct):
    ranges: list[_WalRange] = msgspec.field(name="WAL-Ranges")


def write_base(
    programs: Programs,
    target: Target,
    source: Source,
    folder: Path,
    task: Task,
    *,
    parent: Path | None = None,
) -> None:
    """Have pg_basebackup write a cluster into `folder`, with the log that makes it one moment.

    With a `parent`, only what changed since that backup. Raises `ToolFailed`.
    """
    connection = connection_of(target)
    arguments = [
        f"--pgdata={folder / CLUSTER}",
        "--format=plain",
        "--wal-method=stream",
        "--checkpoint=fast",
        "--label=dbdeed",
        "--no-sync",  # the store makes every file durable
        "--progress",
        f"--dbname={connection.conninfo}",
        *([f"--incremental={parent / CLUSTER / MANIFEST}"] if parent is not None else []),
    ]
    for number, place in source.tablespaces:
        if "=" in place or not os.path.isabs(place):  # noqa: PTH117 - in-place tablespaces have relative names
            continue
        arguments.append(f"--tablespace-mapping={place}={folder / SPACES / str(number)}")
    run_tool(programs.path("pg_basebackup"), arguments, connection.environment, task=task)
    relative_links(folder)


def relative_links(folder: Path) -> None:
    """The backup is about to be renamed: its links must not name the place where it was made."""
    for link in (folder / CLUSTER / TABLESPACES).iterdir():
        if link.is_symlink():
            link.unlink()
            link.symlink_to(f"../../{SPACES}/{link.name}")


def log_range(folder: Path, source: Source) -> LogRange | None:
    """Which part of the log the backup in `folder` holds and needs."""
    manifest = (folder / CLUSTER / MANIFEST).read_bytes()
    ranges = msgspec.json.decode(manifest, type=_BackupManifest).ranges
    if not ranges:
        return None
    system = source.system or system_of(folder / CLUSTER)
    # An increment's manifest begins with the timeline that it ends on (manual, "Backup Manifest WAL Range").
    newest = max(ranges, key=lambda one: one.timeline)
    unit = max(
        (one.stat().st_size for one in (folder / CLUSTER / "pg_wal").iterdir() if one.is_file()), default=0
    )
    return LogRange(system, newest.timeline, ranges[0].start, newest.end, unit)


def system_of(data: Path) -> str:
    """A data folder's system identifier: how pg_control begins (src/include/catalog/pg_control.h)."""
    try:
        with (data / "global" / "pg_control").open("rb") as file:
            return str(struct.unpack("=Q", file.read(8))[0])
    except (OSError, struct.error) as error:
        raise RestoreFailed(f"{data / 'global' / 'pg_control'} cannot be read: {error}.") from error
