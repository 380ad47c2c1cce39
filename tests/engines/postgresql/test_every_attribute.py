"""Pairs that differ in one attribute each: what `pg_dump` tells apart, we tell apart, and plan both ways.

And the audit: each column of the catalogs that our kinds read is accounted for, on every version at hand.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.catalog_columns import LEFT_OUT, READ
from tests.engines.postgresql.test_cases import check_pair

from dbdeed.engines.postgresql.listing import KINDS

if TYPE_CHECKING:
    from tests.engines.postgresql.superuser import SuperuserServer

    from dbdeed.engines.postgresql.session import Session

FILE = Path(__file__).with_name("attributes.sql")

_COLUMNS = """
    SELECT c.relname::text, a.attname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
        AND NOT a.attisdropped
"""


def _accounted(table: dict[str, dict[str, str]], catalog: str) -> list[str]:
    return [column for columns in table.get(catalog, {}).values() for column in columns.split()]


def test_every_column_of_the_catalogs_is_accounted_for(db: Session) -> None:
    there = [(catalog, column) for catalog, column in db.fetch(_COLUMNS) if catalog in READ]
    known = {
        (catalog, column)
        for catalog in READ
        for column in (*_accounted(READ, catalog), *_accounted(LEFT_OUT, catalog))
    }
    assert {catalog for catalog, _ in there} == set(READ)
    assert [one for one in there if one not in known] == []


def test_no_column_is_both_read_and_left_out() -> None:
    kinds = {kind.name for kind in KINDS}
    for catalog, columns in READ.items():
        both = [*_accounted(READ, catalog), *_accounted(LEFT_OUT, catalog)]
        assert len(both) == len(set(both)), catalog
        assert set(columns) <= kinds, catalog


def pairs(file: Path) -> dict[str, tuple[int, dict[str, str]]]:
    """By name: the first version that has it, and the case as `check_pair` takes it."""
    found = {}
    for part in re.split(r"^-- case: ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, text = part.partition("\n")
        name, _, since = head.removesuffix(")").partition(" (since ")
        one, _, rest = text.partition("-- becomes\n")
        other, _, rows = rest.partition("-- rows\n")
        found[name] = int(since or 0), {"from_sql": one, "to_sql": other, "seed_sql": rows}
    return found


PAIRS = pairs(FILE)


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_that_differs_in_it(server: SuperuserServer, name: str) -> None:
    since, case = PAIRS[name]
    if server.programs.major < since:
        pytest.skip(f"came with PostgreSQL {since}")
    check_pair(server, {**case, "roles": ["alice", "bob"]}, list(PAIRS).index(name))
