"""Database System: `PostgreSQL`, `Postgres 15+`, `MariaDB`."""

from __future__ import annotations

import re

from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import phrase, scan
from dbdeed.document.values.types import System, Version
from dbdeed.document.values.version import VERSION, parse_version

ACCEPTED = tuple(System)
_SYSTEMS = (
    phrase(System.POSTGRESQL, r"postgre ?sql|postgres?|pgsql|pg"),
    phrase(System.MYSQL, r"my ?sql"),
    phrase(System.MARIADB, r"maria ?db"),
    phrase(System.SQLITE, r"sqlite ?3?"),
    phrase(System.MONGODB, r"mongo(?: ?db)?"),
)
_FILLER = rf"(?:version |v)?{VERSION}|[,;/+&|]|and|or|database|server|lts|dbms|rdbms|version"
_VERSION = re.compile(rf"(?<![\w.]){VERSION}", re.IGNORECASE)


def parse_system(text: str) -> System | Problem:
    """The one system that is named; a version beside it is allowed (`version_beside` reads it)."""
    said = scan(text, _SYSTEMS, filler=_FILLER, accepted=ACCEPTED)
    if isinstance(said, Problem):
        return said
    names = tuple(dict.fromkeys(name.meaning for name in said))
    if len(names) == 1:
        return names[0]
    return Problem(
        "a document describes one database system", ACCEPTED, ambiguous=tuple(name.value for name in names)
    )


def write_system(system: System) -> str:
    return system.value


def version_beside(text: str) -> Version | None:
    """The version that stands beside a system's name: `15+` of `Postgres 15+`."""
    match = _VERSION.search(text.replace("SQLite3", "SQLite").replace("sqlite3", "sqlite"))
    version = parse_version(match.group()) if match else None
    return version if isinstance(version, Version) else None
