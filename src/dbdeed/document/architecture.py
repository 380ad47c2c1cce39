"""What a document says, as data: every key of the template, each with where it stands.

Reading never judges. A value that is absent, unfilled or not understood is a `Setting` that says so; the
rules (`dbdeed.rules`) turn such states into findings, and whatever needs the value decides what it does
without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import date, timedelta

    from dbdeed.document.source import Place, Position, Source
    from dbdeed.document.values.problem import Problem
    from dbdeed.document.values.types import (
        Destination,
        Encryption,
        EnvName,
        Frequency,
        Hosting,
        Method,
        Objective,
        Optimization,
        Orm,
        Pattern,
        Pool,
        Retention,
        Retry,
        Status,
        Strategy,
        System,
        TargetState,
        Tool,
        Transactions,
        Version,
    )

T = TypeVar("T")


class Setting(Struct, Generic[T], frozen=True):
    """One key: what is written and what it means.

    Attributes:
        key: the key in the template's spelling.
        raw: the value as written, without the key, passwords shown as `***`; empty where the key is absent.
        place: the value's span (an empty span where the value is missing); None where the key is absent.
        value: its meaning; None where absent, unfilled or not understood.
        problem: why it was not understood.
        unfilled: it still holds a template placeholder.
    """

    key: str
    raw: str = ""
    place: Place | None = None
    value: T | None = None
    problem: Problem | None = None
    unfilled: bool = False

    @property
    def absent(self) -> bool:
        return self.place is None


class Placeholder(Struct, frozen=True):
    """A `[square bracket]` text of the template that nobody filled in."""

    text: str
    place: Place


class UnknownKey(Struct, frozen=True):
    """A bold key in a known section that the template does not have."""

    key: str
    place: Place
    section: str
    nearest: str = ""


class GeneratedBlock(Struct, frozen=True):
    """What stands between `<!-- dbdeed:NAME … -->` and `<!-- /dbdeed:NAME -->`.

    Attributes:
        content: the place of what is inside the markers.
        whole: markers included.
        checksum: as in the marker; empty where it has none.
        edited: the content no longer has that checksum: a person changed it.
        closed: the end marker is there.
    """

    name: str
    whole: Place
    content: Place
    checksum: str
    edited: bool
    closed: bool


class CodeBlock(Struct, frozen=True):
    """One fenced block, or one linked file, with a way back to where each character stands.

    Attributes:
        text: the code, dedented as Markdown has it, lines ended by LF.
        language: the info string's first word, lower case; "sql" for a `.sql` file.
        place: the code itself, without the fences.
        line_offsets: byte offset in the source of the start of each line of `text`.
        heading: the nearest heading's text above it.
        table: the table that a `### Table:` heading names, or "".
    """

    text: str
    language: str
    place: Place
    line_offsets: tuple[int, ...]
    heading: str
    table: str = ""

    def position(self, offset: int) -> Position:
        """Where the character `offset` of `text` stands in the source."""
        return self.place.source.position(self.source_offset(offset))

    def source_offset(self, offset: int) -> int:
        """The byte in the source where the character `offset` of `text` begins."""
        before = self.text[: max(offset, 0)]
        line = min(before.count("\n"), len(self.line_offsets) - 1) if self.line_offsets else 0
        start = before.rfind("\n") + 1
        base = self.line_offsets[line] if self.line_offsets else self.place.span.start
        return base + len(before[start:].encode())


class AttributeEntry(Struct, frozen=True):
    """One line of a model's Attributes: `` `name`: type, constraints ``, as written."""

    name: str
    text: str
    place: Place


class RelationshipEntry(Struct, frozen=True):
    """One line of a model's Relationships, read as far as it could be.

    Attributes:
        kind: "one-to-one", "one-to-many", "many-to-one" or "many-to-many", seen from this model; "" where
            the line was not understood.
        target: the other model's name as written.
        through: the model between, of "has many X through Y".
    """

    text: str
    place: Place
    kind: str = ""
    target: str = ""
    through: str = ""


class ModelEntry(Struct, frozen=True):
    """A `###` of Data Models, as written.

    Attributes:
        place: the heading's text.
        extent: from the heading to the next one, for edits.
        table: of `- **Table**: `name``; "" where the name decides.
        attributes_place, relationships_place: the nested list's lines (an empty span where to put them); None
            where even the key is missing.
    """

    name: str
    place: Place
    extent: Place
    table: str = ""
    description: str = ""
    attributes: tuple[AttributeEntry, ...] = ()
    relationships: tuple[RelationshipEntry, ...] = ()
    attributes_place: Place | None = None
    relationships_place: Place | None = None


class ColumnDraft(Struct, frozen=True):
    """A row of a Markdown table of columns that stands in place of SQL."""

    name: str
    cells: tuple[tuple[str, str], ...]  # (column title, text)
    place: Place


