"""Liquibase's formatted SQL: changesets in the comments of a file of SQL.

Learned from Liquibase 4's `AbstractFormattedChangeLogParser` and `FormattedSqlChangeLogParser`, whose
patterns stand here; tests hold it against them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.liquibase.changeset import ChangeSet, Check, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dbdeed.document.source import Source

_HEAD = re.compile(r"\s*--\s*liquibase\s*formatted.*", re.IGNORECASE)
_CHANGESET = re.compile(r'\s*--\s*changeset\s+("[^"]+"|[^:]+):\s*("[^"]+"|\S+)(.*)', re.IGNORECASE)
_ALMOST = re.compile(r"(?:-\s*changeset\s.*|\s*--\s*changeset.*)", re.IGNORECASE)
_PROPERTY = re.compile(r"\s*--\s*property\s+(.*:.*)\s+(.*:.*).*", re.IGNORECASE)
_COMMENT = re.compile(r"--\s*comment:? (.*)", re.IGNORECASE)
_VALID = re.compile(r"--\s*validCheckSum:? (.*)", re.IGNORECASE)
_ROLLBACK = re.compile(r"(\s*--\s*rollback )(.*)", re.IGNORECASE)
_ROLLBACK_OPENS = re.compile(r"\s*/\*\s*liquibase\s*rollback\s*", re.IGNORECASE)
_ROLLBACK_CLOSES = re.compile(r"(.*?)\s*\*/\s*", re.DOTALL)
_PRECONDITIONS = re.compile(r"\s*--\s*preconditions(.*)", re.IGNORECASE)
_PRECONDITION = re.compile(r"\s*--\s*precondition-([a-zA-Z0-9-]+) (.*)", re.IGNORECASE)
_IGNORE = re.compile(r"--\s*ignoreLines:(\w+)", re.IGNORECASE)
_SLIP = re.compile(
    r"(?:-(?!-)\s*(?:rollback|comment|precondition\S*|property|ignoreLines|validCheckSum)\b"
    r"|--\s*(?:comments:? |ignore:\w)).*",
    re.IGNORECASE,
)
_EXPECTED = (
    re.compile(r"(?:expectedResult:)?(\w+) (.*)", re.IGNORECASE),
    re.compile(r"(?:expectedResult:)?'([^']+)' (.*)", re.IGNORECASE),
    re.compile(r'(?:expectedResult:)?"([^"]+)" (.*)', re.IGNORECASE),
)
_NOTHING = re.compile(r"\s*(?:not required|empty).*", re.IGNORECASE | re.DOTALL)
_OTHER_ID = re.compile(r"changesetid:(\S+)", re.IGNORECASE)


def _attribute(name: str, value: str = r"(\S*)") -> re.Pattern[str]:
    return re.compile(rf"{name}:{value}", re.IGNORECASE)


_QUOTED = r'(".*?"|\S*)'
_STRINGS = {
    "context": _attribute("contextFilter", _QUOTED),
    "older_context": _attribute("context", _QUOTED),
    "labels": _attribute("labels", _QUOTED),
    "dbms": _attribute("dbms", r"([^,][\w!,]+)"),
    "path": _attribute("logicalFilePath"),
    "delimiter": _attribute(r"\bendDelimiter"),
    "rollback_delimiter": _attribute(r"\brollbackEndDelimiter"),
    "run_with": _attribute("runWith", r"([\w${}]+)"),
}
_FLAGS = {
    "in_transaction": (_attribute("runInTransaction", r"(\w+)"), True),
    "on_change": (_attribute("runOnChange", r"(\w+)"), False),
    "always": (_attribute("runAlways", r"(\w+)"), False),
    "splits": (_attribute(r"\bsplitStatements", r"(\w+)"), True),
    "fails": (_attribute("failOnError", r"(\w+)"), True),
    "ignored": (_attribute(r"\bignore", r"(\w*)"), False),
}


@dataclass
class _Building:
    """A changeset under way."""

    first: ChangeSet
    lines: list[Line] = field(default_factory=list)
    rollback: list[Line] = field(default_factory=list)
    comment: str = ""
    valid: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class Property:
    """`--property name:N value:V`."""

    name: str
    value: str
    context: str = ""
    labels: str = ""
    dbms: str = ""


def is_formatted(text: str) -> bool:
    """Whether the first line that is not blank says so."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return _HEAD.fullmatch(first) is not None


