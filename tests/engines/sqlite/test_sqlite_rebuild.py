"""Tables that ALTER TABLE cannot change: nothing is lost on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import HazardKind
from dbdeed.engines.faults import SqlRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.sqlite.conftest import Bench

    from dbdeed.engines.change import Step
    from dbdeed.engines.sqlite.session import SqliteSession

Migrate = "Callable[[str, str], SqliteSession]"


def _steps(bench: Bench, before: str, after: str) -> list[Step]:
    session = bench.open(bench.file(before))
    steps = [step for change in bench.plan(session, bench.catalog(after)) for step in change.steps]
    session.close()
    return steps


def test_the_steps_follow_the_documented_order(bench: Bench) -> None:
    before = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX i ON t (a);"
    after = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); CREATE INDEX i ON t (a);"
    assert [step.sql for step in _steps(bench, before, after)] == [
        "DROP INDEX i",
        "CREATE TABLE dbdeed_new_t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)",
        "INSERT OR ABORT INTO dbdeed_new_t (id, a) SELECT id, a FROM t",
        "DROP TABLE t",
        "PRAGMA legacy_alter_table=ON",
        "ALTER TABLE dbdeed_new_t RENAME TO t",
        "PRAGMA legacy_alter_table=OFF",
        "CREATE INDEX i ON t (a)",
    ]


def test_rowids_without_a_column_are_kept(migrate: Callable[[str, str], SqliteSession]) -> None:
    session = migrate(
        "CREATE TABLE t (a); INSERT INTO t (rowid, a) VALUES (7, 'x'), (3, 'y');", "CREATE TABLE t (a TEXT)"
    )
    assert session.fetch("SELECT rowid, a FROM t ORDER BY 1") == [(3, "y"), (7, "x")]


def test_a_column_called_rowid_hides_the_number(migrate: Callable[[str, str], SqliteSession]) -> None:
    session = migrate(
        "CREATE TABLE t (rowid TEXT, a); INSERT INTO t (_rowid_, rowid, a) VALUES (7, 'r', 'x')",
        "CREATE TABLE t (rowid TEXT, a TEXT)",
    )
    assert session.fetch("SELECT _rowid_, rowid, a FROM t") == [(7, "r", "x")]


def test_autoincrement_never_gives_a_number_twice(migrate: Callable[[str, str], SqliteSession]) -> None:
    table = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a{})"
    session = migrate(
        table.format("") + "; INSERT INTO t VALUES (41, 1); DELETE FROM t;", table.format(" TEXT")
    )
    session.execute("INSERT INTO t (a) VALUES (1)")
    assert session.fetch("SELECT id FROM t") == [(42,)]


def test_references_from_and_to_itself_stay(migrate: Callable[[str, str], SqliteSession]) -> None:
    before = """
        CREATE TABLE p (id INTEGER PRIMARY KEY, up INTEGER REFERENCES p (id) ON DELETE CASCADE);
        CREATE TABLE c (p INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);
        CREATE VIEW v AS SELECT p.id FROM p;
        CREATE TRIGGER on_c AFTER INSERT ON c BEGIN UPDATE p SET up = NULL WHERE id = new.p; END;
        INSERT INTO p VALUES (1, NULL), (2, 1); INSERT INTO c VALUES (2);
    """
    after = before.replace("up INTEGER REFERENCES", "up INTEGER CHECK (up <> id) REFERENCES").partition(
        "INSERT INTO p"
    )[0]
    session = migrate(before, after)
    assert session.fetch("SELECT * FROM v ORDER BY 1") == [(1,), (2,)]
    assert session.fetch("SELECT * FROM c") == [(2,)]
    assert session.fetch('SELECT "table" FROM pragma_foreign_key_list($1)', "c") == [("p",)]
    assert session.fetch('SELECT "table" FROM pragma_foreign_key_list($1)', "p") == [("p",)]
    assert session.fetch("PRAGMA foreign_keys") == [(1,)]
    assert session.fetch("PRAGMA legacy_alter_table") == [(0,)]


def test_its_own_name_as_a_qualifier(migrate: Callable[[str, str], SqliteSession]) -> None:
    session = migrate(
        "CREATE TABLE t (a INTEGER, b INTEGER AS (a + 1), CHECK (t.a > 0)); INSERT INTO t (a) VALUES (1)",
        "CREATE TABLE t (a INTEGER, b INTEGER AS (a + 2), CHECK (t.a >= 0))",
    )
    assert session.fetch("SELECT * FROM t") == [(1, 3)]
    with pytest.raises(SqlRejected, match="CHECK"):
        session.execute("INSERT INTO t (a) VALUES (-1)")


def test_conflict_clauses_drop_no_rows(bench: Bench) -> None:
    """UNIQUE ON CONFLICT IGNORE would swallow the second row while it is copied."""
    path = bench.file("CREATE TABLE t (a); INSERT INTO t VALUES (1), (1)")
    session = bench.open(path)
    with pytest.raises(SqlRejected, match="UNIQUE"):
        bench.apply(session, bench.catalog("CREATE TABLE t (a UNIQUE ON CONFLICT IGNORE)"))
    assert session.fetch("SELECT a FROM t") == [(1,), (1,)]
    session.close()


def test_not_null_with_nulls_there_changes_nothing(bench: Bench) -> None:
    session = bench.open(
        bench.file("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, NULL); CREATE INDEX i ON t (b)")
    )
    target = bench.catalog("CREATE TABLE t (a, b NOT NULL); CREATE INDEX i ON t (b)")
    before = bench.plan(session, target)
    hazards = {hazard.kind for change in before for step in change.steps for hazard in step.hazards}
    assert HazardKind.MAY_FAIL in hazards
    with pytest.raises(SqlRejected, match=r"NOT NULL constraint failed: t\.b"):
        bench.apply(session, target)
    assert session.fetch("SELECT * FROM t") == [(1, None)]
    assert bench.plan(session, target) == before
    session.close()


def test_what_is_destroyed_is_named(bench: Bench) -> None:
    before = "CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE, c, d AS (a) VIRTUAL); CREATE TABLE gone (x);"
    steps = _steps(bench, before, "CREATE TABLE t (a INTEGER PRIMARY KEY)")
    destroyed = [one for step in steps for one in step.destroys]
    assert sorted(destroyed) == [
        ObjectId("column", ("t", "b")),
        ObjectId("column", ("t", "c")),
        ObjectId("table", ("gone",)),
    ]


def test_a_plain_column_is_dropped_without_a_rebuild(bench: Bench) -> None:
    before = "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT a FROM t;"
    after = "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t;"
    assert [step.sql for step in _steps(bench, before, after)] == [
        "PRAGMA legacy_alter_table=ON",
        "ALTER TABLE t DROP COLUMN b",
        "PRAGMA legacy_alter_table=OFF",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a, b REFERENCES t (a)", "a"),
        ("a, b, UNIQUE (b)", "a"),
        ("a, b, CHECK (b > a)", "a, CHECK (1 > a)"),
        ("a, b, c AS (b)", "a"),
        ("a CHECK (a > b), b", "a CHECK (a > 0)"),
        ("a, b, PRIMARY KEY (b)", "a"),
        ("a, b", "b, a"),
        ("a, c", "a, b, c"),
        ("a", "a, b DEFAULT CURRENT_TIMESTAMP"),
        ("a", "a, b DEFAULT (1 + 1)"),
        ("a", "a, b UNIQUE"),
        ("a", "a, b AS (a) STORED"),
        ("a TEXT", "a INTEGER"),
        ("a INT", "a INT COLLATE NOCASE"),
        ("a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY AUTOINCREMENT"),
        ("a", "a, b AS (a + 1)"),
        ("a", "a, b INTEGER NOT NULL DEFAULT 3 CHECK (b > 0) -- why\n"),
        ("a", "a, b REFERENCES t (a)"),
        ("'a b', [c d]", "'a b', [c d], `e f`"),
        ("a DEFAULT '{}'", "a DEFAULT '{}' CHECK (json_valid(a)), b AS (json_extract(a, '$.b')) UNIQUE"),
    ],
)
def test_both_ways_with_rows(before: str, after: str, bench: Bench) -> None:
    """Whatever way is taken, the target is reached and the rows are there."""
    for one, other in ((before, after), (after, before)):
        session = bench.open(bench.file(f"CREATE TABLE t ({one}); INSERT INTO t DEFAULT VALUES"))
        bench.apply(session, bench.catalog(f"CREATE TABLE t ({other})"))
        assert session.fetch("SELECT count(*) FROM t") == [(1,)]
        session.close()


def test_views_that_call_what_a_module_brings_are_no_hindrance(bench: Bench) -> None:
    session = bench.open(
        bench.file(
            "CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE t (a TEXT);"
            "CREATE VIEW found AS SELECT highlight(f, 0, '<', '>') AS h FROM f WHERE f MATCH 'x';"
            "CREATE VIEW parts AS SELECT a ->> '$.b' AS b, json_group_array(a) AS list FROM t;"
            "INSERT INTO f VALUES ('x y'); INSERT INTO t VALUES ('{\"b\": 1}')"
        )
    )
    bench.apply(
        session,
        bench.catalog(
            "CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE t (a TEXT NOT NULL);"
            "CREATE VIEW found AS SELECT highlight(f, 0, '<', '>') AS h FROM f WHERE f MATCH 'x';"
            "CREATE VIEW parts AS SELECT a ->> '$.b' AS b, json_group_array(a) AS list FROM t"
        ),
    )
    assert session.fetch("SELECT h, b FROM found, parts") == [("<x> y", 1)]
    session.close()


def test_options_both_ways(bench: Bench) -> None:
    for one, other in (("", "WITHOUT ROWID"), ("STRICT", ""), ("STRICT, WITHOUT ROWID", "STRICT")):
        for before, after in ((one, other), (other, one)):
            table = "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY, b TEXT) {}"
            session = bench.open(bench.file(table.format(before) + "; INSERT INTO t VALUES (5, 'x')"))
            bench.apply(session, bench.catalog(table.format(after)))
            assert session.fetch("SELECT * FROM t") == [(5, "x")]
            session.close()


def test_a_table_gives_way_to_a_view_of_its_name(bench: Bench) -> None:
    session = bench.open(bench.file("CREATE TABLE a (x); CREATE TABLE b (y)"))
    bench.apply(session, bench.catalog("CREATE TABLE b (y); CREATE VIEW a AS SELECT y FROM b"))
    session.close()


def test_foreign_keys_hold_at_the_end(bench: Bench) -> None:
    before = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER); INSERT INTO c VALUES (9);"
    after = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id));"
    session = bench.open(bench.file(before))
    with pytest.raises(SqlRejected, match="c row 1 → p"):
        bench.apply(session, bench.catalog(after))
    assert session.fetch("SELECT sql FROM sqlite_schema WHERE name = 'c'") == [
        ("CREATE TABLE c (p INTEGER)",)
    ]
    session.close()


def test_references_that_were_broken_before_do_not_stop_a_change(bench: Bench) -> None:
    before = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p); INSERT INTO c VALUES (9);"
    after = (
        "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT); CREATE TABLE c (p INTEGER NOT NULL REFERENCES p);"
    )
    session = bench.open(bench.file(before))
    bench.apply(session, bench.catalog(after))
    assert session.fetch("SELECT p FROM c") == [(9,)]
    session.close()


def test_full_text_tables_keep_their_texts(bench: Bench) -> None:
    before = """
        CREATE TABLE d (id INTEGER PRIMARY KEY, body TEXT);
        CREATE VIRTUAL TABLE own USING fts5(title, body);
        CREATE VIRTUAL TABLE ext USING fts5(body, content='d', content_rowid='id');
        CREATE TRIGGER d_ai AFTER INSERT ON d BEGIN INSERT INTO ext(rowid, body) VALUES (new.id, new.body); END;
        INSERT INTO d VALUES (4, 'green apples'); INSERT INTO own(rowid, title, body) VALUES (9, 't', 'red pears');
    """
    after = """
        CREATE TABLE d (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
        CREATE VIRTUAL TABLE own USING fts5(title, body, tokenize = 'porter');
        CREATE VIRTUAL TABLE ext USING fts5(body, content='d', content_rowid='id', tokenize='porter');
        CREATE TRIGGER d_ai AFTER INSERT ON d BEGIN INSERT INTO ext(rowid, body) VALUES (new.id, new.body); END;
    """
    session = bench.open(bench.file(before))
    changes = bench.apply(session, bench.catalog(after))
    assert session.fetch("SELECT rowid FROM own WHERE own MATCH 'pear'") == [(9,)]
    assert session.fetch("SELECT rowid FROM ext WHERE ext MATCH 'apple'") == [(4,)]
    assert [one for change in changes for step in change.steps for one in step.destroys] == []
    session.close()


def test_equal_whatever_the_spelling(bench: Bench) -> None:
    one = """CREATE TABLE IF NOT EXISTS "Shop" (Id integer primary key, `Price` Decimal(10, 2) not null default 'A',
        [note] text /* why */ collate nocase, check (price>=0), check (length("note") < 9)); CREATE VIEW v AS SELECT id FROM shop;"""
    other = """create table Shop(\nId INTEGER PRIMARY KEY, Price DECIMAL(10,2) DEFAULT 'A' NOT NULL,
        note TEXT COLLATE NOCASE, -- a note\n CHECK(LENGTH(Note)<9), CHECK (Price >= 0)); create view v as select Id from Shop;"""
    assert bench.catalog(one).same_as(bench.catalog(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a DEFAULT 'A'", "a DEFAULT 'a'"),
        ('a DEFAULT "A"', 'a DEFAULT "a"'),
        ("a, CHECK (a <> 'X')", "a, CHECK (a <> 'x')"),
        ("a TEXT", "A TEXT"),
        ("a UNIQUE", "a UNIQUE ON CONFLICT REPLACE"),
        ("a REFERENCES t", "a REFERENCES t DEFERRABLE INITIALLY DEFERRED"),
        ("a REFERENCES t ON DELETE SET NULL", "a REFERENCES t ON DELETE SET DEFAULT"),
        ("a CONSTRAINT x NOT NULL", "a CONSTRAINT y NOT NULL"),
        ("a AS (1) VIRTUAL", "a AS (1) STORED"),
        ("a, b", "b, a"),
        ("a DEFAULT -1", "a DEFAULT 1"),
        ("a COLLATE NOCASE", "a"),
    ],
)
def test_what_differs_is_seen(one: str, other: str, bench: Bench) -> None:
    x = "" if " AS " not in one else "z, "
    assert not bench.catalog(f"CREATE TABLE t ({x}{one})").same_as(
        bench.catalog(f"CREATE TABLE t ({x}{other})")
    )


def test_a_trigger_and_a_key_that_point_at_each_other(bench: Bench) -> None:
    sql = """
        CREATE TABLE t (k INTEGER PRIMARY KEY); CREATE TABLE u (k INTEGER PRIMARY KEY, t REFERENCES t (k));
        CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; END;
    """
    session = bench.open(bench.file(sql))
    bench.apply(session, bench.catalog(""))
    bench.apply(session, bench.catalog(sql))
    session.close()


def test_strict_types_may_refuse_what_is_there(bench: Bench) -> None:
    session = bench.open(bench.file("CREATE TABLE t (a INTEGER) STRICT; INSERT INTO t VALUES (1)"))
    target = bench.catalog("CREATE TABLE t (a BLOB) STRICT")
    hazards = {
        h.kind for change in bench.plan(session, target) for step in change.steps for h in step.hazards
    }
    assert HazardKind.MAY_FAIL in hazards
    with pytest.raises(SqlRejected, match="cannot store INT value"):
        bench.apply(session, target)
    assert session.fetch("SELECT a FROM t") == [(1,)]
    session.close()


TABLES = (
    "CREATE TABLE t (k INTEGER PRIMARY KEY, a, b); CREATE TABLE v (k, m); INSERT INTO t VALUES (1, 2, 3);"
)
NARROW = "CREATE TABLE t (k INTEGER PRIMARY KEY, b);"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            TABLES + "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM v WHERE k = 1; END;",
            NARROW + "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t WHERE k = 1; END;",
        ),
        (TABLES + "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM v; END;", NARROW),
        (
            TABLES + "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM v; END;",
            NARROW + "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM v; END;",
        ),
        (
            TABLES + "CREATE TRIGGER g AFTER DELETE ON v BEGIN UPDATE OR IGNORE t SET a = 1; END;",
            NARROW + "CREATE TABLE v (k);",
        ),
        (
            TABLES + "CREATE TRIGGER g AFTER DELETE ON v BEGIN INSERT INTO t (a) SELECT m FROM v; END;",
            NARROW
            + "CREATE TABLE v (k); CREATE TRIGGER g AFTER DELETE ON v BEGIN INSERT INTO t (b) SELECT k FROM v; END;",
        ),
        (
            TABLES + "CREATE VIEW w AS SELECT m FROM v; CREATE VIEW x AS SELECT a FROM t;",
            NARROW
            + "CREATE TABLE v (k); CREATE VIEW w AS SELECT k FROM v; CREATE VIEW x AS SELECT b FROM t;",
        ),
        (
            TABLES + "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM nowhere; END;",
            NARROW
            + "CREATE TABLE v (k, m); CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM nowhere; END;",
        ),
        (
            TABLES + "CREATE VIEW w AS SELECT * FROM (SELECT 1) AS one, t AS two, nowhere WHERE k = 1;",
            NARROW
            + "CREATE TABLE v (k, m); CREATE VIEW w AS SELECT * FROM (SELECT 1) AS one, t AS two, nowhere WHERE k = 1;",
        ),
    ],
)
def test_a_column_goes_whatever_views_and_triggers_lack(
    migrate: Callable[[str, str], SqliteSession], before: str, after: str
) -> None:
    session = migrate(before, after)
    assert session.fetch("SELECT * FROM t") == [(1, 3)]
