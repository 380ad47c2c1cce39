r"""Migrations as dbmate runs them: SQL between lines `-- migrate:up` and `-- migrate:down`.

A file may have several such pairs: up they run in order, down in reverse. Each is one transaction unless its
line says `transaction:false`; what is in a pair is sent at once, so PostgreSQL runs it together even then.
What must run alone therefore is a pair of its own.

dbmate looks for its lines without reading SQL: one inside of a string is one too. We read a file as it does,
and refuse to write what it would misread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.document.architecture import CodeBlock, whole
from dbdeed.document.load import load_source
from dbdeed.document.source import Source
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import line_in
from dbdeed.migrations.formats.keys_off import AFTER, BEFORE, as_batch
from dbdeed.migrations.formats.marks import environment_in, origin_in
from dbdeed.migrations.formats.written_groups import Group, comment_lines, groups_of, is_plain, one_line
from dbdeed.migrations.seam import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Draft, Origin, WrittenStatement

_SPACE = r"[\t\n\f\r ]"
_MARK = re.compile(rf"^--{_SPACE}*migrate:(up|down)(?:{_SPACE}*$|{_SPACE}+[^\t\n\f\r ]+)", re.MULTILINE)
"""As dbmate's own (`migration.go`), whose `\\s` is ASCII's."""

_NO_WAY_BACK = "dbdeed: no way back"
_COMMENT = re.compile(r"^--[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """What a file does; `down` is None where it says that there is no way back."""

    up: tuple[Batch, ...]
    down: tuple[Batch, ...] | None
    origin: Origin | None
    environment: tuple[str, ...]


# Reading


def raw_block(path: Path, shown: str) -> CodeBlock:
    """A file as dbmate sends it, line ends as they are. Raises `InvalidInput` for one that cannot be read."""
    return raw_block_in(Source(shown, load_source(path).data))


def raw_block_in(source: Source) -> CodeBlock:
    """The same of bytes that were read already."""
    begins = (0, *(match.end() for match in re.finditer(rb"\n", source.data)))
    return CodeBlock(source.data.decode("utf-8", "replace"), "sql", whole(source), begins, heading="")


def read_script(engine: Engine, block: CodeBlock) -> Script:
    """Raises `InvalidInput` for what dbmate refuses, at its line."""
    text = block.text
    marks = list(_MARK.finditer(text))
    if not marks or marks[0][1] != "up":
        raise _refused(block, 0, "This file has no line -- migrate:up before all others.")
    if any(line.strip() and not line.startswith("--") for line in text[: marks[0].start()].split("\n")):
        raise _refused(block, 0, "Before the first -- migrate:up only comments that begin with -- may stand.")
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        wanted = "down" if mark[1] == "up" else "up"
        if after is None and mark[1] == "up":
            raise _refused(block, mark.start(), "This -- migrate:up has no -- migrate:down after it.")
        if after is not None and after[1] != wanted:
            raise _refused(block, after.start(), f"After -- migrate:{mark[1]} comes -- migrate:{wanted}.")
    ends = [*(one.start() for one in marks[1:]), len(text)]
    sections = [(mark[1], _section(engine, block, mark, end)) for mark, end in zip(marks, ends, strict=True)]
    comments = _COMMENT.findall(text[: marks[0].start()])
    last = _COMMENT.findall(text[marks[-1].start() :])
    down = tuple(one for way, one in reversed(sections) if way == "down" and one.statements)
    return Script(
        up=tuple(one for way, one in sections if way == "up" and one.statements),
        down=None if any(one.startswith(_NO_WAY_BACK) for one in last) else down,
        origin=origin_in(comments),
        environment=environment_in(comments),
    )


def _section(engine: Engine, block: CodeBlock, mark: re.Match[str], end: int) -> Batch:
    """The statements of a section, each with its place in the file."""
    first = block.text.count("\n", 0, mark.start())
    lines = block.text[mark.start() : end].split("\n")
    begins = block.line_offsets[first : first + len(lines)]
    part = CodeBlock("\n".join(lines), block.language, block.place, begins, heading=block.heading)
    options = dict(one.partition(":")[::2] for one in lines[0].split("migrate:", 1)[1].split()[1:])
    statements = tuple(engine.statements([part]))
    if options.get("transaction") == "false":
        return as_batch(engine, statements)
    return Batch(statements)


def _refused(block: CodeBlock, offset: int, message: str) -> InvalidInput:
    return InvalidInput(
        message,
        where=line_in(block, offset),
        hint="A file has lines -- migrate:up and -- migrate:down, in turn, each with its SQL after it.",
        code="migration-form",
    )


# Writing


def written(engine: Engine, draft: Draft) -> str:
    """The file of a draft, whole. Raises `InvalidInput` where dbmate would take its SQL for marks."""
    up = _parts(groups_of(engine, draft.up))
    down = _parts(groups_of(engine, draft.down or ()))
    lines = [f"-- {line}".rstrip() for line in comment_lines(draft)]
    pairs = _pairs(up, down)
    for number, (way_up, way_down) in enumerate(pairs):
        lines += ["", *_lines(engine, "up", way_up)]
        lines.append("")
        if draft.down is None and number == len(pairs) - 1:
            lines += _nothing(engine, one_line(draft.irreversible) or "none was written.")
        else:
            lines += _lines(engine, "down", way_down)
    return "".join(f"{line}\n" for line in lines)


def _pairs(up: Sequence[Group], down: Sequence[Group]) -> list[tuple[Group | None, Group | None]]:
    """Side by side; what is taken back first stands last."""
    size = max(len(up), len(down), 1)
    ways_up = [*up, *[None] * (size - len(up))]
    ways_down = [*[None] * (size - len(down)), *reversed(down)]
    return list(zip(ways_up, ways_down, strict=True))


def _parts(groups: Sequence[Group]) -> list[Group]:
    """What runs alone is a part by itself."""
    if is_plain(groups):
        return list(groups)
    found = []
    for group in groups:
        if group.transactional:
            found.append(group)
        else:
            found += [Group((one,), transactional=False) for one in group.statements]
    return found


def _lines(engine: Engine, way: str, group: Group | None) -> Iterator[str]:
    del engine
    alone = group is not None and (not group.transactional or group.keys_off)
    yield f"-- migrate:{way}{' transaction:false' if alone else ''}"
    if group is None:
        return
    before, after = (BEFORE, AFTER) if group.keys_off else ((), ())
    yield from (f"{one};" for one in before)
    for statement in group.statements:
        yield from (f"-- {one_line(note)}" for note in statement.notes)
        yield _ended(statement)
    yield from (f"{one};" for one in after)


def _ended(statement: WrittenStatement) -> str:
    """With its semicolon, which a comment in its last line must not swallow."""
    sql = statement.sql
    if _MARK.search(sql) or _MARK.search(f"{sql};"):
        raise InvalidInput(
            "dbmate would take a line of this migration's SQL for one of its own marks: -- migrate:…",
            hint="Change that line in the document: a space before it is enough.",
            code="migration-form",
        )
    return sql + ("\n;" if "--" in sql.rpartition("\n")[2] else ";")


def _nothing(engine: Engine, why: str) -> Iterator[str]:
    """A way back that fails with the reason, since dbmate would take an empty one for one that was done."""
    yield "-- migrate:down"
    yield f"-- {_NO_WAY_BACK}: {why}"
    if engine.name == "postgresql":
        text = why.replace("'", "''").replace("$$", "$ $").replace("%", "%%")
        yield f"DO $$ BEGIN RAISE EXCEPTION 'No way back: {text}'; END $$;"
    else:
        quoted = why.replace('"', '""')
        yield f'SELECT * FROM "No way back: {quoted}";'
