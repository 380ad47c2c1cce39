"""The schemas that are compared: as many tables as asked for, as applications have them.

Every table has ten columns, a primary key, three indexes and a check; three of four have a foreign key; every
fourth has a view on it, every tenth a trigger with its function, every twentieth an enum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_EACH_SCHEMA = 250
"""Tables in one schema."""

_WAYS = 10
"""How many ways there are in which a table is changed."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the benchmark, by its number."""

    number: int

    @property
    def schema(self) -> str:
        return f"app_{self.number // _EACH_SCHEMA}"

    @property
    def short(self) -> str:
        return f"orders_{self.number}"

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.short}"

    @property
    def status(self) -> str:
        """The type of its column `status`."""
        return f"{self.schema}.status_{self.number}" if self.number % 20 == 0 else "text"


def statements(tables: int) -> Iterator[str]:
    """The statements that make the schema, in an order that works."""
    for number in range(0, tables, _EACH_SCHEMA):
        yield f"CREATE SCHEMA {Table(number).schema}"
    for number in range(tables):
        yield from _table(Table(number))


def changes(tables: int, share: float) -> Iterator[str]:
    """Statements that change this share of the tables, each way in turn; at least one table."""
    changed = max(1, round(tables * share))
    for place in range(changed):
        table = Table(place * tables // changed)
        yield from _changed(table, place % _WAYS)


def _table(one: Table) -> Iterator[str]:
    if one.number % 20 == 0:
        yield f"CREATE TYPE {one.status} AS ENUM ('new', 'paid', 'sent', 'gone')"
    default = f"'new'::{one.status}"
    yield (
        f"CREATE TABLE {one.name} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        f"customer_id bigint NOT NULL, status {one.status} NOT NULL DEFAULT {default}, "
        "total numeric(12,2) NOT NULL DEFAULT 0, currency character(3) NOT NULL DEFAULT 'EUR', "
        "note text, tags text[] DEFAULT '{}', payload jsonb, "
        "created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz, "
        f"CONSTRAINT {one.short}_total_positive CHECK (total >= 0))"
    )
    yield f"CREATE INDEX {one.short}_customer ON {one.name} (customer_id, created_at DESC)"
    yield f"CREATE INDEX {one.short}_note ON {one.name} (lower(note)) WHERE note IS NOT NULL"
    yield f"CREATE UNIQUE INDEX {one.short}_once ON {one.name} (customer_id, total, created_at)"
    if one.number % 4:
        other = Table(one.number // 2)
        yield (
            f"ALTER TABLE {one.name} ADD CONSTRAINT {one.short}_customer_fkey "
            f"FOREIGN KEY (customer_id) REFERENCES {other.name} (id) ON DELETE CASCADE"
        )
    if one.number % 4 == 0:
        yield (
            f"CREATE VIEW {one.schema}.open_{one.short} AS SELECT id, customer_id, total, "
            f"lower(note) AS note FROM {one.name} WHERE updated_at IS NULL"
        )
    if one.number % 5 == 0:
        yield f"COMMENT ON TABLE {one.name} IS 'Orders of shard {one.number}'"
    if one.number % 10 == 0:
        yield from _trigger(one)


def _trigger(one: Table) -> Iterator[str]:
    yield (
        f"CREATE FUNCTION {one.schema}.touch_{one.short}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN NEW.updated_at := now(); RETURN NEW; END$$"
    )
    yield (
        f"CREATE TRIGGER {one.short}_touched BEFORE UPDATE ON {one.name} "
        f"FOR EACH ROW EXECUTE FUNCTION {one.schema}.touch_{one.short}()"
    )


def _changed(one: Table, way: int) -> Iterator[str]:
    """One table changed in one of the ways."""
    view = f"{one.schema}.audit_{one.short}"
    ways = (
        (f"ALTER TABLE {one.name} ADD COLUMN discount numeric(5,2) NOT NULL DEFAULT 0",),
        (f"ALTER TABLE {one.name} DROP COLUMN payload",),
        (f"ALTER TABLE {one.name} ALTER COLUMN currency TYPE text",),
        (f"DROP INDEX {one.schema}.{one.short}_note",),
        (f"CREATE INDEX {one.short}_status ON {one.name} (status, created_at)",),
        (f"ALTER TABLE {one.name} ADD CONSTRAINT {one.short}_currency CHECK (currency <> '')",),
        (f"ALTER TABLE {one.name} DROP CONSTRAINT {one.short}_total_positive",),
        (f"CREATE VIEW {view} AS SELECT id, status, total FROM {one.name}",),
        (f"ALTER TABLE {one.name} ALTER COLUMN note SET NOT NULL, ALTER COLUMN total DROP DEFAULT",),
        (f"CREATE TABLE {one.name}_archive (id bigint PRIMARY KEY, total numeric(12,2), note text)",),
    )
    yield from ways[way]
