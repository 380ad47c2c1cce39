"""Which package serves which database system: adding an engine is one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from dbdeed.document.values.types import System
from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from dbdeed.engines.seam import Engine

_PACKAGES = {
    System.POSTGRESQL: "dbdeed.engines.postgresql.engine",
    System.SQLITE: "dbdeed.engines.sqlite.engine",
}

_SCHEMES = {
    "postgresql": System.POSTGRESQL,
    "postgres": System.POSTGRESQL,
    "sqlite": System.SQLITE,
    "mysql": System.MYSQL,
    "mariadb": System.MARIADB,
    "mongodb": System.MONGODB,
    "mongodb+srv": System.MONGODB,
}


def engine_for(system: System) -> Engine:
    """The engine of a system. Raises `NotYet` for one that has none."""
    if system not in _PACKAGES:
        known = " and ".join(one.value for one in _PACKAGES)
        raise NotYet(
            f"{system.value} has no engine here yet.",
            hint=f"Its documents can be read, checked and kept in order; {known} databases can be changed.",
        )
    return cast("Engine", import_module(_PACKAGES[system]).ENGINE)


def system_of_url(url: str) -> System | None:
    """The system that a URL's scheme names, or None."""
    scheme, separator, _ = url.partition(":")
    return _SCHEMES.get(scheme.split("+")[0].lower() if separator else "")


def engine_named(name: str) -> Engine:
    """The engine of a package's name, as a plan's file has it. Raises `InvalidInput` for an unknown one."""
    for package in _PACKAGES.values():
        if package.split(".")[-2] == name:
            return cast("Engine", import_module(package).ENGINE)
    raise InvalidInput(f"There is no engine called {name!r}.", code="engine-unknown")
