"""A document read whole: bytes in, `Architecture` out. Nothing is judged here, and nothing raises."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.architecture import (
    AccessLayer,
    Architecture,
    Header,
    Migrations,
    Overview,
    Placeholder,
    QueryStrategy,
    Recovery,
    Section,
)
from dbdeed.document.blocks import Block, Heading, Other, walk
from dbdeed.document.generated import generated_blocks
from dbdeed.document.lines import next_line
from dbdeed.document.links import Inclusion, include
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.outline import Part, assign_sections, cut, prune
from dbdeed.document.placeholders import find_code_placeholders, find_placeholders
from dbdeed.document.sections.models import read_models
from dbdeed.document.sections.queries import is_query, read_queries, stray_queries
from dbdeed.document.sections.recovery import plan_place
from dbdeed.document.sections.schema import read_schema
from dbdeed.document.settings import SectionKeys, read_setting, read_steps, section_keys
from dbdeed.document.source import Place, Source, Span
from dbdeed.document.values import grammar
from dbdeed.document.values.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.architecture import DeclaredQuery, GeneratedBlock
    from dbdeed.document.links import OpenLink


def no_links(_path: str) -> None:
    """Opens no link: every one is a problem."""


def read(source: Source, *, open_link: OpenLink = no_links) -> Architecture:
    """Read a document and the files that it links to.

    Args:
        source: the document. Any bytes are read; what is not UTF-8 comes out as U+FFFD.
        open_link: opens a linked file by its path relative to the document's folder.
    """
    blocks = parse_blocks(source.data)
    inclusion = Inclusion(open_link)
    generated, problems = generated_blocks(source, blocks)
    readable = _without_generated(blocks, generated)
    own = assign_sections(cut(source, readable))
    parts = include(own, inclusion, (posixpath.basename(source.name.replace("\\", "/")),))
    return _architecture(source, blocks, own, parts, inclusion, generated, problems)


def _without_generated(blocks: Sequence[Block], found: Sequence[GeneratedBlock]) -> tuple[Block, ...]:
    """What the program wrote is not read back, but for the Procedure, whose steps are the document's."""
    regions = [block.content.span for block in found if block.closed and block.name != "procedure"]
    return prune(blocks, regions)


def _architecture(
    source: Source,
    blocks: Sequence[Block],
    own: Sequence[Part],
    parts: Sequence[Part],
    inclusion: Inclusion,
    generated: tuple[GeneratedBlock, ...],
    problems: list[tuple[Place, Problem]],
) -> Architecture:
    by_section = {
        name: [part for part in parts if part.section == name] for name in (keys.HEADER, *keys.SECTIONS)
    }
    found = {name: section_keys(name, _key_parts(name, by_section[name])) for name in keys.KEYS}
    models, unknown_in_models = read_models(by_section[keys.MODELS])
    queries, query_problems = read_queries(by_section[keys.QUERIES])
    included = tuple(linked for linked, _ in inclusion.sources)
    problems = [
        *_broken(source, blocks),
        *problems,
        *inclusion.problems,
        *(problem for section in found.values() for problem in section.problems),
        *query_problems,
    ]
    unknown = (*(key for section in found.values() for key in section.unknown), *unknown_in_models)
    return Architecture(
        source=source,
        included=included,
        sections=tuple(_sections(source, own)),
        header=_header(found[keys.HEADER]),
        overview=_overview(found[keys.OVERVIEW]),
        models=models,
        erd_place=_erd_place(own),
        schema=read_schema(by_section[keys.SCHEMA]),
        access=_access(found[keys.ACCESS]),
        queries=_query_strategy(found[keys.QUERIES], queries, stray_queries(parts)),
        migrations=_migrations(found[keys.MIGRATIONS]),
        recovery=_recovery(found[keys.RECOVERY], plan_place(by_section[keys.RECOVERY])),
        placeholders=tuple(_placeholders(source, blocks, generated, inclusion)),
        unknown_keys=tuple(sorted(unknown, key=lambda key: (key.place.source is not source, key.place.span))),
        generated=generated,
        problems=tuple(problems),
    )


def _key_parts(section: str, parts: list[Part]) -> list[Part]:
    """Where a section's keys stand: not under its declared queries, which have keys of their own."""
    if section != keys.QUERIES:
        return parts
    kept, level = [], 0
    for part in parts:
        if part.heading is not None and (not level or part.level <= level):
            level = part.level if is_query(part) else 0
        if not level:
            kept.append(part)
    return kept


