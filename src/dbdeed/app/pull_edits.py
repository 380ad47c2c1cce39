"""The edits that carry a live database's change into the document's SQL, statement by statement.

Both states are written as `adopt` writes them; what differs between the two texts is done to the person's
own. Statements are found by what they are about (`Engine.subject`), and nothing here knows whether the result
means what it should: `app.pull` lets the engine say that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.app.schema_text import Section, spaced, title_of
from dbdeed.document import keys
from dbdeed.document.edit import Edit
from dbdeed.document.rewrite import in_style
from dbdeed.document.rewrite_code import code_edit
from dbdeed.document.rewrite_models import append_section_edit
from dbdeed.document.source import Span
from dbdeed.engines.table_text import comments_of
from dbdeed.planning.render import ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from dbdeed.document.architecture import Architecture, CodeBlock
    from dbdeed.document.source import Place, Source
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.seam import Engine, Passage

Subject = tuple[str, ...]
Home = tuple[str, str]
"""(heading, table): the section of Schema Design that something stands in; one of the two is ""."""

_SEMICOLON = re.compile(r"\s*;")
_REMARK = re.compile(r"[ \t]*(?:--[^\n]*|/\*[^\n]*?\*/[ \t]*(?=\n|$))")
_BLANK_LINE = re.compile(r"[ \t]*(?:\n|$)")


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of the document; `end` is behind its semicolon, where it has one."""

    block: CodeBlock
    start: int
    end: int
    sql: str
    subject: Subject

    @property
    def closed(self) -> bool:
        return self.end > self.start + len(self.sql)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A statement as it would be written."""

    subject: Subject
    sql: str
    home: Home
    makes: tuple[ObjectId, ...]


@dataclass
class Edits:
    """What is to be done: characters of blocks, and new sections."""

    blocks: dict[int, tuple[CodeBlock, list[tuple[int, int, str]]]] = field(default_factory=dict)
    sources: list[tuple[Source, Edit]] = field(default_factory=list)

    def put(self, block: CodeBlock, start: int, end: int, text: str) -> None:
        self.blocks.setdefault(id(block), (block, []))[1].append((start, end, text))

    def done(self) -> list[tuple[Source, Edit]]:
        """All of them, by the file that each is of."""
        found = list(self.sources)
        for block, edits in self.blocks.values():
            found += [(block.place.source, code_edit(block, *one)) for one in edits]
        return found


def said_in(engine: Engine, architecture: Architecture) -> list[Said]:
    """The document's statements, in order."""
    found = []
    for one in engine.statements(architecture.schema.blocks):
        assert one.block is not None
        after = _SEMICOLON.match(one.block.text, one.offset + len(one.sql))
        end = after.end() if after else one.offset + len(one.sql)
        found.append(Said(one.block, one.offset, end, one.sql, engine.subject(one.sql)))
    return found


def wanted_of(engine: Engine, passages: Iterable[Passage], *, plain: bool = False) -> list[Wanted]:
    """Passages, statement by statement."""
    return [
        Wanted(engine.subject(sql), sql, (one.heading, one.table), one.makes)
        for one in passages
        for sql in (one.plain if plain else one.statements)
    ]


@dataclass
class _Round:
    engine: Engine
    architecture: Architecture
    said: dict[Subject, list[Said]]
    new: Sequence[Wanted]
    edits: Edits = field(default_factory=Edits)


def carry_changes(
    engine: Engine,
    architecture: Architecture,
    old: Sequence[Wanted],
    new: Sequence[Wanted],
    unequal: AbstractSet[ObjectId],
    *,
    whole: bool,
) -> list[tuple[Source, Edit]]:
    """The edits that lead from one state to another.

    Args:
        engine: of both.
        architecture: the document.
        old: what the document says, as it would be written.
        new: what it shall say.
        unequal: the objects that differ.
        whole: replace whole statements, and tables item by item, whatever was said before.
    """
    work = _Round(engine, architecture, _by_subject(said_in(engine, architecture)), new)
    before, after = _texts(old), _texts(new)
    touched = {one.subject for one in (*old, *new) if not unequal.isdisjoint(one.makes)}
    missing: list[Subject] = []
    for subject in {**after, **before}:
        if subject not in touched or (not whole and before.get(subject) == after.get(subject)):
            continue
        mine, wanted = work.said.get(subject, []), after.get(subject, [])
        if mine:
            _replace(work, mine, before.get(subject, []), wanted, whole=whole)
        elif wanted:
            missing.append(subject)
    _add(work, [one for one in new if one.subject in set(missing)])
    return work.edits.done()


