"""One Flyway file: its checksum, its placeholders, its statements and how they stand to transactions.

Learned from Flyway 13's `ChecksumCalculator`, `PlaceholderReplacingReader`, `ParserSqlScript` and the two
databases' parsers; tests hold it against them.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.document.source import Source
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import block_in, place_in
from dbdeed.migrations.formats.java_properties import read_properties
from dbdeed.migrations.seam import Batch, Origin

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.engines.seam import Engine, Statement
    from dbdeed.migrations.formats.flyway.configuration import Configuration

_LINE_END = re.compile(r"\r\n|\r|\n")
ORIGIN = re.compile(r"^-- dbdeed: from ([0-9a-f]{64}) to ([0-9a-f]{64})[ \t]*$", re.MULTILINE)
_NEEDS = re.compile(r"^-- dbdeed: needs ([A-Za-z_][A-Za-z0-9_]*)[ \t]*$", re.MULTILINE)
_ALONE = {
    "postgresql": re.compile(
        r"(?:CREATE|DROP) (?:DATABASE|TABLESPACE|SUBSCRIPTION)\b"
        r"|ALTER SYSTEM\b"
        r"|(?:CREATE|DROP)(?: UNIQUE)? INDEX CONCURRENTLY\b"
        r"|REINDEX(?: VERBOSE)? (?:SCHEMA|DATABASE|SYSTEM)\b"
        r"|VACUUM\b"
        r"|DISCARD ALL\b"
    ),
    "sqlite": re.compile(r"PRAGMA FOREIGN_KEYS\b"),
}
"""What Flyway itself runs outside of transactions, by a statement's first words."""

