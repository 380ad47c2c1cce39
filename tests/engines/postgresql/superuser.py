"""Databases of a superuser's, led from one schema to another, and held against `pg_dump`."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.secrets import variable
from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import Server, initialise, throwaway
from dbdeed.engines.postgresql.session import connect
from dbdeed.planning.forms import choose_form, never_empty
from dbdeed.planning.order import order_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from contextlib import AbstractContextManager

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.servers.programs import Programs
    from dbdeed.engines.postgresql.session import Session

SUPERUSER = "postgres"


@dataclass(frozen=True)
class SuperuserServer:
    """A server whose superuser needs no password, and the programs that it was started with."""

    programs: Programs
    server: Server

    def open(self, database: str) -> Session:
        return connect(self.server.target(database, user=SUPERUSER))

    @contextmanager
    def database(self, name: str) -> Iterator[Session]:
        with closing(self.open("postgres")) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            try:
                with closing(self.open(name)) as session:
                    yield session
            finally:
                # The superuser may: a database cannot be dropped while it has subscriptions.
                admin.execute(
                    "DELETE FROM pg_subscription WHERE subdbid = "
                    f"(SELECT oid FROM pg_database WHERE datname = '{name}')"
                )
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def ensure_roles(self, names: AbstractSet[str], superusers: AbstractSet[str] = frozenset()) -> None:
        with closing(self.open("postgres")) as admin:
            there = {name for (name,) in admin.fetch("SELECT rolname FROM pg_roles")}
            for name in sorted((names | superusers) - there):
                admin.execute(f"CREATE ROLE {ident(name)}{' SUPERUSER' * (name in superusers)}")

    def dump(self, database: str) -> list[str]:
        """The statements of a dump, in an order and a form that do not depend on columns' places."""
        command = [
            str(self.programs.path("pg_dump")), "--schema-only", "--host", str(self.server.socket),
            "--username", SUPERUSER, database,
        ]  # fmt: skip
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        lines = [line for line in text.splitlines() if not line.startswith(("--", "\\"))]
        parts = (part.strip() for part in re.split(r";\s*\n\s*\n+", "\n".join(lines)))
        return sorted(_without_connection(_without_places(part)) for part in parts)


@contextmanager
def superuser_server(programs: Programs) -> Iterator[SuperuserServer]:
    with room("cases") as folder:
        data = own(folder / "data", account())
        options = ["--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        initialise(programs, data, account(), superuser=SUPERUSER, options=options)
        settings = {
            "fsync": "off",
            "wal_level": "logical",
            "autovacuum": "off",
            "max_logical_replication_workers": "0",
        }
        with throwaway(programs, data, folder / "s", settings) as running:
            yield SuperuserServer(programs, running)


def _without_places(statement: str) -> str:
    found = re.match(r"(CREATE (?:UNLOGGED |FOREIGN )?TABLE [^\n]*\(\n)(.*?)(\n\).*)", statement, re.DOTALL)
    if found is None:
        return statement
    return found[1] + "\n".join(sorted(line.rstrip(",") for line in found[2].split("\n"))) + found[3]


def _without_connection(statement: str) -> str:
    """A subscription's connection is a secret, and never compared."""
    return re.sub(r"(?s)^(CREATE SUBSCRIPTION .*? CONNECTION) '(?:[^']|'')*'", r"\1 ***", statement)


def rows(session: Session, catalog: Catalog) -> dict[str, int]:
    """How many each plain table has."""
    plain = [one for one in catalog.objects.values() if getattr(one, "form", "") == "plain"]
    return {
        one.sql_name: session.fetch(f"SELECT count(*) FROM ONLY {one.sql_name}")[0][0]  # type: ignore[attr-defined]
        for one in plain
    }


def secrets(session: Session) -> dict[str, str]:
    """What stands for `${NAME}` when a plan's statements run."""
    found = session.fetch(
        "SELECT fdwname::text, fdwoptions FROM pg_foreign_data_wrapper "
        "UNION ALL SELECT srvname::text, srvoptions FROM pg_foreign_server "
        "UNION ALL SELECT relname::text, ftoptions FROM pg_foreign_table JOIN pg_class c ON ftrelid = c.oid "
        "UNION ALL SELECT srvname || '_' || coalesce(nullif(usename, ''), 'public'), umoptions FROM pg_user_mappings "
        "UNION ALL SELECT subname, ARRAY['connection=' || subconninfo] FROM pg_subscription"
    )
    pairs = ((name, *option.partition("=")[::2]) for name, options in found for option in options or ())
    return {variable(name, option): value for name, option, value in pairs}


def in_transactions(
    session: Session, steps: Iterable[Step]
) -> Iterator[tuple[AbstractContextManager[None], Iterable[Step]]]:
    """Steps that follow one another, with the one transaction for them that a plan has, or none."""
    for transactional, some in groupby(steps, key=lambda step: step.transactional):
        yield (session.transaction() if transactional else nullcontext()), some


def lead(
    session: Session, target: Catalog, environment: dict[str, str], *, online: bool = False
) -> list[str]:
    """Lead a database to a catalog; nothing may be left to do, and rows stay. Gives the statements.

    With `online`, in the forms that tables with rows get.
    """
    current = ENGINE.inspect(session)
    before = rows(session, current)
    changes = order_changes(ENGINE.compare(current, target).changes, current, target)
    if online:
        changes = [choose_form(change, current, target, never_empty) for change in changes]
    steps = sorted((step for change in changes for step in change.steps), key=lambda step: step.after_all)
    session.execute("SET search_path = ''")
    session.execute("SET check_function_bodies = off")
    for together, some in in_transactions(session, steps):
        with together:
            for step in some:
                sql = step.sql
                for name in step.environment:
                    sql = sql.replace(f"${{{name}}}", environment.get(name, "x").replace("'", "''"))
                if step.batched:
                    ENGINE.fill(session, step, 0, 1_000_000)
                else:
                    session.execute(sql)
    session.execute("SET search_path = public")
    reached = ENGINE.inspect(session)
    assert [change.steps for change in ENGINE.compare(reached, target).changes] == []
    assert reached.same_as(target)
    after = rows(session, reached)
    assert {name: count for name, count in before.items() if name in after} == {
        name: after[name] for name in before if name in after
    }
    return [step.sql for step in steps]
