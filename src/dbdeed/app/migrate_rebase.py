"""`dbdeed migrate rebase`: what two branches both added, in one order again.

The files of the branch that others have already stay where they are; ours come after them, under later names,
are run after them in a scratch, and say anew which states they lead from and to.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.app.files import write_text
from dbdeed.app.migrate_new import target_of, write_sum
from dbdeed.app.migrations import Shelf, carrier_of, format_of
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.scratch import ScratchOnDemand
from dbdeed.app.site import engine_of
from dbdeed.engines.faults import NotYet
from dbdeed.engines.seam import ScratchNeeds
from dbdeed.errors import InvalidInput
from dbdeed.migrations.foreign import foreign
from dbdeed.migrations.replay import replay, replay_up
from dbdeed.migrations.runner import Files
from dbdeed.migrations.seam import Origin
from dbdeed.planning.plan import fingerprint
from dbdeed.planning.running import differences
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.seam import Engine, Session
    from dbdeed.migrations.replay import Carrier
    from dbdeed.migrations.seam import Layout, Migration, Renumbers
    from dbdeed.progress import Progress


@dataclass(frozen=True, slots=True)
class RebaseResult:
    """What was moved.

    Attributes:
        moved: (old, new) names of files.
        differences: between where the files now lead and the document.
    """

    moved: tuple[tuple[str, str], ...]
    differences: tuple[str, ...]


def migrate_rebase(
    document: Path,
    files: Sequence[str] = (),
    *,
    onto: str = "",
    scratch: str = "",
    environment: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
    now: datetime | None = None,
) -> RebaseResult:
    """Give our files a place after all others, prove them there, and write `dbdeed.sum` anew.

    Args:
        document: the path of DATABASE.md.
        files: ours, by name or path; () for those that `onto` does not have.
        onto: the branch whose files stay where they are; "" for the one that is being merged, or on which
            is being rebased, or the repository's main one.
        scratch: what `--scratch` says.
        environment: of the process.
        progress: where steps are announced.
        now: the clock; None for the system's.

    Raises:
        InvalidInput: it is not known which files are ours, or one does not run after the others; then the
            files are as they were.
        NotYet: this format's files cannot be given other names.
    """
    from dbdeed.app.database import scratch_place
    from dbdeed.app.facts import wanted_version

    environment = os.environ if environment is None else environment
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    project = open_project(document)
    architecture = read_architecture(project)
    engine, chosen = engine_of(architecture), format_of(architecture)
    layout = chosen.layout(project.root)
    migrations = tuple(chosen.read(engine, layout))
    ours = _ours(layout, migrations, files, onto)
    staying = [one for one in migrations if one.key not in {each.key for each in ours}]
    moving = [one for one in ours if _comes_before(one, staying, migrations)]
    if hasattr(chosen, "beside"):  # its files name those before them
        moving = [one for one in ours if chosen.beside(layout, one, staying)]
    if moving:  # what follows a file that moves moves with it
        moving = ours[ours.index(moving[0]) :]
    renumber: Renumbers | None = chosen if hasattr(chosen, "renumbered") else None  # type: ignore[assignment]
    if moving and renumber is None:
        raise NotYet(
            f"Files of {chosen.name} are not given other names here.",
            hint=f"Give {', '.join(one.path.name for one in moving)} a later name by hand, then "
            "`dbdeed migrate verify`.",
            code="rebase-format",
        )
    project.prepare()
    needs = ScratchNeeds(
        project.cache, wanted_version(architecture), scratch_place(scratch, environment), None
    )
    carrier = carrier_of(engine, Files(chosen, layout, migrations), environment)
    with ScratchOnDemand(engine, needs, progress) as opened:
        pairs: list[tuple[str, str]] = []
        if moving and renumber is not None:
            kept = [one for one in migrations if one not in moving]
            by_tool = foreign(migrations)
            with opened.database(reachable=by_tool) as session:
                replay(engine, session, kept, progress, carrier, recorded=by_tool)
                used = carrier if by_tool else None
                pairs = _moved(engine, session, renumber, layout, kept, moving, moment, used)
        after = tuple(chosen.read(engine, layout))
        write_sum(Files(chosen, layout, after, summed=(layout.folder / "dbdeed.sum").exists()), after)
        shelf = Shelf(project, architecture, engine, Files(chosen, layout, after), opened, progress, carrier)
        found = differences(engine.compare(shelf.state_of(after), target_of(shelf)).changes)
    return RebaseResult(tuple(pairs), tuple(found))


def _comes_before(one: Migration, staying: Sequence[Migration], all_: Sequence[Migration]) -> bool:
    """Whether some file that stays comes after it."""
    places = {each.key: number for number, each in enumerate(all_)}
    return any(places[each.key] > places[one.key] for each in staying)


def _moved(
    engine: Engine,
    session: Session,
    renumber: Renumbers,
    layout: Layout,
    kept: list[Migration],
    moving: Sequence[Migration],
    moment: datetime,
    carrier: Carrier | None,
) -> list[tuple[str, str]]:
    """Run each after the others, and write it under its new name; all is as it was where one fails."""
    engine.begin_file(session)
    texts: dict[Path, str | None] = {}
    pairs = []
    existing = list(kept)
    for one in moving:
        before = fingerprint(engine.inspect(session))
        replay_up(engine, session, one, carrier)
        engine.begin_file(session)
        origin = Origin(before, fingerprint(engine.inspect(session)))
        found = renumber.renumbered(layout, existing, one, moment, origin)
        texts.update(found)
        new = next(path for path, text in found.items() if text is not None)
        pairs.append((one.path.name, new.name))
        existing.append(_named(one, new))
    _write(texts)
    return pairs


def _named(migration: Migration, path: Path) -> Migration:
    """The migration under its new name, as far as the next one's name needs it."""
    from dataclasses import replace

    if path == migration.path:
        return migration
    version = path.name.partition("_")[0]
    return replace(migration, path=path, version=version, key=version)


