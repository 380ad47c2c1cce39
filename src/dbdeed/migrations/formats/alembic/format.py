"""Alembic: `versions/REVISION_words.py`, each with the revision that it revises.

Files whose functions are made of nothing but `op.execute`, as we write them, we run ourselves; any other is
run by the project's own Alembic.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from dbdeed.document.values.types import Tool
from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import checksum_of
from dbdeed.migrations.formats.alembic.history import AlembicHistory, words_of
from dbdeed.migrations.formats.alembic.process import AlembicProcess
from dbdeed.migrations.formats.alembic.reading import read_back
from dbdeed.migrations.formats.alembic.script import with_parents, written
from dbdeed.migrations.formats.alembic.settings import settings_of
from dbdeed.migrations.formats.alembic.tree import ancestors_of, crossed, heads_of, lines_of, read_tree
from dbdeed.migrations.formats.folders import layout_of
from dbdeed.migrations.formats.history_table import require_known
from dbdeed.migrations.formats.marks import with_origin
from dbdeed.migrations.seam import Migration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.formats.alembic.settings import Settings
    from dbdeed.migrations.formats.alembic.tree import Revision
    from dbdeed.migrations.seam import Draft, History, Layout, Origin, Process


class AlembicFormat:
    """The seam's `Format`."""

    name = "alembic"
    tool = Tool.ALEMBIC
    keeps_checksums = False

    def layout(self, root: Path) -> Layout:
        return layout_of(root, settings_of(root).folders)

    def read(self, engine: Engine, layout: Layout) -> Sequence[Migration]:
        tree = read_tree(layout.root, settings_of(layout.root))
        lines = lines_of(tree)
        return tuple(_migration(engine, one, " ".join(sorted(lines[one.id]))) for one in tree.values())

    def write(
        self, engine: Engine, layout: Layout, existing: Sequence[Migration], draft: Draft
    ) -> Mapping[Path, str]:
        settings = settings_of(layout.root)
        tree = read_tree(layout.root, settings)
        heads = heads_of(tree, [one.key for one in existing])
        parents = _parents(tree, heads, draft.branch)
        known = ancestors_of(tree, parents)
        depends = [one for one in heads if one not in known]
        seed = f"{draft.moment.isoformat()} {draft.description} {draft.origin.before} {draft.origin.after}"
        revision = hashlib.sha256(f"{seed} {heads}".encode()).hexdigest()[:12]
        folder = _folder(settings, tree[parents[0]].path) if parents else settings.folders[0]
        path = folder / _file_name(settings, revision, draft.description, draft.moment)
        return {path: written(engine, draft, revision, parents, depends)}

    def beside(self, layout: Layout, migration: Migration, staying: Sequence[Migration]) -> bool:
        """Whether a migration does not come after all that stay: it is of another branch, or before them."""
        tree = read_tree(layout.root, settings_of(layout.root))
        before = ancestors_of(tree, [migration.key])
        return any(one not in before for one in _heads_of_line(tree, migration, staying))

    def renumbered(
        self,
        layout: Layout,
        existing: Sequence[Migration],
        migration: Migration,
        moment: datetime,  # noqa: ARG002 - a file's place is in it, not in its name
        origin: Origin,
    ) -> Mapping[Path, str | None]:
        """The seam's `Renumbers`: the file revises the last of the others."""
        tree = read_tree(layout.root, settings_of(layout.root))
        heads = _heads_of_line(tree, migration, existing)
        line = [one.key for one in existing if one.key in ancestors_of(tree, heads)]
        parents = heads if len(heads) < 2 else (line[-1],)
        text = with_parents(migration.path.read_bytes().decode(), parents)
        return {migration.path: with_origin(text, origin)}

    def history(self, engine: Engine, layout: Layout) -> History:
        require_known(engine, "Alembic")
        return AlembicHistory(engine, layout, settings_of(layout.root))

    def process(self, layout: Layout, environment: Mapping[str, str]) -> Process | None:
        return AlembicProcess(layout, environment)


def _parents(tree: Mapping[str, Revision], heads: Sequence[str], branch: str) -> tuple[str, ...]:
    """What a new file revises: the head, or that of the branch that was named by a label or as a head."""
    twice = crossed(tree, heads)
    if twice:
        raise InvalidInput(
            f"Two branches both added migrations: {' and '.join(twice)} are heads.",
            where=str(tree[twice[-1]].path),
            hint="`dbdeed migrate rebase` puts one after the other, `alembic merge heads` joins them.",
            code="migration-heads",
        )
    if len(heads) < 2 and not branch:
        return tuple(heads)
    lines = lines_of(tree)
    found = [one for one in heads if branch == one or branch in lines[one]]
    if len(found) != 1:
        names = [f"{one} ({', '.join(sorted(lines[one])) or 'no label'})" for one in heads]
        problem = f"No one head is of the branch {branch}" if branch else "There are several branches"
        raise InvalidInput(
            f"{problem}: {' and '.join(names) or 'nothing'} can be gone on from.",
            where="alembic.ini",
            hint="Name one by its label or its head: `dbdeed migrate new WORDS --branch NAME`.",
            code="migration-heads",
        )
    return tuple(found)


def _heads_of_line(
    tree: Mapping[str, Revision], migration: Migration, names: Sequence[Migration]
) -> tuple[str, ...]:
    """The heads among some that are of the same branch as a migration."""
    lines = lines_of(tree)
    heads = heads_of(tree, [each.key for each in names])
    return tuple(one for one in heads if lines[one] == lines[migration.key])


def _folder(settings: Settings, head: Path) -> Path:
    """Of the configured ones, that of the head which the next file revises, as with Alembic."""
    return next((one for one in settings.folders if head.is_relative_to(one)), settings.folders[0])


def _migration(engine: Engine, one: Revision, line: str) -> Migration:
    script = read_back(engine, one.block, one.module)
    checksum = checksum_of(one.block.place.source.data)
    if script is None:
        return Migration(
            one.id, one.id, words_of(one), one.path, checksum, up=None, needs="alembic", line=line
        )
    return Migration(
        one.id, one.id, words_of(one), one.path, checksum, script.up, script.down,
        origin=script.origin, environment=script.environment, line=line,
    )  # fmt: skip


def _file_name(settings: Settings, revision: str, description: str, moment: datetime) -> str:
    """As Alembic's `ScriptDirectory._rev_path` makes it."""
    slug = "_".join(re.findall(r"\w+", description)).lower()
    if len(slug) > settings.slug_length:
        slug = slug[: settings.slug_length].rsplit("_", 1)[0] + "_"
    values = {
        "rev": revision, "slug": slug, "epoch": int(moment.timestamp()), "year": moment.year,
        "month": moment.month, "day": moment.day, "hour": moment.hour, "minute": moment.minute,
        "second": moment.second,
    }  # fmt: skip
    try:
        return f"{settings.template % values}.py"
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidInput(
            f"The file_template {settings.template} cannot be filled: {error}.",
            where="alembic.ini",
            code="alembic-ini",
        ) from None


FORMAT = AlembicFormat()
