"""Whether a trigger's statements can be compiled: what ALTER TABLE … RENAME does not look at in them.

EXPLAIN of a statement that fires the trigger compiles all of it and runs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.sqlite.kinds.trigger import Trigger
from dbdeed.engines.sqlite.names import quoted
from dbdeed.engines.sqlite.text import lex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.sqlite.schema import Schema
    from dbdeed.engines.sqlite.session import SqliteSession

_EVENTS = frozenset({"insert", "update", "delete"})


def broken_triggers(
    session: SqliteSession, schema: Schema, aside: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """(name, what is missing) of each. The caller undoes what this leaves behind.

    Args:
        session: keys are not enforced in it, or a key's missing parent would be taken for a trigger's.
        schema: of the session.
        aside: names of triggers that have been dropped from it.
    """
    triggers = [one for one in schema.objects.values() if isinstance(one, Trigger) and one.name not in aside]
    suspects = [one for one in triggers if _problem(session, _firing(session, schema, one))]
    if not suspects:
        return
    for one in triggers:  # alone, a trigger answers for no other that it fires
        session.execute(f"DROP TRIGGER {quoted(one.name)}")
    for one in suspects:
        session.execute(schema.texts[one.id])
        problem = _problem(session, _firing(session, schema, one))
        session.execute(f"DROP TRIGGER {quoted(one.name)}")
        if problem:
            yield one.name, problem


def _firing(session: SqliteSession, schema: Schema, trigger: Trigger) -> str:
    """A statement that fires it."""
    words = lex(schema.texts[trigger.id])
    event = next(word.key for word in words[3:] if word.key in _EVENTS)
    on = quoted(trigger.on)
    if event == "insert":
        return f"INSERT INTO {on} DEFAULT VALUES"
    if event == "delete":
        return f"DELETE FROM {on}"
    columns = session.fetch("SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0", trigger.on)
    return f"UPDATE {on} SET " + ", ".join(f"{quoted(name)} = {quoted(name)}" for (name,) in columns)


def _problem(session: SqliteSession, sql: str) -> str:
    try:
        session.execute(f"EXPLAIN {sql}")
    except SqlRejected as error:
        return error.message if error.message.startswith("no such ") else ""
    return ""
