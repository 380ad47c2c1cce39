"""How long writers wait while a large table is changed: `python benchmarks/load.py --rows 5000000`.

A throwaway PostgreSQL server, a table of that many rows, and some connections that change single rows without
a pause. Each change is made the plain way, its statements in one transaction, and then by a plan of dbdeed's;
told is the longest that one write took meanwhile. Both ways run one after the other in the same run, on the
same table. `--write FILE` writes the table into a page.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.document.architecture import CodeBlock, whole
from dbdeed.document.source import Source
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import Server, initialise, throwaway
from dbdeed.engines.postgresql.session import Session, connect
from dbdeed.errors import DbdeedError
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.archive import Keeper
from dbdeed.planning.forms import never_empty
from dbdeed.planning.journal import Journal
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.planning.plan import Plan

_SUPERUSER = "postgres"

ACCOUNTS = """
CREATE TABLE branches (id integer PRIMARY KEY);
CREATE TABLE accounts (id integer PRIMARY KEY, branch integer, balance integer, code varchar(20));
CREATE TABLE moves (day integer NOT NULL, amount integer) PARTITION BY RANGE (day);
CREATE TABLE moves_new PARTITION OF moves FOR VALUES FROM (1000) TO (2000);
CREATE TABLE moves_old (day integer NOT NULL, amount integer);
"""
ROWS = """
INSERT INTO branches SELECT generate_series(0, 99);
INSERT INTO accounts SELECT n, n % 100, 0, 'code ' || n FROM generate_series(1, {rows}) AS n;
INSERT INTO moves_old SELECT n % 1000, 0 FROM generate_series(1, {rows} / 5) AS n;
"""
WRITES = (
    "UPDATE accounts SET balance = balance + 1 WHERE id = {id}",
    "INSERT INTO moves VALUES (1000 + {id} % 1000, 1)",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing done to the tables: the schema that it makes, and the one that it starts from."""

    after: str
    before: str = ACCOUNTS


def _changed(old: str, new: str) -> str:
    return ACCOUNTS.replace(old, new)


_INDEXED = ACCOUNTS + "CREATE INDEX by_branch ON accounts (branch, balance);"
_CHECKED = ACCOUNTS + "ALTER TABLE accounts ADD CONSTRAINT positive CHECK (branch >= 0);"
_ATTACHED = ACCOUNTS + "ALTER TABLE moves ATTACH PARTITION moves_old FOR VALUES FROM (0) TO (1000);"
_KEYED = ACCOUNTS + "ALTER TABLE accounts ADD CONSTRAINT of_branch FOREIGN KEY (branch) REFERENCES branches;"

CHANGES = {
    "an index": Change(_INDEXED),
    "an index replaced": Change(_INDEXED.replace("(branch, balance)", "(branch, code)"), _INDEXED),
    "an index dropped": Change(ACCOUNTS, _INDEXED),
    "a unique constraint": Change(ACCOUNTS + "ALTER TABLE accounts ADD CONSTRAINT one_code UNIQUE (code);"),
    "NOT NULL": Change(_changed("branch integer", "branch integer NOT NULL")),
    "a check": Change(_CHECKED),
    "a check replaced": Change(_CHECKED.replace(">= 0", ">= -1"), _CHECKED),
    "a foreign key": Change(_KEYED),
    "a foreign key dropped": Change(ACCOUNTS, _KEYED),
    "a partition attached": Change(_ATTACHED),
    "a partition detached": Change(ACCOUNTS, _ATTACHED),
    "a column with a constant": Change(
        _changed("code varchar", "kind integer NOT NULL DEFAULT 1, code varchar")
    ),
    "a longer text": Change(_changed("varchar(20)", "varchar(40)")),
    "a column with a value for each row": Change(
        _changed("code varchar", "token uuid NOT NULL DEFAULT gen_random_uuid(), code varchar")
    ),
    "a column filled from others": Change(
        _changed(
            "code varchar(20)",
            "code varchar(20),\n    label text NOT NULL -- backfill: branch || ' ' || code\n",
        )
    ),
    "a larger number": Change(_changed("balance integer", "balance bigint")),
    # The last: its values do not come back for what would follow.
    "a column dropped (its values archived)": Change(_changed(", code varchar(20)", "")),
}
"""What is done to the tables, by what it is called; each is undone before the next."""


