"""What structs give of a row, one by one and many at once."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from dbdeed.access.columns import Column
from dbdeed.access.given import Given


class New(msgspec.Struct, frozen=True, kw_only=True):
    email: Any
    name: Any = UNSET
    note: Any = UNSET
    data: Any = UNSET


class Other(msgspec.Struct, frozen=True):
    email: Any
    name: Any


class Nothing(msgspec.Struct, frozen=True):
    pass


COLUMNS = {
    "email": Column("email"),
    "name": Column("name", nullable=True, default=True),
    "note": Column("note", nullable=True),
    "data": Column("data", json=True),
}

_values = st.sampled_from([UNSET, None, 1, "a"])
_rows = st.builds(New, email=st.sampled_from(["a", "b"]), name=_values, note=_values, data=_values)


def expected(struct: msgspec.Struct, *, nulls: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if value is UNSET and nulls and name == "note":
            value = None
        if value is not UNSET:
            found[name] = msgspec.json.encode(value).decode() if name == "data" else value
    return found


@given(st.one_of(_rows, st.builds(Other, _values, _values), st.just(Nothing())))
def test_one_gives_what_is_not_unset(struct: msgspec.Struct) -> None:
    takes = Given(COLUMNS)
    for _ in range(2):  # the second one is known by then
        kind, values = takes.by(struct)
        assert dict(zip(kind.names, values, strict=True)) == expected(struct, nulls=False)


@given(
    st.one_of(
        st.lists(_rows),
        st.lists(st.builds(New, email=st.integers(), note=_values)),
        st.lists(st.one_of(_rows, st.builds(Other, _values, _values), st.just(Nothing()))),
    )
)
def test_many_give_the_same_as_one_by_one(structs: list[msgspec.Struct]) -> None:
    found = Given(COLUMNS).alike(iter(structs))
    assert len({names for names, _, _ in found}) == len(found)
    by_place = {
        place: dict(zip(names, row, strict=True))
        for names, places, rows in found
        for place, row in zip(places, rows, strict=True)
    }
    assert by_place == {n: expected(one, nulls=True) for n, one in enumerate(structs)}


def test_rows_that_give_the_same_stay_together() -> None:
    (found,) = Given(COLUMNS).alike([New(email="a", note=1), New(email="b")])
    assert found.names == ("email", "note")
    assert [*found.rows] == [("a", 1), ("b", None)]
    assert [*found.places] == [0, 1]
    (found,) = Given(COLUMNS).alike([Nothing(), Nothing()])
    assert (found.names, [*found.rows]) == ((), [(), ()])
    assert Given(COLUMNS).alike([]) == []
