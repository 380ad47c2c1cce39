"""Our own format: one SQL file for each migration, its way back in it.

`20261122T101500_add_loyalty_points.sql` is a moment in UTC and some words. Lines that begin with `-- dbdeed:`
say what a runner must know; without any, the whole file is the way up, in one transaction:

    -- dbdeed: from STATE to STATE       fingerprints of the states around it, where we wrote it
    -- dbdeed: needs NAME                `${NAME}` in it is filled from the environment when it runs
    -- dbdeed: up                        what follows is the way up
    -- dbdeed: down                      what follows is the way back
    -- dbdeed: no way back               there is none; why stands behind a colon
    -- dbdeed: in a transaction          what follows commits together
    -- dbdeed: outside of transactions   what follows runs one by one

Statements may also stand between BEGIN and COMMIT, as in any SQL file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import block_of, checksum_of, line_in, shown_path
from dbdeed.migrations.formats.dbdeed_history import DbdeedHistory
from dbdeed.migrations.seam import Batch, Layout, Migration, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.seam import Engine, Statement
    from dbdeed.migrations.seam import Draft, History, Process, WrittenBatch

_FILE = re.compile(r"(\d{8}T\d{6})_([A-Za-z0-9_-]+)\.sql")
_MOMENT = "%Y%m%dT%H%M%S"
_LINE = re.compile(r"^--[ \t]*dbdeed:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_STATES = re.compile(r"from ([0-9a-f]{64}) to ([0-9a-f]{64})")
_ORIGIN = re.compile(r"^--[ \t]*dbdeed:[ \t]*from [0-9a-f]{64} to [0-9a-f]{64}[ \t]*$", re.MULTILINE)
_NEEDS = re.compile(r"needs ([A-Za-z_][A-Za-z0-9_]*)")
_NO_WAY_BACK = re.compile(r"no way back(?::.*)?")
_KNOWN = "up, down, no way back, in a transaction, outside of transactions, from … to …, needs …"
_LONGEST_SLUG = 60


@dataclass
class _Reading:
    """One file under way."""

    up: list[Batch] = field(default_factory=list)
    down: list[Batch] | None = None
    origin: Origin | None = None
    needs: list[str] = field(default_factory=list)


class DbdeedFormat:
    """The seam's `Format`."""

    name = "dbdeed"
    tool = Tool.DBDEED
    keeps_checksums = True

    def layout(self, root: Path) -> Layout:
        return Layout(root, root / "migrations")

    def read(self, engine: Engine, layout: Layout) -> Sequence[Migration]:
        if not layout.folder.is_dir():
            return ()
        found: dict[str, Migration] = {}
        for path in sorted(layout.folder.glob("*.sql")):
            migration = _migration(engine, layout, path)
            other = found.get(migration.key)
            if other is not None:
                raise InvalidInput(
                    f"{other.path.name} is of the same moment.",
                    where=shown_path(layout.root, path),
                    hint="Give one of them, the one that nobody has applied yet, a later moment in its name.",
                    code="migration-twice",
                )
            found[migration.key] = migration
        return tuple(found.values())

    def write(
        self,
        engine: Engine,  # noqa: ARG002 - the seam has it
        layout: Layout,
        existing: Sequence[Migration],
        draft: Draft,
    ) -> Mapping[Path, str]:
        version = _next_version(draft.moment, existing)
        path = layout.folder / f"{version}_{slug(draft.description)}.sql"
        return {path: "".join(f"{line}\n" for line in _written(draft))}

    def renumbered(
        self,
        layout: Layout,
        existing: Sequence[Migration],
        migration: Migration,
        moment: datetime,
        origin: Origin,
    ) -> Mapping[Path, str | None]:
        """The seam's `Renumbers`."""
        text = migration.path.read_text(encoding="utf-8")
        said = f"-- dbdeed: from {origin.before} to {origin.after}"
        text = _ORIGIN.sub(said, text, count=1)
        words = migration.path.name.partition("_")[2]
        return {
            migration.path: None,
            layout.folder / f"{_next_version(moment, existing)}_{words}": text,
        }

    def history(self, engine: Engine, layout: Layout) -> History:  # noqa: ARG002
        return DbdeedHistory(engine)

    def process(self, layout: Layout, environment: Mapping[str, str]) -> Process | None:  # noqa: ARG002
        return None


