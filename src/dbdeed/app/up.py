"""`dbdeed up`: everything that the document says, made true.

Check, bring the document in line, run what is pending of migrations as files, plan, prove, apply, generate,
back up, drill. Each part looks at what is
there and does only what is missing, and each leaves whole results or none: whoever is killed in between runs
`up` again and ends where an undisturbed run would have ended.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.apply import ApplyResult, apply_for
from dbdeed.app.backup import backup_for
from dbdeed.app.database import chosen_target, scratch_place
from dbdeed.app.drill import drill_for, write_measured
from dbdeed.app.files_lead import require_no_files, run_pending
from dbdeed.app.generate import GenerateResult, generate
from dbdeed.app.migrations import files_of
from dbdeed.app.plan import plan_for
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.reading import wanted_blueprint
from dbdeed.app.site import engine_of, open_site
from dbdeed.app.sound import checked
from dbdeed.app.sync import sync
from dbdeed.app.vault import open_vault, utc_now
from dbdeed.document.values.proof_age import expires
from dbdeed.errors import OurFault
from dbdeed.planning.consent import check_strategy, check_terms, terms_of
from dbdeed.progress import SILENT
from dbdeed.recovery.manifest import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from dbdeed.app.apply import Consent
    from dbdeed.app.plan import PlanResult
    from dbdeed.app.site import Site
    from dbdeed.app.vault import Vault
    from dbdeed.document.findings import Finding
    from dbdeed.document.values.types import Frequency
    from dbdeed.engines.seam import Target
    from dbdeed.migrations.seam import Migration
    from dbdeed.progress import Progress
    from dbdeed.recovery.manifest import Manifest, Proof


@dataclass(frozen=True, slots=True)
class UpResult:
    """What `up` did.

    Attributes:
        target: the database.
        client: the command that opens it for a person, without secrets.
        variable: the environment variable that the generated code reads its URL from.
        applied: the plan that was run, empty where there was nothing to do.
        ran: migrations as files that were pending.
        synced: what changed in the document to bring it in line with its SQL.
        generated: the files of the access layer.
        backups: taken now; empty where a proven one of this schema was there.
        proof: the drill that stands for this schema, made now or before.
        drilled: it was made now.
        recorded: what was measured was written into the document now.
        findings: warnings of the check.
        notes: what could not be done, and why.
    """

    target: Target
    client: str
    variable: str
    applied: ApplyResult
    synced: tuple[str, ...]
    generated: GenerateResult
    backups: tuple[Manifest, ...]
    proof: Proof | None
    drilled: bool
    recorded: bool
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    ran: tuple[Migration, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether there was nothing to do: neither database nor files were touched."""
        return (
            self.applied.plan.empty
            and not (self.ran or self.synced or self.backups or self.drilled or self.recorded)
            and not (self.generated.written or self.generated.removed)
        )

    @property
    def ok(self) -> bool:
        """Only a drill that FAILED is a no; NOT VERIFIED is said, and left to the person."""
        return self.proof is None or self.proof.verdict is not Verdict.FAILED


def up(
    document: Path,
    *,
    consent: Consent,
    today: date,
    database: str = "",
    scratch: str = "",
    show: Callable[[PlanResult], None] = lambda _: None,
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> UpResult:
    """Make the document true.

    Args:
        document: the path of DATABASE.md.
        consent: what may be done to the database.
        today: the date for Last Updated where the document changes.
        database: what `--database` says.
        scratch: what `--scratch` says.
        show: is given the proven plan before it is applied.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: errors in the document.
        Refused: Status, Target State or Strategy forbid it, or consent is missing.
        Unavailable: no database, or it is held by somebody else.
        NotYet: the document's system, or a method of its backups, is not built.
    """
    environment = os.environ if environment is None else environment
    project = open_project(document)
    architecture = read_architecture(project)
    checked(project, architecture)
    engine_of(architecture)
    # Before anything is written or started: a document that may change nothing says so at once.
    scratch_place(scratch, environment)
    private = chosen_target(database, environment, architecture) is None
    check_terms(terms_of(architecture), private=private, draft=consent.draft)
    with project.alone():
        # Tables are drafted by `sync` alone: here a model without one may be of a table just removed.
        synced = sync(document, today=today, draft=False, progress=progress).changes
        architecture = read_architecture(project)
        findings = checked(project, architecture, engine=True, progress=progress).findings
        with open_site(
            project,
            architecture,
            database=database,
            scratch=scratch,
            environment=environment,
            progress=progress,
            keep_running=True,
        ) as site:
            files = files_of(site)
            ran = run_pending(site, files, consent, environment)
            planned = plan_for(site)
            require_no_files(site, files, planned.plan)
            check_strategy(planned.plan, planned.terms.strategy)
            if not planned.plan.empty:
                show(planned)
            applied = apply_for(site, planned, consent, environment)
            model = planned.facts.model
            if model is None:
                raise OurFault("The engine read the SQL and described no model.")
            generated = generate(
                model,
                architecture,
                project.root,
                queries=planned.facts.queries,
                blueprint=wanted_blueprint(architecture, planned.facts),
            )
            vault = open_vault(project, architecture, environment)
            proven = _Proven.of(site, vault, planned, environment)
        connection = architecture.access.connection_string.value
        return UpResult(
            target=site.target,
            client=site.engine.client(site.target),
            variable=connection.name if connection is not None else "DATABASE_URL",
            applied=applied,
            synced=synced,
            generated=generated,
            backups=proven.backups,
            proof=proven.proof,
            drilled=proven.drilled,
            recorded=proven.recorded,
            findings=findings,
            notes=proven.notes,
            ran=ran,
        )


@dataclass(frozen=True, slots=True)
class _Proven:
    """The backup and the drill that stand for the schema."""

    backups: tuple[Manifest, ...]
    proof: Proof | None
    drilled: bool
    recorded: bool
    notes: tuple[str, ...]

    @classmethod
    def of(cls, site: Site, vault: Vault, planned: PlanResult, environment: Mapping[str, str]) -> _Proven:
        """Find them, or take a backup and drill it."""
        proof = _standing(vault, planned.plan.target, site.architecture.recovery.frequency.value)
        if proof is not None:
            recorded, notes = write_measured(site.project, site.engine, vault, proof)
            return cls((), proof, drilled=False, recorded=recorded, notes=notes)
        run = backup_for(site, environment)
        made = drill_for(site.project, site.engine, vault, planned.target, progress=site.progress)
        return cls(
            run.made, made.proof, drilled=True, recorded=made.written, notes=(*run.missing, *made.notes)
        )


def _standing(vault: Vault, schema: str, frequency: Frequency | None) -> Proof | None:
    """The last drill of a backup that is still there and holds this schema; neither FAILED nor expired."""
    listing = vault.listing()
    there = {backup.id for backup in listing.backups}
    drills = [
        proof
        for proof in listing.proofs
        if proof.kind == "drill" and proof.schema == schema and proof.backup in there
    ]
    newest = max(drills, key=lambda one: one.at, default=None)
    if newest is None or newest.verdict is Verdict.FAILED or expires(newest.at, frequency) < utc_now():
        return None
    return newest
