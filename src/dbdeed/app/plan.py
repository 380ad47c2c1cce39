"""`dbdeed plan`: the proven steps that make the database match the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed import __version__
from dbdeed.app.facts import engine_facts
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.renames import rename_remarks
from dbdeed.app.site import open_site
from dbdeed.app.sound import checked, require_sound
from dbdeed.errors import OurFault
from dbdeed.planning.archive import SHORT
from dbdeed.planning.cache import PlanCache, write_atomically
from dbdeed.planning.consent import in_a_window, strategy_refusals, terms_of
from dbdeed.planning.journal import Journal
from dbdeed.planning.proof import make_plan
from dbdeed.planning.running import ProofFailed
from dbdeed.planning.unfilled import carried_on, unfilled
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.app.facts import EngineFacts
    from dbdeed.app.project import Project
    from dbdeed.app.site import Site
    from dbdeed.document.findings import Finding
    from dbdeed.engines.catalog import Catalog
    from dbdeed.planning.consent import Terms
    from dbdeed.planning.journal import Unfinished
    from dbdeed.planning.plan import Plan
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan and what belongs to it.

    Attributes:
        plan: proven.
        target: the catalog that it leads to.
        facts: what the engine said of the document's SQL.
        terms: what the document lets be done.
        database: which one, for people.
        embedded: it is the project's own.
        findings: warnings that do not stop it.
        remarks: about renames: marks that do nothing, and renames that may have been meant.
        refusals: why the document's Strategy would not let it be applied.
        unfinished: earlier plans that were interrupted; this plan is made from what they left.
    """

    plan: Plan
    target: Catalog
    facts: EngineFacts
    terms: Terms
    database: str
    embedded: bool
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    refusals: tuple[str, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()


def plan(
    document: Path,
    *,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> PlanResult:
    """Plan for the document's database, and change nothing.

    Args:
        document: the path of DATABASE.md.
        database: what `--database` says.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: the document has errors, or the engine rejects its SQL.
        Unavailable: no database, no scratch.
        OurFault: the plan's proof refutes it.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    checked(project, architecture)
    with open_site(
        project,
        architecture,
        database=database,
        scratch=scratch,
        environment=environment,
        progress=progress,
        reading=True,
    ) as site:
        return plan_for(site)


def plan_for(site: Site) -> PlanResult:
    """Plan for an open database."""
    architecture, engine = site.architecture, site.engine
    facts = engine_facts(
        site.project,
        architecture,
        start=True,
        progress=site.progress,
        version=site.session.version,
        scratch=site.scratch,
    )
    if facts is None:
        raise OurFault("The document has a database and no engine.")
    # What the engine has just said, the rules that ask for it can use now.
    findings = checked(site.project, architecture).findings
    require_sound(facts.findings)
    target = facts.catalog
    if target is None:
        raise OurFault("The engine rejected the SQL without saying where.")
    statements = engine.statements(architecture.schema.blocks)
    journal = Journal(engine, site.session)
    with site.progress.step("Reading the database"):
        current = engine.inspect(site.session)
        renames = engine.rename_steps(current, target, statements)
        target = engine.as_there(site.session, current, target, renames)
    try:
        made = make_plan(
            engine,
            current,
            target,
            statements,
            site.scratch,
            samples=engine.statements(architecture.schema.samples),
            empty=lambda table: engine.rows(site.session, table) == 0,
            online=not in_a_window(architecture.migrations.strategy.value),
            few=lambda table: engine.rows(site.session, table) < SHORT,
            generation=journal.next_generation(),
            cache=PlanCache(site.project.cache / "plans", __version__),
            progress=site.progress,
        )
    except ProofFailed as fault:
        raise with_report(fault, site.project) from fault
    made = carried_on(made, unfilled(engine, site.session), current, target)
    terms = terms_of(architecture)
    return PlanResult(
        plan=made,
        target=target,
        facts=facts,
        terms=terms,
        database=site.target.label,
        embedded=site.target.embedded,
        findings=findings,
        remarks=rename_remarks(engine, made, current, target, statements),
        refusals=tuple(strategy_refusals(made, terms.strategy)),
        unfinished=tuple(journal.unfinished()),
    )


def with_report(fault: ProofFailed, project: Project) -> ProofFailed:
    """The fault again, its evidence written down beside the project's caches for whoever reports it."""
    path = project.state / "reports" / "proof.txt"
    write_atomically(path, f"{fault.message}\n\n{fault.evidence}\n".encode("utf-8", "replace"))
    hint = f"This is a bug of dbdeed; please report it with {path} (SQL of your schema, no rows)."
    return ProofFailed(fault.message, hint=hint, evidence=fault.evidence)