class TableEntry(Struct, frozen=True):
    """A `### Table:` heading of Schema Design and what stands under it."""

    name: str
    place: Place
    extent: Place
    blocks: tuple[CodeBlock, ...]
    draft: tuple[ColumnDraft, ...] = ()


class DeclaredQuery(Struct, frozen=True):
    """A `### Query: `name`` of Query Strategy.

    Attributes:
        returns: as written: "one", "many", "one Order", "many Order", "nothing".
        expects: (table, rows) of the expected sizes.
        budget: the longest it may take.
        rows_budget: the most rows it may read.
        optional: parameters that may be null, by name.
    """

    name: str
    place: Place
    block: CodeBlock | None
    description: str = ""
    returns: str = ""
    expects: tuple[tuple[str, int], ...] = ()
    budget: timedelta | None = None
    rows_budget: int | None = None
    optional: tuple[str, ...] = ()


class Header(Struct, frozen=True):
    last_updated: Setting[date]
    status: Setting[Status]
    target_state: Setting[TargetState]


class Overview(Struct, frozen=True):
    system: Setting[System]
    version: Setting[Version]
    hosting: Setting[Hosting]


class SchemaDesign(Struct, frozen=True):
    """Schema Design: the tables by heading, and every code block of the section in document order.

    Attributes:
        samples: the blocks under a heading such as "Sample Rows", which are no part of the schema.
    """

    tables: tuple[TableEntry, ...]
    blocks: tuple[CodeBlock, ...]
    samples: tuple[CodeBlock, ...] = ()


class AccessLayer(Struct, frozen=True):
    patterns: Setting[tuple[Pattern, ...]]
    repositories: Setting[str]
    pool: Setting[Pool]
    connection_string: Setting[EnvName]
    replicas: Setting[tuple[EnvName, ...]]
    retry: Setting[Retry]


class QueryStrategy(Struct, frozen=True):
    """Query Strategy.

    `strays` are headings of queries, with SQL, in other sections, where they declare nothing.
    """

    orm: Setting[Orm]
    transactions: Setting[Transactions]
    optimization: Setting[Optimization]
    queries: tuple[DeclaredQuery, ...]
    strays: tuple[DeclaredQuery, ...] = ()


class Migrations(Struct, frozen=True):
    tool: Setting[Tool]
    strategy: Setting[Strategy]


class Recovery(Struct, frozen=True):
    """Backup and Recovery.

    `procedure` holds the numbered steps as written; `plan_place` is where a generated block of measured
    facts goes: the end of the Recovery Plan's list.
    """

    frequency: Setting[Frequency]
    method: Setting[tuple[Method, ...]]
    retention: Setting[Retention]
    destination: Setting[Destination]
    encryption: Setting[Encryption]
    rpo: Setting[Objective]
    rto: Setting[Objective]
    procedure: Setting[tuple[str, ...]]
    plan_place: Place | None


class Section(Struct, frozen=True):
    """A heading and its extent; `name` is the template's for a known one, else the heading's text."""

    name: str
    level: int
    heading: Place
    extent: Place
    known: bool


class Architecture(Struct, frozen=True):
    """The whole document, and the files it links to.

    Attributes:
        source: the document itself.
        included: linked `.md` and `.sql` files, in order.
        erd_place: where the generated diagram goes when the document has none: under Data Models' heading.
    """

    source: Source
    included: tuple[Source, ...]
    sections: tuple[Section, ...]
    header: Header
    overview: Overview
    models: tuple[ModelEntry, ...]
    erd_place: Place | None
    schema: SchemaDesign
    access: AccessLayer
    queries: QueryStrategy
    migrations: Migrations
    recovery: Recovery
    placeholders: tuple[Placeholder, ...]
    unknown_keys: tuple[UnknownKey, ...]
    generated: tuple[GeneratedBlock, ...]
    problems: tuple[tuple[Place, Problem], ...]
    """What could not be read at all: a link that leads nowhere, a marker without end, a key given twice."""

    def settings(self) -> tuple[Setting[object], ...]:
        """Every key of the template, in the template's order."""
        return (
            *_settings(self.header),
            *_settings(self.overview),
            *_settings(self.access),
            *_settings(self.queries),
            *_settings(self.migrations),
            *_settings(self.recovery),
        )


def _settings(section: Struct) -> tuple[Setting[object], ...]:
    values = (getattr(section, name) for name in section.__struct_fields__)
    return tuple(value for value in values if isinstance(value, Setting))


def whole(source: Source) -> Place:
    """The place that is all of a source."""
    from dbdeed.document.source import Place, Span

    return Place(source, Span(0, len(source.data)))
