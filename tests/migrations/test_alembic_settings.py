"""Where a project of Alembic's has its revisions and its table, as its configuration says."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for
from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.alembic.format import FORMAT
from dbdeed.migrations.formats.alembic.settings import settings_of

SQLITE = engine_for(System.SQLITE)
REVISION = 'revision = "{}"\ndown_revision = {}\n'


def test_without_a_configuration(tmp_path: Path) -> None:
    found = settings_of(tmp_path)
    assert (found.folders, found.table, found.configured) == (
        (tmp_path / "alembic" / "versions",),
        "alembic_version",
        False,
    )


def test_alembic_ini_and_env(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/db\nfile_template = %%(year)d_%%(rev)s\nversion_locations = %(here)s/a b\n"
        "path_separator = os\nrecursive_version_locations = true\n"
    )
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "env.py").write_text(
        'TABLE = "steps"\ncontext.configure(connection=c, version_table=TABLE, version_table_schema="inner")\n'
    )
    found = settings_of(tmp_path)
    assert (found.folders, found.template, found.recursive) == ((tmp_path / "a b",), "%(year)d_%(rev)s", True)
    assert (found.table, found.schema) == ("steps", "inner")


def test_pyproject_is_asked_where_alembic_ini_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nsqlalchemy.url = x\ntruncate_slug_length = 7\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/steps"\nfile_template = "%%(rev)s"\nprepend_sys_path = ["."]\n'
    )
    found = settings_of(tmp_path)
    assert (found.folders, found.template, found.slug_length) == (
        (tmp_path / "steps" / "versions",),
        "%(rev)s",
        7,
    )


@pytest.mark.parametrize("text", ["a b", "%(here)s/a, %(here)s/b", "a\n  b"])
def test_several_folders(tmp_path: Path, text: str) -> None:
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nversion_locations = {text}\n")
    assert settings_of(tmp_path).folders == (tmp_path / "a", tmp_path / "b")


def test_a_table_that_env_computes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = db\n")
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "env.py").write_text("context.configure(version_table=name())\n")
    with pytest.raises(InvalidInput, match="computes version_table"):
        settings_of(tmp_path)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = db\nversion_table = steps\n")
    assert settings_of(tmp_path).table == "steps"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.py": REVISION.format("a", None), "b.py": REVISION.format("a", None)}, "is revision a too"),
        ({"a.py": REVISION.format("a", "'x'")}, "revises x, which is nowhere"),
        ({"a.py": REVISION.format("a", "'b'"), "b.py": REVISION.format("b", "'a'")}, "comes after itself"),
        ({"a.py": "revision = name()\n"}, "does not say its revision"),
        ({"a.py": "def\n"}, "no Python"),
    ],
)
def test_what_alembic_refuses_too(tmp_path: Path, files: dict[str, str], said: str) -> None:
    folder = tmp_path / "alembic" / "versions"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(InvalidInput, match=said) as caught:
        FORMAT.read(SQLITE, FORMAT.layout(tmp_path))
    assert caught.value.where.startswith("alembic/versions/")
