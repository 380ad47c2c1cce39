"""Names and texts that try to break out of SQL or of Python: they stay data, and every operation works."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed import access
from dbdeed.codegen.generate import generate_files
from dbdeed.codegen.names import attribute_names, member_names, names_of
from dbdeed.codegen.settings import Settings
from dbdeed.document.values.types import Pattern
from dbdeed.errors import InvalidInput
from dbdeed.models.model import (
    Attribute,
    Cardinality,
    DataModel,
    Dialect,
    EnumType,
    Model,
    PythonType,
    Relationship,
    UniqueKey,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# Words of Python and SQL, names that generated code uses, quotes, escapes, lookalikes, and neighbours that clash.
COLUMNS = (
    *(
        "class",
        "None",
        "import",
        "match",
        "self",
        "limit",
        "order_by",
        "after",
        "list",
        "int",
        "str",
        "UNSET",
    ),
    *(
        "access",
        "msgspec",
        "uuid",
        "datetime",
        "from_row",
        "changes",
        "filters",
        "keys",
        "row",
        "typing",
        "TABLE",
    ),
    *(
        "select",
        "order",
        "table",
        "a b",
        "a_b",
        "A B",
        "aB",
        "1st",
        "_private",
        "__class__",
        "__init__",
        "__mangled",
    ),
    *(
        'qu"ote',
        "qu'ote",
        '""" + 1 #',
        "back\\slash",
        "new\nline",
        "per%cent",
        "per%scent",
        "br{ace}",
        "$1",
        "?",
        ":x",
    ),
    *(
        "\u00fcber",
        "\u540d\u524d",
        "\ufb01n",
        "fin",
        "\u0130",
        "\U0001f600",
        "--",
        "/*",
        ";",
        "tab\t",
        "\u2028",
        "\r",
    ),
)
TABLES = (
    "order",
    'the "best"',
    "Order",
    "orders",
    "database",
    "enums",
    "sync",
    "None",
    "New Order",
    "x y\\n",
    "\u8868",
)


def columns_of(dialect: Dialect) -> tuple[str, ...]:
    """SQLite's names are the same in upper and lower case, so only one of such a pair can be there."""
    first: dict[str, str] = {}
    for column in COLUMNS:
        first.setdefault(column if dialect.folds_case else column.lower(), column)
    return tuple(first.values())


def hostile(dialect: Dialect, table: str, columns: tuple[str, ...] = (), name: str = "") -> DataModel:
    quote = dialect.quote
    columns = columns or columns_of(dialect)
    types = {
        "uuid": PythonType("uuid.UUID", ("uuid",)),
        "datetime": PythonType("datetime.datetime", ("datetime",)),
        "typing": PythonType("typing.Any", ("typing",)),
        "list": PythonType("Status", (), "Status"),
    }
    attributes = tuple(
        Attribute(
            column,
            "text",
            types.get(column, PythonType("str")),
            nullable=column not in ("class", "qu'ote"),
            comment=f'""" \\ {column}',
        )
        for column in columns
    )
    keys: tuple[UniqueKey, ...] = (
        UniqueKey("pk", ("class", "qu'ote"), primary=True),
        UniqueKey("u1", ("a b",)),
        UniqueKey("u2", ("a_b",)),
        UniqueKey("u3", ("$1", '""" + 1 #')),
    )
    keys = tuple(key for key in keys if set(key.columns) <= set(columns))
    sql = quote + table.replace(quote, quote * 2) + quote
    model = Model(name or table, table, "", sql, attributes, keys, comment='A table"""\\')
    enum = EnumType("Status", "status", ("", "a b", "A b", "a-b", "mro", "name", '"""', "\\", "1", "\n"))
    return DataModel((model,), (enum,), (), dialect)


