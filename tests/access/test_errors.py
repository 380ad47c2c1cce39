"""Each error by what was done wrong, on each engine: the decision that a caller takes must be the right one."""
# ruff: noqa: PT012 - what goes wrong may take several steps

from __future__ import annotations

import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.access.servers import admin

from dbdeed import access
from dbdeed.access import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = """
CREATE TABLE authors (
    id integer PRIMARY KEY,
    email text NOT NULL CONSTRAINT authors_email UNIQUE,
    "Odd, name" integer,
    born integer CONSTRAINT born_late CHECK (born < 2020),
    UNIQUE ("Odd, name", born)
);
CREATE TABLE books (
    id integer PRIMARY KEY,
    author integer NOT NULL CONSTRAINT books_author REFERENCES authors (id),
    again integer CONSTRAINT books_again REFERENCES authors (id) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO authors VALUES (1, 'a@b', 7, 1815), (2, 'b@b', 8, 1900);
INSERT INTO books VALUES (1, 1, NULL)
"""


@pytest.fixture
def shop(address: str) -> Iterator[sync.Database]:
    with sync.Database(address) as database:
        for statement in TABLES.split(";"):
            database.execute(statement)
        yield database


def on_sqlite(database: sync.Database) -> bool:
    return database._connector.dialect == "sqlite"


def violated(database: sync.Database, sql: str) -> access.ConstraintViolation:
    with pytest.raises(access.ConstraintViolation) as raised:
        database.execute(sql)
    return raised.value


@pytest.mark.parametrize(
    ("sql", "constraint", "columns"),
    [
        ("INSERT INTO authors (id, email) VALUES (1, 'c')", "authors_pkey", ("id",)),
        ("INSERT INTO authors (id, email) VALUES (3, 'a@b')", "authors_email", ("email",)),
        (
            """INSERT INTO authors VALUES (3, 'c', 7, 1815)""",
            "authors_Odd, name_born_key",
            ("Odd, name", "born"),
        ),
        ("UPDATE authors SET email = 'a@b' WHERE id = 2", "authors_email", ("email",)),
    ],
)
def test_unique(shop: sync.Database, sql: str, constraint: str, columns: tuple[str, ...]) -> None:
    found = violated(shop, sql)
    assert type(found) is access.UniqueViolation
    assert (found.table, found.columns) == ("authors", columns)
    assert found.constraint == ("" if on_sqlite(shop) else constraint)
    assert "a@b" not in found.message


def test_unique_by_expression(shop: sync.Database) -> None:
    shop.execute("CREATE UNIQUE INDEX authors_lower ON authors (lower(email))")
    found = violated(shop, "INSERT INTO authors (id, email) VALUES (3, 'A@B')")
    assert type(found) is access.UniqueViolation
    assert found.constraint == "authors_lower"
    assert found.columns == (() if on_sqlite(shop) else ("lower(email)",))


def test_unique_by_an_expression_with_commas(postgresql: str) -> None:
    admin(postgresql, """CREATE TABLE x (a int, b text, "c, d" text)""")
    admin(postgresql, """CREATE UNIQUE INDEX odd ON x (a, coalesce(b, 'x,('), "c, d")""")
    with sync.Database(postgresql) as database:
        database.execute("INSERT INTO x VALUES (1, NULL, 'q')")
        found = violated(database, "INSERT INTO x VALUES (1, NULL, 'q')")
    assert (found.constraint, found.columns) == ("odd", ("a", "COALESCE(b, 'x,('::text)", "c, d"))


@pytest.mark.parametrize(
    ("sql", "constraint", "columns"),
    [
        ("INSERT INTO books VALUES (2, 99, NULL)", "books_author", ("author",)),
        ("DELETE FROM authors WHERE id = 1", "books_author", ("id",)),
        (
            "INSERT INTO books VALUES (2, 1, 99)",
            "books_again",
            ("again",),
        ),  # at the end of the statement's own
    ],
)
def test_foreign_key(shop: sync.Database, sql: str, constraint: str, columns: tuple[str, ...]) -> None:
    found = violated(shop, sql)
    assert type(found) is access.ForeignKeyViolation
    if not on_sqlite(shop):  # SQLite does not tell which
        assert (found.constraint, found.columns) == (constraint, columns)


