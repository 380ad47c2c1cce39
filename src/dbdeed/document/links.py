"""Links that include files: a Markdown link to a `.sql` or `.md` file under a known section."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from dbdeed.document import keys
from dbdeed.document.blocks import Paragraph, Table, walk
from dbdeed.document.generated import generated_blocks
from dbdeed.document.inline import links
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.outline import Part, cut, prune, splice
from dbdeed.document.source import Place, Source, Span
from dbdeed.document.values.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dbdeed.document.blocks import Block

OpenLink: TypeAlias = "Callable[[str], Source | Problem | None]"
"""Opens a file by its path relative to the document's folder, with `/` between names.

None where there is no such file; a Problem where it may not or cannot be read.
"""

_FILE = re.compile(rb"\.(?:sql|md)", re.IGNORECASE)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ACCEPTED = ("a link to a .sql or .md file inside the project folder",)


@dataclass(slots=True)
class Inclusion:
    """What following the links gathers: parsed sources in order, and problems at the links."""

    open_link: OpenLink
    sources: list[tuple[Source, tuple[Block, ...]]] = field(default_factory=list)
    problems: list[tuple[Place, Problem]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


def include(parts: Sequence[Part], inclusion: Inclusion, trail: tuple[str, ...]) -> list[Part]:
    """The parts with those of linked files after each part that links to them.

    Args:
        parts: one file's parts, with their sections.
        inclusion: opens the files, and gathers what is found.
        trail: the paths from the document to this file, the document's own name first.
    """
    result: list[Part] = []
    for part in parts:
        result.append(part)
        if part.section in {"", keys.HEADER} or part.sql:
            continue
        for place, target in _targets(part):
            result.extend(_linked(part, place, target, inclusion, trail))
    return result


def _targets(part: Part) -> Iterator[tuple[Place, str]]:
    data = part.source.data
    for block in walk(part.blocks):
        if not _FILE.search(data, block.span.start, block.span.end):
            continue
        if isinstance(block, Paragraph):
            spans: Sequence[Span] = (block.span,)
        elif isinstance(block, Table):
            spans = [cell for row in (block.header, *block.rows) for cell in row]
        else:
            continue
        for span in spans:
            for link in links(data, span.start, span.end):
                if not link.image and _includes(link.target):
                    yield Place(part.source, link.span), _unquoted(link.target)


def _unquoted(target: str) -> str:
    """`my%20schema.sql` is "my schema.sql"."""
    raw = _PERCENT.sub(lambda match: bytes([int(match[1], 16)]), target.encode())
    return raw.decode("utf-8", "replace")


def _includes(target: str) -> bool:
    """A relative link to a whole file: a fragment points into a text, a scheme leads away."""
    return (
        target.lower().endswith((".sql", ".md"))
        and "://" not in target
        and not target.lower().startswith("mailto:")
    )


def _linked(
    part: Part, place: Place, target: str, inclusion: Inclusion, trail: tuple[str, ...]
) -> list[Part]:
    folder = posixpath.dirname(trail[-1])
    path = posixpath.normpath(posixpath.join(folder, target.replace("\\", "/")))
    problem = _refusal(target, path, trail)
    if problem is None and path in inclusion.seen:
        return []
    inclusion.seen.add(path)
    opened = problem or inclusion.open_link(path)
    if opened is None:
        opened = Problem(f"the linked file “{target}” does not exist", _ACCEPTED)
    if isinstance(opened, Problem):
        inclusion.problems.append((place, opened))
        return []
    if path.lower().endswith(".sql"):
        inclusion.sources.append((opened, ()))
        whole = Span(0, len(opened.data))
        return [Part(opened, None, part.level, "", (), whole, part.section, sql=True)]
    blocks = parse_blocks(opened.data)
    generated, _ = generated_blocks(opened, blocks)
    blocks = prune(blocks, [block.content.span for block in generated if block.closed])
    inclusion.sources.append((opened, blocks))
    return include(splice(cut(opened, blocks), part), inclusion, (*trail, path))


def _refusal(target: str, path: str, trail: tuple[str, ...]) -> Problem | None:
    if posixpath.isabs(path) or path.startswith("../") or path == ".." or "\0" in path or path[1:2] == ":":
        return Problem(f"the link “{target}” leads out of the project folder", _ACCEPTED)
    if path in trail:
        return Problem(f"the link “{target}” leads back to a file that it is included in", _ACCEPTED)
    return None
