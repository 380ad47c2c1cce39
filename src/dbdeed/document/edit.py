"""Edits to a document: span replacements, each write proven.

The proof: what is outside the edits is byte-identical afterwards, and the result can be read again.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dbdeed.errors import InvalidInput, OurFault, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.document.source import Source, Span


class Edit(Struct, frozen=True):
    """Replace the bytes of `span` by `text`. An empty span inserts."""

    span: Span
    text: str


def apply_edits(source: Source, edits: Iterable[Edit]) -> bytes:
    """The document's bytes after the edits. Insertions at one place keep the order given.

    Raises:
        OurFault: edits overlap, lie outside the document or inside a character: whoever made them is wrong.
    """
    ordered = sorted(edits, key=lambda edit: (edit.span.start, edit.span.end))
    _require_disjoint(source, ordered)
    pieces: list[bytes] = []
    at = 0
    for edit in ordered:
        pieces += [source.data[at : edit.span.start], edit.text.encode()]
        at = edit.span.end
    result = b"".join([*pieces, source.data[at:]])
    _prove(source, ordered, result)
    return result


def _require_disjoint(source: Source, ordered: list[Edit]) -> None:
    before = 0
    for edit in ordered:
        start, end = edit.span.start, edit.span.end
        if not before <= start <= end <= len(source.data):
            raise OurFault(
                f"an edit of bytes {start} to {end} overlaps another or lies outside", where=source.name
            )
        if _inside_character(source.data, start) or _inside_character(source.data, end):
            raise OurFault(f"an edit of bytes {start} to {end} cuts a character", where=source.name)
        before = end


def _inside_character(data: bytes, offset: int) -> bool:
    """Whether an offset stands before a continuation byte of a character that is valid UTF-8."""
    if not (0 < offset < len(data) and data[offset] & 0xC0 == 0x80):
        return False
    start = offset
    while start > max(0, offset - 3) and data[start] & 0xC0 == 0x80:
        start -= 1
    try:
        return len(data[start : start + 4].decode("utf-8", "ignore")[:1].encode()) > offset - start
    except IndexError:
        return False


def _prove(source: Source, ordered: list[Edit], result: bytes) -> None:
    """Compare what is outside the edits, walking both from their ends, and read the result again."""
    from dbdeed.document.markdown import parse_blocks

    left, right = len(source.data), len(result)
    for edit in reversed(ordered):
        kept = left - edit.span.end
        if kept < 0 or source.data[edit.span.end : left] != result[right - kept : right]:
            raise OurFault("an edit changed bytes outside its span", where=source.name)
        left, right = edit.span.start, right - kept - len(edit.text.encode())
    if source.data[:left] != result[:right]:
        raise OurFault("an edit changed bytes outside its span", where=source.name)
    if not source.name.lower().endswith(".sql"):
        parse_blocks(result)


def write_document(path: str | os.PathLike[str], old: Source, edits: Iterable[Edit]) -> bool:
    """Apply edits to the file that `old` was read from: all of them, or none.

    The new text replaces the file in one step and keeps its permissions; a symbolic link stays one. Returns
    whether anything changed; without a change the file is not touched.

    Raises:
        InvalidInput: the file changed on disk since it was read.
        Unavailable: it cannot be written.
        OurFault: as `apply_edits`.
    """
    new = apply_edits(old, edits)
    target = Path(os.path.realpath(path))
    try:
        if target.read_bytes() != old.data:
            raise InvalidInput("the file changed on disk since it was read", where=os.fspath(path),
                               hint="run the command again", code="changed-on-disk")  # fmt: skip
        if new == old.data:
            return False
        replace_file(target, new)
    except OSError as error:
        raise Unavailable(f"cannot be written: {error.strerror or error}", where=os.fspath(path),
                          hint="nothing was changed", code="cannot-write") from error  # fmt: skip
    return True


def replace_file(target: Path, data: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one whole. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".new", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            _keep_owner_and_mode(target, file.fileno())
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep_owner_and_mode(target: Path, descriptor: int) -> None:
    status = target.stat()
    own = os.fstat(descriptor)
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, status.st_mode & 0o7777)