def test_foreign_key_at_commit(shop: sync.Database) -> None:
    with pytest.raises(access.ForeignKeyViolation), shop.transaction() as transaction:
        transaction.execute("INSERT INTO books VALUES (2, 1, 99)")
    assert shop.rows("SELECT count(*) FROM books") == [(1,)]


def test_check_and_not_null(shop: sync.Database) -> None:
    found = violated(shop, "INSERT INTO authors VALUES (3, 'c', 1, 2021)")
    assert type(found) is access.CheckViolation
    assert found.constraint == "born_late"
    missing = violated(shop, "INSERT INTO authors (id) VALUES (3)")
    assert type(missing) is access.NotNullViolation
    assert (missing.table, missing.columns) == ("authors", ("email",))


def test_what_the_schema_lacks(shop: sync.Database) -> None:
    for sql in ("SELECT no_column FROM authors", "SELECT * FROM nowhere", "SELECT no_such_function(1)"):
        with pytest.raises(access.SchemaMismatch):
            shop.rows(sql)
    with pytest.raises(access.StatementFailed):
        shop.rows("SELEC 1")


def test_read_only(shop: sync.Database) -> None:
    with pytest.raises(access.ReadOnly), shop.transaction(read_only=True) as transaction:
        transaction.execute("DELETE FROM books")
    assert shop.rows("SELECT count(*) FROM books") == [(1,)]


def test_statement_timeout(address: str) -> None:
    endless = {
        "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "postgresql": "SELECT pg_sleep(20)",
    }
    with sync.Database(address) as database:
        statement = access.Statement(endless[database._connector.dialect])
        with (
            pytest.raises(access.StatementTimeout),
            database.transaction(statement_timeout=0.05) as transaction,
        ):
            transaction.rows(statement)
        assert database.rows("SELECT 1") == [(1,)]


def test_lock_timeout(shop: sync.Database) -> None:
    with shop.transaction() as holder:
        holder.execute("UPDATE authors SET born = 1 WHERE id = 1")
        with pytest.raises(access.LockTimeout), shop.transaction(lock_timeout=0.05) as other:
            other.execute("UPDATE authors SET born = 2 WHERE id = 1")


def test_pool_timeout_and_closed(address: str) -> None:
    database = sync.Database(address, pool=access.PoolSettings(max=1, acquire_timeout=0.05))
    with pytest.raises(access.PoolClosed):
        database.rows("SELECT 1")
    with database, database.transaction(), pytest.raises(access.PoolTimeout, match="1 of 1 in use"):
        database.rows("SELECT 1")
    with pytest.raises(access.PoolClosed):
        database.rows("SELECT 1")


def test_after_a_failure_a_transaction_can_only_be_rolled_back(shop: sync.Database) -> None:
    with (
        pytest.raises((access.StatementFailed, access.UniqueViolation)),
        shop.transaction() as transaction,
    ):
        transaction.execute("INSERT INTO authors VALUES (5, 'e', 1, 1)")
        with pytest.raises(access.UniqueViolation):
            transaction.execute("INSERT INTO authors VALUES (1, 'x', 1, 1)")
        transaction.execute("INSERT INTO authors VALUES (1, 'x', 1, 1)")
    assert shop.rows("SELECT count(*) FROM authors") == [(2,)]


# --- what only PostgreSQL has

RESTRICTED = """
CREATE TABLE r (a int PRIMARY KEY);
CREATE TABLE s (a int CONSTRAINT keeps REFERENCES r ON DELETE RESTRICT);
INSERT INTO r VALUES (1);
INSERT INTO s VALUES (1)
"""


