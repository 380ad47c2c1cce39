"""A live catalog as the text of Schema Design, proven: the engine reads the same from it.

A passage is first written as a person would. Where the engine reads something else from it, or rejects it,
the plan's own words take its place; where that does not help either, everything stands in the plan's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from dbdeed.document.rewrite_models import fenced
from dbdeed.document.rewrite_text import code_span
from dbdeed.engines.faults import SqlRejected
from dbdeed.errors import OurFault, Refused
from dbdeed.planning.order import order_changes
from dbdeed.planning.render import ended
from dbdeed.planning.running import differences
from dbdeed.planning.shown import one_line
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change
    from dbdeed.engines.seam import Engine, Passage, Scratch, Statement
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class Section:
    """A `###` of Schema Design: its title as Markdown, and its statements."""

    title: str
    statements: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"### {self.title}\n{fenced(spaced(self.statements))}\n"


def title_of(heading: str, table: str) -> str:
    """A section's title: that of a table names it as code."""
    return heading or f"Table: {code_span(table)}"


def empty_catalog(engine: Engine, scratch: Scratch) -> Catalog:
    """What a database holds that nobody has written to yet."""
    with scratch.database() as session:
        return engine.inspect(session)


def passages_of(engine: Engine, base: Catalog, catalog: Catalog) -> tuple[list[Passage], list[Change]]:
    """A catalog's passages in reading order, and the plan's changes that they are made of."""
    wanted = engine.rebuildable(catalog)
    changes = order_changes(engine.compare(base, wanted).changes, base, wanted)
    return engine.passages(changes, base, wanted), changes


def proven_sections(
    engine: Engine,
    scratch: Scratch,
    catalog: Catalog,
    blocks_of: Callable[[Sequence[Section]], Sequence[CodeBlock]],
    progress: Progress = SILENT,
) -> tuple[Section, ...]:
    """The sections that make a catalog.

    Args:
        engine: of the catalog.
        scratch: of the live server's version.
        catalog: of the live database.
        blocks_of: the code blocks of a document that holds these sections.
        progress: where steps are announced.

    Raises:
        Refused: it does not come back, for want of something that no catalog type covers.
        OurFault: it does not come back.
    """
    with progress.step("Writing the schema"):
        base = empty_catalog(engine, scratch)
        wanted = engine.rebuildable(catalog)
        passages, changes = passages_of(engine, base, catalog)
    with progress.step("Reading it again in a scratch database"):
        plain: set[int] = set()
        while True:
            sections = tuple(_sections(passages, plain))
            wrong = _wrong(engine, scratch, wanted, passages, plain, blocks_of(sections))
            if not wrong:
                return sections
            if wrong <= plain:
                if len(plain) == len(passages):
                    break
                wrong = set(range(len(passages)))
            plain |= wrong
        return _in_plan_order(engine, scratch, wanted, changes, blocks_of)


def _sections(passages: Sequence[Passage], plain: set[int]) -> Iterable[Section]:
    numbered = enumerate(passages)
    for (heading, table), group in groupby(numbered, key=lambda one: (one[1].heading, one[1].table)):
        statements = [
            sql for number, one in group for sql in (one.plain if number in plain else one.statements)
        ]
        yield Section(title_of(heading, table), tuple(statements))


def _wrong(
    engine: Engine,
    scratch: Scratch,
    wanted: Catalog,
    passages: Sequence[Passage],
    plain: set[int],
    blocks: Sequence[CodeBlock],
) -> set[int]:
    """The passages from which the engine reads something else; empty where all is as wanted."""
    statements = engine.statements(blocks)
    owners = [
        number
        for number, one in enumerate(passages)
        for _ in (one.plain if number in plain else one.statements)
    ]
    every = set(range(len(passages)))
    if len(owners) != len(statements):
        return every
    reached = _loaded(engine, scratch, statements)
    if isinstance(reached, SqlRejected):
        at = next((n for n, one in enumerate(statements) if one is reached.statement), None)
        return every if at is None else {owners[at]}
    makers = {one: number for number, passage in enumerate(passages) for one in passage.makes}
    unequal = {
        one
        for one in {**reached.objects, **wanted.objects}
        if reached.objects.get(one) != wanted.objects.get(one)
    }
    return {makers[one] for one in unequal if one in makers} or (every if unequal else set())


def _loaded(engine: Engine, scratch: Scratch, statements: Sequence[Statement]) -> Catalog | SqlRejected:
    try:
        with scratch.database() as session:
            engine.load(session, statements)
            return engine.inspect(session)
    except SqlRejected as error:
        return error


def _in_plan_order(
    engine: Engine,
    scratch: Scratch,
    wanted: Catalog,
    changes: Sequence[Change],
    blocks_of: Callable[[Sequence[Section]], Sequence[CodeBlock]],
) -> tuple[Section, ...]:
    """Everything under one heading, as the plan has it: no beauty, but nothing depends on us any more."""
    steps = sorted((step for change in changes for step in change.steps), key=lambda step: step.after_all)
    sections = (Section("Schema", tuple(step.sql for step in steps)),)
    reached = _loaded(engine, scratch, engine.statements(blocks_of(sections)))
    if isinstance(reached, SqlRejected):
        said = [reached.message]
    else:
        said = differences(engine.compare(reached, wanted).changes)
        if reached.objects == wanted.objects:
            return sections
    why = "; ".join(map(one_line, said[:5]))
    if wanted.unmodelled:
        names = ", ".join(one_line(f"{one.kind} {one.name}") for one in wanted.unmodelled[:10])
        raise Refused(
            f"The database holds what dbdeed does not know yet ({names}), and without it the rest does not "
            f"come back from a document: {why}",
            code="unmodelled",
        )
    raise OurFault(f"The schema does not come back from the document as it is: {why}")


def spaced(statements: Sequence[str]) -> str:
    """Statements as they stand in a code block: short ones of one sort close together."""
    parts: list[str] = []
    for number, sql in enumerate(statements):
        if number:
            parts.append("\n" if _together(statements[number - 1], sql) else "\n\n")
        parts.append(ended(sql.strip()))
    return "".join(parts)


def _together(one: str, other: str) -> bool:
    return "\n" not in one + other and one.split()[:2] == other.split()[:2]