def slug(description: str) -> str:
    """Words as part of a file's name: letters, digits and underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", description.lower()).strip("_")
    return plain[:_LONGEST_SLUG].strip("_") or "migration"


def _next_version(moment: datetime, existing: Sequence[Migration]) -> str:
    """The moment, or a second after the last file where a clock was ahead."""
    last = max((one.version for one in existing), default="")
    version = moment.astimezone(UTC).strftime(_MOMENT)
    if version > last:
        return version
    after = datetime.strptime(last, _MOMENT).replace(tzinfo=UTC) + timedelta(seconds=1)
    return after.strftime(_MOMENT)


def _migration(engine: Engine, layout: Layout, path: Path) -> Migration:
    shown = shown_path(layout.root, path)
    name = _FILE.fullmatch(path.name)
    if name is None or not _is_moment(name[1]):
        raise InvalidInput(
            "This file's name is not that of a migration.",
            where=shown,
            hint="It is a moment in UTC and some words: 20261122T101500_add_loyalty_points.sql.",
            code="migration-name",
        )
    block = block_of(path, shown)
    reading = _read(block, engine.statements([block]))
    return Migration(
        key=name[1],
        version=name[1],
        description=name[2].replace("_", " "),
        path=path,
        checksum=checksum_of(block.place.source.data),
        up=tuple(reading.up),
        down=None if reading.down is None else tuple(reading.down),
        origin=reading.origin,
        environment=tuple(dict.fromkeys(reading.needs)),
    )


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)  # a file's name has this form already; strptime takes ten times as long
    except ValueError:
        return False
    return True


def _read(block: CodeBlock, statements: Sequence[Statement]) -> _Reading:
    reading = _Reading()
    target, transactional, rest = reading.up, True, list(statements)

    def take(before: int) -> None:
        part = []
        while rest and rest[0].offset < before:
            part.append(rest.pop(0))
        if part:
            target.append(Batch(tuple(part), transactional))

    for mark in _LINE.finditer(block.text):
        _require_between(block, statements, mark.start())
        take(mark.start())
        said = mark[1]
        if said == "up":
            target, transactional = reading.up, True
        elif said == "down":
            reading.down = reading.down or []
            target, transactional = reading.down, True
        elif said in ("in a transaction", "outside of transactions"):
            transactional = said == "in a transaction"
        elif states := _STATES.fullmatch(said):
            reading.origin = Origin(states[1], states[2])
        elif needs := _NEEDS.fullmatch(said):
            reading.needs.append(needs[1])
        elif not _NO_WAY_BACK.fullmatch(said):
            raise InvalidInput(
                f"“dbdeed: {said}” says nothing that is known here.",
                where=line_in(block, mark.start()),
                hint=f"Known are: {_KNOWN}.",
                code="migration-mark",
            )
    take(len(block.text) + 1)
    return reading


def _require_between(block: CodeBlock, statements: Sequence[Statement], offset: int) -> None:
    for one in statements:
        if one.offset < offset < one.offset + len(one.sql):
            raise InvalidInput(
                "This line of dbdeed's stands inside a statement.",
                where=line_in(block, offset),
                hint="End the statement before it with a semicolon.",
                code="migration-mark",
            )


def _written(draft: Draft) -> Iterator[str]:
    yield f"-- {_plain(draft.description)}"
    yield from (f"-- {_plain(note)}" for note in draft.notes)
    yield f"-- dbdeed: from {draft.origin.before} to {draft.origin.after}"
    yield from (f"-- dbdeed: needs {name}" for name in draft.environment)
    yield ""
    yield "-- dbdeed: up"
    yield from _batches(draft.up)
    yield ""
    if draft.down is None:
        why = _plain(draft.irreversible)
        yield f"-- dbdeed: no way back: {why}" if why else "-- dbdeed: no way back"
        return
    yield "-- dbdeed: down"
    yield from _batches(draft.down)


def _batches(batches: Iterable[WrittenBatch]) -> Iterator[str]:
    transactional = True
    for batch in batches:
        if batch.transactional != transactional:
            transactional = batch.transactional
            yield ""
            yield f"-- dbdeed: {'in a transaction' if transactional else 'outside of transactions'}"
        for statement in batch.statements:
            yield ""
            yield from (f"-- {_plain(note)}" for note in statement.notes)
            yield _ended(statement.sql)


def _ended(sql: str) -> str:
    """With its semicolon, which a comment in its last line must not swallow."""
    return sql + ("\n;" if "--" in sql.rpartition("\n")[2] else ";")


def _plain(text: str) -> str:
    """One line that can stand in a comment, and is none of dbdeed's own."""
    line = " ".join(text.split())
    return re.sub(r"^(dbdeed):", r"\1 :", line)


FORMAT = DbdeedFormat()
