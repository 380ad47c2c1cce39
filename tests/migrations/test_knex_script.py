"""What we write for Knex reads back as it was, and means the same to Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.migrations.drafts import batch, draft, rebuilding_drafts, sql_of
from tests.migrations.hostile import HOSTILE, TEXTS

from dbdeed.document.source import Source
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.migrations.files import block_in
from dbdeed.migrations.formats.knex.literal import literal, marked, passes, text_of, unmarked
from dbdeed.migrations.formats.knex.script import Language, Script, read_back, written

if TYPE_CHECKING:
    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft

POSTGRESQL, SQLITE = engine_for(System.POSTGRESQL), engine_for(System.SQLITE)
ENGINES = pytest.mark.parametrize("engine", [POSTGRESQL, SQLITE], ids=["postgresql", "sqlite"])
LANGUAGES = pytest.mark.parametrize("language", list(Language))


def reread(engine: Engine, language: Language, text: str) -> Script | None:
    return read_back(engine, language, block_in(Source("x.js", text.encode())))


def round_trip(engine: Engine, language: Language, one: Draft) -> Script:
    found = reread(engine, language, written(engine, language, one))
    assert found is not None
    return found


@ENGINES
@LANGUAGES
def test_what_is_written_reads_back(engine: Engine, language: Language) -> None:
    alone = batch("CREATE INDEX CONCURRENTLY i ON t (a)", transactional=False, note="Takes a while.")
    one = draft(
        "add\n `index`", [batch("SELECT 1", "SELECT '?'"), alone], [batch("DROP TABLE t"), batch("SELECT 2")]
    )
    found = round_trip(engine, language, one)
    assert sql_of(found.up) == [
        (True, ["SELECT 1", "SELECT '?'"]),
        (False, ["CREATE INDEX CONCURRENTLY i ON t (a)"]),
    ]
    assert sql_of(found.down) == [(True, ["DROP TABLE t", "SELECT 2"])]
    assert found.origin == one.origin


@ENGINES
@LANGUAGES
def test_no_way_back_reads_back(engine: Engine, language: Language) -> None:
    found = round_trip(engine, language, draft("x", [batch("SELECT 1")], None))
    assert found.down is None
    assert sql_of(found.up) == [(True, ["SELECT 1"])]


@ENGINES
def test_environment_reads_back(engine: Engine) -> None:
    sql = "SELECT '${SECRET}', '${OTHER}?'"
    found = round_trip(engine, Language.COMMONJS, draft("x", [batch(sql)], [], environment=["SECRET"]))
    assert sql_of(found.up) == [(True, [sql])]
    assert found.environment == ("SECRET",)


@ENGINES
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), note=TEXTS)
@settings(max_examples=30)
def test_any_text_reads_back(engine: Engine, texts: list[str], note: str) -> None:
    alone = batch(*texts, transactional=False)
    found = round_trip(
        engine, Language.COMMONJS, draft(note, [batch(*texts, note=note), alone], [batch(*texts)])
    )
    assert sql_of(found.up) == [(True, texts), (False, texts)]
    assert sql_of(found.down) == [(True, texts)]


@given(TEXTS)
def test_literals_read_back(text: str) -> None:
    assert text_of(literal(text)[1:-1]) == text
    if passes(text):
        assert unmarked(marked(text)) == text


@pytest.mark.parametrize(
    "edit",
    [
        ("await knex.raw(`SELECT 1`);", "await knex.raw(`SELECT 1`); evil();"),
        ("await knex.raw(`SELECT 1`);", "await knex.raw(`SELECT ${evil()}`);"),
        ("await knex.raw(`SELECT 1`);", "await knex.raw(`SELECT ?`);"),
        ("await knex.raw(`SELECT 1`);", "await knex.raw(`SELECT \\x41`);"),
        ("await knex.raw(`SELECT 1`);", "// x\u2028evil();\n  await knex.raw(`SELECT 1`);"),
        ("await knex.raw(`SELECT 1`);", "return knex.raw(`SELECT 1`);"),
        ("exports.up", "evil();\nexports.up"),
        ("// dbdeed: from", "// from"),
        ("function (knex)", "function (knex, x)"),
    ],
)
def test_an_edited_form_is_not_ours(edit: tuple[str, str]) -> None:
    text = written(POSTGRESQL, Language.COMMONJS, draft("x", [batch("SELECT 1")], [batch("SELECT 2")]))
    assert edit[0] in text
    assert reread(POSTGRESQL, Language.COMMONJS, text) is not None
    assert reread(POSTGRESQL, Language.COMMONJS, text.replace(*edit)) is None


def test_an_edited_text_still_is_ours() -> None:
    text = written(POSTGRESQL, Language.COMMONJS, draft("x", [batch("SELECT 1")], []))
    found = reread(
        POSTGRESQL, Language.COMMONJS, text.replace("SELECT 1", "SELECT 3 -- \\`").replace("\n", "\r\n")
    )
    assert found is not None
    assert sql_of(found.up) == [(True, ["SELECT 3 -- `"])]


ECHO = """
const said = [];
const who = {
  raw: (sql) => { const one = {sql, text: null, then(done) { said.push(one.text ?? one.sql); done([{foreign_keys: 1}]); },
    options(given) { one.text = given.text; return one; }}; return one; },
  transaction: async (work) => { said.push("BEGIN"); await work(who); said.push("COMMIT"); },
};
const found = require(process.argv[1]);
found.up(who).then(() => process.stdout.write(JSON.stringify([said, found.config])));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("engine", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_node_reads_the_same(engine: Engine, tmp_path: Path) -> None:
    texts = [*HOSTILE, "".join(HOSTILE)]
    file = tmp_path / "x.js"
    file.write_bytes(written(engine, Language.COMMONJS, draft("x", [batch(*texts)], [])).encode())
    done = subprocess.run(["node", "-e", ECHO, str(file)], capture_output=True, text=True, check=True)
    said, config = json.loads(done.stdout)
    if engine is POSTGRESQL:  # as Knex's `positionBindings` for it
        said = [
            one if "\\?" in text else one.replace("\\?", "?") for one, text in zip(said, texts, strict=True)
        ]
    assert said == texts
    assert config is None


def test_a_rebuilt_table_reads_back() -> None:
    one = rebuilding_drafts()[1]
    found = round_trip(SQLITE, Language.TYPESCRIPT, one)
    statements = [each.sql for each in one.up[0].statements]
    assert sql_of(found.up) == sql_of(found.down) == [(True, statements)]
