"""Drift and adopting with the least of rights: a role that may connect and nothing else, in read-only sessions."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.superuser import SUPERUSER

from dbdeed.app.adopt import adopt
from dbdeed.app.drift import drift
from dbdeed.app.sync import sync

if TYPE_CHECKING:
    from tests.engines.postgresql.superuser import SuperuserServer

STATEMENTS = [
    "CREATE SCHEMA hidden",
    "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    "CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood DEFAULT 'good')",
    "CREATE TABLE hidden.notes (id int PRIMARY KEY, person bigint REFERENCES people, note text)",
    "CREATE FUNCTION hidden.f() RETURNS text LANGUAGE sql STABLE AS 'SELECT ''x'''",
    "CREATE VIEW hidden.v AS SELECT note FROM hidden.notes WHERE note = hidden.f()",
    "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY p ON people USING (false)",
    "INSERT INTO people DEFAULT VALUES",
]


@pytest.fixture
def url(server: SuperuserServer) -> str:
    """A database that a reader without rights may only connect to, and that lets nobody of hers write."""
    with closing(server.open("postgres")) as admin:
        admin.execute("DROP DATABASE IF EXISTS seen WITH (FORCE)")
        admin.execute("DROP ROLE IF EXISTS reader")
        admin.execute("CREATE ROLE reader LOGIN")
        admin.execute("ALTER ROLE reader SET default_transaction_read_only = on")
        admin.execute("CREATE DATABASE seen TEMPLATE template0")
        admin.execute("REVOKE ALL ON DATABASE seen FROM PUBLIC")
        admin.execute("GRANT CONNECT ON DATABASE seen TO reader")
    with closing(server.open("seen")) as owner:
        for statement in STATEMENTS:
            owner.execute(statement)
    return server.server.target("seen", user="reader").url


def test_a_reader_without_rights_adopts_and_compares(
    server: SuperuserServer, url: str, tmp_path: Path
) -> None:
    output = tmp_path / "DATABASE.md"
    environment = {"SEEN": url}
    adopt("env:SEEN", output, today=date(2031, 5, 4), environment=environment)
    found = drift(output, environment=environment)
    assert found.same
    with closing(server_session := server.open("seen")):
        server_session.execute("ALTER TABLE people ADD COLUMN born date")
        before = server_session.fetch("SELECT nspname FROM pg_namespace ORDER BY 1")
        found = drift(output, environment=environment)
        assert [one.message for one in found.findings] == [
            "column born of model Person is in the database and not in the document"
        ]
        assert found.plan.proven
        assert not found.unproven
        assert "+    born date\n" in _added(found.texts)
        sync(output, today=date(2031, 5, 5), environment=environment)
        assert drift(output, environment=environment).same
        assert server_session.fetch("SELECT nspname FROM pg_namespace ORDER BY 1") == before


def _added(texts: tuple[tuple[str, str, str], ...]) -> str:
    from dbdeed.app.unified import unified

    return unified(texts)


def test_what_a_superuser_made_is_seen_the_same_by_her(
    server: SuperuserServer, url: str, tmp_path: Path
) -> None:
    target = server.server.target("seen", user=SUPERUSER)
    output = tmp_path / "DATABASE.md"
    adopt("env:SEEN", output, today=date(2031, 5, 4), environment={"SEEN": target.url})
    assert drift(output, database="env:SEEN", environment={"SEEN": url}).same