def _header(found: SectionKeys) -> Header:
    return Header(
        last_updated=read_setting(found, "Last Updated", grammar.parse_date),
        status=read_setting(found, "Status", grammar.parse_status),
        target_state=read_setting(found, "Target State", grammar.parse_target_state),
    )


def _overview(found: SectionKeys) -> Overview:
    return Overview(
        system=read_setting(found, "Database System", grammar.parse_system),
        version=read_setting(found, "Version", grammar.parse_version),
        hosting=read_setting(found, "Hosting", grammar.parse_hosting),
    )


def _access(found: SectionKeys) -> AccessLayer:
    return AccessLayer(
        patterns=read_setting(found, "Pattern", grammar.parse_patterns),
        repositories=read_setting(found, "Repositories", grammar.parse_repositories),
        pool=read_setting(found, "Connection Pool", grammar.parse_pool),
        connection_string=read_setting(found, "Connection String", grammar.parse_env_name),
        replicas=read_setting(found, "Replicas", grammar.parse_env_names),
        retry=read_setting(found, "Retry Logic", grammar.parse_retry),
    )


def _query_strategy(
    found: SectionKeys, queries: tuple[DeclaredQuery, ...], strays: tuple[DeclaredQuery, ...]
) -> QueryStrategy:
    return QueryStrategy(
        orm=read_setting(found, "ORM Usage", grammar.parse_orm),
        transactions=read_setting(found, "Transaction Management", grammar.parse_transactions),
        optimization=read_setting(found, "Query Optimization", grammar.parse_optimization),
        queries=queries,
        strays=strays,
    )


def _migrations(found: SectionKeys) -> Migrations:
    return Migrations(
        tool=read_setting(found, "Tool", grammar.parse_tool),
        strategy=read_setting(found, "Strategy", grammar.parse_strategy),
    )


def _recovery(found: SectionKeys, place: Place | None) -> Recovery:
    return Recovery(
        frequency=read_setting(found, "Frequency", grammar.parse_frequency),
        method=read_setting(found, "Method", grammar.parse_methods),
        retention=read_setting(found, "Retention", grammar.parse_retention),
        destination=read_setting(found, "Destination", grammar.parse_destination),
        encryption=read_setting(found, "Encryption", grammar.parse_encryption),
        rpo=read_setting(found, "RPO", grammar.parse_objective),
        rto=read_setting(found, "RTO", grammar.parse_objective),
        procedure=read_steps(found, "Procedure"),
        plan_place=place,
    )


def _sections(source: Source, parts: Sequence[Part]) -> Iterator[Section]:
    """Every heading, with its extent to the next heading of its level or above."""
    open_parts = [part for part in parts if part.heading is not None]
    ends = _ends(source, open_parts)
    for part, end in zip(open_parts, ends, strict=True):
        assert part.heading is not None
        name = part.section if part.opens else part.title
        extent = Place(source, Span(part.extent.start, end))
        yield Section(name, part.level, Place(source, part.heading.text), extent, part.opens)


def _ends(source: Source, parts: Sequence[Part]) -> list[int]:
    ends = [len(source.data)] * len(parts)
    waiting: list[int] = []
    for index, part in enumerate(parts):
        while waiting and parts[waiting[-1]].level >= part.level:
            ends[waiting.pop()] = part.extent.start
        waiting.append(index)
    return ends


def _erd_place(parts: Sequence[Part]) -> Place | None:
    part = next((part for part in parts if part.opens and part.section == keys.MODELS), None)
    if part is None or part.heading is None:
        return None
    at = next_line(part.source.data, part.heading.span.end)
    return Place(part.source, Span(at, at))


def _placeholders(
    source: Source, blocks: Sequence[Block], generated: Sequence[GeneratedBlock], inclusion: Inclusion
) -> Iterator[Placeholder]:
    regions = [block.content.span for block in generated if block.closed]
    yield from find_placeholders(source, prune(blocks, regions))
    for linked, its_blocks in inclusion.sources:
        if linked.name.lower().endswith(".sql"):
            yield from find_code_placeholders(linked)
        else:
            yield from find_placeholders(linked, its_blocks)


def _broken(source: Source, blocks: Sequence[Block]) -> Iterator[tuple[Place, Problem]]:
    for block in walk(blocks):
        if isinstance(block, Other) and block.broken:
            yield Place(source, block.span), Problem("this cannot be read as Markdown")


def headings(source: Source) -> tuple[Heading, ...]:
    """The headings of a source at its top level."""
    return tuple(block for block in parse_blocks(source.data) if isinstance(block, Heading))
