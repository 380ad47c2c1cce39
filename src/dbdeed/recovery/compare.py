"""What came back against what was there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.change import Action
from dbdeed.recovery.manifest import Check, Manifest, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change
    from dbdeed.engines.seam import Engine, Session

_SHOWN = 20


def compare_tables(engine: Engine, manifest: Manifest, session: Session) -> Check:
    """Every table's rows and digest against those taken with the backup."""
    found = engine.table_digests(session)
    expected = manifest.facts.tables
    if not expected and (found or manifest.notes):
        return Check(
            "tables", Verdict.NOT_VERIFIED, f"{counted(len(found), 'table')} came back", _why(manifest)
        )
    rows = sum(count for count, _ in expected.values())
    detail = f"{counted(len(expected), 'table')}, {counted(rows, 'row')}"
    problems = table_differences(expected, found)
    if problems:
        return Check("tables", Verdict.FAILED, detail, _bounded(problems))
    return Check("tables", Verdict.PROVEN, f"{detail} equal")


def counted(number: int, noun: str) -> str:
    """`1 table`, `1,234 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table_differences(
    expected: Mapping[str, tuple[int, str]], found: Mapping[str, tuple[int, str]]
) -> list[str]:
    """What differs, one sentence a table.

    An empty table that was not counted then is none: a physical copy brings unlogged tables back empty.
    """
    problems = [f"Table {name} did not come back." for name in expected if name not in found]
    problems += [
        f"Table {name} came back and was not counted when the backup was taken."
        for name, (rows, _) in found.items()
        if name not in expected and rows
    ]
    for name, (rows, digest) in expected.items():
        if name not in found:
            continue
        rows_now, digest_now = found[name]
        if rows_now != rows:
            problems.append(f"Table {name} has {rows_now:,} rows in place of {rows:,}.")
        elif digest_now != digest:
            problems.append(f"Table {name} has its {rows:,} rows, but not the same ones.")
    return problems


def compare_schema(engine: Engine, expected: Catalog | None, found: Catalog, unknown: str) -> Check:
    """The restored catalog against the document's; `unknown` says why there is none."""
    if expected is None:
        return Check("schema", Verdict.NOT_VERIFIED, problems=(unknown,))
    comparison = engine.compare(found, expected)
    problems = [_difference(change) for change in comparison.changes]
    extra = set(comparison.unmodelled_current) ^ set(comparison.unmodelled_target)
    problems += [f"{name} is on one side only." for name in sorted(extra)]
    if problems:
        return Check("schema", Verdict.FAILED, problems=_bounded(problems))
    return Check("schema", Verdict.PROVEN, "equal to the document")


def _difference(change: Change) -> str:
    if change.action is Action.CREATE:
        return f"{change.id} is in the document and did not come back."
    if change.action is Action.DROP:
        return f"{change.id} came back and is not in the document."
    details = "; ".join(f"{one.attribute}: {one.old or '-'} -> {one.new or '-'}" for one in change.details)
    return f"{change.id} differs from the document{f' ({details})' if details else ''}."


def _why(manifest: Manifest) -> tuple[str, ...]:
    return manifest.notes or ("No row counts were taken with this backup.",)


def _bounded(problems: list[str]) -> tuple[str, ...]:
    if len(problems) <= _SHOWN:
        return tuple(problems)
    return (*problems[:_SHOWN], f"And {len(problems) - _SHOWN} more.")
