"""`dbdeed diff` in a project: what differs between a document and its database, in the document's terms.

It says where in the document each difference stands, which of the two leads, and what would make it go away
either way. It writes nothing, neither there nor here, and reading the catalogs is all the rights it needs.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dbdeed import __version__
from dbdeed.app.database import chosen_target, scratch_place
from dbdeed.app.drift_places import Places
from dbdeed.app.facts import engine_facts
from dbdeed.app.project import Project, open_project, read_architecture
from dbdeed.app.pull import pull
from dbdeed.app.scratch import ScratchOnDemand
from dbdeed.app.site import engine_of, open_target, require_version
from dbdeed.app.sound import require_filled, require_sound
from dbdeed.document.findings import Finding, Severity
from dbdeed.document.values.types import TargetState
from dbdeed.engines.catalog import Catalog  # noqa: TC001 - a NamedTuple's field
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.errors import InvalidInput, OurFault, Refused
from dbdeed.planning.cache import PlanCache
from dbdeed.planning.proof import make_plan
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.document.architecture import Architecture
    from dbdeed.document.source import Place
    from dbdeed.engines.seam import Engine, Scratch
    from dbdeed.planning.plan import Plan
    from dbdeed.progress import Progress

CODE = "drift"


@dataclass(frozen=True, slots=True)
class Drift:
    """How a document and its database differ.

    Attributes:
        document: its path.
        database: its name, without secrets.
        leads: Target State; None where the document does not say.
        findings: one for each difference, at its place in the document.
        plan: what would make the database what the document says; proven where `unproven` is "".
        engine: writes the plan as a script.
        texts: what would make the document say what is live: (path, text before, text after) of each file.
        unproven: why the plan could not be proven.
        unplaced: why the document cannot follow the database by itself.
    """

    document: Path
    database: str
    leads: TargetState | None
    findings: tuple[Finding, ...]
    plan: Plan
    engine: Engine
    texts: tuple[tuple[str, str, str], ...] = ()
    unproven: str = ""
    unplaced: str = ""

    @property
    def same(self) -> bool:
        return self.plan.empty

    @property
    def unmodelled(self) -> tuple[str, ...]:
        """What was not compared."""
        return self.plan.unmodelled


class _Sides(NamedTuple):
    """What is live, what the document makes, and what the database is called."""

    live: Catalog
    wanted: Catalog
    label: str


def drift(
    document: Path,
    *,
    database: str = "",
    scratch: str = "",
    both_ways: bool = True,
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Drift:
    """Compare a document with its database.

    Args:
        document: the path of DATABASE.md.
        database: what `--database` says.
        scratch: what `--scratch` says.
        both_ways: find out what would make the document follow the database, too.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: the document has errors, or names no database that is there.
        Unavailable: the database or a scratch cannot be reached.
    """
    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    require_filled(architecture)
    engine = engine_of(architecture)
    place = scratch_place(scratch, environment)
    _require_database(project, architecture, engine, database, environment)
    with ExitStack() as stack:
        kept = _without_traces(project, stack)
        target = stack.enter_context(
            open_target(
                kept, architecture, engine, database=database, environment=environment, progress=progress
            )
        )
        with progress.step(f"Reading {target.label}"):
            session = engine.connect(target)
            stack.callback(session.close)
            require_version(architecture, session.version)
            live = engine.inspect(session)
        needs = ScratchNeeds(kept.cache, session.version, place, target)
        opened = stack.enter_context(ScratchOnDemand(engine, needs, progress))
        facts = engine_facts(
            kept, architecture, start=True, progress=progress, version=session.version, scratch=opened
        )
        assert facts is not None
        if facts.catalog is None:
            require_sound(facts.findings)
        assert facts.catalog is not None
        sides = _Sides(live, facts.catalog, target.label)
        return _compared(kept, architecture, engine, sides, opened, progress, both_ways=both_ways)


def _require_database(
    project: Project,
    architecture: Architecture,
    engine: Engine,
    database: str,
    environment: Mapping[str, str],
) -> None:
    """Nothing is made for the sake of comparing: an embedded database that was never started is not there."""
    if chosen_target(database, environment, architecture) is not None:
        return
    from dbdeed.app.facts import wanted_version

    if engine.embedded(project.root, wanted_version(architecture)).status() == "never started":
        raise InvalidInput(
            "There is no database yet to compare the document with.",
            hint="Name one with --database, or make the embedded one: `dbdeed up`.",
            where=str(project.document),
            code="no-database",
        )


def _without_traces(project: Project, stack: ExitStack) -> Project:
    """The project; where it has no state folder yet, with one that goes when we do."""
    if project.state.is_dir():
        return project
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dbdeed-"))
    return Project(project.document, Path(folder))


def _compared(
    project: Project,
    architecture: Architecture,
    engine: Engine,
    sides: _Sides,
    scratch: Scratch,
    progress: Progress,
    *,
    both_ways: bool,
) -> Drift:
    live, wanted, label = sides
    plan, unproven = _plan(project, architecture, engine, live, wanted, scratch, progress)
    leads = architecture.header.target_state.value
    texts: tuple[tuple[str, str, str], ...] = ()
    unplaced = ""
    findings: tuple[Finding, ...] = ()
    if not plan.empty:
        findings = _findings(Places(engine, architecture, wanted, live), plan, leads)
        if both_ways:
            texts, unplaced = _followed(engine, architecture, wanted, live, scratch, progress)
    return Drift(project.document, label, leads, findings, plan, engine, texts, unproven, unplaced)


def _plan(
    project: Project,
    architecture: Architecture,
    engine: Engine,
    live: Catalog,
    wanted: Catalog,
    scratch: Scratch,
    progress: Progress,
) -> tuple[Plan, str]:
    """The plan, and why it is not proven: what differs is told even where that fails."""
    statements = engine.statements(architecture.schema.blocks)
    cache = PlanCache(project.cache / "plans", __version__)
    try:
        return make_plan(engine, live, wanted, statements, scratch, cache=cache, progress=progress), ""
    except (Refused, OurFault) as error:
        return make_plan(engine, live, wanted), error.message


_HINTS = {
    TargetState.AS_IS: "The database leads: `dbdeed sync` pulls it into the document.",
    TargetState.AS_TO_BE: "The document leads: `dbdeed apply` makes the database follow.",
    None: "Set Target State to say which of the two leads.",
}


def _findings(places: Places, plan: Plan, leads: TargetState | None) -> tuple[Finding, ...]:
    said = places.said(plan.differences)
    found = [Finding(CODE, Severity.ERROR, text, place, _HINTS[leads]) for text, place in said]
    return tuple(sorted(found, key=lambda one: _position(one.place)))


def _position(place: Place | None) -> tuple[str, int]:
    return (place.source.name, place.span.start) if place is not None else ("", 0)


def _followed(
    engine: Engine,
    architecture: Architecture,
    wanted: Catalog,
    live: Catalog,
    scratch: Scratch,
    progress: Progress,
) -> tuple[tuple[tuple[str, str, str], ...], str]:
    """The document's files as they would follow the database, models and diagram aside."""
    try:
        done = pull(engine, architecture, wanted, live, scratch, progress).architecture
    except Refused as error:
        return (), error.message
    now = {one.name: one for one in (done.source, *done.included)}
    pairs = [(one, now[one.name]) for one in (architecture.source, *architecture.included) if one.name in now]
    return tuple(
        (old.name, old.data.decode(), new.data.decode()) for old, new in pairs if old.data != new.data
    ), ""
