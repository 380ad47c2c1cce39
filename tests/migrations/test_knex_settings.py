"""Where a project of Knex's has its migrations and its tables, as its knexfile says."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.migrations.formats.knex.format import FORMAT, language_of
from dbdeed.migrations.formats.knex.history import parts_of
from dbdeed.migrations.formats.knex.script import Language
from dbdeed.migrations.formats.knex.settings import Settings, settings_of
from dbdeed.migrations.formats.moments import next_moment

SQLITE = engine_for(System.SQLITE)
NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def without_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)


def test_without_a_knexfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_node(monkeypatch)
    assert settings_of(tmp_path) == Settings((tmp_path / "migrations",))


def test_a_knexfile_that_says_nothing_of_it_needs_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_node(monkeypatch)
    (tmp_path / "knexfile.ts").write_text("export default { client: 'pg' };\n")
    assert settings_of(tmp_path) == Settings((tmp_path / "migrations",), extension="ts")
    (tmp_path / "knexfile.ts").write_text("export default { migrations: { tableName: 'x' } };\n")
    with pytest.raises(Unavailable, match="only Node can read it"):
        settings_of(tmp_path)


@NEEDS_NODE
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("knexfile.js", "console.log('noise'); module.exports = {development: %s, production: {}};"),
        ("knexfile.js", "module.exports = async () => (%s);"),
        ("knexfile.mjs", "export default %s;"),
        ("knexfile.cjs", "module.exports = {default: %s};"),
    ],
)
def test_what_a_knexfile_says(tmp_path: Path, name: str, text: str) -> None:
    given = "{migrations: {directory: ['./db/../sql'], tableName: 'steps', extension: 'ts', loadExtensions: ['.ts']}, searchPath: ['inner', 'public']}"
    (tmp_path / name).write_text(text % given)
    assert settings_of(tmp_path) == Settings((tmp_path / "sql",), "steps", "inner", "ts", frozenset({".ts"}))


@NEEDS_NODE
def test_what_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "knexfile.js"
    file.write_text("module.exports = {migrations: {migrationSource: {getMigrations() {}}}};   ")
    with pytest.raises(InvalidInput, match="migrationSource"):
        settings_of(tmp_path)
    file.write_text("throw new Error('no ' + 'luck'); // migrations")
    with pytest.raises(Unavailable, match=r"knexfile\.js could not be read: no luck"):
        settings_of(tmp_path)


def test_the_language_of_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert language_of(folder / "x.js") is Language.COMMONJS
    (tmp_path / "package.json").write_text('{"type": "module"}')
    assert language_of(folder / "x.js") is Language.MODULE
    assert language_of(folder / "x.cjs") is Language.COMMONJS
    assert language_of(folder / "x.ts") is Language.TYPESCRIPT
    (tmp_path / "a" / "package.json").write_text("{")
    assert language_of(folder / "x.js") is Language.COMMONJS


def test_files_are_read_in_the_order_of_javascript(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("10_b.js", "9_a.js", "2_\U0001d11e.js", "2_\ufb01.js", "x.sql", "y.mjs", "z.co"):
        (folder / name).write_text("exports.up = exports.down = async () => {};\n")
    found = FORMAT.read(SQLITE, FORMAT.layout(tmp_path))
    assert [one.key for one in found] == ["10_b.js", "2_\U0001d11e.js", "2_\ufb01.js", "9_a.js", "z.co"]
    assert all(one.up is None and one.needs == "knex" for one in found)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("20260101000000_add_points.js", ("20260101000000", "add points")),
        ("001.js", ("001", "")),
        ("init_all.ts", ("init_all", "init all")),
    ],
)
def test_the_parts_of_a_name(name: str, parts: tuple[str, str]) -> None:
    assert parts_of(name) == parts


def test_the_next_moment() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert next_moment(now, []) == "20260102030405"
    assert next_moment(now, ["001_init.js", "20260102030404_x.js"]) == "20260102030405"
    assert next_moment(now, ["20260102030405_x.js"]) == "20260102030406"
    assert next_moment(now, ["20261231235959_x.js"]) == "20270101000000"
    for last in ("init.js", "99999999999999_x.js", "202612312359590_x.js"):
        with pytest.raises(InvalidInput, match="sorts after all names"):
            next_moment(now, [last])
