"""Drafts of new migrations, as the planner would hand them to a format."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dbdeed.migrations.seam import Draft, Origin, WrittenBatch, WrittenStatement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Batch, Format

MOMENT = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


def batch(*statements: str, transactional: bool = True, note: str = "") -> WrittenBatch:
    notes = (note,) if note else ()
    return WrittenBatch(tuple(WrittenStatement(one, notes) for one in statements), transactional)


def draft(
    words: str,
    up: Sequence[WrittenBatch],
    down: Sequence[WrittenBatch] | None,
    *,
    number: int = 0,
    environment: Sequence[str] = (),
) -> Draft:
    return Draft(
        description=words,
        moment=MOMENT + timedelta(days=number),
        up=tuple(up),
        down=tuple(down) if down is not None else None,
        notes=("Keeps all rows.",),
        origin=Origin(f"{number:064x}", f"{number + 1:064x}"),
        irreversible="" if down is not None else "The column's values are gone.",
        environment=tuple(environment),
    )


def table_drafts(count: int, first: int = 0) -> list[Draft]:
    """Each makes a table, with a row, and drops it."""
    return [
        draft(
            f"add table t{number}",
            [
                batch(
                    f"CREATE TABLE t{number} (id integer PRIMARY KEY, a text)",
                    f"INSERT INTO t{number} VALUES (1, 'x')",
                )
            ],
            [batch(f"DROP TABLE t{number}")],
            number=number,
        )
        for number in range(first, first + count)
    ]


def write_all(engine: Engine, chosen: Format, root: Path, drafts: Sequence[Draft]) -> list[Path]:
    """Write them as files, one after the other; gives the files."""
    made = []
    for one in drafts:
        layout = chosen.layout(root)
        existing = chosen.read(engine, layout)
        for path, text in chosen.write(engine, layout, existing, one).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            made.append(path)
    return made


def sql_of(batches: Sequence[Batch] | None) -> list[tuple[bool, list[str]]] | None:
    """Batches as plain data."""
    if batches is None:
        return None
    return [(one.transactional, [statement.sql for statement in one.statements]) for one in batches]


def at(one: Draft, number: int) -> Draft:
    """The same some days later."""
    return replace(one, moment=one.moment + timedelta(days=number))


def hostile_draft(texts: Sequence[str]) -> Draft:
    """A table `said` with each of the texts."""
    plain = [one.replace("'", "''") for one in texts]
    inserts = [f"INSERT INTO said VALUES ({number}, '{one}')" for number, one in enumerate(plain)]
    making = batch("CREATE TABLE said (id integer, a text)", *inserts)
    return draft("hostile", [making], [batch("DROP TABLE said")])


def rebuilding_drafts() -> list[Draft]:
    """SQLite's: a table that others refer to, and that table made anew."""
    first = batch(
        "CREATE TABLE shops (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE items (id INTEGER PRIMARY KEY, shop INTEGER REFERENCES shops ON DELETE CASCADE)",
        "INSERT INTO shops VALUES (1, 'a')",
        "INSERT INTO items VALUES (1, 1), (2, 1)",
    )
    rebuild = batch(
        "CREATE TABLE new_shops (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",
        "INSERT INTO new_shops SELECT id, name FROM shops",
        "DROP TABLE shops",
        "ALTER TABLE new_shops RENAME TO shops",
    )
    return [
        draft("add shops", [first], [batch("DROP TABLE items", "DROP TABLE shops")]),
        draft("name not null", [rebuild], [rebuild], number=1),
    ]
