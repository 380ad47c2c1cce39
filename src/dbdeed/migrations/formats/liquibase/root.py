"""Changelogs in XML, YAML and JSON, as far as they say what is included and which changesets are their own.

Of YAML only the plain block form is read, which is what Liquibase's own documentation and tools write.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CHANGESET = "changeSet"
PRECONDITIONS = "preConditions"
DBMS = "dbms"
_OF_THE_WHOLE = frozenset({"logicalFilePath", "context", "contextFilter"})
_ITEM = re.compile(r"(\s*)-\s+([A-Za-z]+)\s*:\s*(.*)")
_PAIR = re.compile(r"(\s*)(?:-\s+)?([A-Za-z]+)\s*:\s*(.*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a changelog says: `include`, `includeAll`, `property`, `changeSet` and so on.

    Attributes:
        line: where it stands, from 1; 0 where that is not known.
        body: of a changeset, the first change that it makes, for people.
    """

    kind: str
    said: Mapping[str, str]
    line: int = 0
    body: str = ""


@dataclass
class _Item:
    kind: str
    indent: int
    line: int
    said: dict[str, str] = field(default_factory=dict)
    body: str = ""


def read_root(path: Path, shown: str) -> list[Entry]:
    """What a changelog says, in order. Raises `InvalidInput` for one that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".xml":
            return list(_xml(text, shown))
        if path.suffix == ".json":
            return list(_json(json.loads(text), shown))
    except (ET.ParseError, json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise _unreadable(shown, f"This changelog cannot be read: {error}.") from None
    return list(_yaml(text, shown))


def _unreadable(shown: str, message: str) -> InvalidInput:
    return InvalidInput(
        message,
        where=shown,
        hint="Liquibase's own `validate` says more.",
        code="liquibase-format",
    )


def _xml(text: str, shown: str) -> Iterator[Entry]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _unreadable(shown, "This changelog has a DOCTYPE, which is not read here.")
    root = ET.fromstring(text)  # noqa: S314 - a file of the project's own, without entities
    if _plain(root.tag) != "databaseChangeLog":
        raise _unreadable(shown, "This is no databaseChangeLog.")
    for name, value in root.attrib.items():
        if _plain(name) in _OF_THE_WHOLE:
            yield Entry(_plain(name), {_plain(name): value})
    for one in root:
        if _plain(one.tag) == PRECONDITIONS:
            yield from _asked_of_the_database(one)
            continue
        children = [_plain(child.tag) for child in one]
        body = next((tag for tag in children if tag not in ("comment", "preConditions", "validCheckSum")), "")
        yield Entry(_plain(one.tag), dict(one.attrib), body=body)


def _asked_of_the_database(conditions: ET.Element) -> Iterator[Entry]:
    """What must hold before any changeset runs, as far as it only asks for a kind of database."""
    halts = all(value == "HALT" for name, value in conditions.attrib.items() if name in ("onFail", "onError"))
    for one in conditions:
        if _plain(one.tag) == "dbms" and halts:
            yield Entry(DBMS, {"type": one.get("type", "")})
        else:
            yield Entry(PRECONDITIONS, {})


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _json(found: Any, shown: str) -> Iterator[Entry]:
    entries = found.get("databaseChangeLog") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        raise _unreadable(shown, "This is no databaseChangeLog.")
    for one in entries:
        for kind, said in one.items() if isinstance(one, dict) else ():
            if not isinstance(said, dict):
                yield Entry(kind, {kind: _scalar(said)})
                continue
            plain = {
                key: _scalar(value) for key, value in said.items() if not isinstance(value, (dict, list))
            }
            changes = said.get("changes")
            first = changes[0] if isinstance(changes, list) and changes else {}
            yield Entry(kind, plain, body=next(iter(first), "") if isinstance(first, dict) else "")


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _yaml(text: str, shown: str) -> Iterator[Entry]:
    item: _Item | None = None
    begun, top, changes = False, -1, -1
    for number, raw in enumerate(text.splitlines(), 1):
        line = _without_comment(raw)
        if not line.strip() or line.strip() in ("---", "..."):
            continue
        if not begun:
            if line.strip() != "databaseChangeLog:":
                raise _unreadable(f"{shown}:{number}", "This is no databaseChangeLog in plain YAML.")
            begun = True
            continue
        opened = _ITEM.fullmatch(line)
        indent = len(line) - len(line.lstrip())
        if opened is not None and (top < 0 or indent == top):
            if item is not None:
                yield _entry(item)
            top, changes = indent, -1
            item = _Item(opened[2], -1, number)
            if opened[3] and opened[3][0] in "{[&*|>":
                raise _unreadable(f"{shown}:{number}", "Only plain YAML is read here.")
            if opened[3]:
                item.said[opened[2]] = _unquoted(opened[3])
            continue
        if item is None or indent <= top:
            raise _unreadable(f"{shown}:{number}", "Only plain YAML is read here.")
        item.indent = indent if item.indent < 0 else item.indent
        pair = _PAIR.fullmatch(line)
        if pair is not None and indent == item.indent:
            changes = indent if pair[2] == "changes" else -1
            if pair[3]:
                item.said[pair[2]] = _unquoted(pair[3])
        elif changes >= 0 and pair is not None and not item.body:
            item.body = pair[2]
    if item is not None:
        yield _entry(item)


def _entry(item: _Item) -> Entry:
    return Entry(item.kind, item.said, item.line, item.body)


def _without_comment(line: str) -> str:
    """A `#` begins a comment at the line's start or after a space, outside of quotes."""
    quote = ""
    for at, mark in enumerate(line):
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "'\"":
            quote = mark
        elif mark == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at].rstrip()
    return line.rstrip()


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
