"""The SQL of a model as constants, and the table's description for what is composed at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen.conventions import now
from dbdeed.codegen.names import WITH_DELETED
from dbdeed.codegen.python_text import Group, Text, f_string, fold, literal, wrapped
from dbdeed.codegen.sql import any_key, mark

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
        parts += _rows("FIND", _where(picture.key, picture), picture)
    for finder in picture.finders:
        parts += _rows(finder.constant, _where(finder.fields, picture), picture)
    for lookup in picture.lookups:
        if lookup.link is None:
            parts += _rows(lookup.constant, any_key(lookup.fields, picture.dialect), picture)
        else:
            parts += _linked(lookup.constant, lookup.link.read, picture)
    parts += _deletes(picture) if picture.key else []
    parts += [part for link in picture.links for part in _link(link)]
    return (*(f"{part}\n" for part in parts), f"{_table(picture)}\n")


def _deletes(picture: Picture) -> list[str]:
    table, where = picture.model.sql_name, _where(picture.key, picture)
    row, deleted = where + _version(picture), picture.deleted
    if deleted is None:
        return [_writes("DELETE", f"DELETE FROM {table} WHERE {row}")]
    moment = now(deleted, picture.dialect)
    touched = "".join(f", {one}" for one in _changed(picture))
    gone = f"{deleted.sql} IS NOT NULL"
    restore = Text(
        (
            ("", "", f"UPDATE {table} SET {deleted.sql} = NULL{touched} "),
            ("", "", f"WHERE {where} AND {gone} "),
            ("RETURNING ", "COLUMNS", ""),
        )
    )
    return [
        _writes(
            "DELETE",
            f"UPDATE {table} SET {deleted.sql} = {moment}{touched} ",
            f"WHERE {row} AND {deleted.sql} IS NULL",
        ),
        _statement("RESTORE", restore, "writes=True"),
        _writes("PURGE", f"DELETE FROM {table} WHERE {where}"),
    ]


def _version(picture: Picture) -> str:
    """The row has the version that is given, if one is given."""
    field, number = picture.version, len(picture.key) + 1
    if field is None:
        return ""
    if picture.dialect.name == "sqlite":
        return f" AND (? IS NULL OR {field.sql} = ?)"
    return f" AND (${number}::{field.attribute.type} IS NULL OR {field.sql} = ${number})"


def _changed(picture: Picture) -> list[str]:
    version = picture.version
    counted = [f"{version.sql} = {version.sql} + 1"] if version else []
    return [*counted, *_touch(picture)]


def _touch(picture: Picture) -> list[str]:
    field = picture.conventions.touch
    return [f"{field.sql} = {now(field, picture.dialect)}"] if field else []


def _link(link: Link) -> tuple[str, str]:
    name = link.name.upper()
    return (
        _statement(f"ADD_{name}", link.add, "writes=True"),
        _statement(f"REMOVE_{name}", link.remove, "writes=True"),
    )


def _linked(name: str, read: Text, picture: Picture) -> list[str]:
    if picture.deleted is None:
        return [_statement(name, read)]
    *pieces, (before, column, after) = read.pieces
    rest = f" WHERE {picture.deleted.sql} IS NULL"
    whole = Text((*pieces, (before, column, after.removesuffix(rest))))
    return [_statement(name, read), _statement(f"{name}{WITH_DELETED}", whole)]


def _rows(name: str, where: str, picture: Picture) -> list[str]:
    whole = _statement(name, f_string("", "ROWS", f" WHERE {where}"))
    if picture.deleted is None:
        return [whole]
    there = f" WHERE {where} AND {picture.deleted.sql} IS NULL"
    return [
        _statement(name, f_string("", "ROWS", there)),
        _statement(f"{name}{WITH_DELETED}", f_string("", "ROWS", f" WHERE {where}")),
    ]


def _writes(name: str, *pieces: str) -> str:
    return _statement(name, Text(tuple(("", "", piece) for piece in pieces)), "writes=True")


def _statement(name: str, *options: Code) -> str:
    return fold(Group(f"{name} = access.Statement(", options))


def _where(fields: tuple[Field, ...], picture: Picture) -> str:
    return " AND ".join(f"{field.sql} = {_mark(field, n, picture)}" for n, field in enumerate(fields, 1))


def _mark(field: Field, number: int, picture: Picture) -> str:
    return mark(number, picture.dialect) + (f"::{field.cast}" if field.cast else "")


def _table(picture: Picture) -> str:
    updated = picture.conventions.touch
    items: tuple[Code, ...] = (
        f"dialect={literal(picture.dialect.name)}",
        f"name={literal(picture.model.sql_name)}",
        Group("columns={", tuple(_column(field) for field in picture.fields), "}"),
        f"key={_names(picture.key)}",
        *([] if picture.total == picture.key else [f"total={_names(picture.total)}"]),
        "returning=COLUMNS",
        *([f"version={literal(picture.version.name)}"] if picture.version else []),
        *([f"deleted={literal(picture.deleted.name)}"] if picture.deleted else []),
        *([f"updated={literal(updated.name)}"] if updated else []),
        *([f"now={literal(now(updated, picture.dialect))}"] if updated else []),
    )
    return fold(Group("TABLE = access.Table(", items))


def _names(fields: tuple[Field, ...]) -> str:
    return f"({', '.join(literal(field.name) for field in fields)}{',' if len(fields) == 1 else ''})"


def _column(field: Field) -> Group:
    options = [literal(field.sql), literal(field.attribute.type)]
    options += [field.type] if field.sortable else []
    options += ["nullable=True"] if field.attribute.nullable else []
    options += ["default=True"] if field.attribute.nullable and field.has_default else []
    options += ["array=True"] if field.cast else []
    options += ["json=True"] if field.holds_json else []
    return Group(f"{literal(field.name)}: access.Column(", tuple(options))
