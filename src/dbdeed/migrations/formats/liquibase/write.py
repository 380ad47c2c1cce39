"""A new migration as a changeset of formatted SQL, in a file that the root changelog takes."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import TYPE_CHECKING

from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.liquibase.root import read_root
from dbdeed.migrations.formats.sql_writing import batches, comment, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.migrations.formats.liquibase.configuration import Configuration
    from dbdeed.migrations.formats.liquibase.root import Entry
    from dbdeed.migrations.seam import Draft, Migration, Origin, WrittenBatch

_HEAD = "--liquibase formatted sql"
_MOMENT = "%Y%m%d%H%M%S"
_LEADING = re.compile(r"(\D*)(\d+)")
_CHANGESET = re.compile(r"^\s*--\s*changeset\s", re.MULTILINE | re.IGNORECASE)
_ORIGIN = re.compile(r"^-- dbdeed: from [0-9a-f]{64} to [0-9a-f]{64}[ \t]*$", re.MULTILINE)
_EMPTY_XML = """<?xml version="1.0" encoding="UTF-8"?>
<databaseChangeLog
    xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
        http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
    <includeAll path="changes" relativeToChangelogFile="true"/>
</databaseChangeLog>
"""


def written(configuration: Configuration, existing: Sequence[Migration], draft: Draft) -> Mapping[Path, str]:
    """The new file, and the root changelog where it has to name it."""
    changeset = "".join(f"{line}\n" for line in _changeset(draft, existing))
    root = configuration.find(configuration.changelog)
    if root is None:
        place = configuration.search[-1] / configuration.changelog
        path = place.parent / "changes" / _name(draft, [])
        return {place: _EMPTY_XML, path: f"{_HEAD}\n\n{changeset}"}
    if root.suffix.lower() == ".sql":
        before = root.read_text(encoding="utf-8")
        return {root: f"{before.rstrip()}\n\n{changeset}"}
    entries = read_root(root, str(root))
    folder, taken = _folder(configuration, root, entries, existing)
    names = sorted(one.name for one in folder.glob("*")) if folder.is_dir() else []
    path = folder / _name(draft, names, sorts=taken)
    files = {path: f"{_HEAD}\n\n{changeset}"}
    if not taken:
        files[root] = _including(root, path, root.read_text(encoding="utf-8"))
    return files


def renumbered(
    configuration: Configuration, existing: Sequence[Migration], migration: Migration, origin: Origin
) -> Mapping[Path, str | None]:
    """The seam's `Renumbers`: the file last in its folder, or last in the root changelog.

    Raises `NotYet` for a changeset that shares its file with others, or stands in the root itself.
    """
    root = configuration.find(configuration.changelog)
    text = migration.path.read_text(encoding="utf-8")
    if root is None or root == migration.path or len(_CHANGESET.findall(text)) != 1:
        raise NotYet(
            f"{migration.path.name} holds more than this changeset, so it is not moved.",
            hint="Move the changeset behind the others by hand, then `dbdeed migrate verify`.",
            code="rebase-format",
        )
    text = _ORIGIN.sub(f"-- dbdeed: from {origin.before} to {origin.after}", text, count=1)
    before = root.read_text(encoding="utf-8")
    if _without_include(before, migration.path.name) is not None:
        for path in (*_moved_before(before, existing), migration.path):
            before = _including(root, path, _without_include(before, path.name) or before)
        return {migration.path: text, root: before}
    names = sorted(one.path.name for one in existing if one.path.parent == migration.path.parent)
    number = _LEADING.match(names[-1] if names else "")
    old = _LEADING.match(migration.path.name)
    if number is None or old is None:
        raise NotYet(
            f"{migration.path.name} is included by its folder and has no number to change.",
            hint="Give it a name that sorts behind the others, then `dbdeed migrate verify`.",
            code="rebase-format",
        )
    rest = migration.path.name[old.end() :]
    name = f"{number[1]}{str(int(number[2]) + 1).zfill(len(number[2]))}{rest}"
    return {migration.path.with_name(name): text, migration.path: None}


def _moved_before(text: str, existing: Sequence[Migration]) -> list[Path]:
    """Files at the end of `existing` that the root changelog, as it is on disk, includes before others."""
    places = {one.path: text.find(one.path.name) for one in existing}
    paths = list(places)
    found: list[Path] = []
    while paths and places[paths[-1]] < max((places[one] for one in paths[:-1]), default=-1):
        found.insert(0, paths.pop())
    return found


def _without_include(text: str, name: str) -> str | None:
    """The root changelog's text without the include of a file; None where it has none of its own."""
    found = re.escape(name)
    in_yaml = (
        rf"^([ \t]*)- include:[ \t]*\n(?:\1[ \t]+[^\n]*\n)*?\1[ \t]+file:[^\n]*\b{found}[\"']?[ \t]*\n"
        r"(?:\1[ \t]+[^\n-][^\n]*\n)*"
    )
    patterns = (
        rf"^[ \t]*<include\s[^>]*[\"'/]{found}[\"'][^>]*/>[ \t]*\n",
        in_yaml,
        rf",\s*\{{\s*\"include\"\s*:\s*\{{[^{{}}]*[\"/]{found}\"[^{{}}]*\}}\s*\}}",
    )
    for pattern in patterns:
        kept, count = re.subn(pattern, "", text, count=1, flags=re.MULTILINE)
        if count:
            return kept
    return None


