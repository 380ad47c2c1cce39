"""`dbdeed adopt`: a whole document from a live database, such that nothing differs between the two.

The database leads until a person turns it: Target State is As-Is, Status is Draft. What no database can tell
(why, how often, for how long) stays a placeholder of the template, which `check` lists.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.app.database import named_target, scratch_place
from dbdeed.app.following import Edits, follow_sql
from dbdeed.app.project import open_project
from dbdeed.app.schema_text import proven_sections
from dbdeed.app.scratch import ScratchOnDemand
from dbdeed.document.edit import Edit, apply_edits
from dbdeed.document.read import read
from dbdeed.document.rewrite_keys import set_value_edit
from dbdeed.document.rewrite_text import code_span, one_line
from dbdeed.document.source import Source
from dbdeed.document.template import template
from dbdeed.document.values.types import System
from dbdeed.engines.registry import engine_for, system_of_url
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.errors import DbdeedError, InvalidInput, Refused
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from dbdeed.app.schema_text import Section
    from dbdeed.document.architecture import Architecture
    from dbdeed.document.values.types import Tool
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Target
    from dbdeed.progress import Progress

_IN_PROCESS = {System.SQLITE}
"""Systems that live inside the program: their Hosting is known."""


_NOT_DESCRIBED = "The database holds these too; dbdeed neither compares nor changes them."


@dataclass(frozen=True, slots=True)
class AdoptResult:
    """The new document.

    Attributes:
        path: where it stands.
        tables: how many it describes.
        unmodelled: what the database holds besides, "kind name" each: named in the document, and no more.
        invalid: indexes that a failed build left, described as whole.
        unfilled: how many placeholders a person still has to fill in.
    """

    path: Path
    tables: int
    unmodelled: tuple[str, ...]
    invalid: tuple[str, ...]
    unfilled: int


def adopt(
    database: str,
    output: Path,
    *,
    today: date,
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> AdoptResult:
    """Write a document that describes a live database; nothing is written there.

    Args:
        database: its URL, `env:NAME` or the path of a SQLite file.
        output: the new document; never overwritten.
        today: what Last Updated says.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.

    Raises:
        InvalidInput: a file is there already, or the database is not named well.
        Unavailable: the database or a scratch cannot be reached.
        Refused: the schema holds a password, or needs what no catalog type covers.
    """
    _require_free(output)
    environment = os.environ if environment is None else environment
    target = named_target(database, environment)
    system = system_of_url(target.url)
    assert system is not None  # named_target refuses unknown schemes
    engine = engine_for(system)
    tool, left_out = _tool(engine, target, output.absolute().parent)
    catalog = _read(engine, replace(target, left_out=left_out), progress)
    head = _head(system, catalog, database, today, tool)

    def document(sections: Sequence[Section]) -> Architecture:
        return read(Source(str(output), _text(head, sections, catalog)))

    _make_folder(output)
    project = open_project(output)
    project.prepare()
    needs = ScratchNeeds(project.cache, catalog.version, scratch_place(scratch, environment), target)
    with ScratchOnDemand(engine, needs, progress) as opened:
        sections = proven_sections(
            engine, opened, catalog, lambda found: document(found).schema.blocks, progress
        )
    finished = _with_models(document(sections), engine, catalog)
    _require_no_secret(finished)
    _create(output, finished.source.data)
    return AdoptResult(
        output,
        sum(one.id.kind in ("table", "virtual_table") for one in catalog.objects.values()),
        tuple(f"{one.kind} {one.name}" for one in catalog.unmodelled),
        tuple(
            str(one)
            for one, there in engine.rebuildable(catalog).objects.items()
            if there != catalog.objects[one]
        ),
        len(finished.placeholders),
    )


def _require_free(output: Path) -> None:
    if output.exists() or output.is_symlink():
        raise InvalidInput(
            "There is a file already, and a document is never overwritten.",
            hint="Give another path with --output; `dbdeed sync` brings a document up to date.",
            where=str(output),
        )


def _tool(engine: Engine, target: Target, root: Path) -> tuple[Tool | None, frozenset[str]]:
    """The migration tool whose history the database has, and the tables in which it keeps it."""
    from dbdeed.migrations.registry import formats

    session = engine.connect(target)
    try:
        for one in formats():
            with suppress(DbdeedError):  # its configuration here may be none that can be read
                history = one.history(engine, one.layout(root))
                if history.tables and history.exists(session):
                    return one.tool, history.tables
    finally:
        session.close()
    return None, frozenset()


def _read(engine: Engine, target: Target, progress: Progress) -> Catalog:
    with progress.step(f"Reading {target.label}"):
        session = engine.connect(target)
        try:
            return engine.inspect(session)
        finally:
            session.close()


def _head(system: System, catalog: Catalog, database: str, today: date, tool: Tool | None = None) -> bytes:
    """The template with what is known filled in."""
    source = Source("template.md", template())
    architecture = read(source)
    values = {
        "Last Updated": today.isoformat(),
        "Status": "Draft",
        "Target State": "As-Is",
        "Database System": system.value,
        "Version": _version(system, catalog.version),
    }
    if system in _IN_PROCESS:
        values["Hosting"] = "Embedded"
    if tool is not None:
        values["Tool"] = tool.value
    if database.startswith("env:"):
        values["Connection String"] = f"`{database.removeprefix('env:')}`"
    edits = [set_value_edit(architecture, key, value) for key, value in values.items()]
    return apply_edits(source, [edit for edit in edits if edit is not None])


def _version(system: System, version: tuple[int, ...]) -> str:
    """A server's own major; of a library whoever opens the file has another, so the least that it may be."""
    if system in _IN_PROCESS:
        return f">={'.'.join(map(str, version[:2]))}"
    return str(version[0])


