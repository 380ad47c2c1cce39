"""`dbdeed drill`: restore the newest backup in isolation, prove it, and write what was measured."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.evidence import evidence_key, keep_account
from dbdeed.app.facts import engine_facts
from dbdeed.app.ledger import ledger_folder
from dbdeed.app.outlook import outlook
from dbdeed.app.procedure import edited, procedure_of, rehearsal_of
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.site import engine_of, history_tables
from dbdeed.app.vault import open_vault, promises_of, token, utc_now
from dbdeed.document.edit import write_document
from dbdeed.document.rewrite import generated_block_edit
from dbdeed.document.rewrite_keys import set_value_edit
from dbdeed.errors import DbdeedError, InvalidInput, OurFault, Refused
from dbdeed.progress import SILENT
from dbdeed.recovery.drill import drill
from dbdeed.recovery.drill_plan import Clocks, Plan
from dbdeed.recovery.ledger import read_beats
from dbdeed.recovery.logs import Logs
from dbdeed.recovery.manifest import Proof, Verdict
from dbdeed.recovery.moment_drill import drill_moment
from dbdeed.recovery.moments import parse_until
from dbdeed.recovery.points import newest
from dbdeed.recovery.rehearsal import PROCEDURE
from dbdeed.recovery.report import PROCEDURE_BLOCK, RECOVERY_BLOCK, render_procedure, render_recovery
from dbdeed.recovery.rooms import work_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.app.vault import Vault
    from dbdeed.document.architecture import Architecture
    from dbdeed.document.edit import Edit
    from dbdeed.engines.archiving import Until
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine
    from dbdeed.progress import Progress
    from dbdeed.recovery.evidence import Evidence

_PROCEDURE = "the steps below, as `dbdeed drill` generates them."


@dataclass(frozen=True, slots=True)
class DrillResult:
    """What a drill found.

    Attributes:
        proof: verdict, checks, phases and times; recorded beside the backups.
        written: the document changed.
        notes: what of the document could not be written, and why.
        evidence: of it, as it stands in the history; None where there was nothing to drill.
        outlook: what is to be expected, a sentence; "" where no RTO is declared.
    """

    proof: Proof
    written: bool
    notes: tuple[str, ...] = ()
    evidence: Evidence | None = None
    outlook: str = ""

    @property
    def ok(self) -> bool:
        """Only what is PROVEN."""
        return self.proof.verdict is Verdict.PROVEN


def run_drill(
    document: Path,
    *,
    backup: str = "",
    to: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> DrillResult:
    """Drill a document's backups; its own database is not touched, nor needed.

    Args:
        document: the path of DATABASE.md.
        backup: an id; "" for the newest.
        to: a moment to restore to instead: a time, a position of the log, or "latest".
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such backup; a document without a database system.
        NotYet: an engine or a store that is not built.
    """
    project = open_project(document)
    architecture = read_architecture(project)
    vault = open_vault(project, architecture, environment)
    engine = engine_of(architecture)
    if to:
        if backup:
            raise InvalidInput("Either a backup is drilled or a moment, not both.")
        return _drill_moment(project, engine, vault, parse_until(to), environment, progress)
    expected, unknown = _expected(project, architecture, vault, backup, progress)
    return drill_for(
        project,
        engine,
        vault,
        expected,
        backup=backup,
        unknown=unknown,
        environment=environment,
        progress=progress,
    )


def drill_for(
    project: Project,
    engine: Engine,
    vault: Vault,
    expected: Catalog | None,
    *,
    backup: str = "",
    unknown: str = "The document's schema was not at hand.",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> DrillResult:
    """Drill where the document's catalog is at hand; the document is read again before it is written."""
    environment = os.environ if environment is None else environment
    key = evidence_key(environment)  # a bad one is said before anything is restored
    architecture = read_architecture(project)
    project.prepare()
    archiving, ledger = engine.log_archiving(), read_beats(ledger_folder(project))
    with work_folder(project.state / "work") as work:
        plan = Plan(
            engine=engine,
            store=vault.store,
            project=vault.owner,
            work=work,
            expected=expected,
            promises=promises_of(architecture),
            backup=backup,
            unknown=unknown,
            ledger=ledger.beats,
            marks=ledger.marks,
            ledger_name=project.known_identity(),
            logs=Logs(archiving, vault.store.shelf) if archiving is not None else None,
            rehearsal=lambda manifest: rehearsal_of(architecture, engine, vault, manifest),
            left_out=history_tables(project, architecture, engine),
        )
        proof = drill(plan, Clocks(utc_now, time.monotonic), progress)
    if proof.backup:
        vault.store.record(proof, token())
    written, notes = write_measured(project, engine, vault, proof)
    evidence = keep_account(project, read_architecture(project), vault, proof, key) if proof.backup else None
    if any(one.name == PROCEDURE for one in proof.checks):
        procedure = procedure_of(architecture, engine, vault, vault.store.find(proof.backup))
        notes = (*notes, *filter(None, [edited(architecture, procedure)]))
    ahead = outlook(project, architecture, vault.listing(), proof)
    return DrillResult(proof, written, notes, evidence, ahead.said if ahead is not None else "")


