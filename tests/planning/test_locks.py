"""What a step says of itself is what the server does: locks, rewrites and scans, read from the server."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.running import SETTINGS
from dbdeed.planning.order import order_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.session import Session
    from dbdeed.engines.seam import Target

Place = Any  # tests/planning/conftest.py has it; test modules cannot import each other

_MODES = {
    "AccessShareLock": LockLevel.ACCESS_SHARE,
    "RowShareLock": LockLevel.ROW_SHARE,
    "RowExclusiveLock": LockLevel.ROW_EXCLUSIVE,
    "ShareUpdateExclusiveLock": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    "ShareLock": LockLevel.SHARE,
    "ShareRowExclusiveLock": LockLevel.SHARE_ROW_EXCLUSIVE,
    "ExclusiveLock": LockLevel.EXCLUSIVE,
    "AccessExclusiveLock": LockLevel.ACCESS_EXCLUSIVE,
}

T = "CREATE TABLE t (id integer PRIMARY KEY, a integer, b text, c varchar(10), d numeric(8,2));"
U = "CREATE TABLE u (id integer PRIMARY KEY, t integer);"
ROWS = "INSERT INTO t SELECT n, n, 'b' || n, 'c', n FROM generate_series(1, 50) n; INSERT INTO u SELECT n, n FROM generate_series(1, 9) n;"
P = """CREATE TABLE p (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 (id integer NOT NULL, n integer);"""
P_ROWS = "INSERT INTO p SELECT n, n FROM generate_series(0, 9) n; INSERT INTO p2 SELECT n, n FROM generate_series(10, 19) n;"


class Pair(NamedTuple):
    """Two schemas, the first with rows; the plan goes there and back."""

    before: str
    after: str
    rows: str = ROWS


def changed(old: str, new: str) -> Pair:
    return Pair(T + U, (T + U).replace(old, new))


def also(more: str) -> Pair:
    return Pair(T + U, T + U + more)


PAIRS = {
    "nothing but new": also("CREATE TABLE w (id integer PRIMARY KEY); CREATE INDEX ON w (id)"),
    "a column": changed("a integer", "a integer, x integer"),
    "a column with a constant": changed("a integer", "a integer, x integer NOT NULL DEFAULT 3"),
    "a column with now": changed("a integer", "a integer, x timestamptz DEFAULT now()"),
    "a column with random": changed("a integer", "a integer, x float NOT NULL DEFAULT random()"),
    "a generated column": changed("a integer", "a integer, x integer GENERATED ALWAYS AS (a + 1) STORED"),
    "a serial": changed("a integer", "a integer, x serial"),
    "an identity": changed("a integer", "a integer, x integer GENERATED ALWAYS AS IDENTITY"),
    "not null": changed("a integer", "a integer NOT NULL"),
    "a default": changed("a integer", "a integer DEFAULT 5"),
    "bigger": changed("a integer", "a bigint"),
    "longer": changed("varchar(10)", "varchar(20)"),
    "text": changed("varchar(10)", "text"),
    "longer under an index": Pair(
        T + U + "CREATE INDEX i ON t (c)", (T + U).replace("varchar(10)", "varchar(20)") + "CREATE INDEX i ON t (c)"
    ),
    "longer under a part of an index": Pair(
        T + U + "CREATE INDEX i ON t (a) WHERE c <> ''",
        (T + U).replace("varchar(10)", "varchar(20)") + "CREATE INDEX i ON t (a) WHERE c <> ''",
    ),
    "longer under a check": Pair(
        T + U + "ALTER TABLE t ADD CONSTRAINT k CHECK (c <> '')",
        (T + U).replace("varchar(10)", "varchar(20)") + "ALTER TABLE t ADD CONSTRAINT k CHECK (c <> '')",
    ),
    "more digits": changed("numeric(8,2)", "numeric(10,2)"),
    "other digits": changed("numeric(8,2)", "numeric(8,3)"),
    "collated": changed("b text", 'b text COLLATE "C"'),
    "settings": also("ALTER TABLE t ALTER b SET STORAGE EXTERNAL; ALTER TABLE t ALTER a SET STATISTICS 9;"
                     "ALTER TABLE t SET (fillfactor = 70); ALTER TABLE t ALTER a SET (n_distinct = 5)"),
    "an index": also("CREATE INDEX i ON t (a)"),
    "another index": Pair(T + U + "CREATE INDEX i ON t (a)", T + U + "CREATE UNIQUE INDEX i ON t (a, b)"),
    "a unique constraint": also("ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)"),
    "an exclusion": also("ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING btree (a WITH =)"),
    "a check": also("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)"),
    "a check not valid": also("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID"),
    "a foreign key": also("ALTER TABLE u ADD CONSTRAINT k FOREIGN KEY (t) REFERENCES t"),
    "another key": changed("id integer PRIMARY KEY, a integer", "id integer NOT NULL, a integer PRIMARY KEY"),
    "a trigger": also(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"
    ),
    "a policy": also("ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY o ON t USING (a > 0)"),
    "a rule": also("CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING"),
    "a view": also("CREATE VIEW v AS SELECT a FROM t"),
    "a materialized view": also("CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE INDEX mi ON m (a)"),
    "statistics": also("CREATE STATISTICS s ON a, b FROM t"),
    "comments": also("COMMENT ON TABLE t IS 'x'; COMMENT ON COLUMN t.a IS 'y'"),
    "a publication": also("CREATE PUBLICATION q FOR TABLE t"),
    "unlogged": changed("CREATE TABLE t", "CREATE UNLOGGED TABLE t"),
    "an heir": Pair(T + U, T + "CREATE TABLE u (id integer PRIMARY KEY, t integer);"
                    "CREATE TABLE h (z integer) INHERITS (u)"),
    "an index of partitions": Pair(P, P + "CREATE INDEX i ON p (n)", P_ROWS),
    "a key of partitions": Pair(P, P + "ALTER TABLE p ADD PRIMARY KEY (id)", P_ROWS),
    "a check of partitions": Pair(P, P + "ALTER TABLE p ADD CONSTRAINT k CHECK (n < 99)", P_ROWS),
    "not null of partitions": Pair(P, P.replace("n integer)", "n integer NOT NULL)"), P_ROWS),
    "a new partition": Pair(P, P + "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)", P_ROWS),
    "a foreign key of partitions": Pair(
        P + U, P + U + "ALTER TABLE p ADD CONSTRAINT k FOREIGN KEY (n) REFERENCES u",
        P_ROWS + "INSERT INTO u SELECT n, n FROM generate_series(0, 9) n;",
    ),
    "attached": Pair(P, P + "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)", P_ROWS),
    "an enum": Pair(
        "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (x e)",
        "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e)",
        "INSERT INTO t VALUES ('a')",
    ),
    "a domain": Pair(
        "CREATE DOMAIN e AS text; CREATE TABLE t (x e)",
        "CREATE DOMAIN e AS text CHECK (VALUE <> ''); CREATE TABLE t (x e)",
        "INSERT INTO t VALUES ('a')",
    ),
}  # fmt: skip


class Seen(NamedTuple):
    """What the server did for one step."""

    step: Step
    lock: LockLevel
    rewrites: bool
    scans: bool


_TABLES = "SELECT oid, relfilenode FROM pg_class WHERE relkind IN ('r', 'p', 'm', 'v') AND relnamespace = 'public'::regnamespace"
_INDEXES = "SELECT indexrelid, indrelid FROM pg_index"
_LOCKS = (
    "SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted"
)
_SCANS = "SELECT relid, seq_scan FROM pg_stat_xact_all_tables"


def observed(session: Session, step: Step, before: dict[int, int]) -> Seen:
    """Run one step in a transaction and look at what it holds of what was there before the plan."""
    before = {oid: node for oid, node in session.fetch(_TABLES) if oid in before}
    indexes = dict(session.fetch(_INDEXES))  # whoever locks an index keeps out those who want its table
    with session.transaction():
        already = dict(session.fetch(_SCANS))  # what is not written to the statistics yet
        session.execute(step.sql)
        held = [(indexes.get(relation, relation), _MODES[mode]) for relation, mode in session.fetch(_LOCKS)]
        locks = [lock for relation, lock in held if relation in before]
        scanned = any(count > already.get(oid, 0) for oid, count in session.fetch(_SCANS) if oid in before)
    after = dict(session.fetch(_TABLES))
    rewritten = any(after.get(oid, node) != node for oid, node in before.items())
    return Seen(step, max(locks, default=LockLevel.NONE), rewritten, scanned)


def steps_to(session: Session, catalog: Catalog, *, online: bool) -> Iterator[Step]:
    current = ENGINE.inspect(session)
    changes = order_changes(ENGINE.compare(current, catalog).changes, current, catalog)
    steps = [one for change in changes for one in change.steps]
    for step in sorted(steps, key=lambda one: one.after_all):
        yield from (step,) if step.online is None or not online else step.online


def seen(session: Session, catalog: Catalog, *, online: bool) -> list[Seen]:
    for name, value in SETTINGS.items():
        session.execute(f"SET {name} = '{value}'")
    found = []
    there = dict(session.fetch(_TABLES))
    for step in list(steps_to(session, catalog, online=online)):
        if step.batched:
            ENGINE.fill(session, step, 0, 1000)
        elif "CONCURRENTLY" in step.sql:
            session.execute(step.sql)
        else:
            found.append(observed(session, step, there))
    session.execute("SET search_path = public")
    return found


@pytest.fixture(scope="module")
def target(place: Place) -> Target:
    """One database for all pairs."""
    if not place.is_postgresql:
        pytest.skip("SQLite's locks are the file's")
    made: Target = place.new()
    return made


@pytest.fixture(scope="module")
def live(place: Place, target: Target) -> Iterator[Session]:
    session: Session = place.open(target)
    yield session
    session.close()


def made(session: Session, sql: str) -> Catalog:
    """The catalog of this SQL, alone in the database."""
    for (name,) in session.fetch("SELECT pubname FROM pg_publication"):
        session.execute(f"DROP PUBLICATION {name}")
    session.execute("SET client_min_messages = error; SET search_path = public; DROP SCHEMA public CASCADE")
    session.execute("CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
    session.execute(sql)
    return ENGINE.inspect(session)


@pytest.mark.parametrize("online", [False, True], ids=["short", "online"])
@pytest.mark.parametrize("name", PAIRS)
def test_a_step_does_what_it_says(live: Session, name: str, *, online: bool) -> None:
    pair = PAIRS[name]
    second = made(live, pair.after)
    first = made(live, pair.before)
    live.execute(pair.rows)
    wrong = []
    for catalog in (second, first):
        for found in seen(live, catalog, online=online):
            step = found.step  # a table that is merely looked at keeps nobody waiting, which need not be said
            said = (max(step.lock, LockLevel.ACCESS_SHARE), step.rewrites, step.scans or step.rewrites)
            did = (max(found.lock, LockLevel.ACCESS_SHARE), found.rewrites, found.scans or found.rewrites)
            if said != did:
                wrong.append(f"{' '.join(step.sql.split())}: says {said}, does {did}")
    assert ENGINE.inspect(live).objects == first.objects
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX CONCURRENTLY i ON t (a)",
        "DROP INDEX CONCURRENTLY j",
        "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
    ],
)
def test_what_is_done_concurrently_lets_writers_through(
    place: Place, target: Target, live: Session, sql: str
) -> None:
    """Seen from beside, while it waits for somebody's transaction."""
    made(live, T + U + P + "CREATE INDEX j ON t (b)")
    worker, watcher = place.open(target), place.open(target)
    live.execute("BEGIN; INSERT INTO t (id) VALUES (100); INSERT INTO p VALUES (1, 1)")
    runner = threading.Thread(target=worker.execute, args=(sql,))
    runner.start()
    waits, locks = False, []
    deadline = time.monotonic() + 30
    while not waits and time.monotonic() < deadline:
        ((waits,),) = watcher.fetch(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND NOT granted)", worker.process_id
        )
        locks = watcher.fetch(
            "SELECT mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
            "WHERE relname IN ('t', 'p', 'p1') AND pid = $1",
            worker.process_id,
        )
    live.execute("COMMIT")
    runner.join()
    worker.close()
    watcher.close()
    assert waits
    assert all(_MODES[mode] <= LockLevel.SHARE_UPDATE_EXCLUSIVE for (mode,) in locks)
