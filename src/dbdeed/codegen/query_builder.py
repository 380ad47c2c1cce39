"""Typed tables for queries that are put together in code: one class and one object for each model.

class OrderTable(query.Table[Order, NewOrder]):
    id: query.Value[int]
    ship_to: query.Optional[int]

orders = OrderTable(order.TABLE, order.from_rows, {"status": ORDER_STATUS.__getitem__})
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from dbdeed.codegen.names import Namer, snake
from dbdeed.codegen.package import CHECK, FUTURE
from dbdeed.codegen.picture import imports_of
from dbdeed.codegen.python_text import STEP, Group, block, fold, import_line, import_order, literal, sentence
from dbdeed.codegen.words import says

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Field, Picture

_CALL = re.compile(r"([\w.]+)\(\{0\}\)\Z")
_FOUND = re.compile(r"(\w+)\[\{0\}\]\Z")
_OR_NONE = "None if {0} is None else "


def tables_file(pictures: Sequence[Picture], names: Names) -> str:
    """The whole file."""
    taken = {"access", "query", "datetime", "decimal", "uuid", "typing", "ipaddress", "psycopg", "lambda"}
    taken |= {*keyword.kwlist, *names.enums.values(), *names.lookups.values()}
    for one in pictures:
        taken |= {one.names.row, one.names.new, one.names.module, _own(one, "TABLE"), _own(one, "from_rows")}
    namer = Namer(taken)
    objects, classes = [], []
    for one in pictures:
        name = snake(one.model.table) or "table"
        name, kind = namer(f"{name}_table" if name in taken else name), namer(f"{one.names.row}Table")
        classes.append(block(_class(one, kind)))
        objects.append(block(_object(one, name, kind)))
    code = "\n\n".join([*classes, "".join(objects)])
    return f"{_head(pictures, names, code)}\n{CHECK}\n\n{code}"


def _class(picture: Picture, kind: str) -> str:
    names = picture.names
    head = fold(Group(f"class {kind}(", (f"query.Table[{names.row}, {names.new}]",), "):"))
    about = f'{STEP}"""Columns of `{sentence(picture.model.table)}`."""'
    columns = [f"{STEP}{field.name}: {_type(field)}" for field in picture.fields]
    return "\n".join([head, about, *([""] if columns else []), *columns]) + "\n"


def _type(field: Field) -> str:
    if field.writable:
        return f"query.{'Optional' if field.attribute.nullable else 'Value'}[{field.type}]"
    return f"query.Expression[{field.type}, {field.loaded_type}]"


def _object(picture: Picture, name: str, kind: str) -> str:
    convert = [
        f"{literal(field.name)}: {made}" for field in picture.fields if (made := _convert(field)) is not None
    ]
    read = [
        f"{literal(field.name)}: {literal(_cast(field))}"
        for field in picture.fields
        if field.selected != field.sql
    ]
    arguments: list[Group | str] = [_own(picture, "TABLE"), _own(picture, "from_rows")]
    arguments += [Group("convert={", tuple(convert), "}")] if convert else []
    arguments += [Group("read={", tuple(read), "}")] if read else []
    return fold(Group(f"{name} = {kind}(", tuple(arguments))) + "\n"


def _hidden(picture: Picture) -> bool:
    """In some scripts a class is called as its module is, which then cannot be had by its name."""
    return picture.names.module == picture.names.row


def _own(picture: Picture, name: str) -> str:
    """What a model's module calls by this name."""
    return f"{picture.names.module}{'_' if _hidden(picture) else '.'}{name}"


def _cast(field: Field) -> str:
    """`{}::text`: the column stands for the braces."""
    rest = field.selected.removeprefix(field.sql).replace("{", "{{").replace("}", "}}")
    return f"{{}}{rest}"


def _convert(field: Field) -> str | None:
    """The function that makes a value of the driver's; None where it is that already."""
    if field.as_it_is:
        return None
    load = field.load.removeprefix(_OR_NONE)
    called, found = _CALL.match(load), _FOUND.match(load)
    if called:
        return called[1]
    return f"{found[1]}.__getitem__" if found else f"lambda value: {load.format('value')}"


def _head(pictures: Sequence[Picture], names: Names, code: str) -> str:
    every = {line for one in pictures for line in imports_of(one)}
    modules = sorted(line for line in every if says(line.split()[-1].partition(".")[0], code))
    standard = [line for line in modules if not line.startswith("import psycopg")]
    third = [line for line in modules if line.startswith("import psycopg")]
    third += ["from dbdeed import access", "from dbdeed.access import query"]
    enums = {*names.enums.values(), *names.lookups.values()}
    used = tuple(sorted((name for name in enums if says(name, code)), key=import_order))
    plain = [one.names.module for one in pictures if not _hidden(one)]
    lines: list[tuple[str, tuple[str, ...]]]
    lines = [(f".{one.names.module}", (one.names.new, one.names.row)) for one in pictures]
    lines += [(".enums", used)] if used else []
    local = [import_line(".", tuple(sorted(plain, key=import_order)))] if plain else []
    made: list[tuple[str, tuple[int, str, str], str]] = []
    for module, what in lines:
        first, *rest = sorted(what, key=import_order)
        made.append((module, import_order(first), import_line(module, (first, *rest))))
    for one in pictures:
        for name in ("TABLE", "from_rows") if _hidden(one) else ():
            line = f"from .{one.names.module} import {name} as {_own(one, name)}"
            made.append((f".{one.names.module}", import_order(name), line))
    local += [line for *_, line in sorted(made)]
    about = '"""Typed tables and columns, for queries that are put together in code."""\n'
    return "\n".join([about, FUTURE, *standard, *([""] if standard else []), *third, "", *local, ""])