def create(dialect: Dialect, table: str) -> str:
    quote = dialect.quote

    def quoted(name: str) -> str:
        return quote + name.replace(quote, quote * 2) + quote

    types = {"uuid": "uuid", "datetime": "timestamp"}
    columns = ", ".join(f"{quoted(column)} {types.get(column, 'text')}" for column in columns_of(dialect))
    return f"CREATE TABLE {quoted(table)} ({columns}, PRIMARY KEY ({quoted('class')}, {quoted(chr(113) + 'u' + chr(39) + 'ote')}))"


@pytest.mark.parametrize("table", TABLES)
def test_every_operation_works_on_a_hostile_table(
    table: str,
    dialect: Dialect,
    address: str,
    execute: Callable[[str], None],
    load: Callable[[DataModel], Any],
) -> None:
    data_model = hostile(dialect, table)
    execute(create(dialect, table))
    package = load(data_model)
    names = names_of(data_model).models["", table]
    text = {
        names.attribute(column): f"value of {column}"
        for column in columns_of(dialect)
        if column not in ("uuid", "datetime", "typing", "list")
    }
    status = package.Status.A_B
    values = {**text, names.attribute("list"): status}

    async def drive() -> None:
        async with access.Database(address) as database:
            repository = getattr(package, names.repository)(database)
            row = await repository.insert(getattr(package, names.new)(**values))
            key = (values[names.attribute("class")], values[names.attribute("qu'ote")])
            assert await repository.get(*key) == row
            assert {name: getattr(row, name) for name in values} == values
            for name, value in values.items():
                assert await repository.count(**{name: value}) == 1
                assert not await repository.exists(**{name: "other"})
                assert await repository.list(f"-{name}", name, limit=1) == [row]
                page = await repository.page(name, f"-{name}", first=1)
                assert (page.rows, page.next) == ([row], None)
            for name in values.keys() - {names.attribute("class"), names.attribute("qu'ote")}:
                new = status if name == names.attribute("list") else "'); DROP TABLE x; --"
                changed = await repository.update(*key, getattr(package, names.changes)(**{name: new}))
                assert getattr(changed, name) == new
            assert await repository.delete(*key)

    asyncio.run(drive())


@pytest.mark.parametrize("table", TABLES)
def test_what_is_generated_for_hostile_names_is_formatted_and_typed(
    table: str, dialect: Dialect, write_package: Callable[[DataModel], Path]
) -> None:
    folder = write_package(hostile(dialect, table))
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, "format", "--check", "--isolated", "--no-cache", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_hostile_names_pass_mypy(dialect: Dialect, write_package: Callable[[DataModel], Path]) -> None:
    folder = write_package(hostile(dialect, TABLES[1]))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            f"--cache-dir={folder.parent}/mypy",
            folder,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tables_whose_names_meet_get_names_of_their_own(dialect: Dialect) -> None:
    models = tuple(hostile(dialect, table).models[0] for table in TABLES)
    data_model = DataModel(models, hostile(dialect, "x").enums, (), dialect)
    files = generate_files(data_model, Settings())
    names = names_of(data_model)
    modules = [names.of(model).module for model in models]
    assert len({module.casefold() for module in modules}) == len(modules)
    assert not {"database", "enums", "sync", "__init__"} & set(modules)
    assert len(files) == 2 * len(models) + 5
    for text in files.values():
        ast.parse(text)


