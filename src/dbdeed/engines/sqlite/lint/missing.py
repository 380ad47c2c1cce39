"""A view or trigger that names what is not there.

SQLite looks up the tables and columns of a view or a trigger when it is used, not when it is made. What
refers to a missing table is accepted, and fails later, at the first query or write.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.sqlite.kinds.claims import object_id
from dbdeed.engines.sqlite.lint.bodies import broken_triggers
from dbdeed.engines.sqlite.names import fold, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.sqlite.lint.context import Context
    from dbdeed.engines.sqlite.session import SqliteSession

CODE = "sqlite-missing"

_MESSAGE = re.compile(r"error in (view|trigger) (.+?): (.+)", re.DOTALL)
_MOST = 100


def check(context: Context) -> Iterator[Finding]:
    """One finding for each such view or trigger.

    ALTER TABLE … RENAME makes SQLite resolve every view and trigger of the database; it stops at the
    first that it cannot, which is then put aside. Triggers' statements are then compiled.
    """
    if not any(one.kind in ("view", "trigger") for one in context.schema.objects):
        return
    with _undone(context.session):
        aside: list[tuple[str, str, str]] = []
        context.session.execute("CREATE TABLE dbdeed_probe (x)")
        while len(aside) < _MOST and (found := _first_error(context.session)):
            kind, name, problem = found
            context.session.execute(f"DROP {kind.upper()} {quoted(name)}")
            aside.append(found)
        for name, problem in broken_triggers(context.session, context.schema, [one[1] for one in aside]):
            aside.append(("trigger", name, problem))
    for kind, name, problem in aside:
        yield _finding(context, kind, name, problem)


@contextmanager
def _undone(session: SqliteSession) -> Iterator[None]:
    session.execute("SAVEPOINT probe")
    try:
        yield
    finally:
        session.execute("ROLLBACK TO probe")
        session.execute("RELEASE probe")


def _first_error(session: SqliteSession) -> tuple[str, str, str] | None:
    try:
        session.execute("ALTER TABLE dbdeed_probe RENAME TO dbdeed_probed")
    except SqlRejected as error:
        found = _MESSAGE.match(error.message)
        return (found[1], found[2], found[3]) if found else None
    return None


def _finding(context: Context, kind: str, name: str, problem: str) -> Finding:
    written = context.by_object.get(object_id(kind, name))
    wanted = fold(problem.rpartition(": ")[2].rpartition(".")[2])
    word = next((one for one in written.words if fold(one.name) == wanted), None) if written else None
    return Finding(
        code=CODE,
        severity=Severity.ERROR,
        message=f"{kind.capitalize()} {name}: {problem.replace('main.', '')}.",
        place=written.place(word) if written else None,
        hint="Make what it names, or correct the name.",
    )
