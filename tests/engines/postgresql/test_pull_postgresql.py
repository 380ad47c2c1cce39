"""A live PostgreSQL database's changes pulled into a document, in place; the engine says when it is enough."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbdeed.app.pull import Pulled, pull
from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.errors import DbdeedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.postgresql.servers.scratch import PrivateScratch

SHOP = (Path(__file__).parents[3] / "examples/shop/DATABASE.md").read_text()
DOCUMENT = SHOP.replace(
    "    email text NOT NULL,\n", "    email text NOT NULL, -- as typed\n    -- on parcels\n"
).replace("    city text NOT NULL,\n", "    city text -- no town\n        NOT NULL, -- or village\n")
HUMAN = [
    line.strip()
    for line in re.sub(r"```sql\n.*?```", "", DOCUMENT, flags=re.DOTALL).splitlines()
    if line.strip() and not line.startswith("#")
] + re.findall(r"-- [^\n]+", DOCUMENT)

Follow = "Callable[[Sequence[str]], Pulled]"


@pytest.fixture(scope="module")
def follow(private: PrivateScratch) -> Callable[..., str]:
    """Runs statements on a live database that is what the document says, and pulls."""

    def run(*statements: str, text: str = DOCUMENT, lenient: bool = False) -> str:
        architecture = read(Source("DATABASE.md", text.encode()))
        with private.database() as live:
            ENGINE.load(live, ENGINE.statements(architecture.schema.blocks))
            here = ENGINE.inspect(live)
            for statement in statements:
                try:
                    live.execute(statement)
                except DbdeedError:
                    if not lenient:
                        raise
            now = ENGINE.inspect(live)
        done: Pulled = pull(ENGINE, architecture, here, now, private)
        with private.database() as again:
            ENGINE.load(again, ENGINE.statements(done.architecture.schema.blocks))
            assert ENGINE.inspect(again).objects == ENGINE.rebuildable(now).objects
        return done.architecture.source.data.decode()

    return run


def changed(text: str) -> tuple[list[str], list[str]]:
    """The lines that went and those that came."""
    before, after = DOCUMENT.splitlines(), text.splitlines()
    return [one for one in before if one not in after], [one for one in after if one not in before]


TOUCH = """CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.updated_at := clock_timestamp();
    RETURN new;
