"""Migrations as Alembic runs them, written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.migrations.formats.alembic.literal import literal, marked
from dbdeed.migrations.formats.written_groups import comment_lines, groups_of, is_plain, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.formats.written_groups import Group
    from dbdeed.migrations.seam import Draft

FILLED = '''
def filled(sql: str) -> str:
    """The statement with values of the environment, which stand inside of quoted SQL literals."""
    for name in {names}:
        sql = sql.replace(f"${{{{{{name}}}}}}", os.environ[name].replace("'", "''").replace(":", r"\\:"))
    return sql
'''
REBUILDING = '''
@contextmanager
def rebuilding():
    """A table is rebuilt with foreign keys off, or dropping the old one takes the rows that refer to it."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        before = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        broken = len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield
            if len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()) > broken:
                raise ValueError("Rows would refer to rows that do not exist.")
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        finally:
            connection.exec_driver_sql(f"PRAGMA foreign_keys={before}")
'''
_NO_WAY_BACK = "No way back: "


def written(
    engine: Engine, draft: Draft, revision: str, parents: Sequence[str], depends: Sequence[str] = ()
) -> str:
    """The file of a draft, whole; `depends` are heads of other branches that it comes after."""
    return "".join(f"{line}\n" for line in _lines(engine, draft, revision, parents, depends))


def _lines(
    engine: Engine, draft: Draft, revision: str, parents: Sequence[str], depends: Sequence[str]
) -> Iterator[str]:
    up, down = groups_of(engine, draft.up), groups_of(engine, draft.down or ())
    yield literal(
        f"{one_line(draft.description)}\n\nRevision ID: {revision}\nRevises: {', '.join(parents)}\n"
        f"Create Date: {draft.moment.isoformat(sep=' ', timespec='seconds')}\n\n"
    )
    yield from (f"# {line}".rstrip() for line in comment_lines(draft)[1:])
    yield ""
    rebuilding = any(one.keys_off for one in (*up, *down))
    imports = [
        *(["import os"] if draft.environment else []),
        *(["from contextlib import contextmanager"] if rebuilding else []),
    ]
    if imports:
        yield from (*imports, "")
    yield "from alembic import op"
    yield ""
    yield f"revision = {_name(revision)}"
    yield f"down_revision = {_names(parents)}"
    yield "branch_labels = None"
    yield f"depends_on = {_names(depends)}"
    yield ""
    if draft.environment:
        yield from FILLED.format(names=tuple_of(draft.environment)).splitlines()
        yield ""
    if rebuilding:
        yield from REBUILDING.splitlines()
        yield ""
    yield ""
    yield "def upgrade() -> None:"
    yield from _body(engine, draft, up)
    yield ""
    yield ""
    yield "def downgrade() -> None:"
    if draft.down is None:
        why = one_line(draft.irreversible) or "none was written."
        yield f"    raise NotImplementedError({literal(_NO_WAY_BACK + why)})"
    else:
        yield from _body(engine, draft, down)


def _name(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _names(parents: Sequence[str]) -> str:
    if len(parents) < 2:
        return _name(parents[0]) if parents else "None"
    return tuple_of(parents)


def tuple_of(names: Sequence[str]) -> str:
    return f"({', '.join(map(_name, names))}{',' if len(names) == 1 else ''})"


def _body(engine: Engine, draft: Draft, groups: Sequence[Group]) -> Iterator[str]:
    """Alembic itself runs what it runs in one transaction; SQLite's own driver breaks that up."""
    plain = is_plain(groups) and engine.name != "sqlite"
    if not groups:
        yield "    pass"
    for group in groups:
        if plain:
            yield from _statements(draft, group, "    ")
            continue
        if group.keys_off:
            yield "    with rebuilding():"
            yield from _statements(draft, group, "        ")
            continue
        yield "    with op.get_context().autocommit_block():"
        before, after = _around(engine, group)
        yield from (f"        op.execute({literal(one)})" for one in before)
        yield from _statements(draft, group, "        ")
        yield from (f"        op.execute({literal(one)})" for one in after)


def _around(engine: Engine, group: Group) -> tuple[Sequence[str], Sequence[str]]:
    if not group.transactional:
        return (), ()
    return ("BEGIN IMMEDIATE" if engine.name == "sqlite" else "BEGIN",), ("COMMIT",)


def _statements(draft: Draft, group: Group, indent: str) -> Iterator[str]:
    for statement in group.statements:
        yield from (f"{indent}# {one_line(note)}".rstrip() for note in statement.notes)
        filled = any(f"${{{name}}}" in statement.sql for name in draft.environment)
        text = literal(marked(statement.sql, filled=filled))
        yield f"{indent}op.execute(filled({text}))" if filled else f"{indent}op.execute({text})"


_REVISES = re.compile(r"^Revises:.*$", re.MULTILINE)
_PARENTS = re.compile(
    r"""^(down_revision\b[^=\n]*=[ \t]*)(?:None|\([^)]*\)|\[[^\]]*\]|"[^"\n]*"|'[^'\n]*')""", re.MULTILINE
)


def with_parents(text: str, parents: Sequence[str]) -> str:
    """A file's text that revises others."""
    text = _REVISES.sub(lambda _: f"Revises: {', '.join(parents)}".rstrip(), text, count=1)
    return _PARENTS.sub(lambda found: found[1] + _names(parents), text, count=1)
