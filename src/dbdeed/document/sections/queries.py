"""Query Strategy's declared queries: `### Query: `name``, its SQL, what it returns, sizes and budget."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.document import keys
from dbdeed.document.architecture import DeclaredQuery
from dbdeed.document.blocks import Paragraph, walk
from dbdeed.document.inline import plain
from dbdeed.document.keyed import find_keys
from dbdeed.document.names import words
from dbdeed.document.sections.code import code_blocks
from dbdeed.document.sections.entries import bare_name, entry_at
from dbdeed.document.source import Place, Span
from dbdeed.document.values.grammar import parse_duration, parse_row_count
from dbdeed.document.values.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from dbdeed.document.outline import Part
    from dbdeed.document.sections.entries import Entry

_KEYS = {
    "Description": ("purpose",),
    "Returns": ("return", "result", "returning"),
    "Expects": (
        "expected",
        "expected size",
        "expected rows",
        "expected table sizes",
        "size",
        "table size",
        "expect",
    ),
    "Budget": ("latency", "latency budget", "time budget", "within"),
    "Optional": ("nullable", "optional parameters", "nullable parameters", "may be null"),
}
_BY_WORDS = {words(name): key for key, names in _KEYS.items() for name in (key, *names)}
_SENTENCE = re.compile(
    r"(?:^|(?<=[.;])\s+)(returns?|expect(?:s|ed)?|budget|within|latency)\b\s*(?:is|of|:)?\s+", re.IGNORECASE
)
_PARTS = re.compile(r"\s*(?:;|,\s+|\band\b|\n)\s*", re.IGNORECASE)
_COUNT = (
    r"(?:about\s+|~\s*|up\s+to\s+|≈\s*)?[\d][\d.,_' ]*(?:\s*(?:k|m|bn|b|thousand|million|billion))?(?![\w])"
)
_TABLE = r"(?:`[^`]+`|\"[^\"]+\"|[^\W\d]\w*(?:\.\w+)?)"
_TABLE_FIRST = re.compile(
    rf"(?:table\s+)?(?P<table>{_TABLE})\s*(?:table)?\s*(?:[:=~≈]|has|holds|with|of)?\s*\(?(?P<count>{_COUNT})\s*(?:rows?)?\)?",
    re.IGNORECASE,
)
_COUNT_FIRST = re.compile(
    rf"(?P<count>{_COUNT})\s*(?:rows?\s+(?:in|of)\s+)?(?P<table>{_TABLE})", re.IGNORECASE
)
_LIMIT = re.compile(
    r"^\s*(?:within|under|below|at\s+most|no\s+more\s+than|less\s+than|max(?:imum)?\.?|up\s+to|reads?|<=?|≤)\s*",
    re.IGNORECASE,
)
_HEADED = re.compile(r"\s*(?:[\d.]+\s+)?query\s*[:：]", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d]\w*")
_ROWS = re.compile(r"\s*rows?(?:\s+(?:read|scanned|returned))?\s*$", re.IGNORECASE)

ACCEPTED_EXPECTS = ("orders 1,000,000 rows, customers 50,000 rows",)
ACCEPTED_BUDGET = ("5 ms", "50 ms, 1,000 rows")


@dataclass(slots=True)
class _Facts:
    """What the lines of one query say, while they are read."""

    texts: dict[str, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    description: str = ""

    def put(self, key: str, text: str, place: Place) -> None:
        if key not in self.texts and text:
            self.texts[key], self.places[key] = text.rstrip(" ."), place


def _knows(name: str) -> str:
    return _BY_WORDS.get(words(name), "")


def is_query(part: Part) -> bool:
    return part.heading is not None and bare_name(part, "query")[1] and not part.opens


def read_queries(parts: Sequence[Part]) -> tuple[tuple[DeclaredQuery, ...], list[tuple[Place, Problem]]]:
    """The declared queries in document order, and what of them was not understood."""
    queries: list[DeclaredQuery] = []
    problems: list[tuple[Place, Problem]] = []
    for index, part in enumerate(parts):
        if is_query(part):
            query, wrong = _query(entry_at(parts, index))
            queries.append(query)
            problems.extend(wrong)
    return tuple(queries), problems


def stray_queries(parts: Sequence[Part]) -> tuple[DeclaredQuery, ...]:
    """What is headed `Query: name` and has SQL, but stands in another section."""
    return tuple(
        _query(entry)[0]
        for index, part in enumerate(parts)
        if part.section != keys.QUERIES and _HEADED.match(part.title) and is_query(part)
        for entry in [entry_at(parts, index)]
        if any(True for one in entry.parts for _ in code_blocks(one, part.title))
    )


def _query(entry: Entry) -> tuple[DeclaredQuery, list[tuple[Place, Problem]]]:
    name, _ = bare_name(entry.part, "query")
    facts = _facts(entry)
    blocks = [block for part in entry.parts for block in code_blocks(part, entry.part.title)]
    problems: list[tuple[Place, Problem]] = []
    if not blocks:
        missing = Problem(f"the query “{name}” has no SQL", ("a fenced sql block under the heading",))
        problems.append((entry.place, missing))
    several = Problem(f"the query “{name}” has more than one code block")
    problems.extend((block.place, several) for block in blocks[1:])
    expects, wrong = _expects(facts.texts.get("Expects", ""))
    problems.extend((facts.places["Expects"], problem) for problem in wrong)
    budget, rows, wrong = _budget(facts.texts.get("Budget", ""))
    problems.extend((facts.places["Budget"], problem) for problem in wrong)
    query = DeclaredQuery(name, entry.place, blocks[0] if blocks else None, facts.description,
                          facts.texts.get("Returns", ""), expects, budget, rows,
                          tuple(_NAME.findall(facts.texts.get("Optional", ""))))  # fmt: skip
    return query, problems


def _facts(entry: Entry) -> _Facts:
    facts = _Facts()
    for part in entry.parts:
        for keyed in find_keys(part.source, part.blocks, _knows):
            if keyed.known:
                nested = [
                    line
                    for block in walk(keyed.children)
                    if isinstance(block, Paragraph)
                    for line in block.lines
                ]
                own = plain(part.source.data, keyed.lines).text
                text = own or ", ".join(plain(part.source.data, [line]).text for line in nested)
                facts.put(
                    keyed.known, text, Place(part.source, Span(keyed.lines[0].start, keyed.lines[-1].end))
                )
        for block in part.blocks:
            if isinstance(block, Paragraph) and not any(
                k.known for k in find_keys(part.source, [block], _knows)
            ):
                _from_prose(part, block, facts)
    facts.description = facts.texts.get("Description", facts.description)
    return facts


def _from_prose(part: Part, block: Paragraph, facts: _Facts) -> None:
    """`Returns many Order. Budget 50 ms.`; other sentences describe."""
    place = Place(part.source, block.span)
    text = plain(part.source.data, block.lines).text
    starts = list(_SENTENCE.finditer(text))
    for index, match in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(text)
        stop = re.search(r"[.;](?:\s|$)", text[match.end() : end])
        said = text[match.end() : match.end() + stop.start() if stop else end]
        facts.put(_knows(match[1]) or "Expects", said.strip(), place)
    prose = text[: starts[0].start()].strip() if starts else text
    if prose and not facts.description:
        facts.description = prose


def _expects(text: str) -> tuple[tuple[tuple[str, int], ...], list[Problem]]:
    found: list[tuple[str, int]] = []
    problems: list[Problem] = []
    for piece in _pieces(text):
        match = _TABLE_FIRST.fullmatch(piece) or _COUNT_FIRST.fullmatch(piece)
        count = (
            parse_row_count(match["count"])
            if match
            else Problem(f"“{piece}” names no table with a number of rows")
        )
        if match is None or isinstance(count, Problem):
            assert isinstance(count, Problem)
            problems.append(Problem(count.message, ACCEPTED_EXPECTS, count.ambiguous))
        else:
            found.append((match["table"].strip('`"'), count))
    return tuple(found), problems


def _budget(text: str) -> tuple[timedelta | None, int | None, list[Problem]]:
    time: timedelta | None = None
    rows: int | None = None
    problems: list[Problem] = []
    for piece in _pieces(text):
        bare = _LIMIT.sub("", piece)
        if _ROWS.search(bare):
            count = parse_row_count(_ROWS.sub("", bare))
            rows = rows if isinstance(count, Problem) else count
            problems.extend([count] if isinstance(count, Problem) else [])
        else:
            duration = parse_duration(bare)
            time = time if isinstance(duration, Problem) else duration
            problems.extend([duration] if isinstance(duration, Problem) else [])
    return time, rows, [Problem(problem.message, ACCEPTED_BUDGET, problem.ambiguous) for problem in problems]


def _pieces(text: str) -> Iterator[str]:
    return (piece.strip() for piece in _PARTS.split(text) if piece.strip())
