"""`dbdeed migrate up|down|to|status`: running a project's migrations in its database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.app.migrate_losses import require_allowed
from dbdeed.app.migrations import open_workshop
from dbdeed.document.values.types import How
from dbdeed.errors import Refused
from dbdeed.migrations.halves import held, waits_of
from dbdeed.migrations.problems import problems_of, require_order
from dbdeed.migrations.runner import (
    Report,
    back_from,
    down,
    pending_of,
    up,
    where_all_stand,
)
from dbdeed.migrations.standing import RUNS
from dbdeed.planning.consent import check_terms, terms_of
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.app.migrations import Workshop
    from dbdeed.migrations.seam import Migration
    from dbdeed.migrations.standing import Line
    from dbdeed.migrations.sums import Mismatch
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class MigrateConsent:
    """What a person agreed to.

    Attributes:
        confirm: asks on a terminal, shown what is run or taken back; None where nobody can be asked.
        yes: no question is needed.
        draft: a Draft may change a database that is not embedded.
        allow: names of what may be destroyed by taking back; "*" for anything.
    """

    confirm: Callable[[Sequence[Migration], bool], bool] | None = None
    yes: bool = False
    draft: bool = False
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusResult:
    """Where things stand.

    Attributes:
        tool: the format's name.
        problems: what is not in order: the line, what is wrong, what would be right.
        waiting: second halves of expand and contract that are pending, and what each waits for.
        mismatches: files that are not as `dbdeed.sum` has them.
    """

    tool: str
    database: str
    lines: tuple[Line, ...]
    problems: tuple[tuple[Line, str, str], ...]
    mismatches: tuple[Mismatch, ...]
    waiting: tuple[tuple[Line, tuple[str, ...]], ...] = ()

    @property
    def ok(self) -> bool:
        """Nothing needs a decision."""
        return not self.problems and not self.mismatches

    @property
    def pending(self) -> tuple[Line, ...]:
        return tuple(one for one in self.lines if one.standing in RUNS)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What was run or taken back, in order.

    Attributes:
        waits: the second half of expand and contract before which it stopped.
    """

    database: str
    direction: str
    done: tuple[Migration, ...]
    waits: Line | None = None


