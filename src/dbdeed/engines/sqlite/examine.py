"""What a restored SQLite database is asked: are its pages sound, do references hold, are counters ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.recovering import Examined
from dbdeed.engines.sqlite.inspect import inspect
from dbdeed.engines.sqlite.kinds.table import Table
from dbdeed.engines.sqlite.names import written
from dbdeed.engines.sqlite.session import SqliteSession, violations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Session

_SHOWN = 20


def examine(session: Session) -> Sequence[Examined]:
    """The answers."""
    assert isinstance(session, SqliteSession)
    tables = [one for one in inspect(session).objects.values() if isinstance(one, Table)]
    return (_pages(session), _references(session, tables), _counters(session, tables))


def _pages(session: SqliteSession) -> Examined:
    problems = tuple(f"{message}." for message in session.problems(_SHOWN))
    return Examined("pages and indexes", "every page and index entry", problems)


def _references(session: SqliteSession, tables: Sequence[Table]) -> Examined:
    keys = sum(len(one.foreign_keys) for one in tables)
    broken = list(violations(session.connection).items())[:_SHOWN]
    problems = (
        f"{table}{'' if rowid is None else f', row {rowid},'} refers to a row of {parent} that is not there."
        for (table, rowid, parent), _ in broken
    )
    return Examined("foreign keys", f"{keys} foreign keys", tuple(problems))


def _counters(session: SqliteSession, tables: Sequence[Table]) -> Examined:
    """AUTOINCREMENT's counters are at least as high as the numbers given out."""
    counted = [one for one in tables if one.autoincrement]
    problems = []
    for one in counted:
        ((highest, counter),) = session.fetch(
            f"SELECT (SELECT max({written(one.rowid_alias)}) FROM {written(one.name)}),"
            " (SELECT seq FROM sqlite_sequence WHERE name = $1)",
            one.name,
        )
        if highest is not None and (counter is None or counter < highest):
            problems.append(f"The counter of {one.name} is behind its rows.")
    return Examined("counters", f"{len(counted)} AUTOINCREMENT counters", tuple(problems))
