"""The document's declared queries as typed functions, in one file.

async def open_orders_of_customer(session: access.Session, *, customer_id: int) -> list[Order]
"""

from __future__ import annotations

import keyword
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.codegen import types
from dbdeed.codegen.names import ModelNames, claim, class_name, distinct_names, snake
from dbdeed.codegen.package import CHECK, FUTURE
from dbdeed.codegen.picture import picture_of
from dbdeed.codegen.python_text import (
    STEP,
    WIDTH,
    Group,
    Text,
    block,
    fold,
    import_line,
    import_order,
    literal,
    sentence,
)
from dbdeed.codegen.raw_sql_returns import Count, returns_of
from dbdeed.codegen.rows import from_rows, row_class
from dbdeed.codegen.sql import quoted
from dbdeed.codegen.unasync import to_sync
from dbdeed.codegen.words import says
from dbdeed.errors import InvalidInput
from dbdeed.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Picture
    from dbdeed.models.model import Attribute, DataModel
    from dbdeed.models.query import QueryShape

_TAKEN = frozenset(
    {
        "access",
        "msgspec",
        "datetime",
        "decimal",
        "uuid",
        "typing",
        "ipaddress",
        "psycopg",
        "starmap",
        "session",
    }
    | {"bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple", "type"}
    | {"Iterable", "Any", "annotations"}
)
_BODY = STEP


@dataclass(frozen=True, slots=True)
class _Function:
    """One query as Python.

    Attributes:
        parts: the statement's constant, its row's class and what loads it: for the asynchronous file alone.
        code: the function.
        loads: of a model's file, the loader's own name here.
    """

    parts: tuple[str, ...]
    code: str
    own: tuple[str, ...]
    models: tuple[Picture, ...]
    attributes: tuple[Attribute, ...]


def query_files(
    queries: Sequence[QueryShape], data_model: DataModel, names: Names, pictures: Iterable[Picture]
) -> dict[str, str]:
    """`queries.py` and its synchronous form; nothing where the document declares no query.

    Raises:
        InvalidInput: what a query says that it returns is not what its SQL gives.
    """
    if not queries:
        return {}
    by_table = {(one.model.schema, one.model.table): one for one in pictures}
    taken = set(_TAKEN) | set(keyword.kwlist) | set(names.enums.values()) | set(names.lookups.values())
    for one in by_table.values():
        taken |= {one.names.row, _loader(one)}
    functions = [_function(one, data_model, names, by_table, taken) for one in queries]
    return {
        "queries.py": _async_file(functions, names),
        "sync/queries.py": _sync_file(functions, names),
    }


def _loader(picture: Picture) -> str:
    return f"load_{picture.names.module}"


def _function(
    query: QueryShape,
    data_model: DataModel,
    names: Names,
    pictures: dict[tuple[str, str], Picture],
    taken: set[str],
) -> _Function:
    returns = returns_of(query, data_model)
    function = claim(snake(query.name) or "query", taken)
    constant = claim(function.upper() if function.upper() != function else f"{function}_SQL", taken)
    own: list[str] = [constant]
    models: list[Picture] = []
    parts: list[str] = []
    columns = tuple(column.attribute for column in query.columns)
    load, row = "", ""
    if returns.count is not Count.NOTHING:
        if returns.model is not None:
            picture = pictures[returns.model.schema, returns.model.table]
            row, load, models = picture.names.row, _loader(picture), [picture]
        elif len(columns) == 1:
            row, load, loader = _scalar(columns[0], function, names, data_model, taken)
            parts += loader
        else:
            picture = _row_picture(
                query, names, data_model, claim(f"{class_name(function.title())}Row", taken)
            )
            row, load = picture.names.row, claim(f"load_{function}", taken)
            made = from_rows(picture).replace("def from_rows(", f"def {load}(", 1)
            parts += [block(row_class(picture)), block(made)]
            own.append(row)
        own += [load] if load and not models and not load.startswith("access.") else []
    lines = _lines(query, data_model) if row else query.lines
    parts.insert(0, block(_constant(constant, lines, writes=query.writes)))
    code = _definition(function, constant, query, returns.count, row, load, names)
    return _Function(tuple(parts), code, tuple(own), tuple(models), (*columns, *query.parameters))


