"""The log that was written after a base backup had ended, carried along with it.

A backup's own log ends where its files are consistent, and a recovery cannot stop earlier. To stop at a
snapshot that was taken afterwards, the log up to there is fetched too: into the backup's `pg_wal`, so that
whoever starts it by hand gets the newer state as well.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.backup.cut import Commit, lsn, lsn_text
from dbdeed.engines.postgresql.backup.tools import client_environment, connection_of, run_tool

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.seam import Target

_SEGMENT = re.compile(r"[0-9A-F]{24}\Z")
_COMMIT = re.compile(
    r"tx:\s*(\d+), lsn: ([0-9A-F]+/[0-9A-F]+), .*?desc: COMMIT(?:_PREPARED)? (?:(\d+): )?(?=\d{4}-|\S)"
)
_LOOKED_BACK = 4
"""Segments before the end of the backup that are read for commits: whoever had its commit in the log then was
visible long before the snapshot, as the end of the backup wrote all of it to disk."""


def fetch_tail(programs: Programs, target: Target, log: Path, end: int) -> None:
    """Fetch the log from the last segment in the folder `log` up to the position `end`, which is written.

    Raises `ToolFailed`, also where the server has removed what was wanted.
    """
    connection = connection_of(target)
    arguments = [
        f"--directory={log}",
        f"--endpos={lsn_text(end - 1)}",  # it stops once it is beyond
        "--no-loop",
        "--no-sync",  # the store makes every file durable
        "--no-password",
        f"--dbname={connection.conninfo}",
    ]
    run_tool(programs.path("pg_receivewal"), arguments, connection.environment)
    for partial in log.glob("*.partial"):  # of full length, filled up with zeros
        partial.rename(partial.with_suffix(""))


def commits_in(programs: Programs, log: Path, since: str, end: int) -> list[Commit]:
    """Every commit in the log from a little before the segment `since` up to `end`. Raises `ToolFailed`."""
    names = segments(log)
    first = names[max(0, names.index(since) - _LOOKED_BACK)]
    timeline = int(since[:8], 16)
    size = (log / since).stat().st_size
    arguments = [
        f"--path={log}",
        f"--timeline={timeline}",
        "--rmgr=Transaction",
        f"--start={lsn_text(_begin(first, size))}",
        f"--end={lsn_text(end)}",
    ]
    said = run_tool(programs.path("pg_waldump"), arguments, client_environment(os.environ), kept=None)
    return [
        Commit(lsn(found[2]), int(found[3] or found[1]))
        for line in said.splitlines()
        if (found := _COMMIT.search(line))
    ]


def segments(log: Path) -> list[str]:
    """The names of the segments in a folder, in order; those of one timeline are in the log's order."""
    return sorted(one.name for one in log.iterdir() if _SEGMENT.match(one.name))


def _begin(name: str, size: int) -> int:
    """Where a segment begins. Its name is timeline, then its number in two parts."""
    return (int(name[8:16], 16) * (0x100000000 // size) + int(name[16:], 16)) * size