def append(engine: Engine, architecture: Architecture, new: Sequence[Wanted]) -> list[tuple[Source, Edit]]:
    """Statements at the end of the sections that they belong to."""
    work = _Round(engine, architecture, {}, new)
    _add(work, new)
    return work.edits.done()


def _by_subject(all_: Iterable[Said]) -> dict[Subject, list[Said]]:
    found: defaultdict[Subject, list[Said]] = defaultdict(list)
    for one in all_:
        found[one.subject].append(one)
    return dict(found)


def _texts(all_: Iterable[Wanted]) -> dict[Subject, list[str]]:
    found: defaultdict[Subject, list[str]] = defaultdict(list)
    for one in all_:
        found[one.subject].append(one.sql)
    return dict(found)


def _replace(work: _Round, mine: list[Said], old: list[str], new: list[str], *, whole: bool) -> None:
    """Let what the document says of one subject become what it shall say."""
    if len(mine) == 1 and len(new) == 1:
        before = old[0] if len(old) == 1 and not whole else mine[0].sql
        carried = work.engine.carry(mine[0].sql, before, new[0])
        if carried is not None:
            _instead(work, mine[0], carried)
            return
    same = {_even(sql) for sql in new}
    kept = [one for one in mine if _even(one.sql) in same]
    here = {_even(one.sql) for one in kept}
    left = [sql for sql in new if _even(sql) not in here]
    for one in list(mine):
        if one in kept:
            continue
        if left:
            _instead(work, one, _with_comments(one.sql, left.pop(0)))
        else:
            _remove(work, one)
            mine.remove(one)  # nothing can be put behind it
    if left:
        _after(work, mine[-1], left)


def _even(sql: str) -> str:
    return " ".join(sql.split()).lower()


def _with_comments(old: str, new: str) -> str:
    """The new statement, with the comments above it that stood inside the old one."""
    kept = [one for one in comments_of(old) if one not in new]
    return "".join(f"{one}\n" for one in kept) + new


def _instead(work: _Round, one: Said, sql: str) -> None:
    if sql != one.sql:
        start, end = _differing(one.sql, sql)
        work.edits.put(
            one.block, one.start + start, one.start + len(one.sql) - end, sql[start : len(sql) - end]
        )


def _differing(old: str, new: str) -> tuple[int, int]:
    """How many characters two texts have in common at their beginning and their end."""
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    end = next((at for at in range(most - start) if old[-1 - at] != new[-1 - at]), most - start)
    return start, end


def _remove(work: _Round, one: Said) -> None:
    """Take a statement out with its line; comments beside it are a person's and stay."""
    text = one.block.text
    start, end = one.start, one.end
    line = text.rfind("\n", 0, start) + 1
    rest = _BLANK_LINE.match(text, end)
    if not text[line:start].strip() and rest is not None:
        start, end = line, rest.end()
        blank = _BLANK_LINE.match(text, end)
        if blank is not None and blank.end() > end and (start == 0 or text[:start].endswith("\n\n")):
            end = blank.end()
    work.edits.put(one.block, start, end, "")


def _after(work: _Round, one: Said, statements: Sequence[str]) -> None:
    """Statements behind one that is there."""
    remark = _REMARK.match(one.block.text, one.end)
    at = remark.end() if remark is not None and one.closed else one.end
    text = spaced([one.sql, *statements])[len(ended(one.sql.strip())) :]
    work.edits.put(one.block, at, at, ("" if one.closed else ";") + text)


