"""A changeset's SQL as statements that run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.document.architecture import CodeBlock, whole
from dbdeed.engines.seam import Statement
from dbdeed.migrations.formats.search_path import in_schema
from dbdeed.migrations.seam import Batch, Kind, Migration, Origin

if TYPE_CHECKING:
    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.formats.liquibase.changeset import ChangeSet, Check, Line
    from dbdeed.migrations.formats.liquibase.configuration import Configuration

_ORIGIN = re.compile(r"-- dbdeed: from ([0-9a-f]{64}) to ([0-9a-f]{64})[ \t]*")
_PLAIN_DELIMITER = re.compile(r"[^\\\w\s$^()[\]{}*+?.|'\"]+|go", re.IGNORECASE)
_DEFAULT = re.compile(r"[ \t]*(?:go|/)[ \t]*", re.IGNORECASE)


def migration_of(engine: Engine, configuration: Configuration, one: ChangeSet, version: str) -> Migration:
    """A changeset as a migration."""
    kind = Kind.REPEATABLE if one.on_change or one.always else Kind.VERSIONED
    words = one.comment or ("" if one.source is not None and not one.foreign else one.described)
    up = _batches(engine, one, one.lines, one.delimiter) if not one.foreign else None
    down: tuple[Batch, ...] | None = None
    if one.rollback is not None and up is not None:
        down = (
            _batches(engine, one, one.rollback, one.rollback_delimiter, checks=False) if one.rollback else ()
        )
    texts = [line.text.rstrip() for line in one.lines]
    origin = next((Origin(found[1], found[2]) for text in texts if (found := _ORIGIN.fullmatch(text))), None)
    return Migration(
        key=one.key,
        version=version,
        description=words or one.filename.rpartition("/")[2],
        path=one.path,
        checksum=one.checksum,
        up=in_schema(engine, configuration.default_schema, up),
        down=in_schema(engine, configuration.default_schema, down),
        needs="liquibase" if up is None else "",
        kind=kind,
        origin=origin,
        environment=tuple(dict.fromkeys(one.needs)),
    )


def _batches(
    engine: Engine, one: ChangeSet, lines: tuple[Line, ...], delimiter: str, *, checks: bool = True
) -> tuple[Batch, ...] | None:
    """None where Liquibase would run it in a way that we do not follow."""
    if delimiter and not _PLAIN_DELIMITER.fullmatch(delimiter.replace("\\n", "")):
        return None
    block = _block(one, lines, delimiter.replace("\\n", ""))
    statements = engine.statements([block])
    if engine.name == "sqlite" and not one.splits and len(statements) > 1:
        return None  # Liquibase hands them over as one, of which SQLite's driver runs only the first
    before = _checks(engine, one.checks) if checks else []
    found = (*before, *statements)
    return (Batch(found, one.in_transaction),) if found else ()


def _block(one: ChangeSet, lines: tuple[Line, ...], delimiter: str) -> CodeBlock:
    """Lines of a file as one block; those that only end a statement in Liquibase's way end it in SQL's."""
    assert one.source is not None
    texts = [_ended(line.text, delimiter) for line in lines]
    offsets = tuple(line.offset for line in lines)
    return CodeBlock("\n".join(texts), "sql", whole(one.source), offsets, heading="")


def _ended(text: str, delimiter: str) -> str:
    if not delimiter:
        return ";" + " " * (len(text) - 1) if text and _DEFAULT.fullmatch(text) else text
    if delimiter == ";":
        return text
    stripped = text.rstrip()
    if stripped.lower() == delimiter.lower() or (
        delimiter != "/" and stripped.lower().endswith(delimiter.lower())
    ):
        kept = stripped[: len(stripped) - len(delimiter)]
        return kept + ";" + " " * (len(text) - len(kept) - 1)
    return text


def _checks(engine: Engine, checks: tuple[Check, ...]) -> list[Statement]:
    """Statements that fail where a precondition does not hold."""
    found = []
    for one in checks:
        said = f"The precondition does not hold: {one.sql} is not {one.expected}".replace("'", "''")
        expected = one.expected.replace("'", "''")
        if engine.name == "sqlite":
            sql = (
                f"SELECT CASE WHEN CAST(({one.sql}) AS TEXT) IS '{expected}' THEN 1 "
                f"ELSE json_extract('{{}}', '{said}') END"
            )
        else:
            body = (
                f"BEGIN IF ({one.sql})::text IS DISTINCT FROM '{expected}' "
                f"THEN RAISE EXCEPTION USING MESSAGE = '{said}'; END IF; END"
            )
            sql = f"DO $dbdeed${body}$dbdeed$"
        found.append(Statement(sql))
    return found
