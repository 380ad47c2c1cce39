"""What strict type checkers say of the library's package, of its use, and of its misuse."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.codegen.worlds import world

USE = """
from __future__ import annotations

import datetime
import decimal
from collections.abc import Sequence

from dbdeed import access
from dbdeed.access import sync as blocking
from {package} import (
    Author,
    AuthorChanges,
    AuthorRepository,
    Document,
    DocumentChanges,
    DocumentRepository,
    LabelRepository,
    NewAuthor,
    NewDocument,
    ParagraphRepository,
    Profile,
    sync,
)


async def work(session: access.Session) -> int:
    authors, documents = AuthorRepository(session), DocumentRepository(session)
    ada = await authors.insert(NewAuthor(email="ada", name="Ada", rating=decimal.Decimal("9.5")))
    rows: Sequence[Author] = await authors.list(
        "-rating",
        "name",
        limit=10,
        name=access.starts_with("A") & access.ne("Anna"),
        nickname=access.any_of(["a", None]),
        rating=access.gt(decimal.Decimal(1)) | access.eq(None),
        score=access.between(0, 2.5),
        born=access.ge(datetime.date(1800, 1, 1)),
        joined_at=access.lt(datetime.datetime.now(datetime.timezone.utc)),
        active=access.ne(True),
        mentor_id=None,
        email="ada",
        id=access.none_of([1, 2]),
    )
    page: access.Page[Author] = await authors.page("email", first=10, after=None, born=access.not_null())
    cursor: str | None = page.next
    both = await authors.with_documents_by_author_id(rows)
    written: Sequence[Document] = both[0][1]
    profiles = await authors.with_profile([ada])
    profile: Profile | None = profiles[0][1]
    mentors: Sequence[tuple[Author, Author | None]] = await authors.with_mentor(page.rows)
    one: Document = await documents.upsert_by_tenant_and_title(
        NewDocument(tenant="t", number=1, title="x", author_id=ada.id), DocumentChanges(reviewer_id=None)
    )
    same: Document = (await documents.find_many([("t", 1)]))["t", 1]
    await authors.update(ada.id, AuthorChanges(name="x"), version=ada.version)
    await documents.update("t", 1, DocumentChanges(status=one.status))
    await documents.list(status=access.any_of([one.status, same.status]), meta=None)
    paragraphs = await documents.with_paragraphs_by_tenant_and_number([one])
    own = await ParagraphRepository(session).with_document_by_tenant_and_number(paragraphs[0][1])
    tenant: str = own[0][1].tenant
    labels = await documents.with_labels([one])
    codes = [label.code for label in labels[0][1]]
    async for label in LabelRepository(session).stream("code"):
        codes.append(label.code)
    new = await authors.insert_many_returning([NewAuthor(email="b", name="B")])
    print(cursor, written, profile, mentors, tenant, new)
    return await authors.insert_many(NewAuthor(email=code, name="x") for code in codes)


def work_without_asyncio(session: blocking.Session) -> list[int]:
    authors = sync.AuthorRepository(session)
    return [author.id for author in authors.stream(name=access.like("A%"))]
"""
# Each line is wrong in one way, and must be found so.
MISUSE = """
from {package} import AuthorChanges, AuthorRepository, DocumentRepository, NewAuthor, NewDocument
from dbdeed import access


async def work(authors: AuthorRepository, documents: DocumentRepository) -> None:
    NewAuthor(email="a")
    NewAuthor(email="a", name="b", shout="B")
    AuthorChanges(id=1)
    AuthorChanges(version=2)
    AuthorChanges(updated_at=None)
    AuthorChanges(name=None)
    await authors.update(1, AuthorChanges(name="x"))
    await authors.list("shouting")
    await authors.list("-mentor")
    await authors.list(name=access.gt(5))
    await authors.list(id=access.like("5%"))
    await authors.list(active=access.gt(True))
    await authors.list(email=None)
    await authors.list(email=access.any_of([None, "x"]))
    await authors.list(born=access.any_of(["2000-01-01"]))
    await authors.list(rating=access.contains([1]))
    await authors.list(unknown=1)
    await authors.page(first="1")
    await authors.page(after=5)
    await authors.find_many(["a"])
    await documents.find_many([1])
    await documents.list(status="open")
    await documents.list(status=access.any_of(["open"]))
    await documents.list(status=access.gt("draft"))
    await documents.list(meta=access.gt(5))
    await documents.list("meta")
    await documents.with_author([1])
    (await documents.get("t", 1)).title = "x"
    (await authors.find(1)).id
    await documents.get("t")
"""


def _mypy(folder: Path) -> list[tuple[str, int, str]]:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--no-pretty",
        "--cache-dir=mypy",
        ".",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert "checked" in done.stdout or done.stdout.startswith("Success"), done.stdout + done.stderr
    lines = (line.split(":", 2) for line in done.stdout.splitlines() if ": error:" in line)
    return [(path, int(number), rest) for path, number, rest in lines]


def _pyright(folder: Path) -> list[tuple[str, int, str]] | None:
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": ["."], "exclude": ["mypy"]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if not done.stdout.startswith("{"):
        return None  # it needs node, and fetches itself
    found = json.loads(done.stdout)
    assert found["summary"]["filesAnalyzed"] >= 40
    return [
        (
            Path(one["file"]).relative_to(folder.resolve()).as_posix(),
            one["range"]["start"]["line"] + 1,
            one["message"],
        )
        for one in found["generalDiagnostics"]
    ]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What mypy and pyright, each in one strict run, say of both engines' packages."""
    folder = tmp_path_factory.mktemp("checked")
    for engine, name in (("PostgreSQL 18", "postgresql"), ("SQLite", "sqlite")):
        shutil.copytree(world(engine).folder, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / f"use_{name}.py").write_text(USE.replace("{package}", name))
        (folder / f"misuse_{name}.py").write_text(MISUSE.replace("{package}", name))
    return {"mypy": _mypy(folder), "pyright": _pyright(folder)}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_strict_type_checks_pass(checked: dict[str, Any], checker: str) -> None:
    if checked[checker] is None:
        pytest.skip(f"{checker} cannot run here")
    assert [one for one in checked[checker] if not one[0].startswith("misuse")] == []


@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_misuse_is_found_by_type_checks(checked: dict[str, Any], checker: str, engine: str) -> None:
    if checked[checker] is None:
        pytest.skip(f"{checker} cannot run here")
    lines = MISUSE.splitlines()
    body = next(number for number, line in enumerate(lines, 1) if line.startswith("async def"))
    wrong = {number for number, line in enumerate(lines, 1) if number > body and line.strip()}
    found = {line for path, line, _ in checked[checker] if path == f"misuse_{engine}.py"}
    assert {lines[number - 1] for number in wrong - found} == set()


@pytest.mark.parametrize("engine", ["PostgreSQL 18", "SQLite"])
def test_formatters_and_linters_have_nothing_to_say(engine: str) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    rules = [
        "check", "--select", "E4,E7,E9,F,I,UP,B,RUF022",
        "--config", "lint.isort.known-third-party=['dbdeed']",
    ]  # fmt: skip
    for command in (["format", "--check", "--diff"], rules):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--no-cache", "--target-version", "py311", world(engine).folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
