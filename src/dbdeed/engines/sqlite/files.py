"""Running files that people wrote: migrations, whose statements alter what earlier ones made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.seam import Manner
from dbdeed.engines.sql_text import split, words
from dbdeed.engines.sqlite.session import SqliteSession
from dbdeed.engines.sqlite.text import RULES

if TYPE_CHECKING:
    from dbdeed.engines.seam import Session, Statement

_MANNERS = {
    "begin": Manner.BEGIN,
    "commit": Manner.COMMIT,
    "end": Manner.COMMIT,
    "rollback": Manner.ROLLBACK,
    "vacuum": Manner.AGAIN,
    "pragma": Manner.SETTING,
    "attach": Manner.SETTING,
    "detach": Manner.SETTING,
}


def manner(sql: str) -> Manner:
    """How one statement stands to transactions ("PRAGMA", "VACUUM", "ATTACH DATABASE" in the manual)."""
    texts = _opening(sql)
    if texts[:1] == ("rollback",) and "to" in texts:
        return Manner.ANY
    return _MANNERS.get("".join(texts[:1]), Manner.ANY)


def begin_file(session: Session) -> None:
    """What a file before this one has set is no longer set."""
    session.execute("PRAGMA foreign_keys=ON")
    session.execute("PRAGMA legacy_alter_table=OFF")


def run_in_scratch(session: Session, statement: Statement) -> None:
    """Run it under the guard; a PRAGMA of the file or the connection is left out."""
    assert isinstance(session, SqliteSession)
    try:
        with session.temporary_tables():
            session.execute(statement.sql)
    except SqlRejected as error:
        if not error.message.startswith("PRAGMA "):
            raise


def _opening(sql: str) -> tuple[str, ...]:
    parts = split(sql, RULES)
    return words(sql, parts[0].tokens, 4) if parts else ()
