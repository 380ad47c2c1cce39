"""What we write for Alembic reads back as it was, and means the same to Python and SQLAlchemy."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sqlalchemy_text
from sqlalchemy.dialects import postgresql, sqlite
from tests.migrations.drafts import batch, draft, rebuilding_drafts, sql_of
from tests.migrations.hostile import HOSTILE, TEXTS

from dbdeed.document.source import Source
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.migrations.files import block_in
from dbdeed.migrations.formats.alembic.literal import literal, marked, unmarked
from dbdeed.migrations.formats.alembic.reading import Script, read_back
from dbdeed.migrations.formats.alembic.script import written

if TYPE_CHECKING:
    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft

POSTGRESQL, SQLITE = engine_for(System.POSTGRESQL), engine_for(System.SQLITE)
ENGINES = pytest.mark.parametrize("engine", [POSTGRESQL, SQLITE], ids=["postgresql", "sqlite"])


def reread(engine: Engine, text: str) -> Script | None:
    block = block_in(Source("x.py", text.encode()))
    return read_back(engine, block, ast.parse(block.text))


def round_trip(engine: Engine, one: Draft) -> Script:
    found = reread(engine, written(engine, one, "abc", ["x"]))
    assert found is not None
    return found


@ENGINES
def test_what_is_written_reads_back(engine: Engine) -> None:
    alone = batch("CREATE INDEX CONCURRENTLY i ON t (a)", transactional=False, note="Takes a while.")
    one = draft(
        'add\n """index"""',
        [batch("SELECT 1", "SELECT ':a'"), alone],
        [batch("DROP TABLE t"), batch("SELECT 2")],
    )
    found = round_trip(engine, one)
    assert sql_of(found.up) == [
        (True, ["SELECT 1", "SELECT ':a'"]),
        (False, ["CREATE INDEX CONCURRENTLY i ON t (a)"]),
    ]
    assert sql_of(found.down) == [(True, ["DROP TABLE t", "SELECT 2"])]
    assert found.origin == one.origin
    assert round_trip(engine, draft("x", [], None)).down is None
    assert sql_of(round_trip(engine, draft("x", [], [])).up) == []


@ENGINES
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), note=TEXTS)
@settings(max_examples=25)
def test_any_text_reads_back(engine: Engine, texts: list[str], note: str) -> None:
    alone = batch(*texts, transactional=False)
    found = round_trip(engine, draft(note, [batch(*texts, note=note), alone], [batch(*texts)]))
    assert sql_of(found.up) == [(True, texts), (False, texts)]
    assert sql_of(found.down) == [(True, texts)]


@given(TEXTS)
@settings(max_examples=120)
def test_sqlalchemy_reads_the_same(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert unmarked(marked(text)) == text
    for filled in (False, True):
        found = sqlalchemy_text(marked(text, filled=filled))
        assert str(found.compile(dialect=sqlite.dialect())) == text
        assert str(found.compile(dialect=postgresql.psycopg2.dialect())) == text.replace("%", "%%")


def run(text: str) -> list[str]:
    """Run a file's `upgrade` with an `op` that only listens."""
    said: list[str] = []

    @contextmanager
    def block() -> Iterator[None]:
        said.append("AUTOCOMMIT")
        yield

    op = SimpleNamespace(
        execute=lambda sql: said.append(str(sqlalchemy_text(sql).compile(dialect=sqlite.dialect()))),
        get_context=lambda: SimpleNamespace(autocommit_block=block),
    )
    names: dict[str, Any] = {"op": op}
    exec(compile(text.replace("from alembic import op", ""), "x.py", "exec"), names)
    names["upgrade"]()
    return said


def test_python_reads_the_same() -> None:
    texts = [*HOSTILE, "".join(HOSTILE)]
    assert run(written(POSTGRESQL, draft("x", [batch(*texts)], []), "abc", [])) == texts


def test_the_environment_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "a'b:c\\:d%?::")
    sql = "SELECT '::${SECRET}::x', '${OTHER}:y'"
    one = draft("x", [batch(sql, "SELECT 1")], [], environment=["SECRET"])
    text = written(POSTGRESQL, one, "abc", ["x", "y"])
    assert run(text) == ["SELECT '::a''b:c\\:d%?::::x', '${OTHER}:y'", "SELECT 1"]
    found = reread(POSTGRESQL, text)
    assert found is not None
    assert (sql_of(found.up), found.environment) == ([(True, [sql, "SELECT 1"])], ("SECRET",))


@pytest.mark.parametrize(
    "edit",
    [
        ('op.execute("""SELECT 1""")', 'op.execute("""SELECT 1""" + x)'),
        ('op.execute("""SELECT 1""")', 'op.execute("""SELECT :a""")'),
        ('op.execute("""SELECT 1""")', 'op.execute("""SELECT 1""", {})'),
        ('op.execute("""SELECT 1""")', "op.drop_table('t')"),
        ('op.execute("""SELECT 1""")', 'if x: op.execute("""SELECT 1""")'),
        ("def upgrade", "import evil\ndef upgrade"),
        ("def upgrade", "@evil\ndef upgrade"),
        ("from alembic import op", "from evil import op"),
        ("branch_labels = None", "branch_labels = evil()"),
        ("def upgrade()", "def upgrade(x=evil())"),
        ("# dbdeed: from", "# from"),
        ("def downgrade", "def upgrade"),
    ],
)
def test_an_edited_form_is_not_ours(edit: tuple[str, str]) -> None:
    text = written(POSTGRESQL, draft("x", [batch("SELECT 1")], [batch("SELECT 2")]), "abc", ["x"])
    assert edit[0] in text
    assert reread(POSTGRESQL, text) is not None
    assert reread(POSTGRESQL, text.replace(*edit)) is None


def test_a_formatted_file_still_is_ours() -> None:
    text = written(POSTGRESQL, draft("x", [batch("SELECT 1")], [batch("SELECT 2")]), "abc", ["x"])
    text = text.replace('op.execute("""SELECT 1""")', "op.execute(\n        'SELECT 3'  # three\n    )")
    found = reread(POSTGRESQL, text.replace("\n", "\r\n"))
    assert found is not None
    assert sql_of(found.up) == [(True, ["SELECT 3"])]


def test_a_rebuilt_table_reads_back() -> None:
    one = rebuilding_drafts()[1]
    found = round_trip(SQLITE, one)
    statements = [each.sql for each in one.up[0].statements]
    assert sql_of(found.up) == sql_of(found.down) == [(True, statements)]
    text = written(SQLITE, one, "abc", ["x"])
    assert reread(SQLITE, text.replace("BEGIN IMMEDIATE", "BEGIN")) is None
    assert reread(SQLITE, text.replace("with rebuilding()", "with evil()")) is None
