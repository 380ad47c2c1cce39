"""Alembic's revisions: each names those before it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dbdeed.errors import InvalidInput
from dbdeed.migrations.files import block_of, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.migrations.formats.alembic.settings import Settings

_FILE = re.compile(r"(?!\.#|__init__).*\.py")


@dataclass(frozen=True, slots=True)
class Revision:
    """One file.

    Attributes:
        parents: that it revises.
        depends: others that have to be there before it.
        labels: names of the branch that begins with it; where there are some, several heads are meant.
        module: its text, parsed.
    """

    id: str
    parents: tuple[str, ...]
    depends: tuple[str, ...]
    labels: tuple[str, ...]
    path: Path
    block: CodeBlock
    module: ast.Module

    @property
    def before(self) -> tuple[str, ...]:
        """What has to be there before it."""
        return (*self.parents, *self.depends)


def read_tree(root: Path, settings: Settings) -> dict[str, Revision]:
    """All revisions by name, each after those before it.

    Raises `InvalidInput` for what Alembic would refuse too: two of one name, a name that is nowhere, a ring.
    """
    pattern = "**/*.py" if settings.recursive else "*.py"
    paths = dict.fromkeys(path for one in settings.folders for path in sorted(one.glob(pattern)))
    found: dict[str, Revision] = {}
    for path in paths:
        if not _FILE.fullmatch(path.name) or "__pycache__" in path.parts:
            continue
        one = _revision(path, shown_path(root, path))
        if one.id in found:
            raise _refused(one, f"{found[one.id].path.name} is revision {one.id} too.", "migration-twice")
        found[one.id] = one
    labels = {label: one.id for one in found.values() for label in one.labels}
    return _ordered(
        {
            one.id: replace(one, depends=tuple(labels.get(name, name) for name in one.depends))
            for one in found.values()
        }
    )


def _revision(path: Path, shown: str) -> Revision:
    block = block_of(path, shown)
    try:
        module = ast.parse(block.text)
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InvalidInput(
            f"This is no Python: {getattr(error, 'msg', error)}.",
            where=f"{shown}{line}",
            code="migration-form",
        ) from None
    given = _given(module)
    name = given.get("revision")
    if not isinstance(name, str):
        raise InvalidInput(
            "This file does not say its revision as a text.",
            where=shown,
            hint='Each file of this folder has a line like revision = "ae1027a6acf".',
            code="migration-name",
        )
    return Revision(
        name,
        _texts(given.get("down_revision")),
        _texts(given.get("depends_on")),
        _texts(given.get("branch_labels")),
        path,
        block,
        module,
    )


def _given(module: ast.Module) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        value = getattr(node, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and value is not None:
                try:
                    found[target.id] = ast.literal_eval(value)
                except ValueError:
                    found.pop(target.id, None)
    return found


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(one) for one in value) if isinstance(value, list | tuple | set) else ()


def _ordered(found: Mapping[str, Revision]) -> dict[str, Revision]:
    """Each after those before it; those that could change places stand by name of file."""
    for one in found.values():
        for name in one.before:
            if name not in found:
                raise _refused(one, f"It revises {name}, which is nowhere.", "migration-parent")
    ordered: dict[str, Revision] = {}
    waiting = {one.id: len(set(one.before)) for one in found.values()}
    followers: dict[str, list[str]] = {name: [] for name in found}
    for one in found.values():
        for name in set(one.before):
            followers[name].append(one.id)
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop(0)
        ordered[name] = found[name]
        free = []
        for follower in followers[name]:
            waiting[follower] -= 1
            if not waiting[follower]:
                free.append(follower)
        ready = free + ready  # one branch to its end, then the next
    if len(ordered) < len(found):
        one = next(one for name, one in found.items() if name not in ordered)
        raise _refused(one, "It comes after itself.", "migration-ring")
    return ordered


def _refused(one: Revision, message: str, code: str) -> InvalidInput:
    return InvalidInput(message, where=one.block.place.source.name, code=code)


def heads_of(tree: Mapping[str, Revision], names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Those that nothing revises, in order; only among `names` where they are given."""
    wanted = list(tree) if names is None else [name for name in tree if name in set(names)]
    revised = {parent for name in wanted for parent in tree[name].parents}
    return tuple(name for name in wanted if name not in revised)


def ancestors_of(tree: Mapping[str, Revision], names: Sequence[str]) -> set[str]:
    """Those before them and themselves, as far as they are known."""
    found: set[str] = set()
    todo = [name for name in names if name in tree]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(tree[name].before)
    return found


def lines_of(tree: Mapping[str, Revision]) -> dict[str, frozenset[str]]:
    """The branch that each revision is on: the labels that begin at or before it; none on the trunk.

    Heads of different branches are meant to stand beside each other, and are no two people's next file.
    """
    found: dict[str, frozenset[str]] = {}
    for name, one in tree.items():  # each after those before it
        found[name] = frozenset(one.labels).union(*(found[parent] for parent in one.parents))
    return found


def crossed(tree: Mapping[str, Revision], heads: Sequence[str]) -> tuple[str, ...]:
    """The first heads of one branch, where it has several: two people both added a file to it."""
    lines = lines_of(tree)
    together: dict[frozenset[str], list[str]] = {}
    for one in heads:
        together.setdefault(lines[one], []).append(one)
    return next((tuple(found) for found in together.values() if len(found) > 1), ())
