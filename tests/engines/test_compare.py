"""Comparing catalogs of made-up kinds: which changes there are, and what each one says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dbdeed.engines.catalog import Catalog, ObjectId, Unmodelled
from dbdeed.engines.change import Action, Change, Step
from dbdeed.engines.compare import (
    Alteration,
    Context,
    Kind,
    Loosening,
    Making,
    compare_catalogs,
    details,
)
from dbdeed.errors import OurFault


class Thing(msgspec.Struct, frozen=True):
    name: str
    kind: str = "table"
    above: str = ""
    needs: tuple[str, ...] = ()
    text: str = ""
    strict: bool = False
    places: tuple[str, ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId(self.kind, (self.name,))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId("table", (self.above,)) if self.above else None

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return ()


def steps(one: Thing) -> tuple[Step, ...]:
    return (Step(f"do {one.name}", one.id),)


def create(new: Thing, context: Context) -> Making:
    columns = [one.id for one in context.target.children.get(new.id, ()) if one.id.kind == "column"]
    return Making(steps(new), tuple(columns))


def drop(old: Thing, _: Context) -> tuple[Step, ...]:
    return steps(old)


def alter(old: Thing, new: Thing, context: Context) -> Alteration | None:
    if "replaced" in new.text:
        return None
    if "disturbs" in new.text:
        return Alteration(steps(new), frozenset(context.current.needed_by.get(old.id, ())))
    covers = [one.id for one in context.target.children.get(new.id, ())] if "covers" in new.text else []
    return Alteration(steps(new), covers=tuple(covers))


def loosen(old: Thing, fallen: frozenset[ObjectId], _: Context) -> Loosening | None:
    if old.strict:
        return None
    left = tuple(name for name in old.needs if ObjectId("view", (name,)) not in fallen)
    return Loosening(steps(old), msgspec.structs.replace(old, needs=left))


KINDS = (
    Kind("table", Thing, create, drop, alter, holds_data=True),
    Kind("column", Thing, create, drop, alter, holds_data=True, loosen=loosen),
    Kind("view", Thing, create, drop, alter, ignore=frozenset({"places"})),
)


def catalog(*things: Thing, unmodelled: tuple[Unmodelled, ...] = ()) -> Catalog:
    ids = {one.name: one.id for one in things}
    needs = {
        one.id: frozenset({ids[name] for name in one.needs} | ({one.parent} if one.parent else set()))
        for one in things
    }
    return Catalog("made-up", (1,), {one.id: one for one in things}, needs, unmodelled)


def compared(current: Catalog, target: Catalog) -> dict[tuple[str, str], list[Change]]:
    found: dict[tuple[str, str], list[Change]] = {}
    for change in compare_catalogs(current, target, KINDS).changes:
        found.setdefault((change.action.value, change.id.name[0]), []).append(change)
    return found


T, C = Thing("t"), Thing("c", "column", "t")


def view(name: str, *needs: str, **fields: Any) -> Thing:
    return Thing(name, "view", needs=needs, **fields)


def test_what_is_new_is_made_with_what_its_statement_covers() -> None:
    found = compared(catalog(), catalog(T, C))
    assert list(found) == [("create", "t")]
    assert found["create", "t"][0].covers == (C.id,)


def test_what_is_gone_is_dropped_with_all_its_parts() -> None:
    found = compared(catalog(T, C), catalog())
    assert list(found) == [("drop", "t")]
    assert found["drop", "t"][0].covers == (C.id,)


def test_what_needs_something_that_is_replaced_is_brought_back_and_says_why() -> None:
    views = view("v", "c"), view("w", "v")
    found = compared(catalog(T, C, *views), catalog(T, C, view("v", "c", text="replaced"), views[1]))
    assert sorted(found) == [("create", "v"), ("create", "w"), ("drop", "v"), ("drop", "w")]
    assert found["drop", "v"][0].because is None
    assert [one.attribute for one in found["drop", "v"][0].details] == ["text"]
    assert found["drop", "w"][0].because == found["create", "w"][0].because == views[0].id
    assert found["drop", "w"][0].details == ()


def test_what_an_alteration_disturbs_goes_and_comes_back() -> None:
    new = msgspec.structs.replace(C, text="disturbs")
    found = compared(catalog(T, C, view("v", "c")), catalog(T, new, view("v", "c")))
    assert sorted(found) == [("alter", "c"), ("create", "v"), ("drop", "v")]
    assert found["alter", "c"][0].disturbs == {ObjectId("view", ("v",))}


def test_what_an_alteration_covers_has_no_change_of_its_own() -> None:
    more = Thing("d", "column", "t")
    found = compared(catalog(T, C), catalog(msgspec.structs.replace(T, text="covers"), C, more))
    assert list(found) == [("alter", "t")]
    assert more.id in found["alter", "t"][0].covers


@pytest.mark.parametrize("stays", [True, False])
def test_what_holds_data_is_loosened_and_never_dropped(stays: bool) -> None:
    column = Thing("c", "column", "t", needs=("f",), strict=stays)
    found = compared(catalog(T, view("f"), column), catalog(T, view("f", text="replaced"), column))
    if stays:  # its kind has no way; the engine refuses the drop, and the proof says so
        assert sorted(found) == [("create", "f"), ("drop", "f")]
        return
    assert sorted(found) == [("alter", "c"), ("create", "f"), ("drop", "f")]
    first, second = found["alter", "c"]
    assert first.loosens == {ObjectId("view", ("f",))}
    assert isinstance(first.new, Thing)
    assert first.new.needs == ()
    assert second.new == column


def test_details_say_what_differs_in_words() -> None:
    old, new = Thing("t", text="a"), Thing("t", strict=True, places=("x", "y"))
    found = [(one.attribute, one.old, one.new) for one in details(old, new)]
    assert found == [("text", "a", ""), ("strict", "no", "yes"), ("places", "", "x, y")]
    assert [one.attribute for one in details(old, new, frozenset({"text", "places"}))] == ["strict"]


class Part(msgspec.Struct, frozen=True):
    name: str
    columns: tuple[str, ...] = ()
    start: int = 1


class Whole(msgspec.Struct, frozen=True):
    parts: tuple[Any, ...] = ()
    one: Part | None = None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (Whole((Part("a", ("x", "y")), Part("b"))), Whole((Part("a", ("x",)), Part("b"))), ("a x, y 1", "a x 1")),
        (Whole((("app", "SELECT", True),)), Whole((("app", "SELECT", True), ("b", "DELETE", False))), ("", "b DELETE no")),
        (Whole((("id", "integer", ""), ("n", "text", ""))), Whole((("id", "bigint", ""), ("n", "text", ""))),
            ("id integer", "id bigint")),
        (Whole((("a", "b"), ("c", "d"))), Whole((("c", "d"), ("a", "b"))), ("a b, c d", "c d, a b")),
        (Whole(("sad", "ok")), Whole(("sad", "meh", "ok")), ("sad, ok", "sad, meh, ok")),
        (Whole(one=Part("a")), Whole(one=Part("a", start=7)), ("start 1", "start 7")),
        (Whole(), Whole(one=Part("a")), ("", "a 1")),
    ],
)  # fmt: skip
def test_details_of_lists_tell_the_parts_that_differ(old: Whole, new: Whole, said: tuple[str, str]) -> None:
    (found,) = details(old, new)  # type: ignore[arg-type]
    assert (found.old, found.new) == said


def test_what_is_not_modelled_is_named_on_both_sides() -> None:
    found = compare_catalogs(
        catalog(unmodelled=(Unmodelled("cast", "a"),)), catalog(unmodelled=(Unmodelled("rule", "b"),)), KINDS
    )
    assert (found.changes, found.unmodelled_current, found.unmodelled_target) == (
        (),
        ("cast a",),
        ("rule b",),
    )


def test_a_catalog_whose_object_is_its_own_ancestor_is_our_fault() -> None:
    with pytest.raises(OurFault, match="own ancestor"):
        compare_catalogs(catalog(), catalog(Thing("t", above="u"), Thing("u", above="t")), KINDS)


def test_equal_catalogs_differ_in_nothing() -> None:
    one = catalog(T, C, view("v", "c"))
    assert compare_catalogs(one, catalog(T, C, view("v", "c")), KINDS).changes == ()
    assert Action.CREATE not in {change.action for change in compare_catalogs(one, one, KINDS).changes}
