"""Data Models: a heading for each model, its attributes and relationships in a list or a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.architecture import AttributeEntry, ModelEntry, RelationshipEntry, UnknownKey
from dbdeed.document.blocks import Fence, Html, List, Paragraph, Table
from dbdeed.document.inline import between, code_spans, opaque, plain
from dbdeed.document.keyed import find_keys, until_known_key
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.names import nearest, words
from dbdeed.document.sections.entries import Entry, bare_name, entry_at
from dbdeed.document.sections.relationships import parse_relationship
from dbdeed.document.source import Place, Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.blocks import Block, Item
    from dbdeed.document.keyed import Keyed
    from dbdeed.document.outline import Part

_KEYS = {
    "Description": ("purpose", "summary"),
    "Attributes": ("fields", "columns", "properties", "attribute"),
    "Relationships": ("relations", "associations", "relationship"),
    "Table": ("table name", "collection"),
}
_BY_WORDS = {words(name): key for key, names in _KEYS.items() for name in (key, *names)}
# Headings of Data Models that people give to text and diagrams, not to models.
_NO_MODEL = re.compile(
    r"erd|entity[- ]relationship.*|.*\bdiagrams?|.*\boverview|introduction|conventions|.*\bnotes|legend"
    r"|glossary|relationships?|relations|summary|enum(?:s|erations)?|(?:common\s+|shared\s+)?types|naming.*|principles|remarks",
    re.IGNORECASE,
)
_NAME = re.compile(
    rb"(?:\*{2}|__)?(?:(?P<ticks>`{1,9})(?P<code>[^\r\n]{1,200}?)(?P=ticks)(?!`)|(?P<bare>[^\W\d]\w{0,99}))(?:\*{2}|__)?"
)
_AFTER_NAME = re.compile(rb"[ \t]*(?::|\xef\xbc\x9a|-(?=[ \t])|\xe2\x80[\x93\x94]|(?=\())[ \t]*")
_PARENTHESES = re.compile(
    rb"\((?P<text>(?:[^()\r\n]|\([^()\r\n]*\))*)\)[ \t]*(?:$|[:,.-]|\xe2\x80[\x93\x94])"
)
_PROSE = re.compile(rb"[ \t]+(?:\xe2\x80[\x93\x94]|--)[ \t]+|[ \t]+#[ \t]+")
_PROSE_COLUMN = re.compile(r"desc|note|remark|comment|purpose|example|meaning", re.IGNORECASE)
_NONE = re.compile(r"(?:none|n/?a|nothing|no relationships?|-|–|—)\.?", re.IGNORECASE)
_TABLE_NAME = re.compile(r"\(\s*(?:table:?\s*)?`?([^\W\d]\w*(?:\.[^\W\d]\w*)?)`?\s*\)\s*$")


def _knows(name: str) -> str:
    return _BY_WORDS.get(words(name), "")


def _keys(source: Source, blocks: Sequence[Block]) -> Iterator[Keyed]:
    """A model's keys. A table under a model is of its attributes, not of keys."""
    return (keyed for keyed in find_keys(source, blocks, _knows) if not keyed.cell)


def read_models(parts: Sequence[Part]) -> tuple[tuple[ModelEntry, ...], tuple[UnknownKey, ...]]:
    """The models of the section in document order, and the bold keys that are none of a model's."""
    models: list[ModelEntry] = []
    unknown: list[UnknownKey] = []
    index = 0
    while index < len(parts):
        part = parts[index]
        if part.heading is None or part.opens or not part.title:
            index += 1
            continue
        entry = entry_at(parts, index)
        if _is_model(entry):
            model, strange = _model(entry)
            models.append(model)
            unknown.extend(strange)
            index += len(entry.parts)
        else:
            index += 1
    return tuple(models), tuple(unknown)


def _is_model(entry: Entry) -> bool:
    part = entry.part
    if any(keyed.known for keyed in _keys(part.source, part.blocks)):
        return True
    if any(isinstance(block, Table) and _attribute_columns(part.source, block) for block in part.blocks):
        return True
    if _NO_MODEL.fullmatch(bare_name(part, "model|entity", aside=False)[0].strip()):
        return False
    if any(_heading_key(below) for below in entry.parts[1:]):
        return True
    if any(below.heading for below in entry.parts[1:]):
        return False  # a group of models
    shown = [block for block in part.blocks if not isinstance(block, Html)]
    return not shown or not all(isinstance(block, Fence) for block in shown)


