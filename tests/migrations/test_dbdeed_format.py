"""Our own format: what a file says, and how one is written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.dbdeed import FORMAT
from dbdeed.migrations.seam import Draft, Migration, Origin, WrittenBatch, WrittenStatement

ENGINE = engine_for(System.POSTGRESQL)
FIRST = "20261122T101500_add_points.sql"


def read(root: Path, **files: str) -> list[Migration]:
    folder = root / "migrations"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(FORMAT.read(ENGINE, FORMAT.layout(root)))


def test_a_plain_file_is_the_way_up_in_one_transaction(tmp_path: Path) -> None:
    (one,) = read(tmp_path, **{FIRST: "CREATE TABLE a (x int);\nCREATE TABLE b (x int);\n"})
    assert (one.key, one.version, one.description) == ("20261122T101500", "20261122T101500", "add points")
    assert one.up is not None
    assert [(len(each.statements), each.transactional) for each in one.up] == [(2, True)]
    assert one.down is None
    assert one.origin is None


def test_marks_say_which_way_and_in_which_transactions(tmp_path: Path) -> None:
    text = """-- add points
-- dbdeed: from {} to {}
-- dbdeed: up
CREATE TABLE a (x int); -- dbdeed: is no mark in the middle of a line
-- dbdeed: outside of transactions
CREATE INDEX CONCURRENTLY a_x ON a (x);
-- dbdeed: in a transaction
SELECT '
-- no mark in a string';
-- dbdeed: down
DROP TABLE a;
""".format("a" * 64, "b" * 64)
    (one,) = read(tmp_path, **{FIRST: text})
    assert one.up is not None
    assert [each.transactional for each in one.up] == [True, False, True]
    assert one.down is not None
    assert [each.sql for batch in one.down for each in batch.statements] == ["DROP TABLE a"]
    assert one.origin == Origin("a" * 64, "b" * 64)


@pytest.mark.parametrize(
    ("name", "text", "code", "where"),
    [
        ("V1__a.sql", "SELECT 1;", "migration-name", "migrations/V1__a.sql"),
        ("20261322T101500_a.sql", "SELECT 1;", "migration-name", "migrations/20261322T101500_a.sql"),
        (FIRST, "SELECT 1\n-- dbdeed: down\n+ 1;", "migration-mark", f"migrations/{FIRST}:2"),
        (FIRST, "SELECT 1;\n-- dbdeed: donw\n", "migration-mark", f"migrations/{FIRST}:2"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, code: str, where: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read(tmp_path, **{name: text})
    assert (error.value.code, error.value.where) == (code, where)


def test_two_of_one_moment_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        read(tmp_path, **{FIRST: "SELECT 1;", "20261122T101500_b.sql": "SELECT 1;"})
    assert error.value.code == "migration-twice"


def draft(**given: object) -> Draft:
    values: dict[str, object] = {
        "description": "Add loyalty  points!",
        "moment": datetime(2026, 11, 22, 10, 15, tzinfo=UTC),
        "up": (
            WrittenBatch((WrittenStatement("ALTER TABLE a ADD p int", ("lock: ACCESS EXCLUSIVE",)),)),
            WrittenBatch((WrittenStatement("CREATE INDEX CONCURRENTLY i ON a (p)"),), transactional=False),
            WrittenBatch((WrittenStatement("COMMENT ON TABLE a IS 'x' -- end"),)),
        ),
        "down": (WrittenBatch((WrittenStatement("ALTER TABLE a DROP p"),)),),
        "notes": ("dbdeed: up",),
        "origin": Origin("a" * 64, "b" * 64),
    }
    return Draft(**{**values, **given})  # type: ignore[arg-type]


def test_what_is_written_reads_as_it_was_meant(tmp_path: Path) -> None:
    layout = FORMAT.layout(tmp_path)
    ((path, text),) = FORMAT.write(ENGINE, layout, (), draft()).items()
    assert path.name == "20261122T101500_add_loyalty_points.sql"
    (one,) = read(tmp_path, **{path.name: text})
    assert one.up is not None
    assert one.down is not None
    assert [(each.transactional, [s.sql.split(" --")[0] for s in each.statements]) for each in one.up] == [
        (True, ["ALTER TABLE a ADD p int"]),
        (False, ["CREATE INDEX CONCURRENTLY i ON a (p)"]),
        (True, ["COMMENT ON TABLE a IS 'x'"]),
    ]
    assert [each.sql for batch in one.down for each in batch.statements] == ["ALTER TABLE a DROP p"]
    assert one.origin == Origin("a" * 64, "b" * 64)
    assert "-- lock: ACCESS EXCLUSIVE\nALTER TABLE a ADD p int;" in text


def test_a_new_file_comes_after_one_of_a_clock_that_was_ahead(tmp_path: Path) -> None:
    existing = read(tmp_path, **{"20270101T000000_later.sql": "SELECT 1;"})
    ((path, _),) = FORMAT.write(ENGINE, FORMAT.layout(tmp_path), existing, draft()).items()
    assert path.name.startswith("20270101T000001_")


def test_line_ends_of_another_system_are_the_same_file(tmp_path: Path) -> None:
    (one,) = read(tmp_path, **{FIRST: "SELECT 1;\nSELECT 2;\n"})
    (tmp_path / "migrations" / FIRST).write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    (other,) = read(tmp_path)
    assert one.checksum == other.checksum
