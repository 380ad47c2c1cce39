"""Single tables, or the whole of one database, out of a restored copy into a file or another database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.engines.faults import NotYet
from dbdeed.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.app.restore import OverLive
    from dbdeed.app.restoring import Wanted
    from dbdeed.engines.archiving import Replayed
    from dbdeed.engines.recovering import TableCarrier
    from dbdeed.engines.seam import Target
    from dbdeed.progress import Progress


def carry_tables(
    wanted: Wanted,
    names: Sequence[str],
    place: Target | Path,
    agreed: OverLive,
    kept: Path,
    progress: Progress,
) -> tuple[tuple[str, ...], str, Replayed | None]:
    """Bring tables back; which ones, where those that were there are kept, and where a replay stopped.

    Args:
        wanted: what they are taken out of.
        names: of the tables; none for all of the database, which `place` must not have anything of then.
        place: a file of SQL that is not there yet, or a database.
        agreed: what a person said to tables that are there already.
        kept: the file that those go to.
        progress: where steps are announced.

    Raises:
        InvalidInput: no such table.
        Refused: it is there already, and nobody agreed that it is replaced.
    """
    carrier = _carrier(wanted)
    with wanted.opened(progress) as (session, where, work):
        tables = carrier.found(session, names)
        if isinstance(place, Path):
            carrier.write(session, tables, place, progress)
            return tables, "", where
        there = carrier.present(place, tables)
        if there and not tables:
            raise Refused(
                f"{place.label} is not empty; a restore does not overwrite.",
                hint="Name an empty database, or single tables with --table.",
                code="not-empty",
            )
        note = _kept(carrier, place, there, agreed, kept, progress) if there else ""
        carrier.carry(session, tables, place, work, progress, replace=bool(there))
    return tables, note, where


def _carrier(wanted: Wanted) -> TableCarrier:
    carrier = wanted.engine.table_carrier()
    if carrier is None:
        raise NotYet(
            f"Single tables of {wanted.engine.name} are not brought back yet.",
            hint="Restore all of it into a new place and copy them from there.",
        )
    return carrier


def _kept(
    carrier: TableCarrier,
    target: Target,
    there: Sequence[str],
    agreed: OverLive,
    file: Path,
    progress: Progress,
) -> str:
    """Ask, and write what is replaced to a file first."""
    listed = ", ".join(there)
    if not (
        agreed.yes or (agreed.confirm is not None and agreed.confirm(f"Replace {listed} in {target.label}?"))
    ):
        raise Refused(
            f"{target.label} has {listed} already, and nobody agreed that it is replaced.",
            hint="Give --yes, name another database or a file with --into, or rename the table first.",
            code="not-confirmed",
        )
    carrier.keep(target, there, file, progress)
    return f"What was there is kept in {file}."
