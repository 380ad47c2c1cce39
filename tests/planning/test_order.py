"""Random pairs of catalogs of made-up kinds: what is compared and ordered must run on a simulated database.

The simulation refuses what a real engine would: making something before what it needs, dropping something that
is needed, taking a name that is held, changing a column's shape under a view.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.engines.catalog import Catalog, ObjectId
from dbdeed.engines.change import Action, Change, Step
from dbdeed.engines.compare import Alteration, Context, Kind, Loosening, Making, compare_catalogs
from dbdeed.errors import OurFault
from dbdeed.planning.order import order_changes


class Thing(msgspec.Struct, frozen=True):
    """An object of the simulation.

    `note` can be altered freely, `shape` only with no view upon it, `form` not at all.
    """

    id: ObjectId
    parent: ObjectId | None = None
    needs: frozenset[ObjectId] = frozenset()
    note: int = 0
    shape: int = 0
    form: int = 0

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("relation", *self.id.name),) if self.id.kind in ("table", "view") else ()


def step(one: Thing) -> tuple[Step, ...]:
    return (Step(f"touch {one.id}", one.id),)


def create(new: Thing, context: Context) -> Making:
    """A table's statement makes those of its columns that can stand in it."""
    covers = [
        child.id
        for child in context.target.children.get(new.id, ())
        if child.id.kind == "column" and not any(need.kind == "function" for need in needs_of(child))
    ]
    return Making(step(new), tuple(covers) if new.id.kind == "table" else ())


def needs_of(one: Any) -> frozenset[ObjectId]:
    return frozenset({*one.needs, *([one.parent] if one.parent else [])})


def drop(old: Thing, _context: Context) -> tuple[Step, ...]:
    return step(old)


def alter(old: Thing, new: Thing, context: Context) -> Alteration | None:
    if old.id.kind not in HOLDERS and (old.form, old.needs) != (new.form, new.needs):
        return None
    views = {one for one in context.current.needed_by.get(old.id, ()) if one.kind == "view"}
    return Alteration(step(new), frozenset(views if old.shape != new.shape else ()))


def loosen(old: Thing, fallen: frozenset[ObjectId], _context: Context) -> Loosening | None:
    return Loosening(step(old), msgspec.structs.replace(old, needs=old.needs - fallen))


HOLDERS = ("type", "table", "column")
ORDER = ("type", "function", "table", "column", "view", "index", "routine")
KINDS = [
    Kind(
        name,
        Thing,
        create,
        drop,
        alter,
        holds_data=name in HOLDERS,
        loosen=loosen if name == "column" else None,
    )
    for name in ORDER
]
UNIVERSE = [
    *(ObjectId("type", (f"t{n}",)) for n in range(2)),
    *(ObjectId("function", (f"f{n}",)) for n in range(3)),
    *(ObjectId("table", (name,)) for name in "abc"),
    *(ObjectId("column", (table, column)) for table in "abc" for column in "xy"),
    *(ObjectId("view", (name,)) for name in "abcde"),
    *(ObjectId("index", (f"i{n}",)) for n in range(2)),
    *(ObjectId("routine", (f"r{n}",)) for n in range(2)),
]
MAY_NEED = {
    "type": (),
    "function": ("type", "function"),
    "table": (),
    "column": ("type", "function"),
    "view": ("column", "function", "view"),
    "index": ("function",),
    "routine": ("view", "table", "column", "routine"),
}


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    random = draw(st.randoms(use_true_random=False))
    return build(random)


def build(random: Random) -> Catalog:
    objects: dict[ObjectId, Thing] = {}
    for one in UNIVERSE:
        parent = None
        if one.kind == "column":
            parent = ObjectId("table", one.name[:1])
        elif one.kind == "index":
            parent = ObjectId("table", (random.choice("abc"),))
        elif one.kind == "view" and ObjectId("table", one.name) in objects:
            continue
        if (parent is not None and parent not in objects) or random.random() < 0.35:
            continue
        possible = [other for other in objects if other.kind in MAY_NEED[one.kind]]
        needs = frozenset(random.sample(possible, min(len(possible), random.randrange(3))))
        numbers = [int(random.random() < 0.25) for _ in range(3)]
        if one.kind in HOLDERS:
            numbers[2] = 0
        objects[one] = Thing(one, parent, needs, *numbers)
    return catalog(objects)


