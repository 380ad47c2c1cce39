"""What the engine says of the document's SQL: its catalog, its picture, its complaints.

The SQL is run in a scratch database and read back. What came out is kept under `.dbdeed/cache/facts`, by the
content of the SQL, the engine and the program's version, one file for each major version of the engine:
`check` then knows it without a server, a driver or the scratch.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from dbdeed import __version__
from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.document.source import Place, Span
from dbdeed.engines.faults import SqlRejected
from dbdeed.engines.registry import engine_for
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.models.model import DataModel  # noqa: TC001 - msgspec reads it
from dbdeed.models.query import QueryShape  # noqa: TC001 - msgspec reads it
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture, CodeBlock, DeclaredQuery
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Engine, Scratch, Session, Statement
    from dbdeed.progress import Progress


class _Mark(msgspec.Struct, frozen=True):
    """A place as (block, start, end), the bytes counted from the block's start: it moves with the block."""

    block: int
    start: int
    end: int


class _KeptEdit(msgspec.Struct, frozen=True):
    place: _Mark
    text: str


class _KeptFinding(msgspec.Struct, frozen=True):
    code: str
    severity: Severity
    message: str
    hint: str
    place: _Mark | None
    fix: tuple[_KeptEdit, ...]


class _Kept(msgspec.Struct, frozen=True):
    """A file of the cache. `catalog` is in the engine's own encoding; None where the SQL was rejected."""

    version: tuple[int, ...]
    catalog: bytes | None
    model: DataModel | None
    findings: tuple[_KeptFinding, ...]
    queries: tuple[QueryShape, ...] = ()
    query_findings: tuple[_KeptFinding, ...] = ()


@dataclass(frozen=True)
class EngineFacts:
    """What the engine made of the SQL.

    Attributes:
        engine: the engine.
        version: of the scratch that read it.
        model: the engine-neutral picture; None where the SQL was rejected.
        findings: traps that the engine accepts silently, and, as an error, what it rejected.
        queries: the declared queries that it understood.
        query_findings: as errors, those that it rejected.
    """

    engine: Engine
    version: tuple[int, ...]
    model: DataModel | None
    findings: tuple[Finding, ...]
    encoded: bytes | None
    queries: tuple[QueryShape, ...] = ()
    query_findings: tuple[Finding, ...] = ()

    @cached_property
    def catalog(self) -> Catalog | None:
        """What the SQL makes; None where it was rejected. Decoded when first asked for."""
        return None if self.encoded is None else self.engine.decode(self.encoded)


def engine_facts(
    project: Project,
    architecture: Architecture,
    *,
    start: bool,
    progress: Progress = SILENT,
    version: tuple[int, ...] = (),
    scratch: Scratch | None = None,
) -> EngineFacts | None:
    """What the engine says of a document's SQL.

    Args:
        project: where the cache is.
        architecture: the document.
        start: start a scratch where the cache does not know; else None is returned then.
        progress: where steps are announced.
        version: of the live server whose words are wanted; () for what the document's Version asks for.
        scratch: one that is open already, of that version.

    Raises:
        NotYet: the document's system has no engine.
        Unavailable: no scratch can be started.
    """
    system = architecture.overview.system.value
    if system is None:
        return None
    engine = engine_for(system)
    names = model_names(architecture)
    blocks, samples = architecture.schema.blocks, architecture.schema.samples
    queries = architecture.queries.queries
    every = (*blocks, *samples, *(one.block for one in queries if one.block is not None))
    wanted = version or wanted_version(architecture)
    folder = project.cache / "facts"
    key = _key(engine, blocks, samples, names, queries)
    kept = _find(folder, key, wanted)
    # What was rejected once is tried again where we may: an extension may have been installed meanwhile.
    if kept is None or (start and kept.catalog is None):
        if not start:
            return None
        project.prepare()
        if scratch is None:
            needs = ScratchNeeds(cache=project.cache, version=wanted)
            with engine.scratch(needs, progress) as opened:
                kept = _learn(engine, opened, architecture, names, progress)
        else:
            kept = _learn(engine, scratch, architecture, names, progress)
        _keep(folder, key, kept)
    findings = tuple(_revive(one, every) for one in kept.findings)
    refused = tuple(_revive(one, every) for one in kept.query_findings)
    return EngineFacts(
        engine, kept.version, kept.model, findings, kept.catalog, _placed(kept.queries, queries), refused
    )


def wanted_version(architecture: Architecture) -> tuple[int, ...]:
    """The engine's version that the document names; () where any will do."""
    version = architecture.overview.version.value
    return version.parts if version is not None and version.exact else ()


def model_names(architecture: Architecture) -> dict[str, str]:
    """The document's own model names, by table."""
    from dbdeed.models.naming import table_name

    return {model.table or table_name(model.name): model.name for model in architecture.models}


def load_catalog(
    engine: Engine,
    scratch: Scratch,
    statements: Sequence[Statement],
    progress: Progress,
    samples: Sequence[Statement] = (),
) -> tuple[Catalog, list[Finding]]:
    """What statements make in an empty scratch database, which must take the sample rows.

    Raises `SqlRejected` for the statements; sample rows that do not fit are error findings.
    """
    with progress.step("Reading the SQL in a scratch database"), scratch.database() as session:
        findings = engine.load(session, statements)
        catalog = engine.inspect(session)
        return catalog, [*findings, *_refused_samples(engine, session, samples)]


