"""Keys to settings: which text is the value, whether it is filled in, and what its grammar says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from dbdeed.document import keys
from dbdeed.document.architecture import Setting, UnknownKey
from dbdeed.document.blocks import Fence, List, Paragraph, Table, walk
from dbdeed.document.inline import Plain, plain
from dbdeed.document.keyed import Keyed, find_keys
from dbdeed.document.names import nearest, words
from dbdeed.document.placeholders import has_placeholder
from dbdeed.document.source import Place, Source, Span
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.secrets import REFUSED, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dbdeed.document.blocks import Block
    from dbdeed.document.outline import Part

T = TypeVar("T")
Problems: TypeAlias = list[tuple[Place, Problem]]

# Bold words that open a remark, not a key.
_REMARKS = frozenset(
    words(word)
    for word in (
        "Note", "Warning", "Important", "Tip", "Caution", "Example", "Todo", "Remark", "Rationale", "Why",
        "Description", "Assumption", "See also",
    )
)  # fmt: skip


_GOES_ON = re.compile(r"(?:[,;:&+]|\band|\bor)\s*$")


class SectionKeys(Struct, frozen=True):
    """The keys of one section: for each known one where it was found first."""

    section: str
    found: dict[str, Keyed]
    unknown: tuple[UnknownKey, ...]
    problems: tuple[tuple[Place, Problem], ...]


def section_keys(section: str, parts: Sequence[Part]) -> SectionKeys:
    """Read the keys of a section. A bold key wins over a plain one, that over a heading of its name."""

    def knows(name: str) -> str:
        return keys.known_key(section, name)

    ranked: list[list[Keyed]] = [[], [], []]
    for part in parts:
        for keyed in find_keys(part.source, part.blocks, knows):
            ranked[0 if keyed.bold else 1].append(keyed)
        ranked[2].extend(_heading_key(part, knows))
    found: dict[str, Keyed] = {}
    problems: Problems = []
    for rank in ranked:
        before = set(found)
        for keyed in rank:
            if keyed.known and keyed.known not in found:
                found[keyed.known] = keyed
            elif keyed.known and keyed.known not in before:
                problems.extend(_twice(found[keyed.known], keyed))
    return SectionKeys(section, found, tuple(_unknown(section, ranked[0])), tuple(problems))


def _heading_key(part: Part, knows: Callable[[str], str]) -> Iterator[Keyed]:
    """A heading that is itself a key, over the value."""
    known = knows(part.title) if part.heading and not part.opens else ""
    if part.heading and known and not any(True for _ in find_keys(part.source, part.blocks, knows)):
        end = part.heading.text.end
        body = tuple(block for block in part.blocks if isinstance(block, Paragraph | List | Fence | Table))
        if body:
            at = (Span(end, end),)
            yield Keyed(part.source, part.title, known, part.heading.text, at, children=body[:1], bold=False)


def _twice(first: Keyed, second: Keyed) -> Problems:
    if [first.source.text(line) for line in first.lines] == [
        second.source.text(line) for line in second.lines
    ]:
        return []
    where = Place(first.source, first.span)
    return [
        (
            Place(second.source, second.span),
            Problem(f"“{second.known}” is given twice; it stands at {where} already"),
        )
    ]


def _unknown(section: str, found: Iterable[Keyed]) -> Iterator[UnknownKey]:
    if section not in keys.KEYS:
        return
    for keyed in found:
        name = words(keyed.key)
        if not keyed.known and keyed.separated and name not in keys.CONTAINERS and name not in _REMARKS:
            near = nearest(keyed.key, keys.KEYS[section])
            yield UnknownKey(keyed.key, Place(keyed.source, keyed.span), section, near)


def read_setting(found: SectionKeys, key: str, parse: Callable[[str], T | Problem]) -> Setting[T]:
    """What a section says for a key: absent, unfilled, not understood, or its value."""
    keyed = found.found.get(key)
    if keyed is None:
        return Setting(key)
    problems: list[Setting[T]] = []
    accepted: Setting[T] | None = None
    for reading in _readings(found.section, keyed):
        span = reading.span
        here: Setting[T] = Setting(key, redact(keyed.source.text(span)), Place(keyed.source, span))
        if not problems and has_placeholder(keyed.source.data, _own_span(keyed, span)):
            return replace(here, unfilled=True)
        result = parse(reading.plain.text)
        if isinstance(result, Problem):
            problems.append(replace(here, problem=_relocated(result, reading, keyed.source)))
        elif accepted is None:
            accepted = replace(here, value=result)
    secret = next((bad for bad in problems if bad.problem == REFUSED), None)
    return secret or accepted or problems[-1]


def _own_span(keyed: Keyed, span: Span) -> Span:
    """The value on the key's own lines where it has one: a placeholder in the remarks below is none."""
    own = Span(keyed.lines[0].start, keyed.lines[-1].end)
    return own if plain(keyed.source.data, keyed.lines).text else span


def _relocated(problem: Problem, reading: _Reading, source: Source) -> Problem:
    """Count the problem's offset in the value as written, not in the text without markup."""
    if problem == REFUSED:
        return problem
    start = reading.span.start
    at = max(start, reading.plain.offset(problem.offset))
    return replace(problem, offset=len(source.text(Span(start, at))))


