"""Running a document's statements in a scratch, in whatever order they are written.

Each statement runs in document order. One that misses something waits until the statement that makes it has
run; a function whose body misses something is made unchecked at last, and checked when all is there. So a
statement runs once, and once more for each thing it had to wait for.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.postgresql import lint
from dbdeed.engines.postgresql.session import PostgresqlRejected
from dbdeed.engines.postgresql.sql import backfill
from dbdeed.engines.postgresql.sql.lexer import RULES, statements
from dbdeed.engines.postgresql.sql.located import at, place_of
from dbdeed.engines.postgresql.sql.names import made_by, missing_name
from dbdeed.engines.postgresql.sql.safety import Verdict, has_old_strings, judge
from dbdeed.engines.sql_text import split, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.engines.seam import Session, Statement

__all__ = ["load", "statements"]

_MISSING = frozenset(
    {
        "42P01",  # undefined_table
        "42883",  # undefined_function
        "42704",  # undefined_object
        "42703",  # undefined_column
        "3F000",  # invalid_schema_name
        "42830",  # invalid_foreign_key: the unique key comes later
        "42P10",  # invalid_column_reference: likewise for ON CONFLICT
        "42846",  # cannot_coerce: the cast comes later
        "23503",  # foreign_key_violation: the row comes later
    }
)
"""Errors (manual, appendix A) that a later statement may cure."""

_PUBLIC = "SET search_path = public"

_ROUTINES = (("create", "function"), ("create", "procedure"), ("create", "or"))

_MADE_NOW = """
SELECT p.oid, l.lanvalidator::pg_catalog.regproc::text
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.xmin::text::bigint = pg_catalog.pg_current_xact_id()::text::bigint % 4294967296
  AND l.lanvalidator <> 0
"""


@dataclass
class _Item:
    """A statement on its way."""

    index: int
    statement: Statement
    path: str
    makes: frozenset[str]
    opening: tuple[str, ...]
    error: PostgresqlRejected | None = None
    misses: str = ""


@dataclass
class _Work:
    session: Session
    makers: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    waiting: dict[str, list[_Item]] = field(default_factory=lambda: defaultdict(list))
    stuck: list[_Item] = field(default_factory=list)
    unchecked: list[tuple[_Item, int, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    path: str = _PUBLIC


def load(session: Session, statements: Sequence[Statement]) -> list[Finding]:
    """Run a document's statements as hostile text; the seam's `load`.

    Raises:
        SqlRejected: with the document's file, line and column.
    """
    work = _Work(session)
    items = _admitted(work, statements)
    for item in items:
        for name in item.makes:
            work.makers[name].add(item.index)
    _run_all(work, _first_things_first(items))
    _run_stuck(work)
    _check_bodies(work)
    _set_path(work, _PUBLIC)
    backfill.check(session, statements)
    return [*work.findings, *lint.lint(session, statements)]


def _admitted(work: _Work, statements: Sequence[Statement]) -> list[_Item]:
    """The statements to run, each with the `search_path` that stands where it is written."""
    if old := has_old_strings(list(statements)):
        raise at(
            old,
            0,
            SqlRejected(
                "This statement was written for standard_conforming_strings = off, and holds a backslash.",
                hint="Write such strings as E'…', and leave the setting out.",
            ),
        )
    items: list[_Item] = []
    path = _PUBLIC
    for statement in statements:
        judgement = judge(statement)
        if judgement.verdict is Verdict.REFUSE:
            raise at(statement, 0, SqlRejected(judgement.message, hint=judgement.hint))
        if judgement.verdict is Verdict.NOTE:
            work.findings.append(
                Finding("left-out", Severity.INFO, judgement.message, place_of(statement), judgement.hint)
            )
        elif judgement.verdict is Verdict.PATH:
            path = judgement.path
        elif judgement.verdict is Verdict.RUN:
            (found,) = split(statement.sql, RULES)[:1]
            opening = words(statement.sql, found.tokens, 4)
            makes = made_by(statement.sql, found.tokens)
            items.append(_Item(len(items), statement, path, makes, opening))
    return items


def _first_things_first(items: list[_Item]) -> list[_Item]:
    """Schemas and extensions before the rest: what extensions hold is known to nobody here.

    A document that drops things keeps its order, which then means something.
    """
    if any(item.opening[:1] == ("drop",) for item in items):
        return items
    ranks = {"create schema": 0, "create extension": 1}
    return sorted(items, key=lambda item: ranks.get(" ".join(item.opening[:2]), 2))


def _run_all(work: _Work, items: list[_Item]) -> None:
    ready = [(rank, item.index, item) for rank, item in enumerate(items)]
    ranks = {item.index: rank for rank, item in enumerate(items)}
    while ready:
        _, _, item = heapq.heappop(ready)
        if not _run(work, item):
            continue
        for name in item.makes:
            work.makers[name].discard(item.index)
            for woken in work.waiting.pop(name, []):
                heapq.heappush(ready, (ranks[woken.index], woken.index, woken))


def _run(work: _Work, item: _Item) -> bool:
    """Run one statement; where it misses something, remember for what it waits."""
    _set_path(work, item.path)
    try:
        _execute(work, item)
    except PostgresqlRejected as error:
        if _left_out(work, item, error):
            return True
        if error.sqlstate not in _MISSING:
            raise at(item.statement, None, error) from error
        item.error, item.misses = error, missing_name(error.message)
        if work.makers.get(item.misses, set()) - {item.index}:
            work.waiting[item.misses].append(item)
        else:
            work.stuck.append(item)
        return False
    return True


def _execute(work: _Work, item: _Item) -> None:
    notices: list[object] = getattr(work.session, "notices", [])
    before = len(notices)
    work.session.execute(item.statement.sql)
    work.findings += lint.from_notices(item.statement, notices[before:])


def _set_path(work: _Work, path: str) -> None:
    if path != work.path:
        work.session.execute(path)
        work.path = path


def _left_out(work: _Work, item: _Item, error: PostgresqlRejected) -> bool:
    """A DO block whose only purpose is to make roles: the server's business, like CREATE ROLE."""
    if item.opening[:1] != ("do",) or not error.message.startswith("permission denied to create role"):
        return False
    work.findings.append(
        Finding(
            "left-out",
            Severity.INFO,
            "Roles belong to the server: dbdeed leaves this block out.",
            place_of(item.statement),
            "Run it yourself where the server is set up.",
        )
    )
    return True


