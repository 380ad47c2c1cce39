"""What a document leaves open stays as the database has it: who owns what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.planning.order import order_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.postgresql.session import Session

SCHEMA = """
    CREATE TABLE a (x serial PRIMARY KEY, note text);
    CREATE VIEW v AS SELECT x FROM a;
    CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT $1'
"""


@pytest.fixture
def live(server: SuperuserServer) -> Iterator[Session]:
    with server.database("live") as session:
        for role in ("carla", "dora"):
            if not session.fetch("SELECT FROM pg_roles WHERE rolname = $1", role):
                session.execute(f"CREATE ROLE {role} SUPERUSER")
        for statement in (*SCHEMA.split(";"), "GRANT SELECT ON a TO PUBLIC"):
            session.execute(statement)
        yield session


def _plan(server: SuperuserServer, live: Session, *statements: str) -> list[str]:
    """Led to a document's schema; gives the statements that it took."""
    with server.database("written") as other:
        for statement in statements:
            other.execute(statement)
        written = ENGINE.inspect(other)
    current = ENGINE.inspect(live)
    target = ENGINE.as_there(live, current, written)
    changes = order_changes(ENGINE.compare(current, target).changes, current, target)
    steps = [step.sql for change in changes for step in change.steps]
    for sql in steps:
        live.execute(sql)
    assert ENGINE.inspect(live).same_as(target)
    return steps


def _owners(live: Session) -> dict[str, str]:
    rows = live.fetch(
        "SELECT relname::text, pg_get_userbyid(relowner)::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "UNION ALL SELECT proname, pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    return dict(rows)


def test_an_owner_that_nobody_names_stays(server: SuperuserServer, live: Session) -> None:
    for statement in ("TABLE a", "VIEW v", "FUNCTION f(integer)"):
        live.execute(f"ALTER {statement} OWNER TO carla")
    assert _plan(server, live, *SCHEMA.split(";"), "GRANT SELECT ON a TO PUBLIC") == []
    owners = _owners(live)
    assert (owners["a"], owners["a_x_seq"], owners["v"], owners["f"]) == ("carla",) * 4


def test_it_stays_where_the_object_is_made_again(server: SuperuserServer, live: Session) -> None:
    for statement in ("TABLE a", "VIEW v", "FUNCTION f(integer)"):
        live.execute(f"ALTER {statement} OWNER TO carla")
    wanted = SCHEMA.replace("x serial", "x bigserial").replace("f(n integer)", "f(m integer)")
    steps = _plan(server, live, *wanted.split(";"), "GRANT SELECT ON a TO PUBLIC")
    assert any(step.startswith("DROP VIEW") for step in steps)
    owners = _owners(live)
    assert (owners["a"], owners["v"], owners["f"]) == ("carla",) * 3


def test_an_owner_that_is_named_is_wanted(server: SuperuserServer, live: Session) -> None:
    live.execute("ALTER TABLE a OWNER TO carla")
    wanted = (*SCHEMA.split(";"), "GRANT SELECT ON a TO PUBLIC", "ALTER TABLE a OWNER TO dora")
    assert _plan(server, live, *wanted) == ["ALTER TABLE public.a OWNER TO dora"]
    assert _plan(server, live, *wanted) == []
    assert _owners(live)["a"] == "dora"


def test_naming_the_usual_owner_needs_no_statement(server: SuperuserServer, live: Session) -> None:
    live.execute("SET SESSION AUTHORIZATION carla")
    live.execute("CREATE TABLE own (x integer)")
    with server.database("written") as other:
        for statement in (*SCHEMA.split(";"), "GRANT SELECT ON a TO PUBLIC", "CREATE TABLE own (x integer)"):
            other.execute(statement)
        other.execute("ALTER TABLE own OWNER TO carla")
        written = ENGINE.inspect(other)
    current = ENGINE.inspect(live)
    target = ENGINE.as_there(live, current, written)
    assert ENGINE.compare(current, target).changes == ()
    live.execute("RESET SESSION AUTHORIZATION")


def test_between_two_databases_owners_are_compared(server: SuperuserServer, live: Session) -> None:
    with server.database("written") as other:
        for statement in (*SCHEMA.split(";"), "GRANT SELECT ON a TO PUBLIC", "ALTER VIEW v OWNER TO carla"):
            other.execute(statement)
        target = ENGINE.inspect(other)
    steps = [step.sql for one in ENGINE.compare(ENGINE.inspect(live), target).changes for step in one.steps]
    assert steps == ["ALTER VIEW public.v OWNER TO carla"]


MAPPED = (
    "CREATE FOREIGN DATA WRAPPER w",
    "CREATE SERVER s FOREIGN DATA WRAPPER w",
    "CREATE USER MAPPING FOR dora SERVER s OPTIONS (user 'd', password '${S_DORA_PASSWORD}')",
)


def test_options_that_the_role_may_not_see_are_what_the_document_says(
    server: SuperuserServer, live: Session
) -> None:
    with server.database("written") as other:
        for statement in (*SCHEMA.split(";"), "GRANT SELECT ON a TO PUBLIC", *MAPPED):
            other.execute(statement)
        written = ENGINE.inspect(other)
    for statement in (*MAPPED, "DROP ROLE IF EXISTS ordinary", "CREATE ROLE ordinary"):
        live.execute(statement)
    live.execute("SET SESSION AUTHORIZATION ordinary")
    try:
        current = ENGINE.inspect(live)
        target = ENGINE.as_there(live, current, written)
        assert ENGINE.compare(current, target).changes == ()
        hidden = ["of user mapping s.dora, which this role may not see"]
        assert [one.name for one in current.unmodelled if one.kind == "options"] == hidden
    finally:
        live.execute("RESET SESSION AUTHORIZATION")
    # Of a server that is made again they are written in full.
    live.execute("DROP SERVER s CASCADE")
    live.execute("CREATE SERVER s TYPE 'other' FOREIGN DATA WRAPPER w")
    live.execute(MAPPED[2])
    live.execute("SET SESSION AUTHORIZATION ordinary")
    try:
        current = ENGINE.inspect(live)
        target = ENGINE.as_there(live, current, written)
        changes = ENGINE.compare(current, target).changes
        made = [step.sql for one in changes for step in one.steps if "CREATE USER MAPPING" in step.sql]
        assert len(made) == 1
        assert "S_DORA_PASSWORD" in made[0]
    finally:
        live.execute("RESET SESSION AUTHORIZATION")