def _add(work: _Round, new: Sequence[Wanted]) -> None:
    """Put statements where they are looked for: behind the one that they follow, or in their section."""
    behind: dict[int, tuple[Said, list[str]]] = {}
    homeless: dict[Home, list[Wanted]] = {}
    order = {(one.subject, one.sql): at for at, one in enumerate(work.new)}
    for one in new:
        anchor = _anchor(work, one, order[one.subject, one.sql])
        if anchor is not None:
            behind.setdefault(id(anchor), (anchor, []))[1].append(one.sql)
        else:
            homeless.setdefault(one.home, []).append(one)
    for anchor, statements in behind.values():
        _after(work, anchor, statements)
    for home, found in homeless.items():
        _into_section(work, home, [one.sql for one in found])


def _anchor(work: _Round, one: Wanted, at: int) -> Said | None:
    """The statement of the document that comes before it in its section."""
    if not work.said:
        return None
    for earlier in reversed(work.new[:at]):
        if earlier.home != one.home:
            break
        if found := work.said.get(earlier.subject):
            return found[-1]
    return None


def _into_section(work: _Round, home: Home, statements: Sequence[str]) -> None:
    block = _last_block(work.architecture, home)
    if block is None:
        text = Section(title_of(*home), tuple(statements)).text
        work.edits.sources.append(_new_section(work, home, text))
        return
    at = len(block.text)
    lead = "\n" if _left(work, block).strip() else ""
    data = block.place.source.data[: block.place.span.end]
    missing = "\n" if at and not data.endswith((b"\n", b"\r")) else ""
    work.edits.put(block, at, at, f"{missing}{lead}{spaced(statements)}\n")


def _left(work: _Round, block: CodeBlock) -> str:
    """A block's text without what is taken out of it."""
    text = block.text
    _, edits = work.edits.blocks.get(id(block), (block, []))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _last_block(architecture: Architecture, home: Home) -> CodeBlock | None:
    heading, table = home
    blocks = [one for one in architecture.schema.blocks if one.language == "sql"]
    if table:
        found = [one for one in blocks if one.table and name_of(one.table) == name_of(table)]
    else:
        found = [one for one in blocks if not one.table and heading.lower() in one.heading.lower()]
    return found[-1] if found else None


def name_of(table: str) -> str:
    """A table's name for comparing: headings may say its schema."""
    return table.lower().removeprefix("public.")


def _new_section(work: _Round, home: Home, text: str) -> tuple[Source, Edit]:
    """Behind the nearest section that comes before it, else before the nearest that comes after."""
    homes = list(dict.fromkeys(one.home for one in work.new))
    at = homes.index(home)
    for earlier in reversed(homes[:at]):
        if (extent := _extent(work.architecture, earlier)) is not None:
            return _at(extent, extent.span.end, text)
    for later in homes[at + 1 :]:
        if (extent := _extent(work.architecture, later)) is not None:
            return _at(extent, extent.span.start, text)
    tables = work.architecture.schema.tables
    if home[1] and tables:
        return _at(tables[-1].extent, tables[-1].extent.span.end, text)
    return work.architecture.source, append_section_edit(work.architecture, text)


def _extent(architecture: Architecture, home: Home) -> Place | None:
    """Where a section of the document stands, if there is one."""
    heading, table = home
    if table:
        found = [one.extent for one in architecture.schema.tables if name_of(one.name) == name_of(table)]
    else:
        titled = [one for one in architecture.sections if one.name == heading and one.level > 2]
        found = [one.extent for one in titled if _in_schema(architecture, one.extent)]
    return found[-1] if found else None


def _in_schema(architecture: Architecture, extent: Place) -> bool:
    around = [one.extent.span for one in architecture.sections if one.known and one.name == keys.SCHEMA]
    return any(one.start < extent.span.start <= extent.span.end <= one.end for one in around)


def _at(extent: Place, at: int, text: str) -> tuple[Source, Edit]:
    """A section's text put at the beginning or the end of another, parted by blank lines."""
    source = extent.source
    data = source.data[:at]
    missing = "" if not data or data.endswith((b"\n", b"\r")) else "\n"
    parted = not data or data.rstrip(b" \t").endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
    behind = "\n" if at < len(source.data) else ""
    return source, Edit(Span(at, at), in_style(source, f"{missing}{'' if parted else chr(10)}{text}{behind}"))
