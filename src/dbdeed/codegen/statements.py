"""The SQL of a model as constants, and the table's description for what is composed at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen.python_text import Group, f_string, fold, literal, wrapped
from dbdeed.codegen.sql import mark

if TYPE_CHECKING:
    from dbdeed.codegen.links import Link
    from dbdeed.codegen.picture import Field, Picture
    from dbdeed.codegen.python_text import Code


def constants(picture: Picture) -> tuple[str, ...]:
    """COLUMNS, ROWS, TABLE, and a `Statement` for each lookup; each a line or more."""
    table = picture.model.sql_name
    parts = [
        f"COLUMNS = {wrapped([field.selected for field in picture.fields], 'COLUMNS = ')}",
        f"ROWS = {f_string('SELECT ', 'COLUMNS', f' FROM {table}')}",
        f"COUNT = {literal(f'SELECT count(*) FROM {table}')}",
        f"EXISTS = {literal(f'SELECT 1 FROM {table}')}",
    ]
    if picture.key:
        where = _where(picture.key, picture)
        parts.append(_rows("FIND", where))
        parts.append(_statement("DELETE", literal(f"DELETE FROM {table} WHERE {where}"), "writes=True"))
    if len(picture.key) == 1:
        parts.append(_rows("FIND_MANY", _any(picture.key[0], picture)))
    parts += [_rows(constant_of(key), _where(key, picture)) for key in picture.unique_keys]
    parts += [_rows(f"BY_{field.name.upper()}", _any(field, picture)) for field in picture.references]
    parts += [part for link in picture.links for part in _link(link)]
    return (*(f"{part}\n" for part in parts), f"{_table(picture)}\n")


def constant_of(key: tuple[Field, ...]) -> str:
    """The constant that finds by a unique key."""
    return f"FIND_BY_{'_AND_'.join(field.name for field in key)}".upper()


def _link(link: Link) -> tuple[str, str, str]:
    read, add, remove = link.constants
    return (
        _statement(read, link.read),
        _statement(add, link.add, "writes=True"),
        _statement(remove, link.remove, "writes=True"),
    )


def _rows(name: str, where: str) -> str:
    return _statement(name, f_string("", "ROWS", f" WHERE {where}"))


def _statement(name: str, *options: Code) -> str:
    return fold(Group(f"{name} = access.Statement(", options))


def _where(fields: tuple[Field, ...], picture: Picture) -> str:
    return " AND ".join(f"{field.sql} = {_mark(field, n, picture)}" for n, field in enumerate(fields, 1))


def _mark(field: Field, number: int, picture: Picture) -> str:
    return mark(number, picture.dialect) + (f"::{field.cast}" if field.cast else "")


def _any(field: Field, picture: Picture) -> str:
    """The column is one of a list that travels as one parameter."""
    if picture.dialect.name == "postgresql":
        return f"{field.sql} = ANY($1::{field.attribute.type}[])"
    return f"{field.sql} IN (SELECT value FROM json_each(?))"


def _table(picture: Picture) -> str:
    key = ", ".join(literal(field.name) for field in picture.key) + ("," if len(picture.key) == 1 else "")
    items = (
        f"dialect={literal(picture.dialect.name)}",
        f"name={literal(picture.model.sql_name)}",
        Group("columns={", tuple(_column(field) for field in picture.fields), "}"),
        f"key=({key})",
        "returning=COLUMNS",
    )
    return fold(Group("TABLE = access.Table(", items))


def _column(field: Field) -> Group:
    options = [literal(field.sql)]
    options += [f"cast={literal(field.cast)}"] if field.cast else []
    options += ["nullable=True"] if field.attribute.nullable else []
    options += ["json=True"] if field.holds_json else []
    return Group(f"{literal(field.name)}: access.Column(", tuple(options))
