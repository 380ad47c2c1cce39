"""What a file that only its tool can run would do, as the tool itself says it beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.source import Source
from dbdeed.engines.faults import NotYet
from dbdeed.errors import Unavailable
from dbdeed.migrations.files import block_in
from dbdeed.migrations.foreign import without_tool
from dbdeed.migrations.replay import ReplayFailed
from dbdeed.migrations.seam import Batch, Foresees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.replay import Carrier
    from dbdeed.migrations.seam import Foreseen, Migration


def can_foresee(carrier: Carrier | None) -> bool:
    """Whether the tool is here and says beforehand what it would run."""
    process = carrier.process if carrier is not None else None
    return isinstance(process, Foresees) and not process.missing


def foresee(
    engine: Engine, session: Session, migrations: Sequence[Migration], carrier: Carrier | None
) -> dict[str, list[Batch]]:
    """The statements of migrations that come next in a scratch that has the tool's history, by key.

    Raises `NotYet` where their tool is not here, or does not say; `ReplayFailed` with the tool's own words.
    """
    migration = migrations[0]
    process = carrier.process if carrier is not None else None
    if not isinstance(process, Foresees) or process.missing or session.reachable is None:
        raise without_tool(NotYet, migration, process, ", so what it does is not known before")
    try:
        found = process.foresee(session.reachable, migrations)
    except Unavailable as error:
        raise ReplayFailed(error.message, hint=error.hint, where=error.where) from error
    return {
        one.key: _batches(engine, f"{one.path.name} ({one.version})", said)
        for one, said in zip(migrations, found, strict=True)
    }


def _batches(engine: Engine, name: str, said: Foreseen) -> list[Batch]:
    statements = engine.statements([block_in(Source(name, said.sql.encode()))])
    return [Batch(tuple(statements), said.transactional)] if statements else []
