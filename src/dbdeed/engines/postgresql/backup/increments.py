"""Increments: base backups of what changed since an earlier one, and their combination (PostgreSQL 17 on)."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import closing
from typing import TYPE_CHECKING

from dbdeed.engines.faults import RestoreFailed
from dbdeed.engines.postgresql.backup.basebackup import CLUSTER, SPACES, relative_links
from dbdeed.engines.postgresql.backup.copy import TABLESPACES, clones
from dbdeed.engines.postgresql.backup.exact import POSITION_FILE
from dbdeed.engines.postgresql.backup.source import kept_source
from dbdeed.engines.postgresql.backup.tools import ToolFailed, client_environment, run_tool
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.session import connect
from dbdeed.writeback import writing_back

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.seam import Target
    from dbdeed.progress import Progress

FIRST_MAJOR = 17
_LINKS_FROM = 18  # pg_combinebackup --link
_SOURCE = "source.json"
_PATIENCE = 10.0


def why_no_increment(target: Target, *, arrange: bool) -> str:
    """Why the server gives none, with what to set; "" where it does.

    `arrange` turns the summaries on where the server is the project's own.
    """
    with closing(connect(target)) as session:
        major = session.version[0]
        if major < FIRST_MAJOR:
            return f"PostgreSQL {major} gives no incremental backups; {FIRST_MAJOR} and later do."
        if _summarizes(session):
            return ""
        if not (arrange and target.embedded):
            return (
                "The server keeps no summaries of its log, so it cannot tell what changed: run "
                "ALTER SYSTEM SET summarize_wal = on; SELECT pg_reload_conf(); as superuser."
            )
        session.execute("ALTER SYSTEM SET summarize_wal = on")
        session.fetch("SELECT pg_catalog.pg_reload_conf()")
        deadline = time.monotonic() + _PATIENCE
        while not _summarizes(session) and time.monotonic() < deadline:
            time.sleep(0.02)  # the session learns of the reload when its server process next looks
    return ""


def _summarizes(session: Session) -> bool:
    [(value,)] = session.fetch("SELECT pg_catalog.current_setting('summarize_wal')")
    return bool(value == "on")


def combine(chain: Sequence[Path], into: Path, progress: Progress, *, spend: bool, verifiable: bool) -> None:
    """Reconstruct a whole backup in the empty folder `into` from a full one and its increments, in order.

    With `spend` the chain's files may be linked into the result. One that is `verifiable` has a manifest, for
    which every block is looked at once more. Raises `RestoreFailed` where the chain does not fit together.
    """
    source = kept_source(chain[-1])
    programs = find(source.major)
    staged, mappings = _staged(chain, into)
    try:
        with progress.step("Combine the increments"), writing_back(into):
            run_tool(
                programs.path("pg_combinebackup"),
                [
                    "--no-sync",  # what is restored is made durable by the server that starts on it
                    *([] if verifiable else ["--no-manifest"]),
                    _way(source.major, [*chain], into, spend=spend),
                    *(f"--tablespace-mapping={old}={new}" for old, new in mappings),
                    f"--output={into / CLUSTER}",
                    *map(str, staged),
                ],
                client_environment(os.environ),
            )
        relative_links(into)
    except ToolFailed as error:
        if error.code == "no-space":
            raise
        raise RestoreFailed(f"The chain of increments does not come together: {error.message}") from error
    finally:
        shutil.rmtree(into / "staged", ignore_errors=True)
    for name in (_SOURCE, POSITION_FILE):
        if (chain[-1] / name).exists():
            shutil.copyfile(chain[-1] / name, into / name)


def _way(major: int, chain: Sequence[Path], into: Path, *, spend: bool) -> str:
    """The fastest way to copy whole files that this place has."""
    together = all(one.stat().st_dev == into.stat().st_dev for one in chain)
    if not together:
        return "--copy"
    if spend and major >= _LINKS_FROM:
        return "--link"
    return "--clone" if clones(chain[0] / _SOURCE, into) else "--copy-file-range"


def _staged(chain: Sequence[Path], into: Path) -> tuple[list[Path], list[tuple[Path, Path]]]:
    """The clusters as pg_combinebackup takes them, and where the newest one's tablespaces are to go.

    It wants absolute links to tablespaces, and those in the store are relative: such clusters are linked file
    by file into a folder of their own first.
    """
    if not any((one / SPACES).is_dir() for one in chain):
        return [one / CLUSTER for one in chain], []
    staged = []
    for number, one in enumerate(chain):
        place = into / "staged" / str(number)
        shutil.copytree(one, place, symlinks=True, copy_function=_linked)
        for link in (place / CLUSTER / TABLESPACES).iterdir():
            if link.is_symlink():
                link.unlink()
                link.symlink_to(place / SPACES / link.name)
        staged.append(place / CLUSTER)
    newest = staged[-1].parent / SPACES
    mappings = (
        [(one, into / SPACES / one.name) for one in sorted(newest.iterdir())] if newest.is_dir() else []
    )
    if mappings:
        (into / SPACES).mkdir(mode=0o700)
    return staged, mappings


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
