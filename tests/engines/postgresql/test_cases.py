"""Pairs of schemas from the test suites of public tools, where they are at hand (they are no part of this project).

Each database is led to the other schema and back. It must then be what is wanted, to us and to `pg_dump`; nothing
may be left to do; pairs marked the same plan nothing; rows stay. By default every twelfth pair is taken, `-m slow`
takes all of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.engines.postgresql.superuser import lead, secrets
from tests.shared import NO_CASES, cases

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import read
from dbdeed.errors import DbdeedError

if TYPE_CHECKING:
    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.postgresql.session import Session

CASES = cases("postgresql")

# What we cannot do, and why.
EXCEPTIONS: dict[str, str] = {}

_ROLE = re.compile(r'(?im)^\s*CREATE (?:ROLE|USER) +("(?:[^"]|"")+"|\w+)[^;]*;')
_NOT_HERE = re.compile("is not available")  # an extension
# Rows of a dump, and what old dumps set that is no more.
_NO_SCHEMA = re.compile(r"(?ms)^COPY [^;]*;\n(?:.*?\n)?\\\.$|^SET default_with_oids = \w+;")
_SUPERUSER = re.compile(r"(?i)CREATE ROLE (\w+) SUPERUSER")


def _make_roles(server: SuperuserServer, case: dict[str, Any]) -> None:
    written = set(case.get("roles") or ())
    for side in ("from_sql", "to_sql"):
        written.update(_ROLE.findall(case[side]))
    names = {name[1:-1].replace('""', '"') if name.startswith('"') else name for name in written}
    server.ensure_roles(names, superusers=set(_SUPERUSER.findall(case["from_sql"] + case["to_sql"])))


def _load(session: Session, sql: str) -> None:
    """Statements in the order that works: some of the suites leave that to their tool."""
    left = [
        one.sql
        for one in read(_ROLE.sub("", _NO_SCHEMA.sub("", sql)), RULES)
        if not one.sql.upper().startswith("COPY ")
    ]
    while left:
        again, error = [], None
        for statement in left:
            try:
                session.execute(statement)
            except DbdeedError as refused:
                again.append(statement)
                error = refused
        if len(again) == len(left):
            if not _NOT_HERE.search(str(error)):
                raise AssertionError(f"does not load: {error}")
            pytest.skip(f"does not load here: {error}")
        left = again
    session.execute("RESET ALL")
    session.execute("SET search_path = public")


def check_pair(server: SuperuserServer, case: dict[str, Any], number: int, *, online: bool = False) -> None:
    _make_roles(server, case)
    names = f"one_{number}", f"other_{number}"
    with server.database(names[0]) as one, server.database(names[1]) as other:
        _load(one, case["from_sql"])
        _load(other, case["to_sql"])
        if case.get("seed_sql"):
            _load(one, case["seed_sql"])
        first, second = ENGINE.inspect(one), ENGINE.inspect(other)
        assert ENGINE.decode(ENGINE.encode(second)).objects == second.objects
        dumps = server.dump(names[0]), server.dump(names[1])
        environment = {**secrets(one), **secrets(other)}
        there = lead(one, second, environment, online=online)
        assert server.dump(names[0]) == dumps[1]
        back = lead(one, first, environment, online=online)
        assert server.dump(names[0]) == dumps[0]
        if case.get("same"):
            assert there == back == []


def _params(numbers: range) -> list[Any]:
    found = []
    for number in numbers:
        case = CASES[number]
        why = EXCEPTIONS.get(case["case"])
        marks = [pytest.mark.xfail(reason=why, strict=False)] if why else []
        found.append(pytest.param(number, id=f"{case['suite']}:{case['case']}"[:90], marks=marks))
    return found


@pytest.mark.skipif(not CASES, reason=NO_CASES)
@pytest.mark.parametrize("number", _params(range(0, len(CASES), 12)))
def test_some_pairs(server: SuperuserServer, number: int) -> None:
    check_pair(server, CASES[number], number)


@pytest.mark.slow
@pytest.mark.skipif(not CASES, reason=NO_CASES)
@pytest.mark.parametrize("number", _params(range(len(CASES))))
def test_all_pairs(server: SuperuserServer, number: int) -> None:
    check_pair(server, CASES[number], number)


@pytest.mark.skipif(not CASES, reason=NO_CASES)
@pytest.mark.parametrize("number", _params(range(5, len(CASES), 40)))
def test_some_pairs_as_if_all_tables_had_rows(server: SuperuserServer, number: int) -> None:
    check_pair(server, CASES[number], number, online=True)


@pytest.mark.slow
@pytest.mark.skipif(not CASES, reason=NO_CASES)
@pytest.mark.parametrize("number", _params(range(len(CASES))))
def test_all_pairs_as_if_all_tables_had_rows(server: SuperuserServer, number: int) -> None:
    check_pair(server, CASES[number], number, online=True)
