"""What we write for dbmate reads back as it was; its files are read as it reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.migrations.drafts import batch, draft, rebuilding_drafts, sql_of
from tests.migrations.hostile import TEXTS

from dbdeed.document.source import Source
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.dbmate.script import _MARK, Script, raw_block_in, read_script, written

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft

POSTGRESQL, SQLITE = engine_for(System.POSTGRESQL), engine_for(System.SQLITE)
ENGINES = pytest.mark.parametrize("engine", [POSTGRESQL, SQLITE], ids=["postgresql", "sqlite"])


def reread(engine: Engine, text: str) -> Script:
    return read_script(engine, raw_block_in(Source("x.sql", text.encode())))


def round_trip(engine: Engine, one: Draft) -> Script:
    return reread(engine, written(engine, one))


@ENGINES
def test_what_is_written_reads_back(engine: Engine) -> None:
    alone = batch(
        "CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY j ON t (a)", transactional=False
    )
    one = draft(
        "add\n index", [batch("SELECT 1", "SELECT 2"), alone], [batch("DROP TABLE t"), batch("SELECT 2")]
    )
    found = round_trip(engine, one)
    ups = [
        (True, ["SELECT 1", "SELECT 2"]),
        *((False, [f"CREATE INDEX CONCURRENTLY {name} ON t (a)"]) for name in "ij"),
    ]
    assert sql_of(found.up) == ups
    assert sql_of(found.down) == [(True, ["DROP TABLE t", "SELECT 2"])]
    assert found.origin == one.origin
    back = round_trip(engine, draft("x", [batch("SELECT 1")], [alone, batch("SELECT 3")]))
    assert sql_of(back.down) == [*ups[1:], (True, ["SELECT 3"])]
    assert sql_of(round_trip(engine, draft("x", [], [])).up) == []
    assert round_trip(engine, draft("x", [batch("SELECT 1")], None)).down is None


@ENGINES
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), note=TEXTS)
@settings(max_examples=40)
def test_strings_of_any_text_read_back(engine: Engine, texts: list[str], note: str) -> None:
    assume(not any(_MARK.search(text) for text in texts))
    texts = [f"SELECT '{text.replace(chr(39), chr(39) * 2)}'" for text in texts]
    found = round_trip(engine, draft(note, [batch(*texts, note=note)], [batch(*texts)]))
    assert sql_of(found.up) == sql_of(found.down) == [(True, texts)]


@pytest.mark.parametrize("line", ["-- migrate:down", "--migrate:up", "--\n migrate:down x"])
def test_a_line_that_dbmate_would_misread_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="one of its own marks"):
        written(POSTGRESQL, draft("x", [batch(f"SELECT '\n{line}\n'")], []))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("SELECT 1;\n", 1, "no line -- migrate:up"),
        ("SELECT 1;\n-- migrate:up\n-- migrate:down\n", 1, "only comments"),
        ("-- x\n-- migrate:up\nSELECT 1;\n", 2, "no -- migrate:down after it"),
        ("-- migrate:up\n-- migrate:up\n-- migrate:down\n", 2, "comes -- migrate:down"),
        ("-- migrate:up\n-- migrate:down\n-- migrate:down\n", 3, "comes -- migrate:up"),
    ],
)
def test_what_dbmate_refuses(text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        reread(POSTGRESQL, text)
    assert caught.value.where == f"x.sql:{line}"


def test_files_as_people_write_them(tmp_path: Path) -> None:
    found = reread(
        POSTGRESQL,
        "\n-- about\n--migrate:up transaction:false x:y\r\nCREATE TABLE t (a text)\r\n;\n -- migrate:down\n"
        "-- migrate:downwards\nSELECT 1;\n--  migrate:down\nDROP TABLE t;\n"
        "-- migrate:up\nSELECT 2\n-- migrate:down transaction:true\nSELECT 3",
    )
    assert sql_of(found.up) == [(False, ["CREATE TABLE t (a text)", "SELECT 1"]), (True, ["SELECT 2"])]
    assert sql_of(found.down) == [(True, ["SELECT 3"]), (True, ["DROP TABLE t"])]
    assert found.origin is None
    assert found.up[1].statements[0].block is not None
    assert found.up[1].statements[0].block.position(found.up[1].statements[0].offset).line == 12


def test_a_rebuilt_table_reads_back() -> None:
    one = rebuilding_drafts()[1]
    found = round_trip(SQLITE, one)
    statements = [each.sql for each in one.up[0].statements]
    assert sql_of(found.up) == sql_of(found.down) == [(True, statements)]
