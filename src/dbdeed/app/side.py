"""One side of a comparison: a document, SQL in files, or a database."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.database import is_database, named_target
from dbdeed.engines.registry import engine_for, system_of_url
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.document.architecture import Architecture, CodeBlock
    from dbdeed.document.source import Source
    from dbdeed.engines.seam import Engine, Target

_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Side:
    """What a person named.

    Attributes:
        name: as given, without secrets.
        engine: None for SQL in files, which does not say whose it is.
        database: of a live one.
        blocks: the SQL of a document or of files.
        version: what a document asks for.
        architecture: of a document.
    """

    name: str
    engine: Engine | None
    database: Target | None = None
    blocks: tuple[CodeBlock, ...] = ()
    version: tuple[int, ...] = ()
    architecture: Architecture | None = None


def side_of(text: str, environment: Mapping[str, str]) -> Side:
    """What an argument of `diff` means. Raises `InvalidInput` where it means nothing."""
    if is_database(text):
        target = named_target(text, environment)
        system = system_of_url(target.url)
        assert system is not None  # named_target refuses unknown schemes
        return Side(target.label, engine_for(system), database=target)
    from dbdeed.app.site import engine_of
    from dbdeed.document.load import load, load_source

    path = Path(text)
    if path.is_dir():
        return Side(text, None, blocks=_folder(path))
    if path.suffix.lower() == ".sql":
        return Side(text, None, blocks=(_file_block(load_source(path)),))
    architecture = load(path)
    version = architecture.overview.version.value
    return Side(
        text,
        engine_of(architecture),
        blocks=architecture.schema.blocks,
        version=version.parts if version is not None and version.exact else (),
        architecture=architecture,
    )


def _folder(folder: Path) -> tuple[CodeBlock, ...]:
    from dbdeed.document.load import load_source

    files = sorted(path for path in folder.rglob("*.sql") if path.is_file())
    if not files:
        raise InvalidInput("There is no .sql file in this folder.", where=str(folder), code="no-sql")
    return tuple(_file_block(load_source(path)) for path in files)


def _file_block(source: Source) -> CodeBlock:
    """A file of SQL as one code block, its lines ended by LF as in a document."""
    from dbdeed.document.architecture import CodeBlock, whole

    place = whole(source)
    text, offsets = _lines(source.data)
    return CodeBlock(text, "sql", place, offsets, heading="")


def _lines(data: bytes) -> tuple[str, tuple[int, ...]]:
    """The text with its lines ended by LF, and the byte at which each line begins."""
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    ends = [match.span() for match in _LINE_END.finditer(data, start)]
    begins = [start, *(end for _, end in ends)]
    stops = [*(begin for begin, _ in ends), len(data)]
    lines = [data[begin:stop].decode("utf-8", "replace") for begin, stop in zip(begins, stops, strict=True)]
    return "\n".join(lines), tuple(begins)


def common_engine(sides: Sequence[Side]) -> Engine:
    """The engine of both sides. Raises `InvalidInput` where they differ or none is named."""
    engines = {side.engine.name: side.engine for side in sides if side.engine is not None}
    if len(engines) > 1:
        raise InvalidInput(
            f"{sides[0].name} and {sides[1].name} are of different systems "
            f"({' and '.join(sorted(engines))}).",
            hint="Only databases of one system can be compared.",
            code="other-system",
        )
    if not engines:
        raise InvalidInput(
            "Files of SQL do not say which database system they are for.",
            hint="Compare them with a document or a database, or name the system: --system PostgreSQL.",
            code="system-unknown",
        )
    return next(iter(engines.values()))
