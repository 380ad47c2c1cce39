"""What `alembic.ini`, `pyproject.toml` and `env.py` say of a project's migrations."""

from __future__ import annotations

import ast
import configparser
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATE = "%(rev)s_%(slug)s"


@dataclass(frozen=True, slots=True)
class Settings:
    """What Alembic goes by.

    Attributes:
        folders: of the migrations; one that begins a new line of them goes into the first.
        configured: there is an alembic.ini, or a `[tool.alembic]`.
        template: of a new file's name, without its ending.
        slug_length: of the words in it.
        recursive: folders inside of it count too.
        table: of the history, as env.py has it; `schema` is "" for where connections look first.
    """

    folders: tuple[Path, ...]
    configured: bool = False
    template: str = _TEMPLATE
    slug_length: int = 40
    recursive: bool = False
    table: str = "alembic_version"
    schema: str = ""


def settings_of(root: Path) -> Settings:
    """The project's settings, or Alembic's own where there is neither alembic.ini nor `[tool.alembic]`.

    Raises `InvalidInput` for what cannot be read.
    """
    written = {**_of_toml(root), **_of_ini(root)}  # the first wins where both say something, as with Alembic
    if not written:
        return Settings((root / "alembic" / "versions",))
    found = {name: value for name, value in written.items() if name in _READ}
    scripts = _place(root, str(found.get("script_location") or "alembic"))
    env = scripts / "env.py"
    table = _configured(env, "version_table", str(found.get("version_table", "")))
    return Settings(
        folders=_versions(root, scripts, found),
        configured=True,
        template=str(found.get("file_template") or _TEMPLATE),
        slug_length=int(found.get("truncate_slug_length") or 40),
        recursive=found.get("recursive_version_locations") in (True, "true"),
        table=table or "alembic_version",
        schema=_configured(env, "version_table_schema", str(found.get("version_table_schema", ""))),
    )


_READ = frozenset(
    {
        "script_location", "version_locations", "path_separator", "version_path_separator", "file_template",
        "truncate_slug_length", "recursive_version_locations", "version_table", "version_table_schema",
    }
)  # fmt: skip
_SEPARATORS = {"os": os.pathsep, "space": " ", "newline": "\n", ":": ":", ";": ";"}


def _of_ini(root: Path) -> dict[str, Any]:
    file = root / "alembic.ini"
    parser = configparser.ConfigParser({"here": root.absolute().as_posix()})
    try:
        parser.read(file, encoding="utf-8")
        if not parser.has_section("alembic"):
            return {}
        names = dict(parser.items("alembic", raw=True))
        return {name: parser.get("alembic", name) for name in names if name in _READ} or {"": ""}
    except (configparser.Error, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None


def _of_toml(root: Path) -> dict[str, Any]:
    file = root / "pyproject.toml"
    if not file.is_file():
        return {}
    here = {"here": root.absolute().as_posix()}
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("alembic", {})
        return {
            name: value % here
            if isinstance(value, str)
            else [str(one) % here for one in value]
            if isinstance(value, list) and name in _READ
            else value
            for name, value in found.items()
        }
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError, ValueError, KeyError) as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: Exception) -> InvalidInput:
    return InvalidInput(f"{file.name} cannot be read: {error}", where=file.name, code="alembic-ini")


def _place(root: Path, text: str) -> Path:
    """A folder; `package:folder` is inside of a package of the project's."""
    package, separator, inside = text.partition(":")
    if separator and not Path(text).is_absolute():
        parts = package.split(".")
        places = [root.joinpath(*parts, inside), root.joinpath("src", *parts, inside)]
        return next((one for one in places if one.is_dir()), places[0])
    return Path(os.path.normpath(root / text))


def _versions(root: Path, scripts: Path, found: Mapping[str, Any]) -> tuple[Path, ...]:
    given = found.get("version_locations") or ""
    if isinstance(given, str):
        way = found.get("path_separator") or found.get("version_path_separator") or ""
        parts = given.split(_SEPARATORS[way]) if way in _SEPARATORS else re.split(r",\s*|\s+", given.strip())
        given = [one.strip() for one in parts if one.strip()]
    return tuple(_place(root, one) for one in given) or (scripts / "versions",)


def _configured(env: Path, name: str, otherwise: str) -> str:
    """A text that env.py gives to `context.configure`; `otherwise` where it gives none or computes it."""
    try:
        tree = ast.parse(env.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, SyntaxError):
        return otherwise
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith("configure"):
            continue
        for keyword in call.keywords:
            if keyword.arg != name:
                continue
            value = keyword.value
            found = value.value if isinstance(value, ast.Constant) else None
            found = constants.get(value.id) if isinstance(value, ast.Name) else found
            if isinstance(found, str):
                return found
            if not otherwise and found is None and not isinstance(value, ast.Constant):
                raise InvalidInput(
                    f"env.py computes {name}, so that the history's table is not known here.",
                    where=env.name,
                    hint=f"Write it as a text, or also into alembic.ini: {name} = …",
                    code="alembic-env",
                )
    return otherwise