def _scalar(
    attribute: Attribute, function: str, names: Names, data_model: DataModel, taken: set[str]
) -> tuple[str, str, list[str]]:
    """The type of a result's only column, what loads it, and the code of that."""
    annotation = types.annotation(attribute, names)
    row = f"{annotation} | None" if attribute.nullable and annotation != "typing.Any" else annotation
    made = types.load(attribute, names, data_model.dialect, "value")
    if made == "value":
        return row, "access.first_values", []
    load = claim(f"load_{function}", taken)
    head = fold(Group(f"def {load}(", ("rows: Iterable[access.Row]",), f") -> list[{row}]:"))
    return row, load, [block(f"{head}\n{STEP}return [{made} for (value,) in rows]\n")]


def _row_picture(query: QueryShape, names: Names, data_model: DataModel, row: str) -> Picture:
    columns = [column.attribute.name for column in query.columns]
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(
            f"The query “{query.name}” gives two columns called “{twice}”.",
            hint="Name one of them: `AS another_name`.",
            where=query.where,
            code="query-columns",
        )
    about = f"A row of the query `{sentence(query.name)}`."
    attributes = tuple(column.attribute for column in query.columns)
    model = Model(row, query.name, "query", "", attributes, (), comment=about)
    own = ModelNames("queries", row, distinct_names(columns))
    return picture_of(model, replace(names, models={("query", query.name): own}), data_model.dialect)


def _lines(query: QueryShape, data_model: DataModel) -> tuple[str, ...]:
    """The statement, put into another one where a column's type is one that drivers do not know."""
    dialect = data_model.dialect
    marks = [f"c{number}" for number, _ in enumerate(query.columns, 1)]
    chosen = [
        types.selected(column.attribute, mark, dialect)
        for mark, column in zip(marks, query.columns, strict=True)
    ]
    if chosen == marks:
        return query.lines
    first = query.lines[0].split(None, 1)[0].lower()
    if query.writes and first == "with":
        odd = next(
            c.attribute for c, mark, one in zip(query.columns, marks, chosen, strict=True) if one != mark
        )
        raise InvalidInput(
            f"The query “{query.name}” gives “{odd.name}” of the type {odd.type}, which drivers do not know.",
            hint=f"Cast it to text: {quoted(odd.name, dialect)}::text.",
            where=query.where,
            code="query-columns",
        )
    listed, selected = ", ".join(marks), ", ".join(chosen)
    if query.writes and first in ("insert", "update", "delete", "merge"):
        return (f"WITH dbdeed_query ({listed}) AS (", *query.lines, f") SELECT {selected} FROM dbdeed_query")
    return (f"SELECT {selected} FROM (", *query.lines, f") AS dbdeed_query ({listed})")


def _constant(name: str, lines: Sequence[str], *, writes: bool) -> str:
    options = ("writes=True",) if writes else ()
    text = Text(tuple((line, "", "") for line in lines))
    return fold(Group(f"{name} = access.Statement(", (text, *options))) + "\n"


def _definition(
    function: str, constant: str, query: QueryShape, count: Count, row: str, load: str, names: Names
) -> str:
    parameters, values = _parameters(query.parameters, names)
    result = {Count.NOTHING: "int", Count.ONE: f"{row} | None", Count.EXACTLY_ONE: row}.get(
        count, f"list[{row}]"
    )
    if count is Count.ONE and (row.endswith("| None") or row == "typing.Any"):
        result = row
    head = Group(f"async def {function}(", ("session: access.Session", *parameters), f") -> {result}:")
    about = sentence(query.description) or f"The declared query `{sentence(query.name)}`."
    more = ""
    if count is Count.NOTHING:
        more = "Gives how many rows it changed."
    call = {Count.NOTHING: "execute", Count.MANY: "all"}.get(count, "one")
    arguments = (constant, values, load) if load else (constant, values)
    if count is Count.EXACTLY_ONE:
        more = "Raises `access.NotFound` where there is no row."
        rows = f"rows: list[{row}]" if load == "access.first_values" else "rows"
        run = fold(Group(f"{rows} = await session.all(", arguments), _BODY)
        body = f"{run}\n{_BODY}return access.only(rows, {literal(query.name)})"
    else:
        body = fold(Group(f"return await session.{call}(", arguments), _BODY)
    return block(f"{fold(head)}\n{_docstring(about, more)}\n{body}\n")


def _docstring(about: str, more: str) -> str:
    """On one line where it fits, else the first sentences by themselves."""
    whole = f'{_BODY}"""{about} {more}"""' if more else f'{_BODY}"""{about}"""'
    if len(whole) <= WIDTH:
        return whole
    first, *lines = textwrap.wrap(about, WIDTH - 12, break_long_words=False, break_on_hyphens=False)
    lines += ["", more] if more else []
    return "\n".join([f'{_BODY}"""{first}', *(f"{_BODY}{line}".rstrip() for line in lines), f'{_BODY}"""'])