def test_names_whose_constants_meet_find_their_own_rows(
    dialect: Dialect, address: str, execute: Callable[[str], None], load: Callable[[DataModel], Any]
) -> None:
    columns = ("\u00df", "ss", "x", "x_with_deleted", "many_by_x")
    text = PythonType("str")
    stamp = "timestamp with time zone" if dialect.name == "postgresql" else "TIMESTAMPTZ"
    attributes = (
        Attribute("id", "integer", PythonType("int"), nullable=False),
        *(Attribute(column, "text", text, nullable=True) for column in columns),
        Attribute("deleted_at", stamp, PythonType("datetime.datetime", ("datetime",)), nullable=True),
    )
    keys = (UniqueKey("pk", ("id",), primary=True), *(UniqueKey(c, (c,)) for c in columns))
    execute(
        f"CREATE TABLE things (id integer PRIMARY KEY, deleted_at {stamp}, "
        + ", ".join(f'"{column}" text UNIQUE' for column in columns)
        + ")"
    )
    package = load(DataModel((Model("Thing", "things", "", "things", attributes, keys),), (), (), dialect))

    async def drive() -> None:
        async with access.Database(address) as database:
            things = package.ThingRepository(database)
            for number, column in enumerate(columns):
                await things.insert(package.NewThing(id=number, **{column: "here"}))
            finders = [name for name in dir(things) if name.startswith("find_by_")]
            assert len(finders) == len(columns)
            assert {(await getattr(things, name)("here")).id for name in finders} == set(range(len(columns)))
            for name in finders:
                row = await getattr(things, name)("here")
                assert await getattr(things, name)("here", with_deleted=True) == row
                await things.delete(row.id)
                assert await getattr(things, name)("here") is None
                assert (await getattr(things, name)("here", with_deleted=True)).id == row.id

    asyncio.run(drive())


def test_a_name_that_cannot_stand_in_sql_is_refused(dialect: Dialect) -> None:
    for column in ("", "nul\0"):
        with pytest.raises(InvalidInput):
            generate_files(hostile(dialect, "t", ("class", "qu'ote", column)), Settings())


@settings(max_examples=60)
@given(
    columns=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=70),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    table=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=70),
    values=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=6, unique=True),
)
def test_any_name_makes_python_that_parses(columns: list[str], table: str, values: list[str]) -> None:
    dialect = Dialect("postgresql", '"', frozenset({"select"}), folds_case=True)
    data_model = hostile(dialect, table, tuple(columns))
    enum = EnumType(table, table, tuple(values))
    data_model = DataModel(data_model.models, (*data_model.enums, enum), (), dialect)
    files = generate_files(data_model, Settings())
    for path, text in files.items():
        ast.parse(text)
        assert "/" not in path.removeprefix("sync/")
        assert path.isprintable()
    attributes = attribute_names(data_model.models[0])
    assert len(set(attributes.values())) == len(columns)
    assert all(name.isidentifier() and not name.startswith("_") for name in attributes.values())
    members = member_names(values)
    assert len(set(members.values())) == len(values)
    assert all(name.isidentifier() and not name.startswith("_") for name in members.values())


def test_a_name_within_a_longer_one_needs_no_underscore(
    dialect: Dialect, load: Callable[[DataModel], Any]
) -> None:
    attributes = tuple(
        Attribute(name, "text", PythonType("str"), nullable=False) for name in ("class", "limit", "key")
    )
    keys = (
        UniqueKey("pk", ("class",), primary=True),
        UniqueKey("u1", ("limit",)),
        UniqueKey("u3", ("limit", "class")),
    )
    model = Model("Class", "class", "", '"class"', attributes, keys)
    repository = load(DataModel((model,), (), (), dialect)).ClassRepository
    found = {name for name in dir(repository) if name.startswith(("find_by", "upsert_by"))}
    assert found == {
        *("find_by_limit", "find_by_limit_and_class"),
        *("upsert_by_limit", "upsert_by_limit_and_class"),
    }


def test_a_relation_called_as_a_keyword_is_python(dialect: Dialect) -> None:
    key = (UniqueKey("pk", ("id",), primary=True),)

    def column(name: str) -> Attribute:
        return Attribute(name, "integer", PythonType("int"), nullable=False)

    owner = Model("Class", "class", "", '"class"', (column("id"),), key)
    relation = Relationship(Cardinality.MANY_TO_ONE, "Class", ("class_id",), ("id",), required=True)
    pupil = Model("Pupil", "pupils", "", "pupils", (column("id"), column("class_id")), key, (relation,))
    patterns = Settings(patterns=(Pattern.ACTIVE_RECORD, Pattern.QUERY_BUILDER))
    files = generate_files(DataModel((owner, pupil), (), (), dialect), patterns)
    for path, text in files.items():
        ast.parse(text, path)
    assert "async def with_class(" in files["pupil.py"]
    assert "async def class_(" in files["records.py"]
