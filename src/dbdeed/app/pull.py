"""Where the database leads, its changes are pulled into the document, in place.

What differs is done to the person's own text, as little of it as can be. Then the engine reads the edited
document in a scratch database: only when it makes exactly what is live is anything written. Where an edit
does not reach that, a coarser one is tried: whole statements, then the plan's own statements under the
table's heading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.app.facts import load_catalog
from dbdeed.app.pull_edits import append, carry_changes, wanted_of
from dbdeed.app.pull_gone import tidy
from dbdeed.app.revised import revised
from dbdeed.app.schema_text import empty_catalog, passages_of
from dbdeed.engines.change import Action
from dbdeed.engines.faults import SqlRejected
from dbdeed.errors import Refused
from dbdeed.planning.order import order_changes
from dbdeed.planning.running import differences
from dbdeed.planning.shown import shown
from dbdeed.progress import SILENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.document.architecture import Architecture
    from dbdeed.document.edit import Edit
    from dbdeed.document.source import Source
    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.engines.change import Change
    from dbdeed.engines.seam import Engine, Scratch
    from dbdeed.progress import Progress

_VERBS = {Action.CREATE: "added", Action.DROP: "removed", Action.ALTER: "changed", Action.RENAME: "renamed"}
_MOST = 12
"""Rounds; each but the last few leaves fewer differences than the one before."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The document as it follows the database; the file is not written yet.

    Attributes:
        architecture: read from the edited text.
        said: what was carried over, one phrase each: "changed column public.orders.note".
        notes: what stays in the document of tables that are gone, one sentence each.
    """

    architecture: Architecture
    said: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _State:
    architecture: Architecture
    catalog: Catalog
    unequal: frozenset[ObjectId]


def pull(
    engine: Engine,
    architecture: Architecture,
    here: Catalog,
    live: Catalog,
    scratch: Scratch,
    progress: Progress = SILENT,
) -> Pulled:
    """Let the document say what is live.

    Args:
        engine: of both.
        architecture: the document.
        here: what the document makes.
        live: what the database holds.
        scratch: of the live server's version.
        progress: where steps are announced.

    Raises:
        Refused: the database is empty and the document is not, or a change could not be placed.
    """
    wanted = engine.rebuildable(live)
    if here.objects == wanted.objects:
        return Pulled(architecture, ())
    base = empty_catalog(engine, scratch)
    if wanted.objects == base.objects:
        raise Refused(
            "The database is empty, and following it would empty the document.",
            hint="Name another database; or set Target State to As-To-Be and run `dbdeed apply`.",
            code="empty-database",
        )
    changes = engine.compare(here, wanted).changes
    said = [f"{_VERBS[one.action]} {shown(one.id)}" for one in _own(changes)]
    state = _State(architecture, here, _unequal(here, wanted))
    state = _followed(engine, state, base, wanted, scratch, progress)
    if state.unequal:
        left = differences(engine.compare(state.catalog, wanted).changes)[:5]
        raise Refused(
            f"The document cannot follow the database by itself: {'; '.join(left)}. Nothing was written.",
            hint="Write these into the document's SQL, then run it again.",
            code="cannot-place",
        )
    gone = frozenset(one for one in here.objects if one.kind in _TABLES and one not in wanted.objects)
    finished, notes = tidy(architecture, state.architecture, gone, here)
    return Pulled(finished, tuple(dict.fromkeys(said)), notes)


_TABLES = ("table", "virtual_table")


def _own(changes: Iterable[Change]) -> list[Change]:
    """Without what only moves for another's sake; a replaced object is a change, once."""
    both = {one.id for one in changes if one.action is Action.DROP} & {
        one.id for one in changes if one.action is Action.CREATE
    }
    own = [one for one in changes if one.because is None and one.steps]
    return [
        replace(one, action=Action.ALTER) if one.id in both else one
        for one in own
        if not (one.id in both and one.action is Action.DROP)
    ]


def _unequal(one: Catalog, other: Catalog) -> frozenset[ObjectId]:
    ids = {**one.objects, **other.objects}
    return frozenset(each for each in ids if one.objects.get(each) != other.objects.get(each))


def _followed(
    engine: Engine, state: _State, base: Catalog, wanted: Catalog, scratch: Scratch, progress: Progress
) -> _State:
    """Rounds of edits, finer ones first; each is kept where it leaves less to do."""
    ways = iter(_WAYS)
    way = next(ways)
    for _ in range(_MOST):
        edits = way(engine, state, base, wanted)
        tried = _read(engine, state, edits, wanted, scratch, progress) if edits else None
        if tried is not None and len(tried.unequal) < len(state.unequal):
            state = tried
            if not state.unequal:
                break
            continue
        following = next(ways, None)
        if following is None:
            break
        way = following
    return state


def _read(
    engine: Engine,
    state: _State,
    edits: list[tuple[Source, Edit]],
    wanted: Catalog,
    scratch: Scratch,
    progress: Progress,
) -> _State | None:
    """The document after these edits, as the engine reads it; None where it does not."""
    edited = revised(state.architecture, edits)
    try:
        catalog, _ = load_catalog(engine, scratch, engine.statements(edited.schema.blocks), progress)
    except SqlRejected:
        return None
    return _State(edited, catalog, _unequal(catalog, wanted))


def _carried(
    engine: Engine, state: _State, base: Catalog, wanted: Catalog, *, whole: bool, plain: bool
) -> list[tuple[Source, Edit]]:
    old, _ = passages_of(engine, base, state.catalog)
    new, _ = passages_of(engine, base, wanted)
    return carry_changes(
        engine,
        state.architecture,
        wanted_of(engine, old, plain=plain),
        wanted_of(engine, new, plain=plain),
        state.unequal,
        whole=whole,
    )


def _finely(engine: Engine, state: _State, base: Catalog, wanted: Catalog) -> list[tuple[Source, Edit]]:
    return _carried(engine, state, base, wanted, whole=False, plain=False)


def _by_statement(engine: Engine, state: _State, base: Catalog, wanted: Catalog) -> list[tuple[Source, Edit]]:
    return _carried(engine, state, base, wanted, whole=True, plain=False)


def _in_full(engine: Engine, state: _State, base: Catalog, wanted: Catalog) -> list[tuple[Source, Edit]]:
    return _carried(engine, state, base, wanted, whole=True, plain=True)


def _by_plan(engine: Engine, state: _State, _base: Catalog, wanted: Catalog) -> list[tuple[Source, Edit]]:
    changes = order_changes(engine.compare(state.catalog, wanted).changes, state.catalog, wanted)
    passages = engine.passages(changes, state.catalog, wanted)
    return append(engine, state.architecture, wanted_of(engine, passages, plain=True))


_WAYS = (_finely, _by_statement, _in_full, _by_plan)
