"""Which database: a flag, then the environment, then the project's own embedded one (CONTRACTS.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dbdeed.engines.registry import system_of_url
from dbdeed.engines.seam import Target
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.document.architecture import Architecture
    from dbdeed.document.values.types import System

DEFAULT_VARIABLE = "DATABASE_URL"
_SECRET_OPTIONS = frozenset({"password", "sslpassword", "passwd", "pwd"})
_SQLITE_MAGIC = b"SQLite format 3\0"
_SQLITE_SUFFIXES = (".db", ".sqlite", ".sqlite3", ".db3")


def variable_of(architecture: Architecture | None) -> str:
    """The environment variable that holds the document's connection string."""
    setting = architecture.access.connection_string.value if architecture is not None else None
    return setting.name if setting is not None else DEFAULT_VARIABLE


def chosen_target(
    flag: str, environment: Mapping[str, str], architecture: Architecture | None = None
) -> Target | None:
    """The database that the flag or else the environment names; None means the embedded one.

    Args:
        flag: what `--database` says, or "".
        environment: of the process.
        architecture: the document, which may name the variable and says which system is meant.

    Raises:
        InvalidInput: a password on the command line, a variable that is not set, a URL of another system.
    """
    variable = variable_of(architecture)
    if flag:
        target = named_target(flag, environment)
    elif environment.get(variable):
        target = _from_variable(variable, environment)
    else:
        return None
    if architecture is not None:
        _require_system(target, architecture.overview.system.value)
    return target


def named_target(text: str, environment: Mapping[str, str]) -> Target:
    """The database that a URL, `env:NAME` or the path of a SQLite file on a command line means.

    Raises `InvalidInput`; a URL that holds a password is refused, since other users can see it there.
    """
    if text.startswith("env:"):
        return _from_variable(text.removeprefix("env:"), environment)
    if holds_password(text):
        raise InvalidInput(
            "The database URL holds a password, which others can read in the list of processes.",
            hint="Put the URL into an environment variable and give --database env:NAME.",
            code="password-on-command-line",
        )
    if is_sqlite_file(text):
        return Target(f"sqlite:///{Path(text).absolute()}", text)
    return _target(text, "")


def is_database(text: str) -> bool:
    """Whether an argument names a database and not a document or a file of SQL."""
    return text.startswith("env:") or "://" in text or is_sqlite_file(text)


def is_sqlite_file(text: str) -> bool:
    """Whether it is the path of an existing SQLite database; one that nothing was written to yet is empty."""
    try:
        if not Path(text).is_file():  # opening a pipe would wait for somebody to write into it
            return False
        with Path(text).open("rb") as file:
            start = file.read(len(_SQLITE_MAGIC))
        return start == _SQLITE_MAGIC or (not start and Path(text).suffix in _SQLITE_SUFFIXES)
    except (OSError, ValueError):
        return False


def holds_password(url: str) -> bool:
    """Whether a URL holds a password, in front of the host or among its options."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "@" in url
    options = {name.lower() for name, value in parse_qsl(parts.query) if value}
    told = bool(parts.password) or bool(options & _SECRET_OPTIONS) or "password=" in parts.netloc
    return told or _cut_short(parts)


def _cut_short(parts: SplitResult) -> bool:
    """Whether a / ? or # in the password ends the host early: then no part of the URL is what it seems."""
    return (
        ":" in parts.netloc and "@" not in parts.netloc and "@" in parts.path + parts.query + parts.fragment
    )


def scratch_place(text: str, environment: Mapping[str, str]) -> str:
    """What `--scratch` says, ready for an engine: "", "live", or a URL, which may come from `env:NAME`.

    Raises `InvalidInput` as `named_target` does.
    """
    return text if text in ("", "live") else named_target(text, environment).url


def label_of(url: str) -> str:
    """A URL for people: which database where, without user, password and options."""
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme.startswith("sqlite"):
        return unquote(parts.path).removeprefix("/") or url
    if not parts.netloc:
        return name or url.split("?", maxsplit=1)[0]
    host = parts.netloc.rpartition("@")[2]
    return f"{name} on {host}" if name else host


def _from_variable(name: str, environment: Mapping[str, str]) -> Target:
    url = environment.get(name, "")
    if not url:
        raise InvalidInput(
            f"The environment variable {name} is not set.",
            hint="Set it to the database's URL, such as postgresql://user@host/name.",
            code="variable-unset",
        )
    return _target(url, f"env:{name}")


def _target(url: str, source: str) -> Target:
    try:
        system = system_of_url(url) if "://" in url else None
        readable = not _cut_short(urlsplit(url))
        label = label_of(url) if system is not None else ""
    except ValueError:
        system = None
    if system is not None and not readable:
        raise InvalidInput(
            f"The URL {f'in {source}' if source else 'given'} cannot be read: its password holds a / ? or #.",
            hint="Write %2F for /, %3F for ?, %23 for #, %40 for @ and %25 for % in user and password.",
            code="database-url",
        )
    if system is None:
        raise InvalidInput(
            f"{source or 'The database given'} is no URL of a database system known here.",
            hint="Known forms: postgresql://user@host:port/name, sqlite:///path/to/file.db, env:NAME.",
            code="database-url",
        )
    return Target(url, f"{source} ({label})" if source else label)


def _require_system(target: Target, system: System | None) -> None:
    from dbdeed.engines.registry import engine_for

    if system is None:
        return
    found = system_of_url(target.url)
    if found is not None and found not in engine_for(system).systems:
        raise InvalidInput(
            f"The document describes {system.value}, and {target.label} is {found.value}.",
            hint="Name a database of the document's system, or correct Database System.",
            code="other-system",
        )
