"""The places where generated packages are tried: PostgreSQL 15 and 18, and SQLite.

A document is written, `dbdeed generate` is run on it as a person would, the schema is made in a new database of
the place, and the package is imported.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sqlite3
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from dbdeed.access import Database
from dbdeed.app.generate import generate_for
from dbdeed.app.project import open_project, read_architecture
from dbdeed.engines.registry import engine_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACES = ("postgresql-15", "postgresql-18", "sqlite")
_NUMBERS = itertools.count(1)


@dataclass
class Places:
    """Servers that are started when they are asked for, and closed with it."""

    stack: ExitStack
    servers: dict[int, str] = field(default_factory=dict)

    def server(self, major: int) -> str:
        if major not in self.servers:
            self.servers[major] = self._start(major)
        return self.servers[major]

    def _start(self, major: int) -> str:
        from dbdeed.engines.postgresql.servers import account, programs, room, server

        folder = self.stack.enter_context(room.room(f"patterns-{major}"))
        who = account.account()
        data = folder / "data"
        account.own(data, who)
        found = account.reachable(programs.find(major), who)
        server.initialise(found, data, who, superuser="postgres", options=["--no-sync", "--no-locale"])
        settings = {"fsync": "off"}
        running = self.stack.enter_context(server.throwaway(found, data, folder / "s", settings, who=who))
        return running.target("postgres", user="postgres").url

    @contextmanager
    def database(self, place: str, folder: Path) -> Iterator[str]:
        """The address of a new, empty database."""
        name = f"patterns_{next(_NUMBERS)}"
        if place == "sqlite":
            (folder / f"{name}.db").touch()
            yield f"sqlite:///{folder}/{name}.db"
            return
        server = self.server(int(place.rpartition("-")[2]))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        yield server.replace("/postgres?", f"/{name}?")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@dataclass(frozen=True)
class Built:
    """A document's generated package, and a database that is as the document says.

    Attributes:
        folder: of the package; `name` is what it is imported as.
    """

    place: str
    project: Path
    folder: Path
    name: str
    address: str

    @property
    def package(self) -> Any:
        return importlib.import_module(self.name)

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{self.name}.{name}")

    @property
    def dialect(self) -> str:
        return self.place.partition("-")[0]


def document(place: str, schema: str, *, patterns: str, rest: str = "", orm: str = "None") -> str:
    """A document for a place; `rest` stands under Query Strategy."""
    system, _, major = place.partition("-")
    named = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}[system]
    version = f"- **Version**: {major}\n" if major else ""
    return f"""# Shop

- **Status**: Active
- **Target State**: As-To-Be

## Overview

- **Database System**: {named}
{version}
## Schema Design

```sql
{schema.strip()}
```

## Data Access Layer

**Pattern**: {patterns}

### Repository Pattern
- **Repositories**: `src/NAME/`

## Query Strategy

- **ORM Usage**: {orm}

{rest.strip()}
"""


@contextmanager
def built(places: Places, place: str, text: str, folder: Path, sql: str = "") -> Iterator[Built]:
    """The package of a document, imported under a name of its own; `sql` runs behind the schema."""
    name = f"shop_{next(_NUMBERS)}"
    project = folder / name
    project.mkdir(parents=True)
    path = project / "DATABASE.md"
    path.write_text(text.replace("NAME", name))
    generate_for(path)
    with places.database(place, project) as address:
        make(path, address, sql)
        sys.path.insert(0, str(project / "src"))
        try:
            yield Built(place, project, project / "src" / name, name, address)
        finally:
            sys.path.remove(str(project / "src"))
            for module in [one for one in sys.modules if one.split(".")[0] == name]:
                del sys.modules[module]


class _UndoneError(Exception):
    """Rolls back what a test did."""


def tried(shop: Built, module: str, work: Callable[[Any, Any], Any]) -> None:
    """Do `work(module of the package, transaction)` with asyncio, and take back what it did."""

    async def inside() -> None:
        async with Database(shop.address) as database, database.transaction() as transaction:
            await work(shop.module(module), transaction)
            raise _UndoneError

    with suppress(_UndoneError):
        asyncio.run(inside())


def make(path: Path, address: str, sql: str) -> None:
    """The document's schema, and more, by the driver alone."""
    architecture = read_architecture(open_project(path))
    system = architecture.overview.system.value
    assert system is not None
    statements = [one.sql for one in engine_for(system).statements(architecture.schema.blocks)]
    if address.startswith("sqlite"):
        connection = sqlite3.connect(address.removeprefix("sqlite:///"))
        connection.executescript(";\n".join([*statements, sql]))
        connection.close()
        return
    with psycopg.connect(address, autocommit=True) as session:
        for one in (*statements, sql):
            session.execute(one.encode())