def _parameters(parameters: Sequence[Attribute], names: Names) -> tuple[list[str], str]:
    """What the function takes, each by name, and the tuple that the statement takes."""
    called = distinct_names(["session", *(one.name for one in parameters)])
    typed, values = ["*"] if parameters else [], []
    for one in parameters:
        name = called[one.name] if one.name != "session" else "session_"
        annotation = types.annotation(one, names)
        optional = one.nullable and annotation not in ("object", "typing.Any")
        typed.append(f"{name}: {annotation} | None" if optional else f"{name}: {annotation}")
        values.append(_sent(one, name))
    return typed, f"({values[0]},)" if len(values) == 1 else f"({', '.join(values)})"


def _sent(parameter: Attribute, name: str) -> str:
    """The value as the driver takes it."""
    if parameter.array_or_json == "json":
        sent = f"access.to_json({name})"
    elif parameter.type in ("json[]", "jsonb[]"):
        sent = f"[access.to_json(item) for item in {name}]"
    else:
        return name
    return f"None if {name} is None else {sent}" if parameter.nullable else sent


def _async_file(functions: Sequence[_Function], names: Names) -> str:
    constants = "".join(one.parts[0] for one in functions)
    rest = [part for one in functions for part in one.parts[1:]]
    code = "\n\n".join([constants, *rest, *(one.code for one in functions)])
    models = sorted({one.names.module: one for each in functions for one in each.models}.items())
    local = [line for _, one in models for line in _model_imports(one, ".", code)]
    head = _head("The queries that the document declares.", "from dbdeed import access", functions, code)
    enums = _enum_import(functions, names, code, ".")
    return _file(head, sorted([*enums, *local], key=_module), code)


def _model_imports(picture: Picture, package: str, code: str) -> list[str]:
    row = picture.names.row
    used = [import_line(f"{package}{picture.names.module}", (row,))] if says(row, code) else []
    loaded = says(_loader(picture), code)
    line = f"from {package}{picture.names.module} import from_rows as {_loader(picture)}"
    return [*used, *([line] if loaded else [])]


def _sync_file(functions: Sequence[_Function], names: Names) -> str:
    code = "\n\n".join(to_sync(one.code) for one in functions)
    own = tuple(sorted({name for one in functions for name in one.own if says(name, code)}, key=import_order))
    models = sorted({one.names.module: one for each in functions for one in each.models}.items())
    local = [line for _, one in models for line in _model_imports(one, "..", code)]
    local = [*_enum_import(functions, names, code, ".."), *local, import_line("..queries", own)]
    about = "The queries that the document declares, without asyncio."
    head = _head(about, "from dbdeed.access import sync as access", functions, code)
    return _file(head, sorted(local, key=_module), code)


def _module(line: str) -> tuple[str, int, str]:
    return line.split()[1].lstrip("."), int(" as " in line), line


def _head(about: str, access: str, functions: Sequence[_Function], code: str) -> list[str]:
    modules = {module for one in functions for each in one.attributes for module in each.python.imports}
    standard = [f"import {module}" for module in sorted(modules) if says(module.partition(".")[0], code)]
    own = [line for line in standard if not line.startswith("import psycopg")]
    own += ["from collections.abc import Iterable"] if says("Iterable", code) else []
    own += ["from itertools import starmap"] if says("starmap", code) else []
    third = ["import msgspec"] if says("msgspec", code) else []
    third += [line for line in standard if line.startswith("import psycopg")]
    third.append(access)
    return [f'"""{about}"""\n', FUTURE, *own, *([""] if own else []), *third]


def _enum_import(functions: Sequence[_Function], names: Names, code: str, package: str) -> list[str]:
    enums = {each.python.enum for one in functions for each in one.attributes if each.python.enum}
    said = {name for one in enums for name in (names.enums[one], names.lookups[one]) if says(name, code)}
    return [import_line(f"{package}enums", tuple(sorted(said, key=import_order)))] if said else []


def _file(head: list[str], local: list[str], code: str) -> str:
    gap = "" if "= access.Statement(" in code.split("\n\n", maxsplit=1)[0] else "\n"
    return "\n".join([*head, *([""] if local else []), *local]) + f"\n\n{CHECK}{gap}\n{code}"