def _folder(
    configuration: Configuration, root: Path, entries: Sequence[Entry], existing: Sequence[Migration]
) -> tuple[Path, bool]:
    """Where the file goes, and whether the root changelog takes everything there."""
    last = entries[-1] if entries else None
    if last is not None and last.kind == "includeAll" and last.said.get("path"):
        given = last.said["path"].removeprefix("classpath:").lstrip("/")
        if last.said.get("relativeToChangelogFile", "").lower() == "true":
            return root.parent / given, True
        return configuration.find(given) or configuration.search[-1] / given, True
    latest = next((one.path for one in reversed(existing) if one.path.suffix == ".sql"), None)
    inside = latest is not None and latest.parent.is_relative_to(root.parent)
    return (latest.parent if latest is not None and inside else root.parent / "changes"), False


def _name(draft: Draft, names: Sequence[str], *, sorts: bool = False) -> str:
    """A name that sorts behind all others of the folder, counted as they are."""
    moment = draft.moment.astimezone(UTC).strftime(_MOMENT)
    last = names[-1] if names else ""
    number = _LEADING.match(last)
    ending = f"_{slug(draft.description)}.sql"
    name = f"{moment}{ending}"
    if number is not None and (len(number[2]) < 8 or name <= last):
        name = f"{number[1]}{str(int(number[2]) + 1).zfill(len(number[2]))}{ending}"
    if sorts and last and name <= last:
        raise InvalidInput(
            f"No name for the new file sorts behind {last}, and includeAll takes files by their names.",
            hint="Include files one by one, or begin their names with numbers.",
            code="liquibase-include",
        )
    return name


def _including(root: Path, path: Path, text: str) -> str:
    """The root changelog's text with an include of the file at its end."""
    name = path.relative_to(root.parent).as_posix()
    if root.suffix == ".xml":
        indents = re.findall(r"^([ \t]+)<[a-z]", text, re.MULTILINE | re.IGNORECASE)
        indent = min(indents, key=len, default="    ")
        line = f'{indent}<include file="{name}" relativeToChangelogFile="true"/>\n'
        at = text.rindex("</databaseChangeLog>")
        return text[:at].rstrip() + f"\n{line}" + text[at:]
    if root.suffix == ".json":
        return _in_json(text, name)
    indent = next((match[1] for match in re.finditer(r"^([ \t]*)- ", text, re.MULTILINE)), "  ")
    lines = ("- include:", f"    file: {name}", "    relativeToChangelogFile: true")
    return text.rstrip() + "\n" + "".join(f"{indent}{line}\n" for line in lines)


def _in_json(text: str, name: str) -> str:
    entry = json.dumps({"include": {"file": name, "relativeToChangelogFile": True}})
    at = text.rindex("]")
    before = text[:at].rstrip()
    return f"{before}{'' if before.endswith('[') else ','}\n    {entry}\n  {text[at:]}"


def _changeset(draft: Draft, existing: Sequence[Migration]) -> Iterator[str]:
    alone = any(not one.transactional for one in (*draft.up, *(draft.down or ())))
    end, back_end = _end(draft.up), _end(draft.down or ())
    attributes = ["stripComments:false"]
    attributes += ["runInTransaction:false"] if alone else []
    attributes += [f"endDelimiter:{end}"] if end != ";" else []
    attributes += [f"rollbackEndDelimiter:{back_end}"] if back_end != ";" else []
    yield f"--changeset dbdeed:{_id(draft, existing)} {' '.join(attributes)}"
    yield f"--comment: {' '.join(draft.description.split())}"
    yield from map(comment, draft.notes)
    yield f"-- dbdeed: from {draft.origin.before} to {draft.origin.after}"
    yield from (f"-- dbdeed: needs {name}" for name in draft.environment)
    if draft.down is None:
        yield comment(f"There is no way back: {draft.irreversible}" if draft.irreversible else "No way back.")
    yield from batches(draft.up, begin="BEGIN TRANSACTION", end=end, mixed=alone)
    if draft.down is None:
        return
    yield ""
    back = [one for one in batches(draft.down, begin="BEGIN TRANSACTION", end=back_end, mixed=alone) if one]
    yield from (f"--rollback {line}" for one in back or ["empty"] for line in one.split("\n"))


def _end(parts: Sequence[WrittenBatch]) -> str:
    """Liquibase takes any semicolon for an end, also one inside a function's body."""
    inner = any(";" in one.sql for batch in parts for one in batch.statements)
    return "/" if inner else ";"


def _id(draft: Draft, existing: Sequence[Migration]) -> str:
    moment = draft.moment.astimezone(UTC).strftime(_MOMENT)
    taken = {one.key.split("::", 2)[1] for one in existing}
    return next(one for one in (moment, *(f"{moment}-{n}" for n in range(2, 10_000))) if one not in taken)