class _Reading(Struct, frozen=True):
    span: Span
    plain: Plain


def _readings(section: str, keyed: Keyed) -> Iterator[_Reading]:
    """The texts that may be the value, the likeliest first.

    What stands on the key's lines with what is listed under it, where the key may have several values; then
    the lines alone, the list being remarks; then the first line alone, the rest being prose.
    """
    data, ticks = keyed.source.data, keyed.known in keys.KEEP_TICKS
    own = [line for line in keyed.lines if plain(data, [line]).text]
    nested = list(_nested_lines(section, keyed))
    if keyed.labels:
        yield from _column_readings(keyed, ticks=ticks)
    elif not own and not nested:
        at = keyed.lines[0].start
        yield _Reading(Span(at, at), Plain("", (at,)))
    elif not own:
        yield _reading(data, nested, ticks=ticks)
    else:
        if nested and keyed.known in keys.LISTED:
            yield _reading(data, [own, *nested], ticks=ticks)
        yield _reading(data, [own], ticks=ticks)
        if len(own) > 1 and not _GOES_ON.search(keyed.source.text(own[0])):
            yield _reading(data, [own[:1]], ticks=ticks)


def _column_readings(keyed: Keyed, *, ticks: bool) -> Iterator[_Reading]:
    """A table's column: the rows with what each is about, then without, each once."""
    data = keyed.source.data
    span = Span(keyed.lines[0].start, keyed.lines[-1].end)
    texts = [plain(data, [line], ticks=ticks) for line in keyed.lines]
    distinct = list(dict.fromkeys(text.text for text in texts))
    at = texts[0].offsets[0]
    if len(distinct) > 1:
        labelled = [f"{label} {text.text}" for label, text in zip(keyed.labels, texts, strict=True)]
        yield _Reading(span, Plain(", ".join(labelled), (at,)))
    yield _Reading(span, Plain(", ".join(distinct), (at,)) if len(distinct) > 1 else texts[0])


def _reading(data: bytes, groups: Sequence[Sequence[Span]], *, ticks: bool) -> _Reading:
    """Join groups of lines by commas into one text."""
    text, offsets = "", list[int]()
    for group in groups:
        piece = plain(data, group, ticks=ticks)
        if text and piece.text:
            text = text.rstrip(",; ")
            del offsets[len(text) :]
            text += ", "
            offsets += [piece.offsets[0]] * 2
        text += piece.text
        offsets += piece.offsets[: len(piece.text)]
    spans = [span for group in groups for span in group]
    return _Reading(Span(spans[0].start, spans[-1].end), Plain(text, (*offsets, spans[-1].end)))


def _nested_lines(section: str, keyed: Keyed) -> Iterator[list[Span]]:
    """The lines under a key, one group for each item, row or paragraph; keys among them are their own."""
    for block in walk(keyed.children):
        if isinstance(block, Paragraph):
            first = next(find_keys(keyed.source, [block], lambda name: keys.known_key(section, name)), None)
            if not (first and first.known and first.bold):
                yield [Span(line.start, _trimmed_end(keyed.source.data, line)) for line in block.lines]
        elif isinstance(block, Fence) and block.lines:
            yield list(block.lines)
        elif isinstance(block, Table):
            yield from (list(row) for row in block.rows if row)


def _trimmed_end(data: bytes, line: Span) -> int:
    end = line.end
    while end > line.start and data[end - 1] in b" \t":
        end -= 1
    return end


def read_steps(found: SectionKeys, key: str) -> Setting[tuple[str, ...]]:
    """A key whose value is a list of steps; a sentence on the key's line is one where no list follows."""
    keyed = found.found.get(key)
    if keyed is None:
        return Setting(key)
    data = keyed.source.data
    steps = [_step(keyed.source, children) for children in _items(keyed.children)]
    own = [line for line in keyed.lines if plain(data, [line]).text]
    if not steps and not own:
        return read_setting(found, key, _no_steps)
    spans = [block.span for block in keyed.children if isinstance(block, List | Paragraph | Fence)]
    start = own[0].start if own else spans[0].start
    span = Span(start, max([line.end for line in own] + ([span.end for span in spans] if steps else [])))
    setting: Setting[tuple[str, ...]] = Setting(
        key, redact(keyed.source.text(span)), Place(keyed.source, span)
    )
    if has_placeholder(data, span):
        return replace(setting, unfilled=True)
    return replace(setting, value=tuple(steps) or (plain(data, own, ticks=True).text,))


def _no_steps(_text: str) -> Problem:
    return Problem("no steps are given", ("1. First step", "2. Second step"))


def _items(children: Sequence[Block]) -> Iterator[Sequence[Block]]:
    for block in children:
        if isinstance(block, List):
            for item in block.items:
                yield item.children
        elif isinstance(block, Paragraph | Fence):
            yield (block,)


def _step(source: Source, children: Sequence[Block]) -> str:
    pieces = []
    for block in walk(children):
        if isinstance(block, Paragraph):
            pieces.append(plain(source.data, block.lines, ticks=True).text)
        elif isinstance(block, Fence):
            pieces.extend(source.text(line) for line in block.lines)
    return "\n".join(pieces)