@dataclass
class Writers:
    """Connections that write without a pause.

    Attributes:
        longest: seconds of the longest write since `listen`.
        errors: what went wrong for them.
    """

    open: Callable[[], Session]
    rows: int
    number: int
    longest: float = 0.0
    count: int = 0
    errors: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _since: dict[int, float] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[Writers]:
        threads = [threading.Thread(target=self._write, args=(one,)) for one in range(self.number)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def listen(self) -> None:
        """Forget what was; what is under way counts from now."""
        self.longest, self.count = 0.0, 0

    def heard(self) -> float:
        """The longest wait, that of a write that is still under way included."""
        now = time.monotonic()
        return max([self.longest, *(now - began for began in list(self._since.values()))])

    def _write(self, number: int) -> None:
        choice = random.Random(number)
        with closing(self.open()) as session:
            while not self._stop.is_set():
                sql = WRITES[choice.random() < 0.2].format(id=choice.randint(1, self.rows))
                self._since[number] = began = time.monotonic()
                try:
                    session.execute(sql)
                except DbdeedError as error:
                    self.errors.append(error.message)
                del self._since[number]
                self.longest = max(self.longest, time.monotonic() - began)
                self.count += 1
                time.sleep(0.002)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one way to make a change: how long it took, and the longest that a writer waited, in seconds."""

    seconds: float
    wait: float


@dataclass
class Bench:
    """A server with the table, and the catalogs of all that shall become of it."""

    server: Server
    session: Session
    writers: Writers

    def catalog(self, sql: str) -> Catalog:
        """What these statements mean, read from an empty database beside."""
        with closing(connect(self.server.target("postgres", user=_SUPERUSER))) as admin:
            admin.execute("CREATE DATABASE meant TEMPLATE template0")
            try:
                with closing(connect(self.server.target("meant", user=_SUPERUSER))) as session:
                    session.execute(sql)
                    return ENGINE.inspect(session)
            finally:
                admin.execute("DROP DATABASE meant WITH (FORCE)")

    def plan(self, sql: str, *, online: bool) -> tuple[Plan, Catalog]:
        current, target = ENGINE.inspect(self.session), self.catalog(sql)
        fills = ENGINE.backfills(target, ENGINE.statements([_block(sql)]))
        changes = order_changes(ENGINE.compare(current, target, fills).changes, current, target)
        if online:
            keeper = Keeper(ENGINE, Journal(ENGINE, self.session).next_generation())
            changes = keeper.keeping(changes, current, target, never_empty)
        return assemble(current, target, changes, lambda _: not online), target

    def by_plan(self, sql: str) -> Outcome:
        plan, target = self.plan(sql, online=True)
        return self._timed(lambda: apply_plan(ENGINE, self.session, plan, target, tool="benchmark"))

    def plainly(self, sql: str) -> Outcome:
        """The short statements in one transaction; where rows need values, one UPDATE gives them."""
        plan, target = self.plan(sql, online=False)
        fills = ENGINE.backfills(target, ENGINE.statements([_block(sql)]))
        statements = [step.sql for step in plan.steps]
        if fills:
            statements = list(
                _filled_at_once(statements, {one.name[-1]: fills[one].expression for one in fills})
            )

        def run() -> None:
            with self.session.transaction():
                for statement in statements:
                    self.session.execute(statement)

        return self._timed(run)

    def _timed(self, run: Callable[[], object]) -> Outcome:
        self.writers.listen()
        began = time.monotonic()
        run()
        seconds = time.monotonic() - began
        return Outcome(seconds, self.writers.heard())


def _filled_at_once(statements: Sequence[str], values: dict[str, str]) -> Iterator[str]:
    for statement in statements:
        yield statement.removesuffix(" NOT NULL")
        for column, value in values.items():
            if f"ADD COLUMN {column} " in statement:
                yield f"UPDATE public.accounts SET {column} = ({value})"
                yield f"ALTER TABLE public.accounts ALTER COLUMN {column} SET NOT NULL"


def _block(sql: str) -> CodeBlock:
    source = Source("load.sql", sql.encode())
    starts = [0]
    for line in sql.split("\n"):
        starts.append(starts[-1] + len(line.encode()) + 1)
    return CodeBlock(sql, "sql", whole(source), tuple(starts[:-1]), "Schema Design")


@contextmanager
def bench(rows: int, writers: int, major: int | None) -> Iterator[Bench]:
    """A server with the table filled, and writers at work."""
    programs = find(major)
    with room("load") as folder:
        data = own(folder / "data", account())
        options = ["--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        initialise(programs, data, account(), superuser=_SUPERUSER, options=options)
        settings = {"fsync": "off", "shared_buffers": "256MB", "max_wal_size": "2GB", "wal_level": "minimal",
                    "max_wal_senders": "0", "maintenance_work_mem": "128MB"}  # fmt: skip
        with throwaway(programs, data, folder / "s", settings) as server:

            def open_session() -> Session:
                return connect(server.target("postgres", user=_SUPERUSER))

            with closing(open_session()) as session:
                session.execute(ACCOUNTS + ROWS.format(rows=rows))
                session.execute("VACUUM ANALYZE")
                with Writers(open_session, rows, writers).running() as working:
                    yield Bench(server, session, working)


def measure(found: Bench, changes: dict[str, Change]) -> Iterator[tuple[str, Outcome, Outcome]]:
    """Each change, (plainly, by plan); it is undone in between, and after."""
    for name, change in changes.items():
        found.by_plan(change.before)
        plain = found.plainly(change.after)
        found.by_plan(change.before)
        yield name, plain, found.by_plan(change.after)
        found.by_plan(ACCOUNTS)


def rows_of(name: str, plain: Outcome, planned: Outcome) -> str:
    """A line of the table."""
    parts = (_shown(plain.seconds), _shown(plain.wait), _shown(planned.seconds), _shown(planned.wait))
    return f"| {name} | {' | '.join(parts)} |"


HEAD = """| change | plainly: takes | a writer waits | by plan: takes | a writer waits |
| --- | ---: | ---: | ---: | ---: |"""


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def main() -> None:
    """Measure, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--major", type=int, default=None, help="of the server")
    parser.add_argument("--only", default="", help="changes whose name holds this")
    parser.add_argument("--write", type=Path, default=None, help="a page to write the table into")
    arguments = parser.parse_args()
    chosen = {name: change for name, change in CHANGES.items() if arguments.only in name}
    with bench(arguments.rows, arguments.writers, arguments.major) as found:
        found.writers.listen()
        time.sleep(3)
        quiet, count = found.writers.heard(), found.writers.count
        lines = [HEAD, f"| nothing | | | 3 s | {_shown(quiet)} |"]
        print("\n".join(lines), flush=True)
        for name, plain, planned in measure(found, chosen):
            lines.append(rows_of(name, plain, planned))
            print(lines[-1], flush=True)
        version = ".".join(map(str, found.session.version))
        errors = found.writers.errors
    told = (
        f"{arguments.rows:,} rows, {arguments.writers} writers ({count / 3:.0f} writes a second at rest), "
        f"PostgreSQL {version}, {os.cpu_count()} processors; {len(errors)} writes failed."
    )
    print(told)
    for one in errors[:5]:
        print(one, file=sys.stderr)
    if arguments.write is not None:
        write_into(arguments.write, told, lines)


def write_into(page: Path, told: str, lines: Sequence[str]) -> None:
    """Put the figures between the page's marks."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition("<!-- figures -->\n")
    after = rest.partition("<!-- /figures -->\n")[2]
    table = "\n".join(lines)
    page.write_text(
        f"{before}<!-- figures -->\n{told}\n\n{table}\n<!-- /figures -->\n{after}", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
