"""Folders, and where backups go: `src/repositories/`, `` `BACKUP_STORE` ``."""

from __future__ import annotations

import re

from dbdeed.document.values.environment import parse_env_name, write_env_name
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.types import Destination

REPOSITORIES_FORMS = ("`src/repositories/`",)
DESTINATION_FORMS = (
    "`backups/`",
    "`/var/backups/shop/`",
    "`BACKUP_STORE`",
    "environment variable `BACKUP_STORE`",
)
_FOLDER_WORDS = re.compile(r"(?:(?:the|a|local|in|under|folder|directory|path)\s+)+", re.IGNORECASE)
_ILLEGAL = re.compile(r"[^\w./+~@-]")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://", re.IGNORECASE)
_OBJECT_STORES = re.compile(
    r"(?:amazon |aws |google |azure |minio )?(?:s3|gcs|blob storage|cloud storage|object stor(?:e|age))",
    re.IGNORECASE,
)


def parse_repositories(text: str) -> str | Problem:
    """A folder inside the project, with a slash at its end."""
    folder = _folder(text, REPOSITORIES_FORMS)
    if isinstance(folder, str) and folder.startswith("/"):
        return Problem("the folder must lie inside the project", REPOSITORIES_FORMS)
    return folder


def write_repositories(folder: str) -> str:
    return f"`{folder}`"


def parse_destination(text: str) -> Destination | Problem:
    """A folder, inside the project or absolute, or the environment variable that names an object store."""
    stripped = text.strip()
    if address := _ADDRESS.search(stripped):
        return Problem(
            "an object store is named by an environment variable, so that no address or key stands here",
            DESTINATION_FORMS, offset=text.index(address.group()),
        )  # fmt: skip
    if _OBJECT_STORES.fullmatch(stripped.strip("`*.")):
        return Problem("this does not say which store", DESTINATION_FORMS)
    if "/" in _FOLDER_WORDS.sub("", stripped) or _FOLDER_WORDS.match(stripped):
        folder = _folder(stripped, DESTINATION_FORMS)
        return folder if isinstance(folder, Problem) else Destination(folder=folder)
    name = parse_env_name(stripped)
    if isinstance(name, Problem):
        return Problem(
            "this names neither a folder nor an environment variable", DESTINATION_FORMS, name.ambiguous
        )
    return Destination(env=name)


def write_destination(destination: Destination) -> str:
    return write_env_name(destination.env) if destination.env else f"`{destination.folder}`"


def _folder(text: str, accepted: tuple[str, ...]) -> str | Problem:
    path = _FOLDER_WORDS.sub("", text.strip(), count=1).strip().strip("`*'\"").strip()
    if not path or path == "/":
        return Problem("no folder is given", accepted)
    if illegal := _ILLEGAL.search(path):
        return Problem(
            f"a folder's name here has letters, digits and . _ - +, not {illegal.group()!r}",
            accepted, offset=max(text.find(illegal.group()), 0),
        )  # fmt: skip
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or parts[0].startswith("~"):
        return Problem("the folder must lie inside the project, or be absolute", accepted)
    return ("/" if path.startswith("/") else "") + "/".join(parts) + "/"
