"""Test cases as Markdown: a document, what the engine makes of its SQL, the findings, the document after the fix.

In a file `cases/CODE.md` each `##` heading is a case of the rule CODE, with fenced blocks:

    document  the document
    model     one table a line: `orders: id, customer_id; primary id; unique email; index a, b; fk a -> customers`
              or `join tags_posts`; without it the engine has not been asked
    findings  `line:column severity message`, one a line, all that the rule finds
    fixed     the document after the fixes; without it there is no fix
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.models.model import (
    Attribute,
    Cardinality,
    DataModel,
    Dialect,
    Index,
    JoinTable,
    Model,
    PythonType,
    Relationship,
    UniqueKey,
)
from dbdeed.models.naming import model_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

_PART = re.compile(
    r"^## (?P<title>[^\n]+)$|^````(?P<name>document|model|findings|fixed)\n(?P<body>.*?)^````$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Case:
    rule: str
    title: str
    document: str
    findings: tuple[str, ...]
    model: DataModel | None
    fixed: str | None


def cases(folder: Path) -> Iterator[Case]:
    for path in sorted(folder.glob("*.md")):
        for title, found in _parts(path.read_text()):
            model = data_model(found["model"]) if "model" in found else None
            findings = tuple(found["findings"].splitlines())
            yield Case(path.stem, title, found["document"], findings, model, found.get("fixed"))


def _parts(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each heading outside of the fences, with its fences by name."""
    title = ""
    found: dict[str, str] = {}
    for match in _PART.finditer(text):
        if match["title"] is None:
            found[match["name"]] = match["body"]
            continue
        if title:
            yield title, found
        title, found = match["title"], {}
    yield title, found


def data_model(text: str) -> DataModel:
    lines = [line for line in text.splitlines() if line.strip()]
    joins = tuple(
        JoinTable(line[5:].strip(), "", line[5:].strip(), "", "")
        for line in lines
        if line.startswith("join ")
    )
    models = tuple(_model(line) for line in lines if not line.startswith("join "))
    return DataModel(models, (), joins, Dialect("postgresql", '"', frozenset(), True))


def _model(line: str) -> Model:
    table, _, rest = line.partition(":")
    columns, *more = (part.strip() for part in rest.split(";"))
    attributes = tuple(Attribute(name, "text", PythonType("str"), True) for name in _names(columns))
    keys, indexes, relationships = [], [], []
    for part in more:
        kind, _, names = part.partition(" ")
        if kind in ("primary", "unique"):
            keys.append(UniqueKey(kind, _names(names), primary=kind == "primary"))
        elif kind in ("index", "partial"):
            indexes.append(Index(part, _names(names), partial=kind == "partial"))
        else:
            columns, _, target = names.partition("->")
            relationships.append(
                Relationship(Cardinality.MANY_TO_ONE, target.strip(), _names(columns), ("id",))
            )
    return Model(
        model_name(table), table, "", table, attributes, tuple(keys), tuple(relationships), tuple(indexes)
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        found = list(cases(Path(__file__).parent / "cases"))
        metafunc.parametrize("case", found, ids=[f"{one.rule}: {one.title}" for one in found])
