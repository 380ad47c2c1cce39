"""Running a document's statements, in whatever order they are written."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.sqlite.backfill import check
from dbdeed.engines.sqlite.guard import guard
from dbdeed.engines.sqlite.lint import findings
from dbdeed.engines.sqlite.lint.context import Written, all_written
from dbdeed.engines.sqlite.names import fold, private
from dbdeed.engines.sqlite.place import located
from dbdeed.engines.sqlite.session import SqliteSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.document.findings import Finding
    from dbdeed.engines.seam import Session, Statement

_NO_MEANING = frozenset({"begin", "commit", "end"})
_MISSING = ("no such table: ", "no such view: ")
_MAY_COME = ("no such ", "has no column named ", "unknown column ")


def load(session: Session, statements: Sequence[Statement]) -> list[Finding]:
    """Run all statements; return what SQLite accepted silently and nobody can want.

    A statement that names a table which is not there yet waits until that is made. Raises `SqlRejected`.
    """
    assert isinstance(session, SqliteSession)
    if not session.is_guarded:
        guard(session)
    written = all_written(statements)
    session.execute("PRAGMA foreign_keys=OFF")  # rows may come before what they refer to
    _run_all(session, [one for one in written if one.first not in _NO_MEANING])
    check(session, statements)
    found = findings(session, written)
    session.execute("PRAGMA foreign_keys=ON")
    return found


@dataclass
class _Waiting:
    """Statements that failed for want of something, with their errors."""

    by_table: defaultdict[str, list[tuple[Written, SqlRejected]]]
    others: list[tuple[Written, SqlRejected]]

    def add(self, one: Written, error: SqlRejected) -> None:
        prefix = next((prefix for prefix in _MISSING if error.message.startswith(prefix)), None)
        if prefix is None:
            self.others.append((one, error))
        else:
            self.by_table[fold(error.message[len(prefix) :].rpartition(".")[2])].append((one, error))

    def take_all(self) -> list[tuple[Written, SqlRejected]]:
        found = [*self.others, *(pair for pairs in self.by_table.values() for pair in pairs)]
        self.others.clear()
        self.by_table.clear()
        return sorted(found, key=lambda pair: pair[0].number)


def _run_all(session: SqliteSession, written: Sequence[Written]) -> None:
    waiting = _Waiting(defaultdict(list), [])
    _run_ready(session, written, waiting)
    left = waiting.take_all()
    while left:
        _run_ready(session, [one for one, _ in left], waiting)
        still = waiting.take_all()
        if len(still) == len(left):
            one, error = still[0]
            raise located(error, one.statement, session) from error
        left = still


def _run_ready(session: SqliteSession, written: Sequence[Written], waiting: _Waiting) -> None:
    """Run each; after one that makes a table, those that waited for it."""
    ready = deque(written)
    while ready:
        one = ready.popleft()
        _refuse(one, session)
        try:
            session.execute(one.statement.sql)
        except SqlRejected as error:
            if not any(part in error.message for part in _MAY_COME):
                raise located(error, one.statement, session) from error
            waiting.add(one, error)
            continue
        if one.creates is not None:
            found = waiting.by_table.pop(fold(one.creates.name), ())
            ready.extendleft(other for other, _ in reversed(found))


def _refuse(one: Written, session: SqliteSession) -> None:
    if one.first in ("savepoint", "rollback", "release"):
        raise located(
            SqlRejected(f"{one.first.upper()} has no place in a document's SQL.", hint="Leave it out."),
            one.statement,
            session,
        )
    if one.creates is not None and private(one.creates.name):
        raise located(
            SqlRejected(
                f"The name {one.creates.name} is kept for SQLite and dbdeed themselves.",
                hint="Choose a name that does not begin with sqlite_ or dbdeed_.",
            ),
            one.statement,
            session,
        )
