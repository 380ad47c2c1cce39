"""Files of migrations as the engine's lexer takes them, with the way back to line and column."""

from __future__ import annotations

import codecs
import hashlib
import re
from typing import TYPE_CHECKING

from dbdeed.document.architecture import CodeBlock, whole
from dbdeed.document.load import load_source

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.document.source import Source
    from dbdeed.engines.seam import Statement

_LINE_END = re.compile(rb"\r\n|\r|\n")


def shown_path(root: Path, path: Path) -> str:
    """What people are told a file is called: from the project folder on, where it is in there."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def block_of(path: Path, shown: str = "") -> CodeBlock:
    """A file of SQL as one code block, its lines ended by LF.

    Args:
        path: of the file.
        shown: what people are told it is called; "" for the path itself.

    Raises:
        InvalidInput: it cannot be read, or is not UTF-8.
    """
    source = load_source(path)
    return block_in(source if not shown else type(source)(shown, source.data))


def block_in(source: Source) -> CodeBlock:
    """The same of bytes that were read already."""
    start = len(codecs.BOM_UTF8) if source.data.startswith(codecs.BOM_UTF8) else 0
    ends = [match.span() for match in _LINE_END.finditer(source.data, start)]
    begins = [start, *(end for _, end in ends)]
    stops = [*(begin for begin, _ in ends), len(source.data)]
    lines = [
        source.data[begin:stop].decode("utf-8", "replace") for begin, stop in zip(begins, stops, strict=True)
    ]
    return CodeBlock("\n".join(lines), "sql", whole(source), tuple(begins), heading="")


def checksum_of(data: bytes) -> str:
    """SHA-256 in hexadecimal, with lines ended by LF: what git does to line ends changes nothing."""
    return hashlib.sha256(_LINE_END.sub(b"\n", data)).hexdigest()


def place_in(statement: Statement, offset: int = 0) -> str:
    """`file:line:column` of a character of a statement, or "" for one that no file has."""
    if statement.block is None:
        return ""
    position = statement.block.position(statement.offset + offset)
    return f"{statement.block.place.source.name}:{position.line}:{position.column}"


def line_in(block: CodeBlock, offset: int) -> str:
    """`file:line` of a character of a block."""
    return f"{block.place.source.name}:{block.position(offset).line}"
