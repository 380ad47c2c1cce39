"""Documents from the disk, and the files they link to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dbdeed.document.architecture import Architecture
from dbdeed.document.load import LARGEST, load
from dbdeed.document.values.problem import Problem
from dbdeed.errors import InvalidInput

Read = Callable[..., Architecture]


def written(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder / "DATABASE.md"


def messages(architecture: Architecture) -> list[str]:
    return [problem.message for _, problem in architecture.problems]


def test_linked_files_are_read(tmp_path: Path) -> None:
    document = written(
        tmp_path,
        DATABASE_md="## Data Models\n- [sales](models/sales.md)\n\n## Schema Design\n### Table: `a`\nSee [a](<sql/my%20a.sql>).\n"
        "### Views\n| File |\n|---|\n| [v](sql/v.sql) |\n",
        models__sales_md="# Sales\n\n[more](more.md)\n\n## Order\n- **Attributes**:\n  - `id`: int\n",
        models__more_md="### Customer\n- **Description**: [Purpose of the model]\n",
        sql__v_sql="\ufeffCREATE VIEW v AS\r\nSELECT [table_name_1];\r\n",
    )
    (tmp_path / "sql" / "my a.sql").write_text("CREATE TABLE a (id int);")
    read = load(document)
    assert messages(read) == []
    assert [model.name for model in read.models] == ["Customer", "Order"]
    assert [Path(source.name).name for source in read.included] == [
        "sales.md",
        "more.md",
        "my a.sql",
        "v.sql",
    ]
    table, view = read.schema.blocks
    assert (table.table, table.text, table.language) == ("a", "CREATE TABLE a (id int);\n", "sql")
    assert [block.text for block in read.schema.tables[0].blocks] == [table.text]
    assert view.text == "CREATE VIEW v AS\nSELECT [table_name_1];\n"
    position = view.position(view.text.index("SELECT"))
    assert (position.line, position.column) == (2, 1)
    assert str(view.place).startswith(str(tmp_path / "sql" / "v.sql"))
    assert [found.text for found in read.placeholders] == ["[Purpose of the model]", "[table_name_1]"]


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("../outside.sql", "out of the project"), ("/etc/passwd.sql", "out of the project"), ("missing.sql", "does not exist"),
        ("folder.sql", "directory"), ("DATABASE.md", "back to a file"), ("loop.md", "back to a file"), ("away.sql", "out of the project"),
        ("a/../../outside.sql", "out of the project"), ("..\\outside.sql", "out of the project"), ("binary.sql", "not UTF-8"),
        ("%2e%2e/outside.sql", "out of the project"), ("pipe.sql", "no regular file"), ("C:/x.sql", "out of the project"),
        ("self.sql", "cannot be read"), ("%00.sql", "out of the project"),
    ],
)  # fmt: skip
def test_links_that_are_not_followed(tmp_path: Path, link: str, says: str) -> None:
    project = tmp_path / "project"
    document = written(project, DATABASE_md=f"x\n\n## Schema Design\n\nSee [it]({link}).\n", loop_md="[back](DATABASE.md)\n",
                       binary_sql=b"\xff\xfe")  # fmt: skip
    (tmp_path / "outside.sql").write_text("CREATE TABLE stolen (id int);")
    (project / "folder.sql").mkdir()
    (project / "away.sql").symlink_to(tmp_path / "outside.sql")
    (project / "self.sql").symlink_to(project / "self.sql")
    os.mkfifo(project / "pipe.sql")
    read = load(document)
    assert len(read.problems) == 1
    assert says in messages(read)[0]
    assert read.schema.blocks == ()
    if link != "loop.md":
        place, _ = read.problems[0]
        assert place.source.text(place.span) == f"[it]({link})"


@pytest.mark.parametrize(
    "link",
    [
        "[x](https://a.org/x.sql)",
        "![x](x.sql)",
        "[x](x.sql#part)",
        "`[x](x.sql)`",
        "<!-- [x](x.sql) -->",
        "[x](x.txt)",
        "[x.sql]",
    ],
)
def test_links_that_include_nothing(document: Read, link: str) -> None:
    read = document(f"## Schema Design\n{link}\n", x_sql="SELECT 1;")
    assert (read.included, read.problems) == ((), ())


def test_links_outside_known_sections_are_links(document: Read) -> None:
    read = document("[x](x.md)\n## Overview\nx\n## Appendix\n[y](y.md)\n")
    assert (read.included, read.problems) == ((), ())


def test_a_file_linked_twice_is_included_once(document: Read) -> None:
    read = document("## Schema Design\n[a](a.sql) and [b](./a.sql)\n", a_sql="SELECT 1;")
    assert len(read.schema.blocks) == 1


def test_a_link_that_may_not_be_read(document: Read) -> None:
    read = document("## Schema Design\n[a](a.sql)\n", a_sql=Problem("no permission"))
    assert messages(read) == ["no permission"]


def make_large(path: Path) -> None:
    path.touch()
    os.truncate(path, LARGEST + 1)


@pytest.mark.parametrize(
    ("make", "says", "hint"),
    [
        (lambda path: path.mkdir(), "directory", "DATABASE.md"),
        (lambda path: None, "no such file", "dbdeed init"),
        (lambda path: path.write_bytes(b"# T\nn\xe9e\n"), "byte 0xE9 at line 2, column 2", "UTF-8"),
        (os.mkfifo, "no regular file", ""),
        (lambda path: path.symlink_to(path), "cannot be read", ""),
        (make_large, "at most", ""),
    ],
    ids=["directory", "missing", "latin-1", "pipe", "loop", "too large"],
)  # fmt: skip
def test_what_cannot_be_loaded(tmp_path: Path, make: Callable[[Path], object], says: str, hint: str) -> None:
    path = tmp_path / "x.md"
    make(path)
    with pytest.raises(InvalidInput) as raised:
        load(path)
    assert says in raised.value.message
    assert hint in raised.value.hint
    assert str(path) in raised.value.where
    assert raised.value.exit_code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("x")
    path.chmod(0)
    with pytest.raises(InvalidInput, match="permission"):
        load(path)


def test_no_permission_for_whoever_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "x.md"
    path.write_text("x")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InvalidInput, match="permission"):
        load(path)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000])
def test_impossible_names(name: str) -> None:
    with pytest.raises(InvalidInput):
        load(name)


def test_the_same_bytes_are_read_once(tmp_path: Path) -> None:
    document, linked, later = tmp_path / "DATABASE.md", tmp_path / "one.sql", tmp_path / "two.sql"
    document.write_text("# Shop\n\n## Schema Design\n\n[one](one.sql)\n\n[two](two.sql)\n")
    linked.write_text("CREATE TABLE one (id int);\n")
    first = load(document)
    assert load(document) is first
    for file in (linked, later, document):
        before = load(document)
        with file.open("a") as opened:
            opened.write("\nCREATE TABLE more (id int);\n")
        assert load(document) is not before
    assert [one.name for one in load(document).included] == [str(linked), str(later)]