def _heading_key(part: Part) -> str:
    return _knows(part.title) if part.heading else ""


def _model(entry: Entry) -> tuple[ModelEntry, list[UnknownKey]]:
    found: dict[str, Keyed] = {}
    unknown: list[UnknownKey] = []
    for part in entry.parts:
        for keyed in _keys(part.source, part.blocks):
            if keyed.known:
                found.setdefault(keyed.known, keyed)
            elif keyed.bold and keyed.separated and keyed.source is entry.part.source:
                near = nearest(keyed.key, _KEYS)
                unknown.append(UnknownKey(keyed.key, Place(keyed.source, keyed.span), keys.MODELS, near))
    attributes, attributes_place = _attributes(entry, found.get("Attributes"))
    relationships, relationships_place = _relationships(entry, found.get("Relationships"))
    name, _ = bare_name(entry.part, "model|entity", aside=False)
    model = ModelEntry(
        name=name,
        place=entry.place,
        extent=entry.extent,
        table=_table(entry, found.get("Table")),
        description=_description(entry, found.get("Description")),
        attributes=attributes,
        relationships=relationships,
        attributes_place=attributes_place,
        relationships_place=relationships_place,
    )
    return model, unknown


def _table(entry: Entry, keyed: Keyed | None) -> str:
    if keyed is not None:
        return plain(keyed.source.data, keyed.lines).text.strip("\"'")
    match = _TABLE_NAME.search(entry.part.title)
    return match.group(1) if match and match.group(1).islower() and not match.group(1).isdigit() else ""


def _description(entry: Entry, keyed: Keyed | None) -> str:
    if keyed is not None:
        return plain(keyed.source.data, keyed.lines).text
    part = entry.part
    for block in part.blocks:
        if isinstance(block, Paragraph) and not any(True for _ in _keys(part.source, [block])):
            return plain(part.source.data, block.lines).text
    return ""


def _holder(entry: Entry, keyed: Keyed | None, key: str) -> tuple[Source, Sequence[Block], int] | None:
    """Where a key's list is: (source, blocks, where to put one)."""
    if keyed is not None:
        return keyed.source, keyed.children, keyed.lines[-1].end
    for part in entry.parts[1:]:
        if part.heading and _heading_key(part) == key:
            own, _ = until_known_key(part.source, part.blocks, _knows)
            return part.source, own, part.heading.span.end
    return None


def _attributes(entry: Entry, keyed: Keyed | None) -> tuple[tuple[AttributeEntry, ...], Place | None]:
    held = _holder(entry, keyed, "Attributes")
    if held is None:
        held = entry.part.source, entry.part.blocks, -1
    source, blocks, at = held
    lists = [block for block in blocks if isinstance(block, List)]
    if at >= 0 and lists:
        items = [item for block in lists for item in block.items]
        entries = tuple(found for item in items if (found := _attribute(source, item)) is not None)
        return entries, Place(source, Span(lists[0].span.start, lists[-1].span.end))
    for block in blocks:
        if isinstance(block, Table) and _attribute_columns(source, block):
            return tuple(_attribute_rows(source, block)), Place(source, block.span)
    if at < 0:
        return (), None
    inline = tuple(_inline_attributes(keyed))
    value = _inline_value(keyed) if keyed is not None and inline else Span(at, at)
    return inline, Place(source, value)


def _attribute(source: Source, item: Item) -> AttributeEntry | None:
    """`` `name`: type, constraints ``. What follows a dash or stands in a comment is a remark."""
    block = item.children[0] if item.children else None
    if not isinstance(block, Paragraph):
        return None
    line = block.lines[0]
    match = _NAME.match(source.data, line.start, line.end)
    if match is None:
        return None
    after = _AFTER_NAME.match(source.data, match.end(), line.end)
    if after is None and match["code"] is None:
        return None
    start = after.end() if after else match.end()
    span = _without_remark(source.data, Span(start, block.span.end))
    span = _in_parentheses(source.data, span)
    name = (match["code"] or match["bare"]).decode("utf-8", "replace").strip('" ')
    lines = [
        Span(max(part.start, span.start), min(part.end, span.end))
        for part in block.lines
        if part.start < span.end and part.end > span.start
    ]
    return AttributeEntry(name, plain(source.data, lines).text, Place(source, span))


