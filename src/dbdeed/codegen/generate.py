"""A data model and a document's settings to the text of every file. Nothing is read or written here."""

from __future__ import annotations

import io
import tokenize
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from dbdeed.codegen.header import with_header
from dbdeed.codegen.links import links_of
from dbdeed.codegen.names import names_of
from dbdeed.codegen.package import CHECK, FUTURE, database_file, enums_file, package_file, sync_database_file
from dbdeed.codegen.picture import imports_of, picture_of
from dbdeed.codegen.python_text import block, import_line, import_order
from dbdeed.codegen.repository import repository_class
from dbdeed.codegen.rows import changes_class, filter_class, from_rows, new_class, row_class, sort_type
from dbdeed.codegen.statements import constant_of, constants
from dbdeed.codegen.unasync import to_sync

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Picture
    from dbdeed.codegen.settings import Settings
    from dbdeed.models.model import DataModel


def generate_files(data_model: DataModel, settings: Settings) -> Mapping[str, str]:
    """Every file by its path relative to the settings' folder, `/` between its parts.

    The same data model and settings give the same bytes, whatever machine or day it is.

    Raises:
        InvalidInput: a name cannot stand in SQL at all.
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
    return {path: with_header(files[path], settings.source) for path in sorted(files)}


def _pictures(data_model: DataModel, names: Names) -> list[Picture]:
    bare = {model.name: picture_of(model, names, data_model.dialect) for model in data_model.models}
    return [replace(picture, links=links_of(picture, bare, data_model, names)) for picture in bare.values()]


def _model_file(picture: Picture, names: Names, repository: str) -> str:
    parts = [row_class(picture), new_class(picture)]
    parts += [changes_class(picture)] if picture.has_changes else []
    parts.append(filter_class(picture))
    classes = "\n\n".join(block(part) for part in parts)
    sql = "".join(block(part) for part in (sort_type(picture), *constants(picture)))
    code = "\n\n".join([classes, sql, block(from_rows(picture)), block(repository)])
    return f"{_imports(picture, names, code)}\n{CHECK}\n\n{code}"


def _sync_file(picture: Picture, names: Names, repository: str) -> str:
    """The derived class; types and SQL stay where they are."""
    code = to_sync(repository)
    own = [
        picture.names.row,
        picture.names.new,
        picture.names.changes,
        picture.names.filter,
        picture.names.sort,
    ]
    own += ["from_rows"]
    own += ["COUNT", "DELETE", "EXISTS", "FIND", "FIND_MANY", "ROWS", "TABLE"]
    own += [constant_of(key) for key in picture.unique_keys]
    own += [f"BY_{field.name.upper()}" for field in picture.references]
    own += [constant for link in picture.links for constant in link.constants]
    used = tuple(sorted({name for name in own if _names(name, code)}, key=import_order))
    standard, third = _standard_imports(picture, code), ["from dbdeed.access import sync as access"]
    third += ["from msgspec import UNSET, UnsetType"] if _names("UnsetType", code) else []
    local = [
        *_enum_import(picture, names, code, package=".."),
        import_line(f"..{picture.names.module}", used),
    ]
    about = f'"""{picture.names.row}, without asyncio."""\n'
    groups = [about, FUTURE, *standard, *([""] if standard else []), *third, "", *sorted(local)]
    return "\n".join(groups) + f"\n\n{CHECK}\n\n{block(code)}"


def _imports(picture: Picture, names: Names, code: str) -> str:
    standard = _standard_imports(picture, code)
    third = ["import msgspec", "from dbdeed import access"]
    third += ["from msgspec import UNSET, UnsetType"] if _names("UnsetType", code) else []
    local = _enum_import(picture, names, code, package=".")
    groups = [
        f'"""{picture.names.row}."""\n',
        FUTURE,
        *standard,
        "",
        *third,
        *([""] if local else []),
        *local,
    ]
    return "\n".join(groups) + "\n"


def _standard_imports(picture: Picture, code: str) -> list[str]:
    modules = [
        *imports_of(picture),
        *_of_links(picture),
        *(["import builtins"] if _names("builtins", code) else []),
    ]
    used = sorted({line for line in modules if _names(line.split()[-1].partition(".")[0], code)})
    collections = tuple(name for name in ("Collection", "Iterable", "Sequence") if _names(name, code))
    used += [import_line("collections.abc", collections)] if collections else []
    used += ["from itertools import starmap"] if _names("starmap", code) else []
    typing = tuple(name for name in ("Any", "Literal", "TypedDict", "Unpack") if _names(name, code))
    return used + ([import_line("typing", typing)] if typing else [])


def _of_links(picture: Picture) -> set[str]:
    """Modules of the keys at the other end, which no field of this one may need."""
    return {
        f"import {module}" for link in picture.links for module in link.other_field.attribute.python.imports
    }


def _enum_import(picture: Picture, names: Names, code: str, *, package: str) -> list[str]:
    fields = (*picture.fields, *(link.other_field for link in picture.links))
    own = {f.attribute.python.enum for f in fields if f.attribute.python.enum}
    enums = {name for enum in own for name in (names.enums[enum], names.lookups[enum])}
    used = tuple(sorted((name for name in enums if _names(name, code)), key=import_order))
    return [import_line(f"{package}enums", used)] if used else []


def _names(name: str, code: str) -> bool:
    """Whether the code itself says this name; texts and comments do not count."""
    return name in _words(code)


@lru_cache(maxsize=8)
def _words(code: str) -> frozenset[str]:
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    names = (
        token for before, token in pairwise(tokens) if token.type == tokenize.NAME and before.string != "."
    )
    return frozenset(token.string for token in names)
