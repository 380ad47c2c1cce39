"""What is asked of a restored copy, and what the answers come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.errors import DbdeedError
from dbdeed.recovery.compare import compare_schema, compare_tables
from dbdeed.recovery.manifest import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Session
    from dbdeed.recovery.drill_plan import Plan
    from dbdeed.recovery.manifest import Manifest


def contents(
    plan: Plan, manifest: Manifest, method: BackupMethod, session: Session, catalog: Catalog
) -> list[Check]:
    parts: list[tuple[str, Callable[[], list[Check]]]] = [
        ("tables", lambda: [compare_tables(plan.engine, manifest, session)]),
        ("schema", lambda: [compare_schema(plan.engine, plan.expected, catalog, plan.unknown)]),
        ("examination", lambda: examined(method, session)),
    ]
    return [check for name, look in parts for check in looked(name, look)]


def looked(name: str, look: Callable[[], list[Check]]) -> list[Check]:
    """A refusal of the engine while reading what was restored is the backup's fault: a torn page, say."""
    try:
        return look()
    except SqlRejected as error:
        return [Check(name, Verdict.FAILED, problems=(said(error),))]
    except DbdeedError as error:
        return [Check(name, Verdict.NOT_VERIFIED, problems=(said(error),))]


def examined(method: BackupMethod, session: Session) -> list[Check]:
    checks = []
    for one in method.examine(session):
        if one.problems:
            checks.append(Check(one.name, Verdict.FAILED, one.detail, one.problems))
        elif one.skipped:
            checks.append(Check(one.name, Verdict.NOT_VERIFIED, one.detail, (one.skipped,)))
        else:
            checks.append(Check(one.name, Verdict.PROVEN, one.detail))
    return checks


def said(error: DbdeedError) -> str:
    """An error in one line."""
    return f"{error} {error.hint}".strip()