def _drill_moment(
    project: Project,
    engine: Engine,
    vault: Vault,
    until: Until,
    environment: Mapping[str, str] | None,
    progress: Progress,
) -> DrillResult:
    """Drill a moment. It goes to the history; what stands in the document is of the newest backup."""
    architecture = read_architecture(project)
    key = evidence_key(os.environ if environment is None else environment)
    project.prepare()
    archiving = engine.log_archiving()
    expected, unknown = _expected(project, architecture, vault, "", progress)
    with work_folder(project.state / "work") as work:
        plan = Plan(
            engine=engine,
            store=vault.store,
            project=vault.owner,
            work=work,
            expected=expected,
            promises=promises_of(architecture),
            unknown=unknown,
            left_out=history_tables(project, architecture, engine),
            ledger=read_beats(ledger_folder(project)).beats,
            ledger_name=project.known_identity(),
            logs=Logs(archiving, vault.store.shelf) if archiving is not None else None,
        )
        proof = drill_moment(plan, until, Clocks(utc_now, time.monotonic), progress)
    evidence = None
    if proof.backup:
        vault.store.record(proof, token())
        evidence = keep_account(project, architecture, vault, proof, key)
    return DrillResult(proof, written=False, evidence=evidence)


def last_drill(document: Path, *, environment: Mapping[str, str] | None = None) -> Proof | None:
    """The last drill that was recorded; None where there was none."""
    project = open_project(document)
    vault = open_vault(project, read_architecture(project), environment)
    drills = [proof for proof in vault.listing().proofs if proof.kind == "drill"]
    return max(drills, key=lambda one: one.at, default=None)


def _expected(
    project: Project, architecture: Architecture, vault: Vault, backup: str, progress: Progress
) -> tuple[Catalog | None, str]:
    """What the document's SQL makes, in the words of the backup's own server; or why that is not known."""
    backups = vault.listing().backups
    chosen = [one for one in backups if one.id == backup] if backup else list(backups)
    found = newest(chosen, utc_now())
    if found is None:
        return None, ""
    try:
        facts = engine_facts(
            project, architecture, start=True, version=found.engine_version, progress=progress
        )
    except OurFault:
        raise
    except DbdeedError as error:
        return None, f"The document's schema is not known: {error.message}"
    if facts is None or facts.catalog is None:
        rejected = facts.findings[0].message if facts is not None and facts.findings else "it has no engine."
        return None, f"The document's schema is not known: {rejected}"
    return facts.catalog, ""


def write_measured(
    project: Project, engine: Engine, vault: Vault, proof: Proof
) -> tuple[bool, tuple[str, ...]]:
    """Put what a drill measured into the document.

    Returns whether the document changed, and why something was not written: a person's own words are never
    overwritten.
    """
    architecture = read_architecture(project)
    place = architecture.recovery.plan_place
    if place is None:
        return False, ("The document has no section Backup and Recovery to write the measured facts to.",)
    if place.source is not architecture.source:
        return False, ("The Recovery Plan stands in a linked file, which is not written to.",)
    expected = outlook(project, architecture, vault.listing(), proof)
    content = render_recovery(proof, promises_of(architecture), expected)
    try:
        edits = _procedure(architecture, engine, vault, proof)
        edit = generated_block_edit(architecture, RECOVERY_BLOCK, content, place)
        edits += [] if edit is None else [edit]
        return write_document(project.document, architecture.source, edits), ()
    except (Refused, InvalidInput) as error:
        return False, (f"{error} {error.hint}".strip(),)


def _procedure(architecture: Architecture, engine: Engine, vault: Vault, proof: Proof) -> list[Edit]:
    """The Procedure as commands, where it is still a placeholder or was generated before."""
    setting, place = architecture.recovery.procedure, architecture.recovery.plan_place
    generated = any(block.name == PROCEDURE_BLOCK for block in architecture.generated)
    if not proof.backup or place is None or not (setting.unfilled or generated):
        return []
    steps = procedure_of(architecture, engine, vault, vault.store.find(proof.backup)).all
    edits = [generated_block_edit(architecture, PROCEDURE_BLOCK, render_procedure(steps), place)]
    if setting.unfilled:
        edits.insert(0, set_value_edit(architecture, "Procedure", _PROCEDURE))
    return [edit for edit in edits if edit is not None]
