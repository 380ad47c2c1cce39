"""Random pairs of schemas: every plan between two of them must hold, and the pairs must be worth something.

`-m slow` goes on with new pairs for DBDEED_SWEEP_SECONDS (an hour).
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from tests.engines.postgresql.conftest import MAJORS
from tests.engines.postgresql.random_schemas.drawing import BY_KIND
from tests.engines.postgresql.random_schemas.faults import Corpus, backwards, blind, found
from tests.engines.postgresql.random_schemas.ground import ground
from tests.engines.postgresql.random_schemas.judge import Counterexample, judge, plan
from tests.engines.postgresql.random_schemas.reduce import shown
from tests.engines.postgresql.random_schemas.sweep import sweep, trials

from dbdeed.engines.postgresql.listing import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines.postgresql.random_schemas.ground import Ground
    from tests.engines.postgresql.random_schemas.judge import Trial

    from dbdeed.engines.postgresql.servers.programs import Programs

SECONDS = float(os.environ.get("DBDEED_SWEEP_SECONDS", "3600"))

# For each kind the attribute that a planted fault overlooks by default; "" for that there is one at all.
OVERLOOKED = {
    "access method": "handler",
    "aggregate": "settings",
    "base type": "settings",
    "cast": "context",
    "collation": "collate",
    "column": "not_null",
    "comment": "text",
    "composite type": "attributes",
    "constraint": "definition",
    "conversion": "source",
    "default privileges": "granted",
    "dependence": "",
    "domain": "not_null",
    "domain constraint": "definition",
    "enum": "values",
    "event trigger": "enabled",
    "extension": "",
    "foreign data wrapper": "options",
    "function": "definition",
    "index": "definition",
    "language": "trusted",
    "materialized view": "definition",
    "operator": "restrict",
    "operator class": "family",
    "operator family": "operators",
    "owner": "role",
    "policy": "roles",
    "privileges": "granted",
    "publication": "tables",
    "range type": "subtype",
    "rule": "definition",
    "schema": "",
    "sequence": "increment",
    "server": "version",
    "shell type": "",
    "statistics": "target",
    "subscription": "publications",
    "table": "row_security",
    "text search configuration": "mappings",
    "text search dictionary": "options",
    "text search parser": "headline",
    "text search template": "init",
    "transform": "from_sql",
    "trigger": "enabled",
    "user mapping": "options",
    "view": "definition",
}

# They need their schema only, and schemas are made before the rest whatever needs them.
UNTURNED = frozenset({"default privileges"})


@pytest.fixture(scope="module")
def there(programs: Programs) -> Iterator[Ground]:
    with ground(programs) as running:
        yield running


@pytest.fixture(scope="module")
def corpora(there: Ground) -> dict[str, Corpus]:
    """For each kind the pairs that are aimed at it."""
    return {kind.name: Corpus(there, kind.name, 60) for kind in KINDS}


def _judge(there: Ground, trial: Trial) -> None:
    try:
        judge(there, trial)
    except Counterexample as error:
        pytest.fail(shown(there, trial, error.stage), pytrace=False)


@pytest.mark.parametrize("start", range(3))
def test_random_pairs(there: Ground, start: int) -> None:
    for trial in trials(there.major, 8, start):
        _judge(there, trial)


@pytest.mark.slow
def test_random_pairs_for_an_hour(there: Ground) -> None:
    """New ones each time; every kind is made, changed and dropped among them."""

    def report(trial: Trial, error: Counterexample) -> None:
        pytest.fail(shown(there, trial, error.stage), pytrace=False)

    number, seen = sweep(there, SECONDS / len(MAJORS), int(time.time()), report)
    print(f"{number} pairs, {seen.plans} plans, {seen.excused} that their rows did not allow")
    print(
        *(f"  {kind}, {action}: {times}" for (kind, action), times in sorted(seen.changes.items())), sep="\n"
    )
    if number >= 300:
        never = [
            (kind.name, action)
            for kind in KINDS
            for action in ("create", "drop")
            if not seen.changes.get((kind.name, action))
        ]
        assert never == []


def test_each_kind_has_a_shape_and_a_fault() -> None:
    kinds = {kind.name for kind in KINDS}
    assert kinds - BY_KIND.keys() == set()
    assert kinds == OVERLOOKED.keys()


@pytest.fixture
def newest(there: Ground) -> None:
    if there.major != max(MAJORS):
        pytest.skip("faults are planted in the newest version only")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[] if number % 4 == 0 else pytest.mark.slow)
        for number, kind in enumerate(sorted(OVERLOOKED))
    ],
)
@pytest.mark.usefixtures("newest")
def test_a_fault_is_found(corpora: dict[str, Corpus], kind: str) -> None:
    assert found(corpora[kind], blind(kind, OVERLOOKED[kind]))
    assert kind in UNTURNED or found(corpora[kind], backwards(kind))


@pytest.mark.usefixtures("newest")
def test_without_a_fault_nothing_is_found(corpora: dict[str, Corpus]) -> None:
    assert found(corpora["view"], plan) is None