def read_formatted(
    source: Source,
    path: Path,
    filename: str,
    expand: Callable[[str], str],
    define: Callable[[Property], None],
) -> list[ChangeSet]:
    """The changesets of a file, in order.

    Args:
        source: its bytes.
        path: of the file.
        filename: as Liquibase names it.
        expand: fills `${…}`.
        define: takes a property that the file sets.

    Raises:
        InvalidInput: at the line that Liquibase would refuse.
    """
    return list(_Parser(source, path, filename, expand, define).changesets())


class _Parser:
    def __init__(
        self,
        source: Source,
        path: Path,
        filename: str,
        expand: Callable[[str], str],
        define: Callable[[Property], None],
    ) -> None:
        self._source = source
        self._path = path
        self._filename = filename
        self._expand = expand
        self._define = define
        self._number = 0

    def changesets(self) -> Iterator[ChangeSet]:
        building: _Building | None = None
        lines = numbered_lines(self._source)
        for self._number, offset, line in lines:
            if _HEAD.fullmatch(line):
                found = _STRINGS["path"].search(line)
                self._filename = self._expand(found[1]) if found else self._filename
            elif match := _PROPERTY.fullmatch(line):
                self._property(line)
            elif match := _IGNORE.fullmatch(line):
                self._skip(match[1], lines)
            elif match := _CHANGESET.fullmatch(line):
                if building is not None:
                    yield self._built(building)
                building = _Building(self._begun(match))
                building.foreign = building.first.foreign
            elif _ALMOST.fullmatch(line):
                raise self._wrong("A changeset is written --changeset author:id.")
            elif building is not None:
                self._line(building, offset, line, lines)
            elif _COMMENT.fullmatch(line):
                raise self._wrong("A comment of a changeset stands before the first changeset.")
        if building is not None and building.lines:
            yield self._built(building)

    def _wrong(self, message: str) -> InvalidInput:
        return InvalidInput(
            message,
            where=f"{self._source.name}:{self._number}",
            hint="Liquibase refuses the file because of this line.",
            code="liquibase-format",
        )

    def _property(self, line: str) -> None:
        found = {
            name: match[1]
            for name in ("name", "value", "contextFilter", "context", "labels", "dbms", "global")
            if (match := re.search(rf"{name}:\s*(\".*?\"|\S+)", line, re.IGNORECASE))
        }
        context = found.get("contextFilter") or found.get("context", "")
        self._define(
            Property(
                self._expand(found.get("name", "")),
                self._expand(found.get("value", "")),
                context.strip('"'),
                found.get("labels", "").strip('"'),
                found.get("dbms", ""),
            )
        )

    def _skip(self, word: str, lines: Iterator[tuple[int, int, str]]) -> None:
        if word.isdigit():
            for _ in range(int(word)):
                next(lines, None)
        elif word.lower() == "start":
            for self._number, _, line in lines:
                if (match := _IGNORE.fullmatch(line)) and match[1] == "end":
                    return
        else:
            raise self._wrong("ignoreLines takes a number, start or end.")

    def _begun(self, match: re.Match[str]) -> ChangeSet:
        rest = match[3]
        strings = {name: found[1] for name, one in _STRINGS.items() if (found := one.search(rest))}
        flags = {
            name: found[1].lower() == "true" if (found := one.search(rest)) else default
            for name, (one, default) in _FLAGS.items()
        }
        foreign = ""
        if strings.get("run_with"):
            foreign = "it runs with a program of its own (runWith)"
        elif not flags["fails"]:
            foreign = "it may fail (failOnError:false)"
        context = strings.get("context") or strings.get("older_context", "")
        return ChangeSet(
            id=self._expand(match[2].strip('"')),
            author=self._expand(match[1].strip('"')),
            filename=self._expand(strings.get("path") or self._filename),
            path=self._path,
            source=self._source,
            line=self._number,
            foreign=foreign,
            context=self._expand(context.strip('"')),
            labels=self._expand(strings.get("labels", "").strip('"')),
            dbms=self._expand(strings.get("dbms", "")),
            ignored=flags["ignored"],
            in_transaction=flags["in_transaction"],
            on_change=flags["on_change"],
            always=flags["always"],
            splits=flags["splits"],
            delimiter=strings.get("delimiter", ""),
            rollback_delimiter=strings.get("rollback_delimiter", ""),
        )

    def _line(
        self, building: _Building, offset: int, line: str, lines: Iterator[tuple[int, int, str]]
    ) -> None:
        if match := _COMMENT.fullmatch(line):
            building.comment = match[1]
        elif match := _VALID.fullmatch(line):
            building.valid.append(match[1].strip())
        elif match := _ROLLBACK.fullmatch(line):
            building.rollback.append(Line(match[2], offset + len(match[1].encode())))
        elif _ROLLBACK_OPENS.fullmatch(line):
            self._long_rollback(building, lines)
        elif match := _PRECONDITION.fullmatch(line):
            self._check(building, match[1].lower(), match[2])
        elif match := _PRECONDITIONS.fullmatch(line):
            self._preconditions(building, match[1])
        elif _SLIP.fullmatch(line):
            raise self._wrong("This line is almost one of Liquibase's own; they begin with two dashes.")
        else:
            building.lines.append(Line(line, offset))

    def _long_rollback(self, building: _Building, lines: Iterator[tuple[int, int, str]]) -> None:
        opened = self._number
        for self._number, offset, line in lines:
            if match := _ROLLBACK_CLOSES.fullmatch(line):
                building.rollback.append(Line(match[1], offset))
                return
            building.rollback.append(Line(line, offset))
        self._number = opened
        raise self._wrong("This rollback comment is not closed.")

    def _preconditions(self, building: _Building, said: str) -> None:
        for name in ("onFail", "onError"):
            match = re.search(rf"{name}:(\w+)", said, re.IGNORECASE)
            if match is not None and match[1].upper() != "HALT":
                building.foreign = building.foreign or f"its preconditions decide what happens ({match[0]})"

    def _check(self, building: _Building, kind: str, body: str) -> None:
        if kind != "sql-check":
            building.foreign = building.foreign or f"it has a precondition {kind}"
            return
        for pattern in _EXPECTED:
            if match := pattern.fullmatch(self._expand(body.strip())):
                building.checks.append(Check(match[1], match[2].rstrip().rstrip(";")))
                return
        raise self._wrong("A sql-check is written expectedResult:VALUE and a query.")

    def _built(self, building: _Building) -> ChangeSet:
        first = building.first
        if not any(line.text.strip() for line in building.lines):
            self._number = first.line
            raise self._wrong("This changeset has no SQL.")
        rollback: tuple[Line, ...] | None = tuple(building.rollback)
        words = "\n".join(line.text for line in building.rollback)
        if not words.strip():
            rollback = None
        elif _NOTHING.fullmatch(words):
            rollback = ()
        elif _OTHER_ID.search(words):
            rollback = None
        return ChangeSet(
            **{name: getattr(first, name) for name in first.__slots__}
            | {
                "lines": tuple(building.lines),
                "rollback": rollback,
                "comment": building.comment,
                "valid": tuple(building.valid),
                "checks": tuple(building.checks),
                "foreign": building.foreign,
            }
        )


def numbered_lines(source: Source) -> Iterator[tuple[int, int, str]]:
    """(number from 1, first byte, text) of each line."""
    data, at = source.data, 0
    if data.startswith(b"\xef\xbb\xbf"):
        at = 3
    for number, match in enumerate(re.finditer(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)", data[at:]), 1):
        raw = match.group()
        if not raw and match.start() == len(data) - at:
            return
        yield number, at + match.start(), raw.rstrip(b"\r\n").decode("utf-8", "replace")
