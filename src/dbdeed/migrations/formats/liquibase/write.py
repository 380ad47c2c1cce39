"""A new migration as a changeset of formatted SQL, in a file that the root changelog takes."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.liquibase.root import read_root
from dbdeed.migrations.formats.sql_writing import batches, comment, slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.migrations.formats.liquibase.configuration import Configuration
    from dbdeed.migrations.formats.liquibase.root import Entry
    from dbdeed.migrations.seam import Draft, Migration, WrittenBatch

_HEAD = "--liquibase formatted sql"
_MOMENT = "%Y%m%d%H%M%S"
_LEADING = re.compile(r"(\D*)(\d+)")
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
        files[root] = _including(root, path)
    return files


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


def _including(root: Path, path: Path) -> str:
    text = root.read_text(encoding="utf-8")
    name = path.relative_to(root.parent).as_posix()
    if root.suffix == ".xml":
        line = f'    <include file="{name}" relativeToChangelogFile="true"/>\n'
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
