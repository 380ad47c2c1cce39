"""A project's changesets, from its root changelog on, in the order in which Liquibase runs them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.document.source import Source
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import shown_path
from dbdeed.migrations.formats.liquibase.changeset import NEEDS, ChangeSet, Line, Scope, sql_checksum
from dbdeed.migrations.formats.liquibase.expressions import has_labels, is_for, runs_in
from dbdeed.migrations.formats.liquibase.formatted import (
    Property,
    is_formatted,
    numbered_lines,
    read_formatted,
)
from dbdeed.migrations.formats.liquibase.root import CHANGESET, DBMS, Entry, read_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dbdeed.migrations.formats.liquibase.configuration import Configuration

_EXPRESSION = re.compile(r"\$\{([^${}]+)\}")
_ROOTS = (".xml", ".yaml", ".yml", ".json")
_CHOOSE = frozenset({"context", "contextFilter", "labels"})
_INCLUDE = frozenset({"file", "relativeToChangelogFile", "errorIfMissing"}) | _CHOOSE
_INCLUDE_ALL = (
    frozenset({"path", "relativeToChangelogFile", "errorIfMissingOrEmpty", "endsWithFilter"}) | _CHOOSE
)
_SILENT = frozenset({"objectQuotingStrategy", "changeLogId"})
_OWN_NAMES = "database."


@dataclass
class _Reading:
    configuration: Configuration
    root: Path
    engine: str
    parameters: dict[str, str]
    seen: dict[str, ChangeSet]
    unfilled: bool = False
    places: bool = False


def read_changesets(
    configuration: Configuration, root: Path, engine: str, *, places: bool = False
) -> list[ChangeSet]:
    """All changesets, also those that do not run here (`runs_here`).

    Args:
        configuration: of the project.
        root: the project's folder.
        engine: what Liquibase calls the kind of database: "postgresql".
        places: only where they stand is asked, whatever database they are for.

    Raises:
        InvalidInput: at the line or file that Liquibase would refuse, or that we would have to ignore.
    """
    found = configuration.find(configuration.changelog)
    if found is None:
        return []
    reading = _Reading(configuration, root, engine, dict(configuration.parameters), {}, places=places)
    for one in _changelog(reading, configuration.changelog, found):
        other = reading.seen.setdefault(one.key, one)
        if other is not one:
            raise InvalidInput(
                f"The changeset {one.author}:{one.id} stands twice, also in line {other.line}.",
                where=f"{shown_path(root, one.path)}:{one.line}",
                hint="Give the one that nobody has applied yet another id.",
                code="migration-twice",
            )
    return list(reading.seen.values())


def runs_here(one: ChangeSet, configuration: Configuration, engine: str) -> bool:
    """Whether Liquibase would run it in this kind of database, for the contexts and labels asked for."""
    return (
        not one.ignored
        and is_for(one.dbms, engine)
        and all(runs_in(each.context, configuration.contexts) for each in one.scopes)
        and has_labels(one.all_labels, configuration.labels)
    )


def _changelog(reading: _Reading, name: str, path: Path, logical: str = "") -> Iterator[ChangeSet]:
    """Those of a file and of what it includes.

    Args:
        reading: of the project.
        name: of the file, from where files are searched.
        path: of the file.
        logical: the `logicalFilePath` of what includes it, which holds where it has none of its own.
    """
    if path.suffix.lower() == ".sql":
        yield from _sql(reading, name, path, logical)
        return
    if path.suffix.lower() not in _ROOTS:
        return
    shown = shown_path(reading.root, path)
    scope = Scope()
    for entry in read_root(path, shown):
        where = f"{shown}:{entry.line}" if entry.line else shown
        if entry.kind == "include":
            yield from _within(scope, _include(reading, name, entry, where, logical))
        elif entry.kind == "includeAll":
            yield from _within(scope, _include_all(reading, name, entry, where, logical))
        elif entry.kind == "property":
            _define_root(reading, entry, where)
        elif entry.kind == CHANGESET:
            filename = entry.said.get("logicalFilePath") or logical or name
            yield from _within(scope, [_foreign(reading, entry, filename, path, where)])
        elif entry.kind == "logicalFilePath":
            logical = _expanded(reading, entry.said[entry.kind])
        elif entry.kind == DBMS:
            _require_database(reading, entry.said["type"], shown)
        elif entry.kind in ("context", "contextFilter"):
            scope = Scope(entry.said[entry.kind])
        elif entry.kind not in _SILENT:
            raise InvalidInput(
                f"“{entry.kind}” in a changelog is not followed here.",
                where=where,
                hint="Liquibase itself runs such a changelog.",
                code="liquibase-format",
            )


def _require_database(reading: _Reading, wanted: str, where: str) -> None:
    if not reading.places and not is_for(wanted, reading.engine):
        raise InvalidInput(
            f"This changelog asks for the database {wanted}, and the document has {reading.engine}.",
            where=where,
            hint="Liquibase would refuse it too: mend its preConditions, or the document's Database System.",
            code="liquibase-database",
        )


def _within(scope: Scope, changesets: Iterable[ChangeSet]) -> Iterator[ChangeSet]:
    for one in changesets:
        yield one if scope == Scope() else replace(one, around=(*one.around, scope))


def _scope_of(reading: _Reading, entry: Entry) -> Scope:
    context = entry.said.get("contextFilter") or entry.said.get("context", "")
    return Scope(_expanded(reading, context), _expanded(reading, entry.said.get("labels", "")))


def _foreign(reading: _Reading, entry: Entry, filename: str, path: Path, where: str) -> ChangeSet:
    said = entry.said
    if not said.get("id") or not said.get("author"):
        raise InvalidInput("A changeset needs an id and an author.", where=where, code="liquibase-format")
    return ChangeSet(
        id=_expanded(reading, said["id"]),
        author=_expanded(reading, said["author"]),
        filename=filename,
        path=path,
        line=entry.line or 1,
        foreign=f"it stands in {path.suffix.removeprefix('.').upper()}",
        context=said.get("contextFilter") or said.get("context", ""),
        labels=said.get("labels", ""),
        dbms=said.get("dbms", ""),
        ignored=said.get("ignore", "") == "true",
        in_transaction=said.get("runInTransaction", "").lower() != "false",
        on_change=said.get("runOnChange", "") == "true",
        always=said.get("runAlways", "") == "true",
        described=entry.body,
    )


def _require_known(entry: Entry, known: frozenset[str], where: str) -> None:
    unknown = sorted(set(entry.said) - known)
    if unknown:
        raise InvalidInput(
            f"“{unknown[0]}” of an {entry.kind} is not followed here.",
            where=where,
            hint="Say it in the changesets themselves, or run them with Liquibase itself.",
            code="liquibase-format",
        )


def _relative(name: str, entry: Entry, given: str) -> str:
    """The name that an included file has in the history."""
    if entry.said.get("relativeToChangelogFile", "").lower() == "true":
        given = f"{name.rpartition('/')[0]}/{given}"
    return os.path.normpath(given.removeprefix("classpath:").lstrip("/")).replace("\\", "/")


def _include(reading: _Reading, name: str, entry: Entry, where: str, logical: str) -> Iterator[ChangeSet]:
    _require_known(entry, _INCLUDE, where)
    wanted = _relative(name, entry, _expanded(reading, entry.said.get("file", "")))
    path = reading.configuration.find(wanted)
    if path is not None:
        yield from _within(_scope_of(reading, entry), _changelog(reading, wanted, path, logical))
    elif entry.said.get("errorIfMissing", "true").lower() == "true":
        raise InvalidInput(
            f"The included file {wanted} is not there.",
            where=where,
            hint="It is looked for in: " + ", ".join(map(str, reading.configuration.search)) + ".",
            code="liquibase-include",
        )


def _include_all(reading: _Reading, name: str, entry: Entry, where: str, logical: str) -> Iterator[ChangeSet]:
    _require_known(entry, _INCLUDE_ALL, where)
    wanted = _relative(name, entry, _expanded(reading, entry.said.get("path", "")))
    ending = entry.said.get("endsWithFilter", "")
    files: dict[str, Path] = {}
    for search in reading.configuration.search:
        folder = search / wanted
        for path in folder.rglob("*") if folder.is_dir() else ():
            shown = path.relative_to(search).as_posix()
            if path.is_file() and shown.endswith(ending):
                files.setdefault(shown, path)
    if not files and entry.said.get("errorIfMissingOrEmpty", "true").lower() == "true":
        raise InvalidInput(
            f"The included folder {wanted} is empty or not there.", where=where, code="liquibase-include"
        )
    for shown, path in sorted(files.items()):
        yield from _within(_scope_of(reading, entry), _changelog(reading, shown, path, logical))


def _define_root(reading: _Reading, entry: Entry, where: str) -> None:
    said = entry.said
    if said.get("file") or said.get("global", "true").lower() != "true":
        raise InvalidInput(
            "Properties from a file, or of one changelog only, are not followed here.",
            where=where,
            code="liquibase-format",
        )
    context = said.get("contextFilter") or said.get("context", "")
    _define(
        reading,
        Property(
            said.get("name", ""), said.get("value", ""), context, said.get("labels", ""), said.get("dbms", "")
        ),
    )


def _define(reading: _Reading, one: Property) -> None:
    """The first that sets a name wins, as in Liquibase."""
    configuration = reading.configuration
    if (
        is_for(one.dbms, reading.engine)
        and runs_in(one.context, configuration.contexts)
        and has_labels(one.labels, configuration.labels)
    ):
        reading.parameters.setdefault(one.name, one.value)


def _expanded(reading: _Reading, text: str, needs: tuple[str, ...] = ()) -> str:
    """`${name}` filled; one without a value stays as it is, as in Liquibase."""

    def fill(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name in needs:
            return match.group()
        if name.startswith(_OWN_NAMES) and name not in reading.parameters:
            reading.unfilled = True
        return reading.parameters.get(name, match.group())

    for _ in range(10):
        filled = _EXPRESSION.sub(fill, text)
        if filled == text:
            break
        text = filled
    return text


def _sql(reading: _Reading, name: str, path: Path, logical: str) -> Iterator[ChangeSet]:
    shown = shown_path(reading.root, path)
    try:
        text = path.read_bytes().decode(reading.configuration.encoding)
    except (UnicodeDecodeError, LookupError, OSError) as error:
        raise InvalidInput(
            f"This file cannot be read: {error}.", where=shown, code="migration-unreadable"
        ) from None
    source = Source(shown, text.encode())
    if not is_formatted(text.removeprefix("\ufeff")):
        yield _filled(reading, _plain_sql(source, path, name))
        return
    found = read_formatted(
        source,
        path,
        logical or name,
        lambda given: _expanded(reading, given),
        lambda one: _define(reading, one),
    )
    for one in found:
        yield _filled(reading, one)


def _plain_sql(source: Source, path: Path, name: str) -> ChangeSet:
    """A file without Liquibase's comments is one changeset, which its own path names in any case."""
    lines = tuple(Line(text, offset) for _, offset, text in numbered_lines(source))
    return ChangeSet("raw", "includeAll", name, path, source, lines=lines, splits=False)


def _filled(reading: _Reading, one: ChangeSet) -> ChangeSet:
    """With `${…}` filled; what the database's own name would be asked for is Liquibase's to run.

    A secret that the file says it needs is filled when it runs. Its value is in the checksum all the same, as
    in Liquibase's own.
    """
    reading.unfilled = False
    whole = "\n".join(line.text for line in _filled_lines(reading, one.lines, ()))
    needs = tuple(found[1] for line in one.lines if (found := NEEDS.fullmatch(line.text.rstrip())))
    rollback = _filled_lines(reading, one.rollback, needs) if one.rollback else one.rollback
    foreign = one.foreign or ("it needs Liquibase's own ${database.…}" if reading.unfilled else "")
    return replace(
        one,
        lines=_filled_lines(reading, one.lines, needs),
        rollback=rollback,
        foreign=foreign,
        needs=needs,
        checksum=sql_checksum(whole.strip()),
    )


def _filled_lines(reading: _Reading, lines: tuple[Line, ...], needs: tuple[str, ...]) -> tuple[Line, ...]:
    if not any("${" in line.text for line in lines):
        return lines
    return tuple(Line(_expanded(reading, line.text, needs), line.offset) for line in lines)
