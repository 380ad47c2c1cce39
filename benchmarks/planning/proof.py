"""What building a scratch and proving a plan cost, beside executing the same statements.

Processor seconds of both sides are counted, so that other work on the machine changes little.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from benchmarks.planning.schema import statements

from dbdeed import __version__
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.seam import ScratchNeeds, Target
from dbdeed.planning.cache import PlanCache
from dbdeed.planning.proof import make_plan, rebuild
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.planning.server import Server

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch
    from dbdeed.engines.postgresql.session import Session

_HEAD = "| tables | what | seconds | processor seconds | ratio |"


@dataclass(frozen=True)
class _Taken:
    seconds: float
    processor: float


def table(server: Server, sizes: Sequence[int], cache: Path) -> str:
    """Executing the statements, building the same by a plan, and proving a plan: as Markdown."""
    lines = [_HEAD, "| --- | --- | --- | --- | --- |"]
    for size in sizes:
        current, target = (_read(server, f"bench_{size}{suffix}") for suffix in ("", "_changed"))
        base: _Taken | None = None
        for name, taken in _measured(server, size, current, target, cache).items():
            base = base or taken
            ratio = taken.processor / base.processor
            lines.append(f"| {size:,} | {name} | {taken.seconds:.2f} | {taken.processor:.2f} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


def _measured(server: Server, size: int, current: Catalog, target: Catalog, cache: Path) -> dict[str, _Taken]:
    needs = ScratchNeeds(cache / "scratch", server.programs.version)
    plans = PlanCache(cache / f"plans-{time.time_ns()}", __version__)
    with ENGINE.scratch(needs, SILENT) as opened:
        scratch = cast("PrivateScratch", opened)

        def plan() -> None:
            make_plan(ENGINE, current, target, scratch=scratch, cache=plans)

        return {
            "executing its statements": _in_database(scratch, lambda session: _execute(session, size)),
            "building and checking it": _in_database(
                scratch, lambda session: rebuild(ENGINE, session, current)
            ),
            "building, proving a plan of 1 %": _timed(scratch, plan),
            "the same, proven before": _timed(scratch, plan),
        }


def _execute(session: Session, size: int) -> None:
    connection = session._connection  # noqa: SLF001 - the plain driver is measured
    with connection.transaction():
        for statement in statements(size):
            connection.execute(statement)


def _in_database(scratch: PrivateScratch, work: Callable[[Session], None]) -> _Taken:
    def run() -> None:
        with scratch.database() as session:
            work(session)

    return _timed(scratch, run)


def _timed(scratch: PrivateScratch, work: Callable[[], None]) -> _Taken:
    from benchmarks.planning.server import used_by

    before, began = used_by(scratch.server.data) + _own(), time.perf_counter()
    work()
    return _Taken(time.perf_counter() - began, used_by(scratch.server.data) + _own() - before)


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _read(server: Server, database: str) -> Catalog:
    session = ENGINE.connect(Target(server.url(database), database))
    try:
        return ENGINE.inspect(session)
    finally:
        session.close()
