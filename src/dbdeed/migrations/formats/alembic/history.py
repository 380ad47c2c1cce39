"""Alembic's history: table `alembic_version`, which holds the heads; what is before them is in the files.

Learned from Alembic 1's `HeadMaintainer`, and from what it leaves in real databases. Alembic has no lock.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput, Refused
from dbdeed.migrations.formats.alembic.tree import ancestors_of, crossed, heads_of, read_tree
from dbdeed.migrations.formats.history_table import HistoryTable, quoted
from dbdeed.migrations.seam import Applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.formats.alembic.settings import Settings
    from dbdeed.migrations.formats.alembic.tree import Revision
    from dbdeed.migrations.seam import Layout, Migration, State


class AlembicHistory:
    """The seam's `History`."""

    def __init__(self, engine: Engine, layout: Layout, settings: Settings) -> None:
        self._layout = layout
        self._settings = settings
        self._table = HistoryTable(engine, settings.table, settings.schema)
        self._known: Mapping[str, Revision] | None = None

    @property
    def _tree(self) -> Mapping[str, Revision]:
        if self._known is None:
            self._known = read_tree(self._layout.root, self._settings)
        return self._known

    @property
    def tables(self) -> frozenset[str]:
        return frozenset({self._table.shown})

    def exists(self, session: Session) -> bool:
        return self._table.exists(session)

    def create(self, session: Session) -> None:
        self._table.make_schema(session)
        key = quoted(f"{self._settings.table}_pkc")
        session.execute(
            f"CREATE TABLE {self._table.full(session)} "
            f"(version_num VARCHAR(32) NOT NULL, CONSTRAINT {key} PRIMARY KEY (version_num))"
        )

    def heads(self, session: Session) -> list[str]:
        """What the table holds."""
        rows = session.fetch(f"SELECT version_num FROM {self._table.full(session)} ORDER BY version_num")
        return [row[0] for row in rows]

    def applied(self, session: Session) -> Sequence[Applied]:
        if not self._table.exists(session):
            return ()
        heads = self.heads(session)
        there = ancestors_of(self._tree, heads)
        names = [name for name in self._tree if name in there]
        names += [name for name in heads if name not in self._tree]
        return tuple(Applied(name, name, _words(self._tree.get(name)), "", None) for name in names)

    def record(
        self,
        session: Session,
        migration: Migration,
        *,
        state: State,  # noqa: ARG002 - what is before a revision is there, however it came
        seconds: float,  # noqa: ARG002
    ) -> None:
        before = ancestors_of(self._tree, [migration.key])
        heads = self.heads(session)
        if migration.key in ancestors_of(self._tree, heads):
            return
        replaced = [name for name in heads if name in before]
        self._replace(session, replaced, [migration.key])

    def forget(self, session: Session, migration: Migration) -> None:
        heads = self.heads(session)
        if migration.key not in heads:
            raise InvalidInput(
                f"{migration.key} is no head of what is applied ({', '.join(heads) or 'nothing'}), and "
                "Alembic can only write down that a head was taken back.",
                hint="Take back first what revises it.",
                code="alembic-head",
            )
        others = ancestors_of(self._tree, [name for name in heads if name != migration.key])
        before = self._tree[migration.key].before if migration.key in self._tree else ()
        implied = ancestors_of(self._tree, [one for name in before for one in self._tree[name].before])
        restored = [name for name in dict.fromkeys(before) if name not in others | implied]
        self._replace(session, [migration.key], restored)

    def _replace(self, session: Session, old: Sequence[str], new: Sequence[str]) -> None:
        """As Alembic does it: the first row becomes the first, what is left over goes or comes."""
        table = self._table.full(session)
        kept = min(len(old), len(new), 1)
        for name in old[kept:]:
            session.fetch(f"DELETE FROM {table} WHERE version_num = $1", name)
        if kept:
            session.fetch(f"UPDATE {table} SET version_num = $1 WHERE version_num = $2", new[0], old[0])
        for name in new[kept:]:
            session.fetch(f"INSERT INTO {table} (version_num) VALUES ($1)", name)

    def correct(self, session: Session, migration: Migration) -> None:
        """Alembic records neither checksum nor description, and no failures."""

    @contextmanager
    def locked(self, session: Session) -> Iterator[None]:
        """Alembic has no lock. Raises `Refused` for several heads of one line."""
        del session
        heads = crossed(self._tree, heads_of(self._tree))
        if heads:
            raise Refused(
                f"Two branches both added migrations: {' and '.join(heads)} are heads; nothing was run.",
                where=str(self._tree[heads[-1]].path),
                hint="`dbdeed migrate rebase` puts one after the other, `alembic merge heads` joins them.",
                code="migration-heads",
            )
        yield


def _words(revision: Revision | None) -> str:
    return words_of(revision) if revision is not None else ""


def words_of(revision: Revision) -> str:
    """The first line of a file's docstring."""
    import ast

    lines = (ast.get_docstring(revision.module) or "").splitlines()
    return lines[0].strip() if lines else revision.path.stem
