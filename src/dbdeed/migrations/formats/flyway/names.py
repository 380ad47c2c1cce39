"""How Flyway names and orders its files.

Learned from Flyway 13's `MigrationVersion`, `ResourceNameParser` and `Event`; tests hold it against them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_PART = re.compile(r"\.(?=\d)")

CALLBACKS = frozenset(
    [
        "afterConnect",
        "afterEachMigrateError",
        "afterEachMigrateStatement",
        "afterEachMigrateStatementError",
        "afterMigrate",
        "afterMigrateApplied",
        "afterMigrateError",
        "afterMigrateOperationFinish",
        "afterVersioned",
        "beforeConnect",
        "beforeCreateSchema",
        "beforeEachMigrateStatement",
        "beforeMigrate",
        "beforeRepeatables",
        "createSchema",
    ]
)
"""Files of these names run around every `migrate`."""

AROUND_EACH = ("beforeEachMigrate", "afterEachMigrate")
"""Files of these names run around every migration, as if they were a part of it."""

_OTHER_CALLBACK = re.compile(
    r"(?:after|before)(?:Each)?"
    r"(?:Baseline|Clean|Info|Repair|ReportGenerated|Undo|Validate)"
    r"(?:Statement)?(?:Error|OperationFinish)?"
)
"""Those that run around other commands, which we have in our own way."""

SCRIPTS = frozenset({".sh", ".bash", ".py", ".ps1", ".bat", ".cmd"})
"""Endings of scripts that only Flyway itself runs."""


class Role(StrEnum):
    VERSIONED = "versioned"
    UNDO = "undo"
    REPEATABLE = "repeatable"
    BASELINE = "baseline"
    CALLBACK = "callback"
    AROUND_EACH = "around each migration"
    OTHER_CALLBACK = "other callback"


@dataclass(frozen=True, slots=True)
class Version:
    """A version: numbers apart by dots or underscores, compared number by number.

    Attributes:
        parts: without zeros at the end: 1.0 is 1.
        text: as Flyway shows and records it: underscores are dots.
        raw: as written.
    """

    parts: tuple[int, ...]
    text: str
    raw: str

    @property
    def key(self) -> str:
        """One text for all ways to write it."""
        return ".".join(map(str, self.parts))


def version_of(raw: str) -> Version | None:
    """None for what is no version."""
    text = raw.replace("_", ".")
    parts = _PART.split(text)
    if not all(part.isascii() and part.isdigit() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return Version(tuple(numbers), text, raw)


@dataclass(frozen=True, slots=True)
class Naming:
    """A project's own prefixes, separator and endings."""

    versioned: str = "V"
    undo: str = "U"
    repeatable: str = "R"
    baseline: str = "B"
    separator: str = "__"
    suffixes: tuple[str, ...] = (".sql",)


@dataclass(frozen=True, slots=True)
class Name:
    """A file's name, taken apart.

    Attributes:
        version: None of what has none.
        words: the description as written, or a callback's event; underscores are spaces for people.
    """

    role: Role
    version: Version | None
    words: str

    @property
    def description(self) -> str:
        return self.words.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A name that begins like one of Flyway's and is none."""

    problem: str


def parse(name: str, naming: Naming, suffixes: tuple[str, ...] = ()) -> Name | Malformed | None:
    """A file's name; None for one that is none of Flyway's business.

    `suffixes` are the endings that count, in place of the naming's own.
    """
    suffix = next((one for one in suffixes or naming.suffixes if name.lower().endswith(one.lower())), None)
    if suffix is None:
        return None
    stem = name[: len(name) - len(suffix)]
    prefixes = {
        naming.versioned: Role.VERSIONED,
        naming.undo: Role.UNDO,
        naming.repeatable: Role.REPEATABLE,
        naming.baseline: Role.BASELINE,
    }
    callback = stem.partition(naming.separator)[0]
    if callback in AROUND_EACH:
        return Name(Role.AROUND_EACH, None, callback)
    if callback in CALLBACKS:
        return Name(Role.CALLBACK, None, callback)
    if _OTHER_CALLBACK.fullmatch(callback):
        return Name(Role.OTHER_CALLBACK, None, callback)
    for prefix in sorted(prefixes, key=len, reverse=True):
        if prefix and stem.startswith(prefix):
            found = _parted(stem[len(prefix) :], prefixes[prefix], prefix, naming)
            if found is not None:
                return found
    return _slip(stem, prefixes)


def _parted(rest: str, role: Role, prefix: str, naming: Naming) -> Name | Malformed | None:
    before, _, words = rest.partition(naming.separator)
    if role is Role.REPEATABLE:
        return Name(role, None, words) if not before and words else None
    version = version_of(before)
    if version is not None:
        return Name(role, version, words)
    if rest[:1].isdigit():
        return Malformed(
            f"“{before}” is no version: it is numbers apart by dots or single underscores, "
            f"such as {prefix}1_2{naming.separator}words"
        )
    if before == "":
        return Malformed(f"a version is missing: {prefix}1{naming.separator}{words or 'words'}")
    return None


def _slip(stem: str, prefixes: dict[str, Role]) -> Malformed | None:
    """What was meant as a migration, and Flyway would pass over in silence."""
    for prefix, role in prefixes.items():
        rest = stem[len(prefix) :]
        begins = bool(prefix) and stem[: len(prefix)].lower() == prefix.lower()
        if not begins:
            continue
        if stem.startswith(prefix):
            if role is Role.REPEATABLE and rest.startswith("_"):
                return Malformed("words must follow the separator")
        elif (role is Role.REPEATABLE and rest.startswith("_")) or rest[:1].isdigit():
            return Malformed(f"the prefix is written {prefix}")
    return None
