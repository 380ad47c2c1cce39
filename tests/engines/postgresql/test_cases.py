"""Pairs of schemas from the test suites of public tools, where they are at hand (they are no part of this project).

Each database is led to the other schema and back. It must then be what is wanted, to us and to `pg_dump`; nothing
may be left to do; pairs marked the same plan nothing; rows stay. By default every twelfth pair is taken, `-m slow`
takes all of them.
"""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.shared import NO_CASES, cases

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.secrets import variable
from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import Server, initialise, throwaway
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import read
from dbdeed.errors import DbdeedError
from dbdeed.planning.order import order_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.session import Session

CASES = cases("postgresql")

# What we cannot do, and why.
EXCEPTIONS = {
    "subscription-operations--alter-configuration": "a subscription's connection is a secret, and never compared",
    "data_packing/Create partitioned table with shared primary key and RLS enabled globally": "on 18: the name of "
    "a not-null constraint that a partition inherits is chosen by when it was made, and cannot be changed",
    "partitioned_index/Add unique constraint to partition using existing index": "a partition's key cannot leave "
    "the key above it: PostgreSQL has no statement for that short of dropping both",
}

SUPERUSER = "postgres"
_ROLE = re.compile(r'(?im)^\s*CREATE (?:ROLE|USER) +("(?:[^"]|"")+"|\w+)[^;]*;')


@pytest.fixture(scope="module")
def server(programs: Programs) -> Iterator[Server]:
    """A server whose superuser needs no password."""
    with room("cases") as folder:
        data = own(folder / "data", account())
        options = ["--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        initialise(programs, data, account(), superuser=SUPERUSER, options=options)
        settings = {"fsync": "off", "wal_level": "logical", "autovacuum": "off"}
        with throwaway(programs, data, folder / "s", settings) as running:
            yield running


def _open(server: Server, database: str) -> Session:
    return connect(server.target(database, user=SUPERUSER))


@contextmanager
def _database(server: Server, name: str) -> Iterator[Session]:
    with closing(_open(server, "postgres")) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            with closing(_open(server, name)) as session:
                yield session
                session.execute("SET search_path = public")
                for (subscription,) in session.fetch(
                    "SELECT subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid "
                    "WHERE d.datname = current_database()"
                ):
                    session.execute(f"ALTER SUBSCRIPTION {ident(subscription)} DISABLE")
                    session.execute(f"ALTER SUBSCRIPTION {ident(subscription)} SET (slot_name = NONE)")
                    session.execute(f"DROP SUBSCRIPTION {ident(subscription)}")
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _make_roles(server: Server, case: dict[str, Any]) -> None:
    written = set(case.get("roles") or ())
    for side in ("from_sql", "to_sql"):
        written.update(_ROLE.findall(case[side]))
    names = {name[1:-1].replace('""', '"') if name.startswith('"') else name for name in written}
    with closing(_open(server, "postgres")) as admin:
        there = {name for (name,) in admin.fetch("SELECT rolname FROM pg_roles")}
        for name in sorted(names - there):
            admin.execute(f"CREATE ROLE {ident(name)}")


def _load(session: Session, sql: str) -> None:
    """Statements in the order that works: some of the suites leave that to their tool."""
    left = [one.sql for one in read(_ROLE.sub("", sql), RULES) if not one.sql.upper().startswith("COPY ")]
    while left:
        again, error = [], None
        for statement in left:
            try:
                session.execute(statement)
            except DbdeedError as refused:
                again.append(statement)
                error = refused
        if len(again) == len(left):
            pytest.skip(f"does not load here: {error}")
        left = again
    session.execute("RESET ALL")
    session.execute("SET search_path = public")


def _dump(programs: Programs, server: Server, database: str) -> list[str]:
    """The statements of a dump, in an order and a form that do not depend on columns' places."""
    import subprocess

    command = [
        str(programs.path("pg_dump")), "--schema-only", "--host", str(server.socket),
        "--username", SUPERUSER, database,
    ]  # fmt: skip
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if not line.startswith(("--", "\\"))]
    return sorted(_without_places(part.strip()) for part in re.split(r";\s*\n\s*\n+", "\n".join(lines)))


