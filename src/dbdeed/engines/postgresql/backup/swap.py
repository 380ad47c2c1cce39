"""Putting a restored cluster in the place of the embedded one."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.faults import NotYet
from dbdeed.engines.postgresql.servers.server import stop
from dbdeed.engines.postgresql.session import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.seam import Target


def replace_cluster(target: Target, fill: Callable[[Path], object]) -> str:
    """Put what `fill` writes into an empty folder in the place of the embedded cluster.

    That one is stopped and kept beside it; the sentence says where. Raises `NotYet` where it is not embedded.
    """
    if not target.embedded:
        raise NotYet(
            "A snapshot does not yet take the place of a running cluster that is not embedded.",
            hint="Restore it into a new folder and start a server there, or restore a logical dump.",
        )
    session = connect(target)
    [(place,)] = session.fetch("SHOW data_directory")
    session.close()
    data = Path(place)
    fresh = data.with_name(f"{data.name}.restoring")
    kept = data.with_name(f"{data.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fill(fresh)
        stop(data)
        data.rename(kept)
        fresh.rename(data)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return f"What was there is kept as {kept}; delete it when it is no longer wanted."