def status(
    document: Path,
    *,
    database: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> StatusResult:
    """Say where each migration stands, and change nothing.

    Raises:
        InvalidInput: the document or a migration cannot be read.
        Unavailable: no database.
    """
    with open_workshop(
        document, database=database, environment=environment, progress=progress, reading=True
    ) as shop:
        lines = where_all_stand(shop.desk, shop.files)
        return StatusResult(
            shop.files.format.name,
            shop.database,
            tuple(lines),
            tuple(problems_of(lines)),
            shop.files.mismatches,
            tuple(_waiting(lines)),
        )


def _waiting(lines: Sequence[Line]) -> Iterator[tuple[Line, tuple[str, ...]]]:
    for one in lines:
        waits = waits_of(one.migration) if one.standing in RUNS and one.migration is not None else None
        if waits is not None:
            yield one, waits


def migrate_up(
    document: Path,
    *,
    consent: MigrateConsent,
    until: str = "",
    contract: bool = False,
    out_of_order: bool = False,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> RunResult:
    """Run what is pending.

    Args:
        document: the path of DATABASE.md.
        consent: what may be done.
        until: the version after which to stop; "" for all, short of a second half of expand and contract.
        contract: run second halves as well: the application from before is gone.
        out_of_order: run also what comes before migrations that are applied.
        database: what `--database` says.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        Refused: the terms or missing consent forbid it, or something is not in order.
        MigrationFailed: the database refused a statement.
        Unavailable: no database, or somebody else changes it.
    """
    with open_workshop(
        document, database=database, scratch=scratch, environment=environment, progress=progress
    ) as shop:
        _require_terms(shop, consent)
        return up_for(shop, consent, until=until, contract=contract, out_of_order=out_of_order)


def up_for(
    shop: Workshop,
    consent: MigrateConsent,
    *,
    until: str = "",
    contract: bool = False,
    out_of_order: bool = False,
) -> RunResult:
    """Run what is pending in an open database. Args and errors as those of `migrate_up`."""
    lines = where_all_stand(shop.desk, shop.files)
    require_order(lines, out_of_order=out_of_order)
    runs = pending_of(lines, until, shop.files)
    waits = None if contract or until else held(lines, runs)
    if waits is not None:
        runs = runs[: runs.index(waits)]
    pending = [one.migration for one in runs if one.migration is not None]
    if not pending and waits is not None:
        return RunResult(shop.database, "up", (), waits)
    if pending:
        _require_strategy(shop, lines, pending)
        require_yes(shop, consent, pending, back=False)
    report = Report()
    up(
        shop.desk,
        shop.files,
        shop.site.scratch,
        shop.tool,
        until=until,
        short_of="" if waits is None else waits.key,
        out_of_order=out_of_order,
        report=report,
    )
    return RunResult(shop.database, "up", tuple(report.done), waits)


def _require_strategy(shop: Workshop, lines: Sequence[Line], pending: Sequence[Migration]) -> None:
    """Hold files that somebody else wrote against the Strategy; ours were when they were written.

    Those that only their tool can run too, where it says beforehand what it would do.

    Raises `Refused` with the alternative.
    """
    from dbdeed.app.migrate_explain import explanations
    from dbdeed.migrations.explaining import refusals
    from dbdeed.migrations.foreseeing import can_foresee

    strategy = shop.site.architecture.migrations.strategy.value
    said = can_foresee(shop.desk.carrier)
    foreign = [one for one in pending if one.origin is None and (one.up is not None or said)]
    begun = any(one.standpoint is not None for one in lines)  # it was held against it when it began
    if strategy is None or begun or not foreign or not (strategy.how is How.ONLINE or strategy.reversible):
        return
    found = [one for each in explanations(shop, lines, foreign) for one in refusals(each, strategy)]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Refused(found[0] + more, code="strategy")


def migrate_down(
    document: Path,
    *,
    consent: MigrateConsent,
    count: int = 1,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> RunResult:
    """Take back the latest migrations. Raises as `migrate_up`, and `Refused` where one has no way back."""
    with open_workshop(
        document, database=database, scratch=scratch, environment=environment, progress=progress
    ) as shop:
        _require_terms(shop, consent)
        return _down(shop, consent, count=count, after=None)


def _down(shop: Workshop, consent: MigrateConsent, *, count: int, after: str | None) -> RunResult:
    strategy = shop.site.architecture.migrations.strategy.value
    if strategy is not None and strategy.reversible is False:
        raise Refused(
            "The Strategy is forward only: nothing is taken back.",
            hint="Change the document and write a new migration: `dbdeed migrate new`.",
            code="strategy",
        )
    lines = where_all_stand(shop.desk, shop.files)
    require_order(lines, out_of_order=True)
    todo = back_from(shop.desk, lines, shop.files, count=count, after=after)
    migrations = [one.migration for one in todo if one.migration is not None]
    if migrations:
        require_allowed(shop, lines, migrations, consent.allow)
        require_yes(shop, consent, migrations, back=True)
        down(shop.desk, shop.files, shop.site.scratch, shop.tool, count=count, after=after)
    return RunResult(shop.database, "down", tuple(migrations))


def migrate_to(
    document: Path,
    version: str,
    *,
    consent: MigrateConsent,
    database: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> RunResult:
    """Run or take back what leads to a version. Raises as `migrate_up` and `migrate_down`."""
    with open_workshop(
        document, database=database, scratch=scratch, environment=environment, progress=progress
    ) as shop:
        _require_terms(shop, consent)
        lines = where_all_stand(shop.desk, shop.files)
        if any(one.version == version and one.standing in RUNS for one in lines):
            return up_for(shop, consent, until=version, contract=True)
        return _down(shop, consent, count=0, after=version)


def _require_terms(shop: Workshop, consent: MigrateConsent) -> None:
    terms = terms_of(shop.site.architecture)
    check_terms(terms, private=shop.site.target.embedded, draft=consent.draft)


def require_yes(
    shop: Workshop, consent: MigrateConsent, migrations: Sequence[Migration], *, back: bool
) -> None:
    """Raises `Refused` where nobody said yes to what is done in a database that is not embedded."""
    if consent.yes or shop.site.target.embedded:
        return
    if consent.confirm is None:
        raise Refused(
            f"{shop.database} is no embedded database, and nobody confirmed that "
            f"{len(migrations)} {'migration' if len(migrations) == 1 else 'migrations'} "
            f"{'are taken back' if back else 'run'} there.",
            hint="See `dbdeed migrate status`, then give --yes.",
            code="not-confirmed",
        )
    if not consent.confirm(migrations, back):
        raise Refused("Not confirmed; the database was not changed.", code="not-confirmed")
