"""Taking one backup into a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.recovering import IncrementalMethod
from dbdeed.recovery.ahead import looking_ahead
from dbdeed.recovery.store import new_id
from dbdeed.writeback import writing_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Engine, Target
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest
    from dbdeed.recovery.store import Store


def take_backup(
    engine: Engine,
    method: BackupMethod,
    target: Target,
    store: Store,
    *,
    project: str,
    now: Callable[[], datetime],
    token: Callable[[], str],
    progress: Progress,
    parent: Manifest | None = None,
) -> Manifest:
    """Take a backup and list it; on any failure nothing of it stays.

    With a `parent`, only what changed since that one; `method` is one that can.

    Raises `StoreLocked` where another run writes, `Unavailable` for a full disk, and what the engine raises.
    """
    with store.writing(), store.draft(new_id(now(), method.name, token())) as draft:
        looking = looking_ahead(draft.data, draft.seen, progress, durable=draft.durable)
        with writing_back(draft.data), looking as ahead:
            if parent is not None and isinstance(method, IncrementalMethod):
                with store.reading(parent, only=method.parent_files) as earlier:
                    facts = method.take_increment(target, draft.data, earlier, ahead)
                needs = (*parent.needs, parent.id)
            else:
                facts, needs = method.take(target, draft.data, ahead), ()
        with progress.step("Make the backup durable"):
            return store.publish(
                draft, facts, project=project, engine=engine.name, method=method.name, needs=needs
            )