def _write(texts: Mapping[Path, str | None]) -> None:
    old = {path: path.read_bytes() for path in texts if path.exists()}
    try:
        for path, text in texts.items():
            if text is not None:
                write_text(path, text)
        for path, text in texts.items():
            if text is None:
                path.unlink()
    except BaseException:
        for path in texts:
            with suppress(OSError):
                if path in old:
                    path.write_bytes(old[path])
                else:
                    path.unlink()
        raise


def _ours(
    layout: Layout, migrations: Sequence[Migration], files: Sequence[str], onto: str
) -> list[Migration]:
    if files:
        names = {Path(one).name for one in files}
        unknown = names - {one.path.name for one in migrations} - {one.version for one in migrations}
        if unknown:
            raise InvalidInput(f"There is no migration {min(unknown)}.", code="migration-unknown")
        return [one for one in migrations if one.path.name in names or one.version in names]
    theirs = _files_of(layout.folder, onto or _onto(layout.folder))
    return [one for one in migrations if one.path.name not in theirs]


def _onto(folder: Path) -> str:
    """The branch whose files others have already, as git has it."""
    for name in ("MERGE_HEAD", "REBASE_HEAD"):
        if _git(folder, "rev-parse", "-q", "--verify", name) is not None:
            return name if name == "MERGE_HEAD" else "HEAD"  # a rebase has put HEAD on the other branch
    current = (_git(folder, "rev-parse", "--abbrev-ref", "HEAD") or "").strip()
    for name in ("origin/HEAD", "origin/main", "origin/master", "main", "master"):
        if name != current and _git(folder, "rev-parse", "-q", "--verify", name) is not None:
            return name
    raise InvalidInput(
        "It is not known which migrations are ours.",
        hint="Name them: `dbdeed migrate rebase FILE…`; or the branch whose files stay: --onto BRANCH.",
        code="rebase-ours",
    )


def _files_of(folder: Path, branch: str) -> set[str]:
    found = _git(folder, "ls-tree", "-r", "--name-only", branch, ".")
    if found is None:
        raise InvalidInput(f"git knows no branch {branch} here.", code="rebase-branch")
    return {Path(line).name for line in found.splitlines()}


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None where it fails or is not there."""
    if any(one.startswith("-") and one not in _OPTIONS for one in words):
        return None
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


_OPTIONS = frozenset({"-q", "-r", "--verify", "--abbrev-ref", "--name-only"})
