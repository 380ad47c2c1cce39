"""What squawk finds in our plans: `python benchmarks/squawk.py CASES.json`.

CASES.json holds pairs of schemas: `{"cases": [{"suite", "case", "from_sql", "to_sql", "roles"}, …]}`. Each
pair is planned both ways on a real server as if every table had rows; squawk (PyPI `squawk-cli`) reads the
scripts. Counted are the plans with a finding about a lock that blocks others while a table is worked on, and
among these the plans in which such a step carries no hazard of its own.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.servers.account import account, own
from dbdeed.engines.postgresql.servers.programs import find
from dbdeed.engines.postgresql.servers.room import room
from dbdeed.engines.postgresql.servers.server import Server, initialise, throwaway
from dbdeed.engines.postgresql.session import connect
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import read
from dbdeed.errors import DbdeedError
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble
from dbdeed.planning.render import render_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.planning.plan import Plan

BLOCKING = frozenset(
    {
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-required-field",
        "adding-serial-primary-key-field",
        "ban-concurrent-index-creation-in-transaction",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
        "require-concurrent-partition-detach",
        "require-concurrent-reindex",
        "require-lock-timeout",
        "require-timeout-settings",
    }
)
"""squawk's rules about locks that others wait for; the rest is about clients, style and data types."""

_SUPERUSER = "postgres"
_ROLE = re.compile(r'(?im)^\s*CREATE (?:ROLE|USER) +("(?:[^"]|"")+"|\w+)[^;]*;')


@dataclass
class Count:
    """What came out.

    Attributes:
        plans: how many plans had statements.
        found: plans by the rules that squawk found in them; those about blocking locks only.
        silent: plans with such a finding in which no step carries a hazard.
        skipped: pairs that do not load here.
    """

    plans: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


@contextmanager
def server(major: int | None = None) -> Iterator[Server]:
    """A throwaway server whose superuser needs no password."""
    programs = find(major)
    with room("squawk") as folder:
        data = own(folder / "data", account())
        options = ["--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        initialise(programs, data, account(), superuser=_SUPERUSER, options=options)
        settings = {"fsync": "off", "wal_level": "logical", "autovacuum": "off"}
        with throwaway(programs, data, folder / "s", settings) as running:
            yield running


def plans(running: Server, cases: Iterable[dict[str, Any]], count: Count) -> Iterator[tuple[str, Plan]]:
    """The plans of all pairs, there and back."""
    for number, case in enumerate(cases):
        name = f"{case['suite']}/{case['case']}"
        try:
            _make_roles(running, case)
            one = _catalog(running, f"one_{number}", case["from_sql"])
            other = _catalog(running, f"other_{number}", case["to_sql"])
        except DbdeedError as error:
            count.skipped.append(f"{name}: {error.message}")
            continue
        for way, current, target in (("there", one, other), ("back", other, one)):
            plan = _plan(current, target)
            if not plan.empty:
                yield f"{name} {way}", plan


def _plan(current: Catalog, target: Catalog) -> Plan:
    changes = order_changes(ENGINE.compare(current, target).changes, current, target)
    return assemble(current, target, changes)


def _catalog(running: Server, name: str, sql: str) -> Catalog:
    with closing(connect(running.target("postgres", user=_SUPERUSER))) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        try:
            with closing(connect(running.target(name, user=_SUPERUSER))) as session:
                _load(session, sql)
                return ENGINE.inspect(session)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _load(session: Any, sql: str) -> None:
    """Statements in the order that works."""
    left = [one.sql for one in read(_ROLE.sub("", sql), RULES) if not one.sql.upper().startswith("COPY ")]
    while left:
        again: list[str] = []
        refused: DbdeedError | None = None
        for statement in left:
            try:
                session.execute(statement)
            except DbdeedError as error:
                again.append(statement)
                refused = error
        if refused is not None and len(again) == len(left):
            raise refused
        left = again


def _make_roles(running: Server, case: dict[str, Any]) -> None:
    written = set(case.get("roles") or ())
    for side in ("from_sql", "to_sql"):
        written.update(_ROLE.findall(case[side]))
    names = {name[1:-1].replace('""', '"') if name.startswith('"') else name for name in written}
    with closing(connect(running.target("postgres", user=_SUPERUSER))) as admin:
        there = {name for (name,) in admin.fetch("SELECT rolname FROM pg_roles")}
        for name in sorted(names - there):
            admin.execute(f"CREATE ROLE {ident(name)}")


def findings(scripts: dict[str, str], version: int) -> dict[str, set[str]]:
    """By script, the rules about blocking locks that squawk finds broken."""
    found: dict[str, set[str]] = {name: set() for name in scripts}
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for number, (name, text) in enumerate(scripts.items()):
            path = Path(folder) / f"{number}.sql"
            path.write_text(text, encoding="utf-8")
            files[str(path)] = name
        program = Path(sys.executable).with_name("squawk")
        command = [str(program), f"--pg-version={version}", "--reporter=json", *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    for one in json.loads(done.stdout or "[]"):
        if one["rule_name"] in BLOCKING:
            found[files[one["file"]]].add(one["rule_name"])
    return found


def measure(cases: Iterable[dict[str, Any]], major: int | None = None) -> Count:
    """Plan all pairs and let squawk read the plans."""
    count = Count()
    with server(major) as running:
        made = dict(plans(running, cases, count))
        version = find(major).major
    count.plans = len(made)
    scripts = {name: render_sql(plan, ENGINE) for name, plan in made.items()}
    for name, rules in findings(scripts, version).items():
        if rules:
            count.found[name] = sorted(rules)
            if not any(_carries(step) for step in made[name].steps):
                count.silent.append(name)
    return count


def _carries(step: Step) -> bool:
    return bool(step.hazards)


def report(count: Count) -> str:
    """A Markdown table."""
    share = 100 * len(count.found) / max(count.plans, 1)
    by_rule = Counter(rule for rules in count.found.values() for rule in rules)
    said = (
        f"{count.plans} plans, {len(count.found)} with a finding about a blocking lock ({share:.1f} %), "
        f"{len(count.silent)} of these without a hazard; {len(count.skipped)} pairs did not load."
    )
    lines = [
        said,
        "",
        "| rule | plans |",
        "| --- | ---: |",
        *(f"| {rule} | {number} |" for rule, number in by_rule.most_common()),
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table, and with `--verbose` each finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take only each n-th pair")
    parser.add_argument("--major", type=int, default=None, help="of the server")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    cases = json.loads(arguments.cases.read_text(encoding="utf-8"))["cases"][:: arguments.every]
    count = measure(cases, arguments.major)
    print(report(count))
    if arguments.verbose:
        for name, rules in count.found.items():
            print(f"{name}: {', '.join(rules)}{' SILENT' if name in count.silent else ''}")
        print("\n".join(count.skipped))


if __name__ == "__main__":
    main()
