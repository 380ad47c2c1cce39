"""Hostile names and texts in what the other patterns generate: they stay data, and everything works."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.codegen.checkers import formatting
from tests.codegen.test_hostile_names import TABLES, columns_of, create, hostile

from dbdeed import access
from dbdeed.access import query
from dbdeed.codegen.generate import generate_files
from dbdeed.codegen.names import names_of
from dbdeed.codegen.settings import Settings
from dbdeed.document.values.types import Pattern
from dbdeed.models.blueprint import Blueprint, ColumnFact, ConstraintFact, IndexFact, IndexPart, TableFact
from dbdeed.models.model import Attribute, DataModel, Dialect, PythonType
from dbdeed.models.query import QueryColumn, QueryShape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = Settings(patterns=(Pattern.ACTIVE_RECORD, Pattern.QUERY_BUILDER, Pattern.RAW_SQL))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)


@pytest.mark.parametrize("table", TABLES)
def test_records_and_tables_work(
    table: str, dialect: Dialect, address: str, execute: Callable[[str], None], load_with: Callable[..., Any]
) -> None:
    data_model = hostile(dialect, table)
    execute(create(dialect, table))
    package = load_with(data_model, SETTINGS)
    names = names_of(data_model).models["", table]
    records = __import__(f"{package.__name__}.records", fromlist=["x"])
    tables = __import__(f"{package.__name__}.tables", fromlist=["x"])
    (found,) = [one for one in vars(tables).values() if isinstance(one, query.Table)]
    kind = getattr(records, names.row)
    text = {
        names.attribute(column): f"value of {column}"
        for column in columns_of(dialect)
        if column not in ("uuid", "datetime", "typing", "list")
    }
    values = {**text, names.attribute("list"): package.Status.A_B}
    key = names.attribute("class"), names.attribute("qu'ote")

    async def drive() -> None:
        async with access.Database(address) as database:
            made = await kind.create(database, **values)
            assert {name: getattr(made, name) for name in values} == values
            for name, value in values.items():
                column = getattr(found, name)
                assert await query.select(found).where(column == value).order_by(column).all(database) == [
                    getattr(package, names.row)(*[getattr(made, one) for one in made.__struct_fields__])
                ]
            for name in values:
                column = getattr(found, name)
                if name not in key:
                    attack = "'); DROP TABLE x; --"
                    new = package.Status.A_B if name == names.attribute("list") else attack
                    where = getattr(found, key[0]) == values[key[0]]
                    changed = await query.update(found).set(column, new).where(where).one(database)
                    assert getattr(changed, name) == new
            delete = next(one for one in ("delete", "delete_") if callable(getattr(kind, one, None)))
            assert await getattr(made, delete)(database)

    asyncio.run(drive())


@pytest.mark.parametrize("table", [TABLES[0], TABLES[1], TABLES[10]])
def test_formatted_and_typed(table: str, dialect: Dialect, write_package: Callable[..., Path]) -> None:
    folder = write_package(hostile(dialect, table), SETTINGS)
    assert formatting(folder / "records.py") == ""
    assert formatting(folder / "tables.py") == ""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=mypy", folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _blueprint(model: Any, texts: list[str]) -> Blueprint:
    columns = tuple(
        ColumnFact(one.name, "text", nullable=one.nullable, default=texts[0], computed="", comment=texts[0])
        for one in model.attributes
    )
    checks = tuple(ConstraintFact("check", text, text=text) for text in texts)
    keys = (ConstraintFact("primary", texts[0], (columns[0].name,)),)
    index = IndexFact(
        texts[0], (IndexPart("", texts[0]), IndexPart(columns[0].name, "x", texts[0])), where=texts[0]
    )
    return Blueprint((TableFact(model.table, texts[0], columns, (*keys, *checks), (index,), texts[0]),))


@settings(max_examples=60)
@given(
    name=TEXT, columns=st.lists(TEXT, min_size=1, max_size=6, unique=True), sql=TEXT, about=TEXT, table=TEXT
)
def test_any_text_makes_python_that_parses(
    name: str, columns: list[str], sql: str, about: str, table: str
) -> None:
    for dialect in (
        Dialect("postgresql", '"', frozenset({"select"}), folds_case=True),
        Dialect("sqlite", '"', frozenset({"select"}), folds_case=False),
    ):
        data_model: DataModel = hostile(dialect, table, tuple(columns))
        own = PythonType("str")
        shape = QueryShape(
            name,
            (sql, sql),
            tuple(Attribute(one, "text", own, nullable=False) for one in columns),
            tuple(QueryColumn(Attribute(one, "text", own, nullable=True)) for one in columns),
            writes=False,
            description=about,
        )
        files = generate_files(
            data_model, SETTINGS, [shape, shape], _blueprint(data_model.models[0], [sql, about])
        )
        assert {"queries.py", "records.py", "tables.py", "sqlalchemy_models.py"} <= files.keys()
        for text in files.values():
            ast.parse(text)
        assert files == generate_files(
            data_model, SETTINGS, [shape, shape], _blueprint(data_model.models[0], [sql, about])
        )
        tree = ast.parse(files["queries.py"])
        texts = [
            one.value
            for one in ast.walk(tree)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
        ]
        assert any(sql + sql in text for text in texts)