def refused(address: str, sql: str) -> access.AccessError:
    with (
        sync.Database(address, retry=access.RetryPolicy(attempts=1)) as database,
        pytest.raises(access.AccessError) as raised,
    ):
        database.execute(sql)
    return raised.value


@pytest.mark.parametrize(
    ("prepare", "sql", "kind", "constraint"),
    [
        (
            "CREATE TABLE e (during int4range, CONSTRAINT apart EXCLUDE USING gist (during WITH &&))",
            "INSERT INTO e VALUES ('[2,3)'), ('[1,5)')",
            access.ExclusionViolation,
            "apart",
        ),
        (
            "CREATE DOMAIN small AS int CONSTRAINT less CHECK (VALUE < 10); CREATE TABLE d (a small)",
            "INSERT INTO d VALUES (11)",
            access.CheckViolation,
            "less",
        ),
        (
            "CREATE TABLE v (a int); CREATE VIEW w AS SELECT a FROM v WHERE a < 3 WITH CHECK OPTION",
            "INSERT INTO w VALUES (4)",
            access.CheckViolation,
            "",
        ),
        (
            RESTRICTED,
            "DELETE FROM r",
            access.ForeignKeyViolation,
            "keeps",
        ),
        (
            "CREATE TABLE p (a int) PARTITION BY LIST (a)",
            "INSERT INTO p VALUES (1)",
            access.CheckViolation,
            "",
        ),
    ],
)
def test_constraints_of_postgresql(
    postgresql: str, prepare: str, sql: str, kind: type, constraint: str
) -> None:
    admin(postgresql, prepare)
    found = refused(postgresql, sql)
    assert type(found) is kind
    assert isinstance(found, access.ConstraintViolation)
    assert found.constraint == constraint


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 'x'::int", access.InvalidValue),
        ("SELECT 1 / 0", access.InvalidValue),
        ("SELECT 99999999999::int", access.InvalidValue),
        ("SELECT 'abc'::varchar(2) FROM (SELECT 'no'::uuid) x", access.InvalidValue),
        ("SELECT * FROM no_schema.t", access.SchemaMismatch),
        ("SELECT 1::no_type", access.SchemaMismatch),
        ("DO $$ BEGIN RAISE EXCEPTION 'by hand'; END $$", access.StatementFailed),
        ("SELECT pg_terminate_backend(pg_backend_pid())", access.OutcomeUnknown),
    ],
)
def test_other_errors_of_postgresql(postgresql: str, sql: str, kind: type) -> None:
    assert type(refused(postgresql, sql)) is kind