def catalog(objects: dict[ObjectId, Thing]) -> Catalog:
    return Catalog("made-up", (1,), objects, {one: needs_of(thing) for one, thing in objects.items()})


class Database:
    """Objects, and the rules of an engine."""

    def __init__(self, start: Catalog) -> None:
        self.there: dict[ObjectId, Any] = dict(start.objects)

    def run(self, change: Change, target: Catalog) -> None:
        ids = {change.id, *change.covers}
        if change.action is Action.DROP:
            assert ids <= self.there.keys(), f"{change.id} is not there"
            for one in ids:
                del self.there[one]
            self._require_whole(f"drop {change.id}")
        elif change.action is Action.CREATE:
            assert not ids & self.there.keys(), f"{change.id} is there already"
            self.there.update((one, target.objects[one]) for one in ids)
            self._require_whole(f"create {change.id}")
        else:
            old = self.there[change.id]
            views = [
                one for one, thing in self.there.items() if one.kind == "view" and change.id in thing.needs
            ]
            assert old.shape == change.new.shape or not views, f"{change.id} is altered under {views}"  # type: ignore[union-attr]
            self.there[change.id] = change.new
            self._require_whole(f"alter {change.id}")

    def _require_whole(self, after: str) -> None:
        claims = [claim for thing in self.there.values() for claim in thing.claims]
        assert len(claims) == len(set(claims)), f"{after}: a name is taken twice"
        for one, thing in self.there.items():
            assert needs_of(thing) <= self.there.keys(), f"{after}: {one} lacks what it needs"


def migrate(current: Catalog, target: Catalog) -> list[Change]:
    changes = order_changes(compare_catalogs(current, target, KINDS).changes, current, target)
    database = Database(current)
    for change in changes:
        database.run(change, target)
    assert database.there == target.objects
    return changes


@settings(max_examples=300)
@given(catalogs(), catalogs())
def test_changes_run_in_order_and_reach_the_target(current: Catalog, target: Catalog) -> None:
    migrate(current, target)


@pytest.mark.slow
@settings(max_examples=20_000)
@given(catalogs(), catalogs())
def test_changes_reach_the_target_in_a_long_sweep(current: Catalog, target: Catalog) -> None:
    migrate(current, target)


@settings(max_examples=50)
@given(catalogs())
def test_no_difference_gives_no_change(one: Catalog) -> None:
    assert compare_catalogs(one, one, KINDS).changes == ()


