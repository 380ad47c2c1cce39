"""Containment in JSON, as PostgreSQL decides it."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbdeed.access.sqlite_json import json_contains

_plain = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0, 1.5, "", "a", "1"])
)
_values = st.recursive(
    _plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=6,
)
_pairs = st.lists(st.tuples(_values, _values), min_size=40, max_size=80)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_pairs)
def test_containment_is_postgresqls(server18: str, pairs: list[tuple[Any, Any]]) -> None:
    texts = [(json.dumps(whole), json.dumps(part)) for whole, part in pairs]
    texts += [(whole, whole) for whole, _ in texts]
    sql = "SELECT a::jsonb @> b::jsonb FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY t(a, b, n) ORDER BY n"
    with psycopg.connect(server18) as connection:
        expected = connection.execute(sql, ([a for a, _ in texts], [b for _, b in texts])).fetchall()
    for (whole, part), (found,) in zip(texts, expected, strict=True):
        assert json_contains(whole, part) == found, (whole, part)


def test_null_is_unknown_and_a_number_is_its_own_text() -> None:
    assert json_contains(None, "1") is None
    assert json_contains("1", None) is None
    assert json_contains(1, "1") is True
    assert json_contains(1.5, "1.50") is True