def _refused_samples(engine: Engine, session: Session, samples: Sequence[Statement]) -> Iterator[Finding]:
    from dbdeed.planning.samples import plain_insert

    for one in samples:
        if not plain_insert(one.sql):
            message = "Sample rows are INSERT statements that spell out their values."
            hint = "Write what makes the schema under another heading."
            yield rejection(SqlRejected(message, hint=hint, statement=one))
            return
    if samples:
        try:
            engine.load(session, samples)
        except SqlRejected as error:
            yield rejection(error)


def _learn(
    engine: Engine,
    scratch: Scratch,
    architecture: Architecture,
    names: Mapping[str, str],
    progress: Progress,
) -> _Kept:
    blocks, samples = architecture.schema.blocks, architecture.schema.samples
    queries = architecture.queries.queries
    every = (*blocks, *samples, *(one.block for one in queries if one.block is not None))
    try:
        with progress.step("Reading the SQL in a scratch database"), scratch.database() as session:
            findings = engine.load(session, engine.statements(blocks))
            catalog = engine.inspect(session)
            findings += _refused_samples(engine, session, engine.statements(samples))
            model = engine.describe(catalog, names)
            shapes, refused = _queries(engine, session, catalog, model, queries)
    except SqlRejected as error:
        kept = _freeze(rejection(error), blocks)
        return _Kept(scratch.version, None, None, (kept,))
    return _Kept(
        scratch.version,
        engine.encode(catalog),
        model,
        tuple(_freeze(one, every) for one in findings),
        shapes,
        tuple(_freeze(one, every) for one in refused),
    )


def _placed(shapes: Sequence[QueryShape], queries: Sequence[DeclaredQuery]) -> tuple[QueryShape, ...]:
    """The shapes with where the document has their queries now."""
    places = {one.name: str(one.place) for one in queries}
    return tuple(replace(one, where=places[one.name]) for one in shapes)


def _queries(
    engine: Engine, session: Session, catalog: Catalog, model: DataModel, queries: Sequence[DeclaredQuery]
) -> tuple[tuple[QueryShape, ...], list[Finding]]:
    """The declared queries as the engine describes them, and its complaints."""
    shapes: list[QueryShape] = []
    refused: list[Finding] = []
    for query in queries:
        try:
            shape = engine.describe_query(session, catalog, model, query)
        except SqlRejected as error:
            refused.append(rejection(error))
        else:
            shapes += [shape] if shape is not None else []
    return tuple(shapes), refused


def rejection(error: SqlRejected) -> Finding:
    """A rejected statement as an error finding at its place in the document."""
    place = None
    statement = error.statement
    if statement is not None and statement.block is not None:
        block = statement.block
        start = block.source_offset(statement.offset + max(error.offset, 0))
        end = block.source_offset(statement.offset + len(statement.sql))
        place = Place(block.place.source, Span(start, max(start, end)))
    return Finding(error.code, Severity.ERROR, error.message, place, error.hint)


def _key(
    engine: Engine,
    blocks: Sequence[CodeBlock],
    samples: Sequence[CodeBlock],
    names: Mapping[str, str],
    queries: Sequence[DeclaredQuery],
) -> str:
    digest = hashlib.sha256()
    parts: list[bytes] = [__version__.encode(), engine.name.encode(), repr(sorted(names.items())).encode()]
    parts.append(str(len(blocks)).encode())
    for block in (*blocks, *samples):
        span = block.place.span
        parts += [block.language.encode(), block.place.source.data[span.start : span.end]]
    for query in queries:
        said = (query.name, query.description, query.returns, query.optional)
        parts += [repr(said).encode(), query.block.text.encode() if query.block is not None else b""]
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _find(folder: Path, key: str, wanted: tuple[int, ...]) -> _Kept | None:
    """The kept facts of the wanted major version, or, where any will do, of the newest."""
    if wanted:
        return _read(folder / f"{key}-{wanted[0]}")
    found = [kept for path in folder.glob(f"{key}-*") if (kept := _read(path)) is not None]
    return max(found, key=lambda kept: kept.version, default=None)


def _read(path: Path) -> _Kept | None:
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
    return None


def _keep(folder: Path, key: str, kept: _Kept) -> None:
    from dbdeed.planning.cache import write_atomically

    write_atomically(folder / f"{key}-{kept.version[0]}", msgspec.msgpack.encode(kept))


def _freeze(finding: Finding, blocks: Sequence[CodeBlock]) -> _KeptFinding:
    fixes = []
    for edit in finding.fix:
        mark = _mark(finding.place.source, edit.span, blocks) if finding.place is not None else None
        if mark is not None:
            fixes.append(_KeptEdit(mark, edit.text))
    place = _mark(finding.place.source, finding.place.span, blocks) if finding.place is not None else None
    return _KeptFinding(finding.code, finding.severity, finding.message, finding.hint, place, tuple(fixes))


def _mark(source: object, span: Span, blocks: Sequence[CodeBlock]) -> _Mark | None:
    for number, block in enumerate(blocks):
        own = block.place
        if own.source is source and own.span.start <= span.start <= span.end <= own.span.end:
            return _Mark(number, span.start - own.span.start, span.end - own.span.start)
    return None


def _revive(kept: _KeptFinding, blocks: Sequence[CodeBlock]) -> Finding:
    place = None
    if kept.place is not None:
        place = Place(blocks[kept.place.block].place.source, _span(kept.place, blocks))
    fix = tuple(Edit(_span(one.place, blocks), one.text) for one in kept.fix)
    return Finding(kept.code, kept.severity, kept.message, place, kept.hint, fix)


def _span(mark: _Mark, blocks: Sequence[CodeBlock]) -> Span:
    start = blocks[mark.block].place.span.start
    return Span(start + mark.start, start + mark.end)
