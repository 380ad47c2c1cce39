"""`dbdeed diff`: what differs between two documents, files of SQL or databases. It writes to neither."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed import __version__
from dbdeed.app.database import scratch_place
from dbdeed.app.live import read_databases
from dbdeed.app.renames import rename_remarks
from dbdeed.app.scratch import ScratchOnDemand
from dbdeed.app.side import Side, common_engine, side_of
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.errors import InvalidInput
from dbdeed.planning.cache import PlanCache
from dbdeed.planning.proof import make_plan
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.document.findings import Finding
    from dbdeed.document.values.types import System
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Target
    from dbdeed.planning.plan import Plan
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class DiffResult:
    """What leads from one side to the other.

    Attributes:
        plan: `plan.differences` says what differs, its steps would make it go away; empty where nothing does.
        engine: writes the plan as a script.
        source, destination: the sides' names, without secrets.
        findings: what the engine noted about the SQL of either side.
    """

    plan: Plan
    engine: Engine
    source: str
    destination: str
    findings: tuple[Finding, ...] = ()

    @property
    def same(self) -> bool:
        return self.plan.empty


def diff(
    source: str,
    destination: str,
    *,
    system: System | None = None,
    scratch: str = "",
    prove: bool = True,
    environment: Mapping[str, str] | None = None,
    cache: Path | None = None,
    progress: Progress = SILENT,
) -> DiffResult:
    """Compare two sides; each is a document, a `.sql` file, a folder of them, a database URL or `env:NAME`.

    Args:
        source: FROM, the side that the plan starts at.
        destination: TO, where it leads.
        system: whose SQL it is, where neither side says so.
        scratch: what `--scratch` says.
        prove: run the plan in a scratch before it is given back.
        environment: of the process.
        cache: where proven plans and scratch programs are kept; None for nowhere that lasts.
        progress: where steps are announced.

    Raises:
        InvalidInput: a side cannot be read, or the two are of different systems or major versions.
        Unavailable: a database or a scratch cannot be reached.
    """
    import tempfile

    environment = os.environ if environment is None else environment
    place = scratch_place(scratch, environment)
    sides = [side_of(source, environment), side_of(destination, environment)]
    if system is not None and not any(side.engine for side in sides):
        sides = [Side(side.name, engine_for(system), blocks=side.blocks) for side in sides]
    engine = common_engine(sides)
    live = {
        number: _without_history(engine, side.database, sides[1 - number])
        for number, side in enumerate(sides)
        if side.database is not None
    }
    catalogs = dict(zip(live, read_databases(engine, list(live.values()), progress), strict=True))
    with ExitStack() as stack:
        folder = cache or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dbdeed-")))
        target = next((side.database for side in sides if side.database is not None), None)
        needs = ScratchNeeds(folder, _version(sides, catalogs), place, target)
        opened = stack.enter_context(ScratchOnDemand(engine, needs, progress))
        findings: list[Finding] = []
        for number, side in enumerate(sides):
            if number not in catalogs:
                catalogs[number] = _loaded(engine, side, opened, findings, progress)
        for number, side in enumerate(sides):
            if side.database is None:
                catalogs[number] = _as_there(
                    engine, sides[1 - number], catalogs[1 - number], catalogs[number]
                )
        statements = engine.statements(sides[1].blocks)
        plan = make_plan(
            engine,
            catalogs[0],
            catalogs[1],
            statements,
            opened if prove else None,
            cache=PlanCache(folder / "plans", __version__),
            progress=progress,
        )
    findings.extend(rename_remarks(engine, plan, catalogs[0], catalogs[1], statements))
    return DiffResult(plan, engine, sides[0].name, sides[1].name, tuple(findings))


def _without_history(engine: Engine, database: Target, other: Side) -> Target:
    """The database without what the other side's migration tool keeps there for itself."""
    from dbdeed.app.project import open_project
    from dbdeed.app.site import history_tables

    if other.architecture is None:
        return database
    project = open_project(Path(other.architecture.source.name))
    return replace(database, left_out=history_tables(project, other.architecture, engine))


def _as_there(engine: Engine, other: Side, there: Catalog, written: Catalog) -> Catalog:
    """What SQL leaves open is as it is in the database that it is compared with, if there is one."""
    if other.database is None:
        return written
    with closing(engine.connect(other.database)) as session:
        return engine.as_there(session, there, written)


def _loaded(
    engine: Engine, side: Side, scratch: Scratch, findings: list[Finding], progress: Progress
) -> Catalog:
    from dbdeed.app.facts import load_catalog, rejection
    from dbdeed.app.sound import DocumentUnsound

    try:
        catalog, found = load_catalog(engine, scratch, engine.statements(side.blocks), progress)
    except SqlRejected as error:
        raise DocumentUnsound((rejection(error),)) from error
    findings.extend(found)
    return catalog


def _version(sides: Sequence[Side], live: Mapping[int, Catalog]) -> tuple[int, ...]:
    """The version whose words both sides are put into: a live database's, else what a document asks for."""
    versions = {catalog.version[0]: catalog.version for catalog in live.values()}
    if len(versions) > 1:
        text = " and ".join(".".join(map(str, one)) for one in sorted(versions.values()))
        raise InvalidInput(
            f"The databases are of different major versions ({text}); their catalogs cannot be compared.",
            hint="Compare each with the document.",
            code="other-version",
        )
    if versions:
        return next(iter(versions.values()))
    asked = {side.version[:1]: side.version for side in sides if side.version}
    if len(asked) > 1:
        text = " and ".join(".".join(map(str, one)) for one in sorted(asked.values()))
        raise InvalidInput(f"The documents ask for different major versions ({text}).", code="other-version")
    return next(iter(asked.values()), ())
