"""What `alembic.ini` and `env.py` say of a project's migrations."""

from __future__ import annotations

import ast
import configparser
import os
from dataclasses import dataclass
from pathlib import Path

from dbdeed.errors import InvalidInput

_TEMPLATE = "%(rev)s_%(slug)s"


@dataclass(frozen=True, slots=True)
class Settings:
    """What Alembic goes by.

    Attributes:
        folder: of the migrations.
        file: alembic.ini; None where there is none.
        template: of a new file's name, without its ending.
        slug_length: of the words in it.
        recursive: folders inside of it count too.
        table: of the history, as env.py has it; `schema` is "" for where connections look first.
    """

    folder: Path
    file: Path | None = None
    template: str = _TEMPLATE
    slug_length: int = 40
    recursive: bool = False
    table: str = "alembic_version"
    schema: str = ""


def settings_of(root: Path) -> Settings:
    """The project's settings, or Alembic's own where there is no alembic.ini.

    Raises `InvalidInput` for what cannot be read, and for several folders.
    """
    file = root / "alembic.ini"
    if not file.is_file():
        return Settings(root / "alembic" / "versions")
    parser = configparser.ConfigParser({"here": root.absolute().as_posix()})
    try:
        parser.read(file, encoding="utf-8")
        given = dict(parser.items("alembic", raw=True)) if parser.has_section("alembic") else {}
        found = {name: parser.get("alembic", name) for name in given if name in _READ}
    except (configparser.Error, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"alembic.ini cannot be read: {error}", where=file.name, code="alembic-ini"
        ) from None
    scripts = _place(root, found.get("script_location") or "alembic")
    env = scripts / "env.py"
    table = _configured(env, "version_table", found.get("version_table", ""))
    return Settings(
        folder=_versions(root, scripts, found.get("version_locations", "").strip()),
        file=file,
        template=found.get("file_template") or _TEMPLATE,
        slug_length=int(found.get("truncate_slug_length") or 40),
        recursive=found.get("recursive_version_locations", "").strip().lower() == "true",
        table=table or "alembic_version",
        schema=_configured(env, "version_table_schema", found.get("version_table_schema", "")),
    )


_READ = frozenset(
    {
        "script_location", "version_locations", "file_template", "truncate_slug_length",
        "recursive_version_locations", "version_table", "version_table_schema",
    }
)  # fmt: skip


def _place(root: Path, text: str) -> Path:
    """A folder; `package:folder` is inside of a package of the project's."""
    package, separator, inside = text.partition(":")
    if separator and not Path(text).is_absolute():
        parts = package.split(".")
        places = [root.joinpath(*parts, inside), root.joinpath("src", *parts, inside)]
        return next((one for one in places if one.is_dir()), places[0])
    return Path(os.path.normpath(root / text))


def _versions(root: Path, scripts: Path, text: str) -> Path:
    if not text:
        return scripts / "versions"
    if any(mark in text for mark in ("\n", ";", ",", " ")) or os.pathsep in text.partition(":")[2]:
        raise InvalidInput(
            "This alembic.ini has several version_locations.",
            where="alembic.ini",
            hint="Only one folder of files is run here; put them into one, or run them with Alembic.",
            code="alembic-ini",
        )
    return _place(root, text)


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