def _without_places(statement: str) -> str:
    found = re.match(r"(CREATE (?:UNLOGGED |FOREIGN )?TABLE [^\n]*\(\n)(.*?)(\n\).*)", statement, re.DOTALL)
    if found is None:
        return statement
    return found[1] + "\n".join(sorted(line.rstrip(",") for line in found[2].split("\n"))) + found[3]


def _rows(session: Session, catalog: Catalog) -> dict[str, int]:
    plain = [one for one in catalog.objects.values() if getattr(one, "form", "") == "plain"]
    return {
        one.sql_name: session.fetch(f"SELECT count(*) FROM ONLY {one.sql_name}")[0][0]  # type: ignore[attr-defined]
        for one in plain
    }


def _secrets(session: Session) -> dict[str, str]:
    """What stands for `${NAME}` when a plan's statements run."""
    rows = session.fetch(
        "SELECT fdwname::text, fdwoptions FROM pg_foreign_data_wrapper "
        "UNION ALL SELECT srvname::text, srvoptions FROM pg_foreign_server "
        "UNION ALL SELECT relname::text, ftoptions FROM pg_foreign_table JOIN pg_class c ON ftrelid = c.oid "
        "UNION ALL SELECT srvname || '_' || coalesce(nullif(usename, ''), 'public'), umoptions FROM pg_user_mappings"
    )
    pairs = ((name, *option.partition("=")[::2]) for name, options in rows for option in options or ())
    return {variable(name, option): value for name, option, value in pairs}


def _lead(session: Session, target: Catalog, environment: dict[str, str]) -> list[str]:
    current = ENGINE.inspect(session)
    before = _rows(session, current)
    changes = order_changes(ENGINE.compare(current, target).changes, current, target)
    steps = sorted((step for change in changes for step in change.steps), key=lambda step: step.after_all)
    session.execute("SET search_path = ''")
    session.execute("SET check_function_bodies = off")
    for step in steps:
        sql = step.sql
        for name in step.environment:
            sql = sql.replace(f"${{{name}}}", environment.get(name, "x").replace("'", "''"))
        session.execute(sql)
    session.execute("SET search_path = public")
    reached = ENGINE.inspect(session)
    assert [change.steps for change in ENGINE.compare(reached, target).changes] == []
    assert reached.same_as(target)
    after = _rows(session, reached)
    assert {name: count for name, count in before.items() if name in after} == {
        name: after[name] for name in before if name in after
    }
    return [step.sql for step in steps]


def _check(programs: Programs, server: Server, case: dict[str, Any], number: int) -> None:
    _make_roles(server, case)
    names = f"one_{number}", f"other_{number}"
    with _database(server, names[0]) as one, _database(server, names[1]) as other:
        _load(one, case["from_sql"])
        _load(other, case["to_sql"])
        if case.get("seed_sql"):
            _load(one, case["seed_sql"])
        first, second = ENGINE.inspect(one), ENGINE.inspect(other)
        dumps = _dump(programs, server, names[0]), _dump(programs, server, names[1])
        secrets = {**_secrets(one), **_secrets(other)}
        there = _lead(one, second, secrets)
        assert _dump(programs, server, names[0]) == dumps[1]
        back = _lead(one, first, secrets)
        assert _dump(programs, server, names[0]) == dumps[0]
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
def test_some_pairs(programs: Programs, server: Server, number: int) -> None:
    _check(programs, server, CASES[number], number)


@pytest.mark.slow
@pytest.mark.skipif(not CASES, reason=NO_CASES)
@pytest.mark.parametrize("number", _params(range(len(CASES))))
def test_all_pairs(programs: Programs, server: Server, number: int) -> None:
    _check(programs, server, CASES[number], number)
