"""Tables that inherit, and partitions: led both ways, equal by `pg_dump`, and no value that stays is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.superuser import lead
from tests.engines.postgresql.test_every_attribute import pairs

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import read

if TYPE_CHECKING:
    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.postgresql.session import Session

PAIRS = pairs(Path(__file__).with_name("inheritance.sql"))

Values = dict[tuple[str, str], list[str]]


def _run(session: Session, sql: str) -> None:
    for statement in read(sql, RULES):
        session.execute(statement.sql)


def _values(session: Session, catalog: Catalog) -> Values:
    """The values of each table's columns, of its own rows, in some order."""
    found: Values = {}
    for table in catalog.objects.values():
        if getattr(table, "form", "") == "plain":
            name = table.sql_name  # type: ignore[attr-defined]
            query = (
                f"SELECT e.k, coalesce(e.v, 'NULL') FROM ONLY {name} t, jsonb_each_text(to_jsonb(t)) e (k, v)"
            )
            for column, value in session.fetch(f"{query} ORDER BY 1, 2"):
                found.setdefault((name, column), []).append(value)
    return found


def _lead(session: Session, target: Catalog, *, online: bool = False) -> None:
    before = _values(session, ENGINE.inspect(session))
    lead(session, target, {}, online=online)
    after = _values(session, target)
    both = before.keys() & after.keys()
    assert {one: before[one] for one in both} == {one: after[one] for one in both}


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair(server: SuperuserServer, name: str) -> None:
    since, case = PAIRS[name]
    if server.programs.major < since:
        pytest.skip(f"came with PostgreSQL {since}")
    with server.database("one") as one, server.database("other") as other:
        _run(one, case["from_sql"])
        _run(other, case["to_sql"])
        first, second = ENGINE.inspect(one), ENGINE.inspect(other)
        dumps = server.dump("one"), server.dump("other")
        _run(one, case["seed_sql"])
        for target, dump in ((second, dumps[1]), (first, dumps[0])):
            _lead(one, target)
            assert server.dump("one") == dump