def _run_stuck(work: _Work) -> None:
    """Try again what waits for nothing we know, as long as that gets anywhere."""
    while work.stuck or any(work.waiting.values()):
        left = work.stuck + [item for items in work.waiting.values() for item in items]
        left.sort(key=lambda item: item.index)
        work.stuck, work.waiting = [], defaultdict(list)
        _run_all(work, left)
        still = work.stuck + [item for items in work.waiting.values() for item in items]
        if len(still) == len(left) and not _make_unchecked(work):
            raise _verdict(still)


def _make_unchecked(work: _Work) -> bool:
    """Make the functions that are left without looking at their bodies; says whether one came to be."""
    left = work.stuck + [item for items in work.waiting.values() for item in items]
    routines = [item for item in left if item.opening[:2] in _ROUTINES]
    made = [item for item in routines if _create_unchecked(work, item)]
    for item in made:
        for name in item.makes:
            work.makers[name].discard(item.index)
    done = {item.index for item in made}
    work.stuck = [item for item in left if item.index not in done]
    work.waiting = defaultdict(list)
    return bool(made)


def _create_unchecked(work: _Work, item: _Item) -> bool:
    _set_path(work, item.path)
    try:
        with work.session.transaction():
            work.session.execute("SET LOCAL check_function_bodies = off")
            work.session.execute(item.statement.sql)
            found = work.session.fetch(_MADE_NOW)
    except PostgresqlRejected as error:
        if error.sqlstate not in _MISSING:
            raise at(item.statement, None, error) from error
        item.error, item.misses = error, missing_name(error.message)
        return False
    work.unchecked += [(item, oid, validator) for oid, validator in found]
    return True


def _check_bodies(work: _Work) -> None:
    for item, oid, validator in work.unchecked:
        _set_path(work, item.path)
        try:
            work.session.fetch(f"SELECT {validator}($1::oid)", oid)
        except PostgresqlRejected as error:
            error.offset, error.located = 0, False
            raise at(item.statement, None, error) from error


def _verdict(left: list[_Item]) -> SqlRejected:
    """The error to show: of a statement that misses what nobody makes, or of a circle."""
    makers = {name: item for item in left for name in item.makes}
    for item in sorted(left, key=lambda one: one.index):
        maker = makers.get(item.misses)
        if item.error is not None and (maker is None or maker is item):
            return at(item.statement, None, item.error)
    circle = _circle(left, makers)
    names = [next(iter(sorted(item.makes))) for item in circle]
    return at(
        circle[0].statement,
        None,
        SqlRejected(
            f"{' and '.join(names)} need each other, so none of them can be made first.",
            hint="Take one foreign key out of its CREATE TABLE and write it after both: "
            f"ALTER TABLE {names[0]} ADD FOREIGN KEY (…) REFERENCES {names[-1]};",
        ),
    )


def _circle(left: list[_Item], makers: dict[str, _Item]) -> list[_Item]:
    walked: list[_Item] = []
    item = min(left, key=lambda one: one.index)
    while item not in walked:
        walked.append(item)
        item = makers[item.misses]
    return sorted(walked[walked.index(item) :], key=lambda one: one.index)
