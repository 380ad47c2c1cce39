"""A data model and a document's settings to the text of every file. Nothing is read or written here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.codegen.active_record import record_files
from dbdeed.codegen.header import with_header
from dbdeed.codegen.links import links_of
from dbdeed.codegen.lookups import lookups_of
from dbdeed.codegen.names import names_of
from dbdeed.codegen.package import CHECK, FUTURE, database_file, enums_file, package_file, sync_database_file
from dbdeed.codegen.picture import imports_of, picture_of
from dbdeed.codegen.python_text import block, import_line, import_order
from dbdeed.codegen.query_builder import tables_file
from dbdeed.codegen.raw_sql import query_files
from dbdeed.codegen.relations import relations_of
from dbdeed.codegen.repository import repository_class
from dbdeed.codegen.rows import changes_class, filter_class, from_rows, new_class, row_class, sort_type
from dbdeed.codegen.sqlalchemy_models import sqlalchemy_file
from dbdeed.codegen.statements import constants
from dbdeed.codegen.unasync import to_sync
from dbdeed.codegen.words import says
from dbdeed.document.values.types import Pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Picture
    from dbdeed.codegen.settings import Settings
    from dbdeed.models.blueprint import Blueprint
    from dbdeed.models.model import DataModel
    from dbdeed.models.query import QueryShape

# What stands at the top of a file: a class, a function, a constant.
_TOP = re.compile(r"^(?:class |def )?(\w+)(?: = |\()", re.MULTILINE)

_COLLECTIONS = ("AsyncIterator", "Collection", "Iterable", "Iterator", "Sequence")


def generate_files(
    data_model: DataModel,
    settings: Settings,
    queries: Sequence[QueryShape] = (),
    blueprint: Blueprint | None = None,
) -> Mapping[str, str]:
    """Every file by its path relative to the settings' folder, `/` between its parts.

    The same arguments give the same bytes, whatever machine or day it is.

    Raises:
        InvalidInput: a name cannot stand in SQL at all, or a query gives something else than it says.
    """
    names = names_of(data_model)
    pictures = _pictures(data_model, names)
    enums = [names.enums[enum.name] for enum in data_model.enums]
    files = {
        "__init__.py": package_file(pictures, enums, sync=False),
        "database.py": database_file(settings, data_model.dialect),
        "sync/__init__.py": package_file(pictures, enums, sync=True),
        "sync/database.py": to_sync(sync_database_file(settings, data_model.dialect)),
    }
    if data_model.enums:
        files["enums.py"] = enums_file(data_model.enums, names)
    for picture in pictures:
        body = repository_class(picture)
        files[f"{picture.names.module}.py"] = _model_file(picture, names, body)
        files[f"sync/{picture.names.module}.py"] = _sync_file(picture, names, body)
    if Pattern.QUERY_BUILDER in settings.patterns and pictures:
        files["tables.py"] = tables_file(pictures, names)
    if Pattern.ACTIVE_RECORD in settings.patterns and pictures:
        files |= record_files(pictures, names)
    if blueprint is not None:
        files["sqlalchemy_models.py"] = sqlalchemy_file(blueprint, pictures, names, data_model.dialect)
    files |= query_files(queries, data_model, names, pictures)
    return {path: with_header(files[path], settings.source) for path in sorted(files)}


def _pictures(data_model: DataModel, names: Names) -> list[Picture]:
    bare = {model.name: picture_of(model, names, data_model.dialect) for model in data_model.models}
    linked = [replace(one, links=links_of(one, bare, data_model, names)) for one in bare.values()]
    found = {one.model.name: replace(one, lookups=lookups_of(one)) for one in linked}
    return [replace(one, relations=relations_of(one, found)) for one in found.values()]


def _model_file(picture: Picture, names: Names, repository: str) -> str:
    code = "\n\n".join([_types_and_sql(picture), block(repository)])
    return f"{_imports(picture, names, code)}\n{CHECK}\n\n{code}"


def _types_and_sql(picture: Picture) -> str:
    parts = [row_class(picture), new_class(picture)]
    parts += [changes_class(picture)] if picture.has_changes else []
    parts.append(filter_class(picture))
    classes = "\n\n".join(block(part) for part in parts)
    sql = "".join(block(part) for part in (sort_type(picture), *constants(picture)))
    return "\n\n".join([classes, sql, block(from_rows(picture))])


def _sync_file(picture: Picture, names: Names, repository: str) -> str:
    """The derived class; types and SQL stay where they are."""
    code = to_sync(repository)
    own = _TOP.findall(_types_and_sql(picture))
    used = tuple(sorted({name for name in own if says(name, code)}, key=import_order))
    local = [
        *_enum_import(picture, names, code, package=".."),
        import_line(f"..{picture.names.module}", used),
    ]
    about = f'"""{picture.names.row}, without asyncio."""\n'
    third = [*_third_modules(picture, code), "from dbdeed.access import sync as access"]
    return "\n".join([
        about,
        FUTURE,
        *_groups(_standard_imports(picture, code), third, sorted(local), _others(picture, "..")),
        f"{CHECK}\n\n{block(code)}",
    ])  # fmt: skip


def _imports(picture: Picture, names: Names, code: str) -> str:
    third = ["import msgspec", *_third_modules(picture, code), "from dbdeed import access"]
    third += ["from msgspec import UNSET, UnsetType"] if says("UnsetType", code) else []
    local = _enum_import(picture, names, code, package=".")
    groups = _groups(_standard_imports(picture, code), third, local, _others(picture, "."))
    return "\n".join([f'"""{picture.names.row}."""\n', FUTURE, *groups])


def _groups(*groups: list[str]) -> list[str]:
    """Imports, with an empty line behind each group."""
    return [line for group in groups if group for line in (*group, "")]


def _others(picture: Picture, package: str) -> list[str]:
    """Rows of other models, for the type checker only: the modules need each other."""
    targets = {one.target.names.module: one.target.names.row for one in picture.relations}
    targets.pop(picture.names.module, None)
    lines = [f"    {_indented(import_line(f'{package}{module}', (row,)))}" for module, row in targets.items()]
    return ["if TYPE_CHECKING:", *sorted(lines)] if lines else []


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _standard_imports(picture: Picture, code: str) -> list[str]:
    used = [line for line in _modules(picture, code) if not _is_third(line)]
    collections = tuple(
        name
        for name in ("AsyncIterator", "Collection", "Iterable", "Iterator", "Sequence")
        if says(name, code)
    )
    used += [import_line("collections.abc", collections)] if collections else []
    used += ["from itertools import starmap"] if says("starmap", code) else []
    typing = tuple(name for name in ("Literal", "TypedDict", "Unpack") if says(name, code))
    typing = (*(("TYPE_CHECKING",) if _others(picture, ".") else ()), *typing)
    return used + ([import_line("typing", typing)] if typing else [])


def _modules(picture: Picture, code: str) -> list[str]:
    """`import` lines for what types live in."""
    every = {*imports_of(picture), *_of_links(picture), "import builtins"}
    return sorted(line for line in every if says(line.split()[-1].partition(".")[0], code))


def _third_modules(picture: Picture, code: str) -> list[str]:
    return [line for line in _modules(picture, code) if _is_third(line)]


def _is_third(line: str) -> bool:
    return line.startswith("import psycopg")


def _of_links(picture: Picture) -> set[str]:
    """Modules of the keys at the other end, which no field of this one may need."""
    fields = (field for link in picture.links for field in link.other_fields)
    return {f"import {module}" for field in fields for module in field.attribute.python.imports}


def _enum_import(picture: Picture, names: Names, code: str, *, package: str) -> list[str]:
    fields = (*picture.fields, *(field for link in picture.links for field in link.other_fields))
    own = {f.attribute.python.enum for f in fields if f.attribute.python.enum}
    enums = {name for enum in own for name in (names.enums[enum], names.lookups[enum])}
    used = tuple(sorted((name for name in enums if says(name, code)), key=import_order))
    return [import_line(f"{package}enums", used)] if used else []
