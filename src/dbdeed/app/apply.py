"""`dbdeed apply`: run a plan, with the consent that it needs."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed import __version__
from dbdeed.app.database import chosen_target
from dbdeed.app.files_lead import require_no_files
from dbdeed.app.migrations import files_of
from dbdeed.app.plan import PlanResult, plan_for
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import open_site
from dbdeed.app.sound import checked
from dbdeed.engines.registry import engine_named, system_of_url
from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.planning.apply import Applied, apply_plan
from dbdeed.planning.artifact import load_plan
from dbdeed.planning.consent import check_allowed, check_strategy, check_terms, terms_of
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dbdeed.app.site import Site
    from dbdeed.engines.seam import Engine, Session, Target
    from dbdeed.planning.artifact import PlanFile
    from dbdeed.planning.journal import Unfinished
    from dbdeed.planning.plan import Plan
    from dbdeed.progress import Progress

Confirm = "Callable[[Plan], bool]"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to.

    Attributes:
        confirm: asks on a terminal; None where nobody can be asked.
        allow: names of what may be destroyed.
        yes: no question is needed.
        draft: a Draft may change a database that is not embedded.
    """

    confirm: Callable[[Plan], bool] | None = None
    allow: tuple[str, ...] = ()
    yes: bool = False
    draft: bool = False


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What was done.

    Attributes:
        plan: what was run; empty where there was nothing to do.
        applied: its id in the journal, how many steps ran.
        database: which one, for people.
        planned: the plan with its findings; None where a plan's file was run.
        unfinished: earlier plans that were interrupted and that this completes.
    """

    plan: Plan
    applied: Applied
    database: str
    planned: PlanResult | None = None
    unfinished: tuple[Unfinished, ...] = ()


def apply(
    source: Path,
    *,
    consent: Consent,
    database: str = "",
    scratch: str = "",
    document: Path = Path("DATABASE.md"),
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> ApplyResult:
    """Apply a document, or a plan that `plan --format json` wrote.

    Args:
        source: the path of DATABASE.md, or of a plan (`.json`).
        consent: what may be done.
        database: what `--database` says.
        scratch: what `--scratch` says.
        document: for a plan: the document whose Connection String and embedded database are meant.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: errors in the document; a plan that was edited; an `allow` that names nothing destroyed.
        Refused: Status, Target State or Strategy forbid it, consent is missing, or the project's changes are
            files.
        Unavailable: no database, or somebody else changes it.
        OurFault: the result is not the target.
    """
    environment = os.environ if environment is None else environment
    if source.suffix == ".json":
        return _apply_file(
            source,
            document,
            consent,
            database=database,
            environment=environment,
            progress=progress,
        )
    project = open_project(source)
    architecture = read_architecture(project)
    checked(project, architecture)
    # Before anything is started or connected to: a document that may change nothing says so at once.
    private = chosen_target(database, environment, architecture) is None
    check_terms(terms_of(architecture), private=private, draft=consent.draft)
    with open_site(
        project, architecture, database=database, scratch=scratch, environment=environment, progress=progress
    ) as site:
        planned = plan_for(site)
        if not planned.plan.empty:
            require_no_files(site, files_of(site), planned.plan)
        return apply_for(site, planned, consent, environment)


def apply_for(
    site: Site, planned: PlanResult, consent: Consent, environment: Mapping[str, str]
) -> ApplyResult:
    """Apply what was planned for an open database."""
    check_terms(planned.terms, private=planned.embedded, draft=consent.draft)
    check_strategy(planned.plan, planned.terms.strategy)
    require_consent(planned.plan, consent, private=planned.embedded)
    applied = apply_plan(
        site.engine,
        site.session,
        planned.plan,
        planned.target,
        tool=__version__,
        environment=environment,
        progress=site.progress,
    )
    return ApplyResult(planned.plan, applied, planned.database, planned, planned.unfinished)


def require_consent(plan: Plan, consent: Consent, *, private: bool) -> None:
    """Raises `Refused` where something is destroyed that nobody allowed, or nobody said yes."""
    check_allowed(plan, consent.allow)
    if plan.empty or consent.yes or private:
        return
    if consent.confirm is None:
        raise Refused(
            "This is no embedded database, and nobody confirmed the plan.",
            hint="Read it with `dbdeed plan`, then give --yes.",
            code="not-confirmed",
        )
    if not consent.confirm(plan):
        raise Refused("Not confirmed; the database was not changed.", code="not-confirmed")


def _apply_file(
    path: Path,
    document: Path,
    consent: Consent,
    *,
    database: str,
    environment: Mapping[str, str],
    progress: Progress,
) -> ApplyResult:
    file = _read_file(path)
    plan = file.plan
    engine = engine_named(plan.engine)
    with _session_for(engine, document, database, environment, progress) as (target, session):
        check_terms(file.terms, private=target.embedded, draft=consent.draft)
        check_strategy(plan, file.terms.strategy)
        require_consent(plan, consent, private=target.embedded)
        applied = apply_plan(
            engine, session, plan, tool=__version__, environment=environment, progress=progress
        )
        return ApplyResult(plan, applied, target.label)


def _read_file(path: Path) -> PlanFile:
    if path.exists() and not path.is_file():  # opening a pipe would wait for somebody to write into it
        raise InvalidInput("This is no file that holds a plan.", where=str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The plan cannot be read: {error.strerror}.", where=str(path)) from error
    return load_plan(data, str(path))


@contextmanager
def _session_for(
    engine: Engine,
    document: Path,
    database: str,
    environment: Mapping[str, str],
    progress: Progress,
) -> Iterator[tuple[Target, Session]]:
    """The database of a plan's file: as the flag, the environment or the document beside it says."""
    if document.exists():
        project = open_project(document)
        with open_site(
            project,
            read_architecture(project),
            database=database,
            environment=environment,
            progress=progress,
        ) as site:
            yield site.target, site.session
        return
    target = chosen_target(database, environment)
    if target is None:
        raise Unavailable(
            "It is not known which database this plan is for: there is no document here.",
            hint="Give --database, or run it where the document is.",
            code="no-database",
        )
    if system_of_url(target.url) not in engine.systems:
        raise InvalidInput(f"The plan is for {engine.name}, and {target.label} is not.", code="other-system")
    session = engine.connect(target)
    try:
        yield target, session
    finally:
        session.close()