END
$$"""
CHANGES: dict[str, tuple[list[str], list[str], list[str]]] = {
    "a type": (
        ["ALTER TABLE addresses ALTER city TYPE varchar(90)"],
        ["    city text -- no town"],
        ["    city varchar(90) -- no town"],
    ),
    "a default and null": (
        ["ALTER TABLE addresses ALTER label DROP DEFAULT, ALTER label DROP NOT NULL"],
        ["    label text NOT NULL DEFAULT 'home',"],
        ["    label text,"],
    ),
    "a new column": (
        ["ALTER TABLE warehouses ADD floor smallint DEFAULT 1"],
        ["    name text NOT NULL"],
        ["    floor smallint DEFAULT 1"],
    ),
    "a comment": (
        ["COMMENT ON COLUMN customers.closed_at IS 'It''s over.'"],
        ["COMMENT ON COLUMN customers.closed_at IS 'Set instead of deleting the row.';"],
        ["COMMENT ON COLUMN customers.closed_at IS 'It''s over.';"],
    ),
    "an enum's value": (
        ["ALTER TYPE payment_status ADD VALUE 'lost' AFTER 'failed'"],
        ["CREATE TYPE payment_status AS ENUM ('pending', 'captured', 'failed', 'refunded');"],
        ["CREATE TYPE payment_status AS ENUM ('pending', 'captured', 'failed', 'lost', 'refunded');"],
    ),
    "a body": (
        [TOUCH],
        ["    new.updated_at := now();"],
        ["    new.updated_at := clock_timestamp();"],
    ),
    "a check in a line": (
        ["ALTER TABLE order_lines DROP CONSTRAINT order_lines_quantity_check"],
        ["    quantity integer NOT NULL CHECK (quantity > 0),"],
        ["    quantity integer NOT NULL,"],
    ),
    "a key's action": (
        ["ALTER TABLE addresses DROP CONSTRAINT addresses_customer_id_fkey",
         "ALTER TABLE addresses ADD FOREIGN KEY (customer_id) REFERENCES customers"],
        ["    customer_id bigint NOT NULL REFERENCES customers (id) ON DELETE CASCADE,"],
        [],
    ),
    "an index": (
        ["DROP INDEX orders_open_idx", "CREATE INDEX orders_open_idx ON orders (placed_at DESC)"],
        ["CREATE INDEX orders_open_idx ON orders (placed_at) WHERE status IN ('placed', 'paid');"],
        ["CREATE INDEX orders_open_idx ON orders (placed_at DESC);"],
    ),
    "a trigger that goes": (
        ["DROP TRIGGER products_touch ON products"],
        ["CREATE TRIGGER products_touch BEFORE UPDATE ON products"],
        [],
    ),
    "rights": (
        ["GRANT SELECT ON customers TO PUBLIC"], [], ["GRANT SELECT ON TABLE customers TO PUBLIC;"],
    ),
    "row security": (
        ["ALTER TABLE orders ENABLE ROW LEVEL SECURITY", "CREATE POLICY p ON orders FOR SELECT USING (true)"],
        [],
        ["ALTER TABLE orders ENABLE ROW LEVEL SECURITY;", "CREATE POLICY p ON orders FOR SELECT USING (true);"],
    ),
    "a sequence": (
        ["ALTER SEQUENCE order_numbers INCREMENT 10"],
        ["CREATE SEQUENCE order_numbers START 100000;"],
        ["CREATE SEQUENCE order_numbers INCREMENT BY 10 START WITH 100000;"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES)
def test_only_the_lines_that_changed_change(
    follow: Callable[..., str], case: tuple[list[str], list[str], list[str]]
) -> None:
    statements, went, came = case
    text = follow(*statements)
    gone, new = changed(text)
    assert [one for one in gone if one.strip()] == went
    assert set(came) <= set(new)
    assert len(new) <= len(gone) + len(came) + 2
    assert all(one in text for one in HUMAN)


def test_a_table_comes_and_goes(follow: Callable[..., str]) -> None:
    text = follow(
        "CREATE TABLE vouchers (code text PRIMARY KEY, customer bigint REFERENCES customers)",
        "CREATE INDEX ON vouchers (customer)",
        "DROP TABLE payments",
    )
    assert "### Table: `vouchers`\n```sql\nCREATE TABLE vouchers (" in text
    assert "### Table: `payments`" not in text
    assert text.index("`vouchers`") < text.index("### Functions and triggers")
    assert all(one in text for one in HUMAN if "Money taken" not in one)


EDITS = [
    "ALTER TABLE customers ALTER {column} TYPE varchar(50)",
    "ALTER TABLE customers DROP COLUMN {column} CASCADE",
    "ALTER TABLE customers RENAME COLUMN {column} TO renamed{n}",
    "ALTER TABLE customers ADD c{n} int NOT NULL DEFAULT {n} CHECK (c{n} > 0) UNIQUE",
    "ALTER TABLE customers ADD CONSTRAINT k{n} CHECK ({column} IS NOT NULL) NOT VALID",
    "ALTER TABLE addresses ADD g{n} text GENERATED ALWAYS AS (upper(city)) STORED",
    "ALTER TABLE addresses ADD UNIQUE (city, street)",
    "ALTER TABLE addresses DROP CONSTRAINT addresses_customer_id_label_key",
    "ALTER TABLE {table} DROP CONSTRAINT {table}_pkey CASCADE",
    "ALTER TABLE {table} RENAME TO renamed{n}",
    "ALTER TABLE {table} SET SCHEMA s",
    "ALTER TABLE {table} SET (fillfactor = 7{n})",
    "ALTER TABLE {table} SET UNLOGGED",
    "DROP TABLE {table} CASCADE",
    "CREATE TABLE t{n} (id serial PRIMARY KEY, other int REFERENCES categories) PARTITION BY HASH (id)",
    "CREATE TABLE t{n} (LIKE {table} INCLUDING ALL)",
    "CREATE INDEX i{n} ON {table} ((1))",
    "DROP INDEX orders_open_idx, order_lines_product_idx",
    "CREATE SCHEMA s",
    "CREATE TYPE kind{n} AS ENUM ('a', 'b')",
    "ALTER TYPE order_status RENAME VALUE 'cart' TO 'basket{n}'",
    "ALTER DOMAIN currency_code DROP CONSTRAINT currency_code_check",
    "CREATE VIEW v{n} AS SELECT * FROM {table}",
    "CREATE OR REPLACE VIEW product_availability AS SELECT id AS product_id, sku, name, 0::bigint AS available, 1 AS x FROM products",
    "DROP VIEW product_availability",
    "CREATE FUNCTION f{n}(a int) RETURNS int LANGUAGE sql AS 'SELECT a -- ;'",
    "CREATE FUNCTION f(a text, b int) RETURNS int LANGUAGE sql AS $$SELECT {n}$$",
    "CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS $$SELECT {n}$$",
    "CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS E'BEGIN\\r\\n RETURN new; END'",
    "CREATE TRIGGER g{n} AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION touch_updated_at()",
    "ALTER TABLE customers DISABLE TRIGGER customers_touch",
    "GRANT SELECT, UPDATE ON {table} TO PUBLIC",
    "COMMENT ON TABLE {table} IS E'```\\n--> {n}'",
    "COMMENT ON COLUMN customers.{column} IS 'told'",
    "CREATE SEQUENCE q{n} OWNED BY customers.id",
    "CREATE STATISTICS st{n} ON street, city FROM addresses",
]
EDIT = st.tuples(
    st.sampled_from(EDITS),
    st.sampled_from(["customers", "addresses", "orders", "payments", "product_categories"]),
    st.sampled_from(["name", "email", "loyalty_points", "closed_at"]),
)


def _after_any(follow: Callable[..., str], edits: list[tuple[str, str, str]]) -> None:
    statements = [one.format(n=n, table=table, column=column) for n, (one, table, column) in enumerate(edits)]
    text = follow(*statements, lenient=True)
    words = [
        one for one in HUMAN if one.startswith("--") is False and not one.startswith("- **Description**")
    ]
    assert all(one in text for one in words)


@given(edits=st.lists(EDIT, max_size=6))
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_after_any_edits_the_document_follows(
    follow: Callable[..., str], edits: list[tuple[str, str, str]]
) -> None:
    _after_any(follow, edits)


@pytest.mark.slow
@given(edits=st.lists(EDIT, max_size=8))
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_after_many_edits_the_document_follows(
    follow: Callable[..., str], edits: list[tuple[str, str, str]]
) -> None:
    _after_any(follow, edits)