def test_rights_and_row_security(postgresql: str) -> None:
    role = f"limited_{postgresql.rpartition('test_')[2].partition('?')[0]}"
    admin(postgresql, f"CREATE ROLE {role} LOGIN; CREATE TABLE secret (a int); CREATE TABLE rows (a int)")
    admin(postgresql, "ALTER TABLE rows ENABLE ROW LEVEL SECURITY")
    admin(postgresql, f"GRANT ALL ON rows TO {role}")
    theirs = postgresql.replace("user=postgres", f"user={role}")
    assert type(refused(theirs, "SELECT * FROM secret")) is access.PermissionDenied
    assert type(refused(theirs, "INSERT INTO rows VALUES (1)")) is access.PermissionDenied
    admin(postgresql, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_deadlock_and_serialization(postgresql: str) -> None:
    admin(postgresql, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0)")
    outcomes: list[object] = []
    with sync.Database(postgresql) as database:

        def cross(first: int, second: int, gate: threading.Barrier) -> None:
            try:
                with database.transaction() as transaction:
                    transaction.execute("UPDATE t SET n = n + 1 WHERE id = $1", (first,))
                    gate.wait()
                    transaction.execute("UPDATE t SET n = n + 1 WHERE id = $1", (second,))
                outcomes.append("done")
            except access.AccessError as error:
                outcomes.append(type(error))

        gate = threading.Barrier(2)
        threads = [threading.Thread(target=cross, args=(*pair, gate)) for pair in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(outcomes) == {"done", access.DeadlockDetected}
        with (
            pytest.raises(access.SerializationFailure),
            database.transaction(isolation="repeatable read") as one,
        ):
            one.rows("SELECT * FROM t")
            database.execute("UPDATE t SET n = 9")
            one.execute("UPDATE t SET n = 8")


def test_a_transaction_that_sits_idle_too_long(postgresql: str) -> None:
    settings = access.TransactionSettings(idle_timeout=0.05)
    with (
        sync.Database(postgresql, transactions=settings) as database,
        pytest.raises(access.TransactionTimeout),
        database.transaction() as transaction,
    ):
        transaction.rows("SELECT 1")  # it begins with its first statement
        time.sleep(0.3)
        transaction.rows("SELECT 1")


@pytest.mark.parametrize("change", ["user=nobody_here", "dbname=no_such_database", "user=may_not_enter"])
def test_who_is_not_let_in(postgresql: str, change: str) -> None:
    key, _, value = change.partition("=")
    if value == "may_not_enter":
        admin(postgresql, "DO 'BEGIN CREATE ROLE may_not_enter; EXCEPTION WHEN duplicate_object THEN END'")
    database = sync.Database(_with(postgresql, key, value))
    start = time.monotonic()
    with pytest.raises(access.AuthenticationFailed):
        database.open()
    assert time.monotonic() - start < 1  # and it is not tried again


def _with(address: str, key: str, value: str) -> str:
    from psycopg import conninfo

    return conninfo.make_conninfo("", **{**conninfo.conninfo_to_dict(address), key: value})


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ('FATAL:  password authentication failed for user "x"', access.AuthenticationFailed),
        (
            'connection to server at "h", port 5432 failed: FATAL:  no pg_hba.conf entry for host "1.2.3.4"',
            access.AuthenticationFailed,
        ),
        ("server does not support SSL, but SSL was required", access.AuthenticationFailed),
        ("SSL error: certificate verify failed", access.AuthenticationFailed),
        ('FATAL:  permission denied for database "x"', access.AuthenticationFailed),
        ("FATAL:  sorry, too many clients already", access.ConnectionFailed),
        ("FATAL:  the database system is starting up", access.ConnectionFailed),
        ('could not translate host name "db" to address: Temporary failure', access.ConnectionFailed),
        ("", access.ConnectionFailed),
    ],
)
def test_why_a_connection_is_not_opened(message: str, kind: type) -> None:
    from dbdeed.access.postgresql_errors import not_connected

    assert type(not_connected("here", message)) is kind


# --- what only SQLite has


def test_sqlites_own(sqlite: str) -> None:
    with sync.Database(sqlite, retry=access.RetryPolicy(attempts=1)) as database:
        database.execute("CREATE TABLE s (id INTEGER PRIMARY KEY, n INTEGER) STRICT")
        for sql, kind in (
            ("INSERT INTO s VALUES (1, 'text')", access.InvalidValue),
            ("INSERT INTO s VALUES ('text', 1)", access.InvalidValue),
        ):
            with pytest.raises(kind):
                database.execute(sql)
        database.execute("INSERT INTO s VALUES (1, 1)")
        found = violated(database, "INSERT INTO s VALUES (1, 2)")
        assert type(found) is access.UniqueViolation
        assert (found.table, found.columns) == ("s", ("id",))
        # Another process writes between a read-only beginning and a write by hand: its snapshot is old.
        other = sqlite3.connect(sqlite.removeprefix("sqlite:///"), isolation_level=None)
        with pytest.raises(access.ReadOnly), database.transaction(read_only=True) as transaction:
            transaction.rows("SELECT * FROM s")
            other.execute("UPDATE s SET n = 3")
            transaction.execute("UPDATE s SET n = 4")
        other.close()