_COPY = re.compile(r"COPY\b.*\bFROM STDIN\b", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_FLAGS = {"executeintransaction": "execute", "placeholderreplacement": "replace"}


@dataclass(frozen=True, slots=True)
class Script:
    """A file as it is to run.

    Attributes:
        checksum: as Flyway records it, -2147483648 to 2147483647.
        batches: None where only Flyway can run it; `why` says so.
        environment: names of environment variables that stand in it.
    """

    checksum: int
    batches: tuple[Batch, ...] | None
    why: str
    origin: Origin | None
    environment: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Beside:
    """The script configuration beside it: `V1__words.sql.conf`."""

    execute: bool | None = None
    replace: bool | None = None
    encoding: str = ""
    conditional: bool = False


def checksum_of(text: str) -> int:
    """CRC32 of its lines without their ends, as a signed number of 32 bits."""
    whole = "".join(_LINE_END.split(text.removeprefix("\ufeff")))
    value = zlib.crc32(whole.encode("utf-8", "surrogatepass"))
    return value - (1 << 32) if value >= 1 << 31 else value


def read_script(
    engine: Engine, configuration: Configuration, path: Path, shown: str, *, repeatable: bool = False
) -> Script:
    """Read one file. Raises `InvalidInput` at its line for what Flyway would refuse."""
    beside = _beside(path, shown)
    text = _decoded(path, shown, beside.encoding or configuration.encoding)
    replace = configuration.replace if beside.replace is None else beside.replace
    environment = tuple(dict.fromkeys(_NEEDS.findall(text)))
    why = "whether it runs is decided by its shouldExecute" if beside.conditional else ""
    filled = text
    if replace:
        filled, unknown = _filled(text, configuration, path.name, shown, environment)
        why = why or (f"it needs Flyway's own placeholder {unknown}" if unknown else "")
    checksum = checksum_of(filled if repeatable else text)
    found = ORIGIN.search(text)
    origin = Origin(found[1], found[2]) if found is not None else None
    block = block_in(Source(shown, filled.encode("utf-8", "replace")))
    statements = tuple(engine.statements([block]))
    if any(_COPY.match(_opening(one.sql, 40)) for one in statements):
        why = why or "COPY … FROM STDIN with its rows in the file"
    if why:
        return Script(checksum, None, why, origin, environment)
    transactional = _transactional(engine, configuration, beside, statements)
    batches = (Batch(statements, transactional),) if statements else ()
    return Script(checksum, batches, "", origin, environment)


def _decoded(path: Path, shown: str, encoding: str) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig" if encoding.lower() == "utf-8" else encoding)
    except LookupError:
        raise InvalidInput(f"The encoding {encoding} is not known.", where=shown) from None
    except (UnicodeDecodeError, OSError) as error:
        raise InvalidInput(
            f"This file cannot be read as {encoding}: {error}.",
            where=shown,
            hint="Set flyway.encoding, or save it as UTF-8.",
            code="migration-unreadable",
        ) from None


def _beside(path: Path, shown: str) -> _Beside:
    conf = path.with_name(f"{path.name}.conf")
    if not conf.is_file():
        return _Beside()
    found: dict[str, bool] = {}
    encoding, conditional = "", False
    for key, value, line in read_properties(conf.read_text(encoding="utf-8"), escapes=False):
        if key.lower() in _FLAGS:
            found[_FLAGS[key.lower()]] = value.strip().lower() == "true"
        elif key == "encoding":
            encoding = value.strip()
        elif key == "shouldExecute":
            conditional = value.strip().lower() != "true"
        else:
            raise InvalidInput(
                f"The setting {key} is not known.",
                where=f"{shown}.conf:{line}",
                hint="Known are executeInTransaction, placeholderReplacement, encoding and shouldExecute.",
                code="flyway-setting",
            )
    return _Beside(found.get("execute"), found.get("replace"), encoding, conditional)


def _filled(
    text: str, configuration: Configuration, name: str, shown: str, environment: tuple[str, ...]
) -> tuple[str, str]:
    """The text with its placeholders filled, and the first of Flyway's own that only it can fill."""
    prefix, suffix = configuration.prefix, configuration.suffix
    own = f"flyway{configuration.separator}"
    known = {
        **configuration.placeholders,
        f"{own}filename".lower(): name,
        f"{own}table".lower(): configuration.table,
        **({f"{own}defaultschema".lower(): configuration.schema} if configuration.schema else {}),
    }
    pieces, at, unknown = [], 0, ""
    while (start := text.find(prefix, at)) >= 0:
        end = text.find(suffix, start + len(prefix))
        key = text[start + len(prefix) : end] if end >= 0 else text[start + len(prefix) :]
        whole = text[start : end + len(suffix)] if end >= 0 else text[start:]
        pieces.append(text[at:start])
        at = start + len(whole)
        if key in environment and key.lower() not in known:
            pieces.append(whole)
        elif key.lower() in known:
            pieces.append(known[key.lower()])
        elif key.lower().startswith(own.lower()):
            unknown = unknown or whole
            pieces.append(whole)
        else:
            raise _no_value(whole if end >= 0 else prefix, text, start, shown)
    pieces.append(text[at:])
    return "".join(pieces), unknown


def _no_value(placeholder: str, text: str, start: int, shown: str) -> InvalidInput:
    line = len(_LINE_END.findall(text[:start])) + 1
    return InvalidInput(
        f"The placeholder {placeholder} has no value.",
        where=f"{shown}:{line}",
        hint="Give it one: flyway.placeholders.NAME in flyway.toml or flyway.conf, or the environment's "
        "FLYWAY_PLACEHOLDERS_NAME; or placeholderReplacement=false in a .conf file beside this one.",
        code="flyway-placeholder",
    )


def _opening(sql: str, words: int = 10) -> str:
    """A statement's first words, in upper case, one space apart."""
    return " ".join(_COMMENT.sub(" ", sql[:4000]).upper().split()[:words])


def _transactional(
    engine: Engine, configuration: Configuration, beside: _Beside, statements: tuple[Statement, ...]
) -> bool:
    if beside.execute is not None:
        return beside.execute
    pattern = _ALONE.get(engine.name)
    alone = [pattern is not None and pattern.match(_opening(one.sql)) is not None for one in statements]
    mixes = any(alone) and not all(alone)
    if mixes and configuration.in_transaction and not configuration.mixed:
        first = statements[alone.index(True)]
        raise InvalidInput(
            "Flyway refuses this: it runs outside of transactions, and others of the file inside.",
            where=place_in(first),
            hint="Give it a file of its own; or put executeInTransaction=false into a .conf file beside "
            "this one.",
            code="flyway-mixed",
        )
    return configuration.in_transaction and not any(alone)