def parse_attribute(line: str) -> tuple[str, str] | None:
    """One line of Attributes, without its marker, as (name, text)."""
    source = Source("", f"- {line}\n".encode())
    listed = parse_blocks(source.data)[0]
    entry = _attribute(source, listed.items[0]) if isinstance(listed, List) else None
    return (entry.name, entry.text) if entry else None


def _in_parentheses(data: bytes, span: Span) -> Span:
    """`` `email` (text, unique): the address `` has its type in parentheses, and the rest describes."""
    match = _PARENTHESES.match(data, span.start, span.end)
    return Span(*match.span("text")) if match else span


def _without_remark(data: bytes, span: Span) -> Span:
    hidden = opaque(data, span.start, span.end)
    ends = [span.end, *(part.start for part in hidden if data.startswith(b"<!--", part.start))]
    remarks = (_PROSE.search(data, *zone) for zone in between(hidden, span.start, span.end))
    ends += [match.start() for match in remarks if match][:1]
    end = min(ends)
    while end > span.start and data[end - 1] in b" \t\r\n":
        end -= 1
    return Span(span.start, end)


def _attribute_columns(source: Source, table: Table) -> bool:
    return is_attribute_table([plain(source.data, [cell]).text for cell in table.header])


def is_attribute_table(titles: Sequence[str]) -> bool:
    first = titles[0].lower().removesuffix(" name") if titles else ""
    return len(titles) > 1 and first in {"attribute", "field", "column", "property", "name"}


def text_columns(titles: Sequence[str]) -> list[int]:
    """The columns whose cells make up an attribute's text: those behind the name that hold no prose."""
    return [i for i, title in enumerate(titles) if i and not _PROSE_COLUMN.match(title)]


def _attribute_rows(source: Source, table: Table) -> Iterator[AttributeEntry]:
    wanted = text_columns([plain(source.data, [cell]).text for cell in table.header])
    for row in table.rows:
        name = plain(source.data, row[:1]).text
        cells = [row[i] for i in wanted if i < len(row) and row[i].start < row[i].end]
        if name:
            text = ", ".join(plain(source.data, [cell]).text for cell in cells).replace("\\|", "|")
            yield AttributeEntry(
                name.replace("\\|", "|"), text, Place(source, Span(row[0].start, row[-1].end))
            )


def _inline_attributes(keyed: Keyed | None) -> Iterator[AttributeEntry]:
    """`**Attributes**: `id`, `email`, `name`` on one line."""
    for line in keyed.lines if keyed else ():
        assert keyed is not None
        for _, inside in code_spans(keyed.source.data, line.start, line.end):
            yield AttributeEntry(
                keyed.source.text(inside), "", Place(keyed.source, Span(inside.end, inside.end))
            )


def _inline_value(keyed: Keyed) -> Span:
    lines = [line for line in keyed.lines if line.start < line.end]
    return Span(lines[0].start, lines[-1].end)


def _relationships(entry: Entry, keyed: Keyed | None) -> tuple[tuple[RelationshipEntry, ...], Place | None]:
    held = _holder(entry, keyed, "Relationships")
    if held is None:
        return (), None
    source, blocks, at = held
    lists = [block for block in blocks if isinstance(block, List)]
    if lists:
        items = [item for block in lists for item in block.items if item.children]
        place = Place(source, Span(lists[0].span.start, lists[-1].span.end))
        return tuple(_relationship(source, item.children[0]) for item in items), place
    text = plain(source.data, keyed.lines).text if keyed is not None else ""
    if keyed is None or not text:
        return (), Place(source, Span(at, at))
    span = _inline_value(keyed)
    if _NONE.fullmatch(text):
        return (), Place(source, span)
    lines = tuple(line for line in keyed.lines if line.start < line.end)
    return (_relationship(source, Paragraph(span, lines)),), Place(source, span)


def _relationship(source: Source, block: Block) -> RelationshipEntry:
    lines = block.lines if isinstance(block, Paragraph) else (block.span,)
    text = plain(source.data, lines).text
    kind, target, through = parse_relationship(text)
    return RelationshipEntry(text, Place(source, block.span), kind, target, through)