def _text(head: bytes, sections: Sequence[Section], catalog: Catalog) -> bytes:
    """The document with its SQL; the template's example model and table make way."""
    text = head.decode()
    before, _, rest = text.partition("[This section should contain ERDs")
    _, _, schema = rest.partition("## Schema Design")
    _, _, after = schema.partition("## Data Access Layer")
    parts = [one.text for one in sections]
    if catalog.unmodelled:
        names = "".join(f"- {code_span(one_line(f'{one.kind} {one.name}'))}\n" for one in catalog.unmodelled)
        parts.append(f"### Not described\n\n{_NOT_DESCRIBED}\n\n{names}")
    body = "\n".join(parts) + "\n" if parts else ""
    return f"{before}## Schema Design\n\n{body}## Data Access Layer{after}".encode()


def _with_models(architecture: Architecture, engine: Engine, catalog: Catalog) -> Architecture:
    edits = Edits()
    follow_sql(architecture, engine.describe(catalog), edits, overwrite=False)
    own: list[Edit] = [edit for _, found in edits.by_source.values() for edit in found]
    return read(Source(architecture.source.name, apply_edits(architecture.source, own)))


def _require_no_secret(architecture: Architecture) -> None:
    from datetime import date

    from dbdeed.rules import secret_in_document
    from dbdeed.rules.facts import Facts

    found = next(iter(secret_in_document.check(Facts(architecture=architecture, today=date.min))), None)
    if found is None or found.place is None:
        return
    at = found.place.span.start
    heading = next(
        (one.heading for one in reversed(architecture.schema.blocks) if one.place.span.start <= at), ""
    )
    raise Refused(
        f"The schema holds what looks like a password{f' (under “{heading}”)' if heading else ''}, and a "
        "document never holds one.",
        hint="Take it out of the database's own definitions (a function's body, a comment) first.",
        code="secret-in-database",
    )


def _make_folder(output: Path) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"The folder cannot be made: {error.strerror}.", where=str(output)) from error


def _create(output: Path, data: bytes) -> None:
    try:
        with output.open("xb") as file:
            file.write(data)
    except FileExistsError:
        _require_free(output)
    except OSError as error:
        raise InvalidInput(f"The file cannot be written: {error.strerror}.", where=str(output)) from error
