"""`dbdeed migrate baseline`: a database that has everything already gets a history that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.migrate import require_yes
from dbdeed.app.migrate_new import write_sum
from dbdeed.app.migrations import open_workshop
from dbdeed.errors import InvalidInput
from dbdeed.migrations.replay import state_of
from dbdeed.migrations.runner import live_catalog, locked, where_all_stand
from dbdeed.migrations.seam import State
from dbdeed.migrations.standing import RUNS
from dbdeed.planning.running import differences
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dbdeed.app.migrate import MigrateConsent
    from dbdeed.app.migrations import Workshop
    from dbdeed.migrations.seam import Migration
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """What was recorded.

    Attributes:
        recorded: what the history now has and had not before.
        known: how many it had already.
        differences: between where the files lead and the database; then nothing was recorded.
        sum: `dbdeed.sum`, where it was written.
    """

    database: str
    tool: str
    recorded: tuple[Migration, ...]
    known: int
    differences: tuple[str, ...]
    sum: Path | None = None


def migrate_baseline(
    document: Path,
    *,
    consent: MigrateConsent,
    version: str = "",
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> BaselineResult:
    """Take a live database to be where the files lead, after it was proven that it is; no file changes.

    Neither does its schema: that a document is a Draft, or follows the database, is no hindrance.

    Args:
        document: the path of DATABASE.md.
        consent: what may be done.
        version: up to which the database has the migrations; "" for all.
        database: what `--database` says.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: an unknown version, or a migration does not run.
        Refused: consent is missing.
        Unavailable: no database, no scratch.
    """
    with open_workshop(
        document, database=database, scratch=scratch, environment=environment, progress=progress
    ) as shop:
        covered = _until(shop, version)
        found = _differences(shop, covered)
        lines = {one.key: one for one in where_all_stand(shop.desk, shop.files)}
        todo = [one for one in covered if lines[one.key].standing in RUNS]
        known = len(covered) - len(todo)
        if found:
            return BaselineResult(shop.database, shop.files.format.name, (), known, tuple(found))
        if todo:
            require_yes(shop, consent, todo, back=False)
            _record(shop, todo)
        return BaselineResult(
            shop.database,
            shop.files.format.name,
            tuple(todo),
            known,
            (),
            None if shop.files.summed else write_sum(shop.files, shop.files.migrations),
        )


def _until(shop: Workshop, version: str) -> list[Migration]:
    migrations = list(shop.files.migrations)
    if not version:
        return migrations
    places = [number for number, one in enumerate(migrations) if one.version == version]
    if not places:
        raise InvalidInput(f"There is no migration of version {version}.", code="migration-unknown")
    return migrations[: places[-1] + 1]


def _differences(shop: Workshop, covered: Sequence[Migration]) -> list[str]:
    site, engine = shop.site, shop.site.engine
    made = state_of(engine, site.scratch, covered, site.progress, shop.desk.carrier)
    with site.progress.step("Reading the database"):
        there = live_catalog(shop.desk)
    made = engine.as_there(site.session, there, made)
    found = differences(engine.compare(there, made).changes)
    if not found and there.objects != made.objects:
        return ["the comparison overlooks a difference: please report it"]
    return found


def _record(shop: Workshop, todo: Sequence[Migration]) -> None:
    desk = shop.desk
    with locked(desk), desk.session.transaction():
        for one in todo:
            desk.history.record(desk.session, one, state=State.BASELINE, seconds=0.0)
            desk.table.remove(desk.session, one.key)
