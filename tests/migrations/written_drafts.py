"""Migrations as `dbdeed migrate new` would write them, with what is hard to say in another tool's files."""

from __future__ import annotations

from datetime import UTC, datetime

from dbdeed.migrations.seam import Draft, Origin, WrittenBatch, WrittenStatement

MOMENT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
_FUNCTION = (
    "CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$\n"
    "BEGIN\n  -- one; more\n  NEW.counted := NEW.counted + 1;\n  RETURN NEW;\nEND\n$$"
)
_COUNTS = (
    "CREATE TRIGGER counts AFTER INSERT ON points BEGIN\n  -- one; more\n"
    "  UPDATE points SET counted = counted + 1 WHERE id = NEW.id;\n  DELETE FROM points WHERE id < 0;\nEND"
)
_TRIGGER = {
    "postgresql": (
        _FUNCTION,
        "CREATE TRIGGER counts BEFORE INSERT ON points FOR EACH ROW EXECUTE FUNCTION count_up()",
    ),
    "sqlite": (_COUNTS,),
}
_WITHOUT = {"postgresql": ("DROP FUNCTION count_up() CASCADE",), "sqlite": ("DROP TRIGGER counts",)}


def whole(engine: str) -> Draft:
    """In one transaction, with a body that holds semicolons, and words that tools take for their own."""
    table = (
        "CREATE TABLE points (id integer PRIMARY KEY, counted integer NOT NULL DEFAULT 0, -- so\n  word text)"
    )
    up = (
        WrittenStatement(table, ("Rollback drops it", "changeset: none")),
        *map(WrittenStatement, _TRIGGER[engine]),
    )
    down = (*map(WrittenStatement, _WITHOUT[engine]), WrittenStatement("DROP TABLE points"))
    return Draft(
        "Add loyalty points, für später",
        MOMENT,
        (WrittenBatch(up),),
        (WrittenBatch(down),),
        ("property name: x value: y", "Held against: online"),
        Origin("a" * 64, "b" * 64),
    )


def mixed() -> Draft:
    """With an index that is built beside others, on PostgreSQL."""
    first = ("CREATE TABLE stock (id integer PRIMARY KEY, word text)", "CREATE TABLE shelves (id integer)")
    alone = "CREATE INDEX CONCURRENTLY stock_word ON stock (word)"
    last = ("ALTER TABLE stock ADD COLUMN more text DEFAULT 'a;b ${kept}'",)
    down = ("DROP TABLE shelves", "DROP TABLE stock")
    return Draft(
        "Stock",
        MOMENT,
        (
            WrittenBatch(tuple(map(WrittenStatement, first))),
            WrittenBatch((WrittenStatement(alone),), transactional=False),
            WrittenBatch(tuple(map(WrittenStatement, last))),
        ),
        (
            WrittenBatch((WrittenStatement("DROP INDEX CONCURRENTLY stock_word"),), transactional=False),
            WrittenBatch(tuple(map(WrittenStatement, down))),
        ),
        (),
        Origin("b" * 64, "c" * 64),
    )


def forward() -> Draft:
    """Without a way back."""
    return Draft(
        "No more words",
        MOMENT,
        (WrittenBatch((WrittenStatement("CREATE TABLE last_one (id integer)"),)),),
        None,
        (),
        Origin("c" * 64, "d" * 64),
        irreversible="its rows are gone",
    )