@settings(max_examples=100)
@given(catalogs(), catalogs(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_changes_come(
    current: Catalog, target: Catalog, random: Random
) -> None:
    changes = list(compare_catalogs(current, target, KINDS).changes)
    wanted = order_changes(changes, current, target)
    random.shuffle(changes)
    found = order_changes(changes, current, target)
    assert [(one.action, one.id, one.loosens) for one in found] == [
        (one.action, one.id, one.loosens) for one in wanted
    ]


@settings(max_examples=100)
@given(catalogs(), catalogs())
def test_what_holds_data_is_only_dropped_where_the_target_has_none(current: Catalog, target: Catalog) -> None:
    for change in compare_catalogs(current, target, KINDS).changes:
        if change.action is Action.DROP and change.id.kind in HOLDERS:
            assert change.id not in target.objects


def thing(kind: str, name: str, *needs: ObjectId, **numbers: int) -> Thing:
    return Thing(ObjectId(kind, (name,)), None, frozenset(needs), **numbers)


def of(*things: Thing) -> Catalog:
    return catalog({one.id: one for one in things})


def test_a_ring_of_needs_is_told_with_names() -> None:
    one, two = ObjectId("view", ("one",)), ObjectId("view", ("two",))
    target = of(Thing(one, None, frozenset({two})), Thing(two, None, frozenset({one})))
    changes = compare_catalogs(of(), target, KINDS).changes
    with pytest.raises(OurFault, match=r"view one.*view two"):
        order_changes(changes, of(), target)


def test_a_neat_order_gives_way_where_it_would_close_a_ring() -> None:
    """An enum gets a value, a column takes it for a default, and a function of the old default goes."""
    enum, function = thing("type", "t0"), ObjectId("function", ("f0",))
    column = Thing(ObjectId("column", ("a", "x")), ObjectId("table", ("a",)))
    table = thing("table", "a")
    current = of(
        enum,
        thing("function", "f0", enum.id),
        table,
        msgspec.structs.replace(column, needs=frozenset({function})),
    )
    target = of(
        msgspec.structs.replace(enum, note=1),
        table,
        msgspec.structs.replace(column, needs=frozenset({enum.id})),
    )
    found = migrate(current, target)
    assert [(one.action, one.id.kind) for one in found] == [
        (Action.ALTER, "type"),
        (Action.ALTER, "column"),
        (Action.DROP, "function"),
    ]


def test_a_name_is_free_before_it_is_taken() -> None:
    found = migrate(of(thing("table", "a")), of(thing("view", "a")))
    assert [(one.action, one.id.kind) for one in found] == [(Action.DROP, "table"), (Action.CREATE, "view")]


def test_a_column_lets_go_of_a_function_while_it_is_replaced() -> None:
    function = thing("function", "f0")
    table = thing("table", "a")
    column = Thing(ObjectId("column", ("a", "x")), table.id, frozenset({function.id}))
    found = migrate(of(function, table, column), of(msgspec.structs.replace(function, form=1), table, column))
    assert [(one.action, one.id.kind) for one in found] == [
        (Action.ALTER, "column"),
        (Action.DROP, "function"),
        (Action.CREATE, "function"),
        (Action.ALTER, "column"),
    ]
    assert all(one.because == function.id for one in found if one.id.kind == "column")


def test_drops_come_before_alterations_before_creations_where_nothing_else_decides() -> None:
    current = of(thing("type", "t0"), thing("table", "b"))
    target = of(thing("table", "a"), thing("table", "b", note=1))
    assert [one.action for one in migrate(current, target)] == [Action.DROP, Action.ALTER, Action.CREATE]


def test_what_was_taken_down_for_another_is_back_before_the_next_is_altered() -> None:
    """A view with its grants is away as shortly as can be, whatever else the plan does."""
    column, other = ObjectId("column", ("a", "x")), ObjectId("column", ("c", "y"))
    view = ObjectId("view", ("v",))
    tables = [Thing(ObjectId("table", (name,))) for name in "ac"]

    def with_shape(shape: int) -> Catalog:
        things = [
            *tables,
            Thing(column, tables[0].id, shape=shape),
            Thing(other, tables[1].id, shape=shape),
            Thing(view, None, frozenset({column})),
        ]
        return catalog({one.id: one for one in things})

    current, target = with_shape(0), with_shape(1)
    found = compare_catalogs(current, target, KINDS).changes
    late = [(Action.DROP, view), (Action.ALTER, column), (Action.ALTER, other), (Action.CREATE, view)]
    assert [(one.action, one.id) for one in order_changes(found, current, target)] == late  # one transaction

    def outside(change: Change) -> Change:
        return replace(change, steps=tuple(replace(one, transactional=False) for one in change.steps))

    parts = [outside(one) if one.id == other else one for one in found]
    assert [(one.action, one.id) for one in order_changes(parts, current, target)] == [
        (Action.DROP, view),
        (Action.ALTER, column),
        (Action.CREATE, view),
        (Action.ALTER, other),
    ]
