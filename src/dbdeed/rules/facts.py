"""What rules look at, and how they point at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dbdeed.document.source import Place, Span
from dbdeed.document.values.secrets import redact
from dbdeed.rules.places import Places

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from dbdeed.document.architecture import Architecture, Setting
    from dbdeed.document.findings import Finding
    from dbdeed.document.values.problem import Problem
    from dbdeed.models.model import DataModel


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known when rules run.

    Attributes:
        architecture: the document.
        today: for dates that must not lie in the future.
        data_model: what the engine made of the SQL; None where it has not been asked.
        sql_findings: what the engine itself had to say of the SQL, as findings ready to show.
    """

    architecture: Architecture
    today: date
    data_model: DataModel | None = None
    sql_findings: tuple[Finding, ...] = ()

    @cached_property
    def tables(self) -> frozenset[str]:
        """Every table that the SQL makes, models or not; empty where the engine was not asked."""
        if self.data_model is None:
            return frozenset()
        return frozenset([
            *(model.table for model in self.data_model.models),
            *(join.table for join in self.data_model.joins),
            *self.data_model.others,
        ])  # fmt: skip

    def table_place(self, table: str) -> Place:
        """Where a table stands: its own heading, the section's, or the document's beginning."""
        document = self.architecture
        if table in self.headings:
            return self.headings[table]
        section = (one.heading for one in document.sections if one.known and one.name == "Schema Design")
        return next(section, Place(document.source, Span(0, 0)))

    def unfilled_at(self, place: Place) -> bool:
        """Whether a placeholder stands in a place: then only `unfilled` speaks of it."""
        return self.placeholders.touch(place)

    @cached_property
    def placeholders(self) -> Places:
        return Places(placeholder.place for placeholder in self.architecture.placeholders)

    @cached_property
    def code(self) -> Places:
        """Every code block of Schema Design and of the declared queries."""
        queries = (query.block for query in self.architecture.queries.queries if query.block)
        return Places(block.place for block in (*self.architecture.schema.blocks, *queries))

    @cached_property
    def headings(self) -> Mapping[str, Place]:
        """Where each table's heading stands, by its unqualified name."""
        entries = reversed(self.architecture.schema.tables)
        return {entry.name.rpartition(".")[2]: entry.place for entry in entries}


def where(*settings: Setting[Any]) -> Place | None:
    """The first of the settings that stands in the document."""
    return next((setting.place for setting in settings if setting.place), None)


def within(place: Place, characters: int) -> Place:
    """A place from a number of characters on to its end."""
    text = place.source.text(place.span)
    start = place.span.start + len(text[:characters].encode())
    return Place(place.source, Span(min(start, place.span.end), place.span.end))


def quoted(text: str, limit: int = 60) -> str:
    """A piece of the document for a message: one line, without secrets, not too long."""
    line = " ".join(redact(text).split())
    return f"“{line[: limit - 1]}…”" if len(line) > limit else f"“{line}”"


def offer(problem: Problem) -> str:
    """What would be understood, in a sentence."""
    if problem.ambiguous:
        return "Write " + " or ".join(f"“{reading}”" for reading in problem.ambiguous) + "."
    if problem.accepted:
        return "Accepted: " + ", ".join(f"“{form}”" for form in problem.accepted) + "."
    return ""
