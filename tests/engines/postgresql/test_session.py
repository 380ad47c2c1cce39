"""Sessions: what they run, what they refuse, and what they never say."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.faults import CannotConnect, SqlRejected
from dbdeed.engines.postgresql.session import SETTINGS, PostgresqlRejected, connect
from dbdeed.engines.seam import Target
from dbdeed.errors import DbdeedError, InvalidInput, Unavailable

if TYPE_CHECKING:
    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch
    from dbdeed.engines.postgresql.session import Session


def test_parameters_are_numbered_and_stay_data(db: Session) -> None:
    rows = db.fetch("SELECT $1::text, $2::int + 1, $1::text || '%s %(x)s'", "it's; --", 41)
    assert rows == [("it's; --", 42, "it's; --%s %(x)s")]


def test_without_parameters_nothing_is_special(db: Session) -> None:
    assert db.fetch("SELECT '%', '%s', 5 % 3, '$1'") == [("%", "%s", 2, "$1")]
    db.execute("COMMENT ON SCHEMA public IS '100 % $1 %s'")
    assert db.fetch("SELECT obj_description('public'::regnamespace)") == [("100 % $1 %s",)]


def test_a_statement_without_rows_gives_none(db: Session) -> None:
    assert db.fetch("CREATE TABLE t (a int)") == []


def test_every_session_has_the_same_settings(private: PrivateScratch) -> None:
    private.ensure_role("odd")
    private.admin.execute("ALTER ROLE odd LOGIN")
    private.admin.execute("ALTER ROLE odd SET DateStyle = 'German'")
    private.admin.execute("ALTER ROLE odd SET search_path = pg_catalog")
    with closing(connect(private.server.target("postgres", user="odd"))) as session:
        for name, value in SETTINGS.items():
            assert session.fetch("SELECT current_setting($1)", name) == [(value,)], name
        assert session.fetch(
            "SELECT current_setting('client_encoding'), current_setting('application_name')"
        ) == [("UTF8", "dbdeed")]


def test_version_is_a_pair(db: Session, major: int) -> None:
    assert db.version[0] == major
    assert len(db.version) == 2


@pytest.mark.parametrize(
    ("sql", "offset"),
    [
        ("SELECT nope", 7),
        ("SELECT 'é😀', nope", 13),
        ("SELEC 1", 0),
        ("SELECT 1 +", 10),
    ],
)
def test_an_error_says_where_in_characters(db: Session, sql: str, offset: int) -> None:
    with pytest.raises(PostgresqlRejected) as caught:
        db.execute(sql)
    assert caught.value.offset == offset
    assert caught.value.located


def test_an_error_carries_hint_detail_and_state(db: Session) -> None:
    db.execute("CREATE TABLE parent (id int PRIMARY KEY)")
    db.execute("CREATE TABLE child (id int REFERENCES parent)")
    with pytest.raises(PostgresqlRejected) as caught:
        db.execute("INSERT INTO child VALUES (7)")
    assert caught.value.sqlstate == "23503"
    assert "(id)=(7)" in caught.value.message
    with pytest.raises(PostgresqlRejected) as caught:
        db.execute("SELECT abs('x'::text)")
    assert caught.value.hint


def test_an_error_never_shows_a_whole_row(db: Session) -> None:
    db.execute("CREATE TABLE t (secret text, a int NOT NULL)")
    with pytest.raises(PostgresqlRejected) as caught:
        db.execute("INSERT INTO t VALUES ('hunter2', NULL)")
    assert "hunter2" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("sql", ["SELECT '\0'", "SELECT '\ud800'"])
def test_text_that_no_server_takes_is_refused(db: Session, sql: str) -> None:
    with pytest.raises(SqlRejected) as caught:
        db.execute(sql)
    assert caught.value.offset == 8
    assert db.fetch("SELECT 1") == [(1,)]


def _insert_and_fail(db: Session, value: int) -> None:
    with db.transaction():
        db.execute(f"INSERT INTO t VALUES ({value})")
        db.execute("INSERT INTO nowhere VALUES (1)")


def test_a_transaction_is_all_or_nothing(db: Session) -> None:
    db.execute("CREATE TABLE t (a int)")
    with pytest.raises(PostgresqlRejected):
        _insert_and_fail(db, 1)
    assert db.fetch("SELECT * FROM t") == []
    with db.transaction():
        db.execute("INSERT INTO t VALUES (2)")
        with pytest.raises(PostgresqlRejected):
            _insert_and_fail(db, 3)
    assert db.fetch("SELECT * FROM t") == [(2,)]


def test_an_error_at_commit_is_translated(db: Session) -> None:
    db.execute("CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(PostgresqlRejected) as caught, db.transaction():
        db.execute("INSERT INTO t VALUES (1), (1)")
    assert caught.value.sqlstate == "23505"


def test_notices_are_kept(db: Session) -> None:
    db.execute("DROP TABLE IF EXISTS nowhere")
    assert [(one.severity, "nowhere" in one.message) for one in db.notices] == [("NOTICE", True)]


def test_a_lost_connection_is_unavailable(private: PrivateScratch) -> None:
    with private.database() as session:
        private.terminate(session.process_id)
        with pytest.raises(Unavailable) as caught:
            session.fetch("SELECT 1")
        assert not isinstance(caught.value, SqlRejected)
        assert caught.value.code == "connection-lost"


def test_a_connection_lost_in_mid_statement(private: PrivateScratch) -> None:
    with private.database() as session:
        killer = threading.Timer(0.3, private.terminate, (session.process_id,))
        killer.start()
        with pytest.raises(Unavailable), session.transaction():
            session.execute("SELECT pg_sleep(60)")
        killer.join()


SECRET = "s3cr3t-p4ss"
BROKEN = [
    f"postgresql://user:{SECRET}@localhost:1/db",
    f"postgresql://user:{SECRET}@127.0.0.1:notaport/db",
    f"postgresql://user:{SECRET}@no.such.host.invalid/db?connect_timeout=2",
    f"postgresql://user:{SECRET}%zz@localhost/db",
    f"postgresql://user:{SECRET}@localhost/db?nonsense=1",
    f"postgresql://user:a@{SECRET}@localhost/db",
    f"postgresql://user:{SECRET}@[::1/db",
    f"password={SECRET} host",
    f"postgresql:///db?host=/nowhere&password={SECRET}",
    f"postgresql+psycopg://user:{SECRET}@localhost:1/db",
    f"postgresql://user:{SECRET}\0@localhost/db",
    "",
]


@pytest.mark.parametrize("url", BROKEN, ids=range(len(BROKEN)))
def test_no_message_holds_the_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "/nowhere")
    with pytest.raises((CannotConnect, InvalidInput)) as caught:
        connect(Target(url, "the shop"))
    error: BaseException | None = caught.value
    assert isinstance(error, DbdeedError)
    assert "the shop" in error.message
    seen = ""
    while error is not None and not (error.__suppress_context__ and seen):
        seen += f"{error} {getattr(error, 'hint', '')}"
        error = error.__cause__
    assert SECRET not in seen


def test_a_target_shows_no_url() -> None:
    assert SECRET not in repr(Target(f"postgresql://u:{SECRET}@h/d", "x"))
