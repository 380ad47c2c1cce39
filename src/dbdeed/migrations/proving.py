"""Files of migrations proven as they stand: run up, taken back and run up again in a scratch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.migrations.foreign import foreign
from dbdeed.migrations.replay import replay, replay_batches
from dbdeed.planning.forms import never_empty
from dbdeed.planning.proof import rebuild
from dbdeed.planning.running import ProofFailed, differences
from dbdeed.planning.samples import put_in
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
    from dbdeed.migrations.seam import Migration
    from dbdeed.progress import Progress


def prove(
    engine: Engine,
    scratch: Scratch,
    before: Sequence[Migration],
    new: Sequence[Migration],
    current: Catalog,
    target: Catalog,
    samples: Sequence[Statement] = (),
    progress: Progress = SILENT,
) -> None:
    """New files, after those that are there: up they lead to the target, back to where they began.

    `current` is where those that are there lead.

    Raises:
        ProofFailed: they do not.
        ReplayFailed: one does not run.
    """
    with scratch.database() as session:
        if foreign(before):  # where these lead is known; their tool need not run them once more
            rebuild(engine, session, current)
        else:
            replay(engine, session, before, progress)
        engine.begin_file(session)
        start = engine.inspect(session)
        put_in(engine, session, samples, start, never_empty)
        _up(engine, session, new)
        _require(engine, session, target, "do not end at the document's state", new)
        if any(one.down is None for one in new):
            return
        for one in reversed(new):
            replay_batches(engine, session, one, one.down)
        _require(engine, session, start, "taken back, do not end where they began", new)
        _up(engine, session, new)
        _require(engine, session, target, "run up again, do not end at the document's state", new)


def _up(engine: Engine, session: Session, new: Sequence[Migration]) -> None:
    for one in new:
        replay_batches(engine, session, one, one.up)


def _require(engine: Engine, session: Session, wanted: Catalog, said: str, new: Sequence[Migration]) -> None:
    engine.begin_file(session)
    reached = engine.inspect(session)
    if reached.objects == wanted.objects:
        return
    shows = differences(engine.compare(reached, wanted).changes)
    names = ", ".join(dict.fromkeys(one.path.name for one in new))
    raise ProofFailed(f"The files {names}, {said}: " + "; ".join(shows[:5]), evidence="\n".join(shows))
