"""`dbdeed migrate explain`: what a file would cost in the live database."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from dbdeed.app.migrations import open_workshop
from dbdeed.errors import InvalidInput
from dbdeed.migrations.explaining import explain, refusals
from dbdeed.migrations.foreign import foreign
from dbdeed.migrations.foreseeing import foresee
from dbdeed.migrations.replay import begin_history, replay_up
from dbdeed.migrations.runner import live_catalog, where_all_stand
from dbdeed.migrations.seam import State
from dbdeed.migrations.standing import RUNS
from dbdeed.planning.proof import rebuild
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.app.migrations import Workshop
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.seam import Session
    from dbdeed.migrations.explaining import Explanation
    from dbdeed.migrations.replay import Carrier
    from dbdeed.migrations.seam import Batch, Migration
    from dbdeed.migrations.standing import Line
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """What a file does.

    Attributes:
        explanations: of each migration in it.
        refusals: why the Strategy would not let it run.
        database: whose table sizes are meant.
    """

    explanations: tuple[Explanation, ...]
    refusals: tuple[str, ...]
    database: str


def migrate_explain(
    document: Path,
    file: str,
    *,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> ExplainResult:
    """Run a file in a scratch that has the live database's state, and say what each statement does.

    Args:
        document: the path of DATABASE.md.
        file: its path, its name, or a version.
        database: what `--database` says.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such file, or it does not run.
        NotYet: only its tool can run it, and does not say beforehand what that is.
        Unavailable: no database, no scratch.
    """
    with open_workshop(
        document,
        database=database,
        scratch=scratch,
        environment=environment,
        progress=progress,
        reading=True,
    ) as shop:
        meant = _meant(shop, file)
        lines = where_all_stand(shop.desk, shop.files)
        found = tuple(explanations(shop, lines, meant))
        strategy = shop.site.architecture.migrations.strategy.value
        said = [one for each in found for one in refusals(each, strategy)]
        return ExplainResult(found, tuple(said), shop.database)


def _meant(shop: Workshop, file: str) -> list[Migration]:
    from pathlib import Path

    named = Path(file).name
    found = [one for one in shop.files.migrations if one.path.name == named]
    found = found or [one for one in shop.files.migrations if file in (one.version, one.key)]
    if not found:
        raise InvalidInput(
            f"There is no migration {file}.",
            hint=f"They are in {shop.files.layout.folder}; `dbdeed migrate status` lists them.",
            code="migration-unknown",
        )
    return found


def explanations(shop: Workshop, lines: Sequence[Line], meant: Sequence[Migration]) -> Iterator[Explanation]:
    """Of some migrations, in order: where one is pending, from the live database's state.

    Raises as `migrate_explain`.
    """
    engine, desk, site = shop.site.engine, shop.desk, shop.site
    wanted = {one.key for one in meant}
    pending = [one.migration for one in lines if one.standing in RUNS and one.migration is not None]
    sizes = engine.table_sizes(desk.session)
    known: dict[ObjectId, bool] = {}

    def used(table: ObjectId) -> bool:
        if table not in known:
            known[table] = table in sizes and engine.rows(desk.session, table) > 0
        return known[table]

    from_live = all(one.key in {each.key for each in pending} for one in meant)
    order: Sequence[Migration] = pending if from_live else shop.files.migrations
    order = order[: max(number for number, one in enumerate(order) if one.key in wanted) + 1]
    carrier = desk.carrier if foreign(order) else None
    with site.scratch.database(reachable=carrier is not None) as session:
        if from_live:
            with site.progress.step("Building the database's state in a scratch database"):
                rebuild(engine, session, live_catalog(desk))
        if carrier is not None:
            begin_history(session, carrier.history)
            _record(session, carrier, lines if from_live else ())
        ahead: dict[str, list[Batch]] = {}
        for number, one in enumerate(order):
            if one.key not in wanted:
                replay_up(engine, session, one, carrier)
                continue
            if one.up is None and one.key not in ahead:
                following = takewhile(lambda each: each.up is None and each.key in wanted, order[number:])
                ahead |= foresee(engine, session, list(following), carrier)
            batches = ahead[one.key] if one.up is None else one.up
            with site.progress.step(f"Running {one.path.name} in a scratch database"):
                yield explain(engine, session, one, batches, sizes, used)
            if carrier is not None:
                engine.begin_file(session)
                with session.transaction():
                    carrier.history.record(session, one, state=State.DONE, seconds=0.0)


def _record(session: Session, carrier: Carrier, lines: Sequence[Line]) -> None:
    """What the live database has, in the scratch's history: the tool goes on from there."""
    with session.transaction():
        for line in lines:
            if line.is_applied and line.migration is not None:
                carrier.history.record(session, line.migration, state=State.DONE, seconds=0.0)
