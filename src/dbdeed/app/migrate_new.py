"""`dbdeed migrate new`: what leads from the files to the document, as the next file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from dbdeed.app.facts import engine_facts
from dbdeed.app.files import write_text
from dbdeed.app.migrations import open_shelf
from dbdeed.app.plan import with_report
from dbdeed.app.sound import checked, require_sound
from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput, OurFault, Refused
from dbdeed.migrations import sums
from dbdeed.migrations.drafting import draft_of, empty_draft
from dbdeed.migrations.files import shown_path
from dbdeed.migrations.halves import notes_of_contract, notes_of_expand
from dbdeed.migrations.proving import prove
from dbdeed.migrations.runner import paths_of
from dbdeed.planning.consent import check_allowed, check_strategy, in_a_window
from dbdeed.planning.phases import split
from dbdeed.planning.plan import assemble
from dbdeed.planning.proof import make_plan
from dbdeed.planning.running import ProofFailed
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dbdeed.app.migrations import Shelf
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Statement
    from dbdeed.migrations.runner import Files
    from dbdeed.migrations.seam import Draft, Migration
    from dbdeed.planning.phases import Phases
    from dbdeed.planning.plan import Plan
    from dbdeed.progress import Progress

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class NewResult:
    """What was written.

    Attributes:
        tool: the format's name.
        plan: what the file does; empty where the files lead to the document already.
        contract: what a second file does, where the Strategy is expand and contract and it takes two.
        paths: of the new files, relative to the project; () where there was nothing to write.
        proven: the files were run up, back and up again in a scratch as they stand.
    """

    tool: str
    plan: Plan
    paths: tuple[Path, ...]
    proven: bool
    contract: Plan | None = None


def migrate_new(
    document: Path,
    description: str,
    *,
    allow: Sequence[str] = (),
    empty: bool = False,
    branch: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
    now: datetime | None = None,
) -> NewResult:
    """Write the difference between the files and the document as the next file, proven as it stands.

    Args:
        document: the path of DATABASE.md.
        description: a person's words.
        allow: names of what it may destroy.
        empty: write a file without statements, for SQL by hand.
        branch: of Alembic's revisions, where there are several: the one that the file goes on.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.
        now: the clock; None for the system's.

    Raises:
        InvalidInput: the document or a migration has errors.
        Refused: the Strategy forbids it, or it destroys what nobody allowed.
        OurFault: the plan's or the file's proof refutes it.
    """
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    if not description.strip():
        raise InvalidInput(
            "A migration needs a few words that say what it does.",
            hint='dbdeed migrate new "add loyalty points"',
            code="usage",
        )
    with open_shelf(document, scratch=scratch, environment=environment, progress=progress) as shelf:
        require_summed(shelf.files)
        if branch and shelf.files.format.tool is not Tool.ALEMBIC:
            raise InvalidInput(f"Files of {shelf.files.format.name} have no branches.", code="usage")
        checked(shelf.project, shelf.architecture)
        current = shelf.state_of(shelf.files.migrations, known=True)
        if empty:
            plan = assemble(current, current, ())
            draft = replace(empty_draft(description, moment, plan.current), branch=branch)
            paths = _written(shelf, [draft], current, None, ())
            return NewResult(shelf.files.format.name, plan, paths, proven=False)
        target = target_of(shelf)
        strategy = shelf.architecture.migrations.strategy.value
        if strategy is not None and strategy.expand_contract:
            return _in_halves(shelf, (current, target), description, moment, allow, branch)
        plan = plan_files(shelf, current, target, moment)
        check_strategy(plan, strategy)
        check_allowed(plan, allow)
        if plan.empty:
            return NewResult(shelf.files.format.name, plan, (), proven=True)
        samples = shelf.engine.statements(shelf.architecture.schema.samples)
        drafts = [replace(draft_for(shelf, plan, description, moment), branch=branch)]
        paths = _written(shelf, drafts, current, target, samples)
        return NewResult(shelf.files.format.name, plan, paths, proven=True)


def _in_halves(
    shelf: Shelf,
    way: tuple[Catalog, Catalog],
    description: str,
    moment: datetime,
    allow: Sequence[str],
    branch: str,
) -> NewResult:
    """What is added in one file, what waits for the application from before to go in another."""
    phases = split_files(shelf, *way, moment)
    said = shelf.architecture.migrations.strategy.value
    strategy = None if said is None else msgspec.structs.replace(said, expand_contract=False)
    halves = [phases.expand, phases.contract]
    for plan in halves:
        check_strategy(plan, strategy)
        check_allowed(plan, allow)
    both = not any(plan.empty for plan in halves)
    first, second = (f"{description.strip()}{f' {one}' if both else ''}" for one in ("expand", "contract"))
    drafts = []
    if not phases.expand.empty:
        drafts.append(draft_for(shelf, phases.expand, first, moment, notes_of_expand(phases)))
    if not phases.contract.empty:
        later = moment + timedelta(seconds=len(drafts))
        drafts.append(draft_for(shelf, phases.contract, second, later, notes_of_contract(phases)))
    drafts = [replace(one, branch=branch) for one in drafts]
    name = shelf.files.format.name
    if not drafts:
        return NewResult(name, phases.expand, (), proven=True)
    samples = shelf.engine.statements(shelf.architecture.schema.samples)
    paths = _written(shelf, drafts, *way, samples)
    if both:
        return NewResult(name, phases.expand, paths, proven=True, contract=phases.contract)
    return NewResult(name, next(plan for plan in halves if not plan.empty), paths, proven=True)


def require_summed(files: Files) -> None:
    """Raises `Refused` where a file is not as `dbdeed.sum` has it: writing that anew would hide it."""
    if files.mismatches:
        one = files.mismatches[0]
        raise Refused(
            f"{one.name} is not as {sums.NAME} has it: {one.problem}.",
            where=str(files.layout.folder / sums.NAME),
            hint="Put it back as it was; or, where the change is meant, `dbdeed migrate repair`.",
            code="sum-mismatch",
        )


def target_of(shelf: Shelf) -> Catalog:
    """What the document's SQL makes, read by the shelf's scratch."""
    facts = engine_facts(
        shelf.project,
        shelf.architecture,
        start=True,
        progress=shelf.progress,
        version=shelf.scratch.version,
        scratch=shelf.scratch,
    )
    if facts is None:
        raise OurFault("The document has a database and no engine.")
    require_sound(facts.findings)
    if facts.catalog is None:
        raise OurFault("The engine rejected the SQL without saying where.")
    return facts.catalog


def plan_files(shelf: Shelf, current: Catalog, target: Catalog, moment: datetime) -> Plan:
    """The proven plan from the files' state to the document's; where it will run, tables have rows."""
    return _proven(make_plan, shelf, current, target, moment)


def split_files(shelf: Shelf, current: Catalog, target: Catalog, moment: datetime) -> Phases:
    """The same way in two proven halves."""
    return _proven(split, shelf, current, target, moment)


def _proven(
    make: Callable[..., Made], shelf: Shelf, current: Catalog, target: Catalog, moment: datetime
) -> Made:
    """What `make`, which is `make_plan` or `split`, makes for the document."""
    architecture, engine = shelf.architecture, shelf.engine
    try:
        return make(
            engine,
            current,
            target,
            engine.statements(architecture.schema.blocks),
            shelf.scratch,
            samples=engine.statements(architecture.schema.samples),
            online=not in_a_window(architecture.migrations.strategy.value),
            generation=int(moment.timestamp()),
            progress=shelf.progress,
        )
    except ProofFailed as fault:
        raise with_report(fault, shelf.project) from fault


_FILLED_IN = frozenset({"dbdeed", "knex", "alembic"})
"""Formats whose files take secrets from the environment when they run, whoever runs them."""


def draft_for(
    shelf: Shelf, plan: Plan, description: str, moment: datetime, notes: Sequence[str] = ()
) -> Draft:
    """The migration that does what a plan does; `notes` are of which half it is."""
    if plan.environment and shelf.files.format.name not in _FILLED_IN:
        raise Refused(
            f"The change holds secrets ({', '.join(plan.environment)}), which a file of "
            f"{shelf.files.format.name} would show.",
            hint="Save the plan (`dbdeed plan --format json > plan.json`) and run it with "
            "`dbdeed apply plan.json`, which fills them in.",
            code="secret-in-file",
        )
    strategy = shelf.architecture.migrations.strategy
    said = [f"Strategy: {' '.join(strategy.raw.split())}"] if strategy.value is not None else []
    return draft_of(shelf.engine, plan, description.strip(), moment, [*said, *notes])


def _written(
    shelf: Shelf,
    drafts: Sequence[Draft],
    current: Catalog,
    target: Catalog | None,
    samples: Sequence[Statement],
) -> tuple[Path, ...]:
    """Write drafts as files, prove them as they stand, and take them away where they fail."""
    files = shelf.files
    existing = list(files.migrations)
    before: dict[Path, bytes | None] = {}
    try:
        for draft in drafts:
            texts = files.format.write(shelf.engine, files.layout, existing, draft)
            _put(texts, before)
            existing = list(files.format.read(shelf.engine, files.layout))
        if target is not None:
            _prove(shelf, existing, current, target, samples)
    except BaseException as error:
        _take_away(before)
        if isinstance(error, ProofFailed):
            raise with_report(error, shelf.project) from error
        raise
    if target is not None:
        shelf.keep(existing, target)
    write_sum(files, existing)
    return tuple(Path(shown_path(shelf.project.root, path)) for path in before)


def _put(texts: Mapping[Path, str], before: dict[Path, bytes | None]) -> None:
    """Write files; one that is there is only added to, as a changelog is. `before` gets what they were."""
    for path, text in texts.items():
        there = path.read_bytes() if path.exists() else None
        if there is not None and not _adds(there.decode("utf-8", "replace"), text):
            raise InvalidInput("There is such a file already.", where=str(path))
        before.setdefault(path, there)
        write_text(path, text)


def _adds(old: str, new: str) -> bool:
    """Whether all lines of the old text are in the new one, in order; the last may go on."""
    lines = iter(new.splitlines())
    return new != old and all(any(there.startswith(line) for there in lines) for line in old.splitlines())


def _take_away(before: Mapping[Path, bytes | None]) -> None:
    for path, data in before.items():
        with suppress(OSError):
            if data is None:
                path.unlink()
            else:
                path.write_bytes(data)


def _prove(
    shelf: Shelf,
    existing: Sequence[Migration],
    current: Catalog,
    target: Catalog,
    samples: Sequence[Statement],
) -> None:
    before = shelf.files.migrations
    known = {one.key for one in before}
    new = [one for one in existing if one.key not in known]
    with shelf.progress.step("Proving the file as it stands"):
        prove(shelf.engine, shelf.scratch, before, new, current, target, samples, shelf.progress)


def write_sum(files: Files, migrations: Sequence[Migration]) -> Path | None:
    """Write `dbdeed.sum` anew, where the format needs one or somebody made one; gives its path."""
    if not (files.summed or files.format.name == "dbdeed" or not files.format.keeps_checksums):
        return None
    path = files.layout.folder / sums.NAME
    write_text(path, sums.text_of(sums.checksums_of(files.layout.folder, paths_of(migrations))))
    return path
