"""`parse(write(value)) == value` for every value that the types allow."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.values import grammar
from dbdeed.document.values.schedule import CALENDAR
from dbdeed.document.values.types import (
    Backoff,
    BackupKind,
    Cadence,
    Destination,
    Encryption,
    EnvName,
    Frequency,
    Hosting,
    HostingKind,
    How,
    Isolation,
    Keep,
    Method,
    Objective,
    Optimization,
    Orm,
    Pattern,
    Pool,
    Retention,
    Retry,
    Status,
    Strategy,
    System,
    TargetState,
    Tool,
    Transactions,
    Version,
    Weekday,
    When,
)

DAY = timedelta(days=1)
durations = st.timedeltas(min_value=timedelta(0))
timeouts = st.one_of(
    st.timedeltas(min_value=timedelta(microseconds=1)),
    st.integers(1, 10_000).map(lambda number: timedelta(milliseconds=number)),
    st.integers(1, 10_000).map(lambda number: timedelta(minutes=number)),
)
maybe_timeout = st.none() | timeouts
env_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,40}", fullmatch=True).map(EnvName)
folders = st.lists(
    st.from_regex(r"[a-z0-9_][A-Za-z0-9_.+-]{0,20}", fullmatch=True), min_size=1, max_size=4
).map(lambda parts: "/".join(parts) + "/")


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    largest = draw(st.integers(1, 1_000_000))
    return Pool(
        max=largest,
        min=draw(st.none() | st.integers(0, largest)),
        acquire_timeout=draw(maybe_timeout),
        idle_timeout=draw(maybe_timeout),
        lifetime=draw(maybe_timeout),
        statement_timeout=draw(maybe_timeout),
        instances=draw(st.none() | st.integers(1, 1_000_000)),
    )


@st.composite
def retries(draw: st.DrawFn) -> Retry:
    bounds = sorted(draw(st.lists(durations, min_size=2, max_size=2)))
    return Retry(
        attempts=draw(st.integers(1, 1000)),
        backoff=draw(st.sampled_from(Backoff)),
        first=draw(st.sampled_from([None, bounds[0]])),
        longest=draw(st.sampled_from([None, bounds[1]])),
        jitter=draw(st.booleans()),
    )


clocks = st.tuples(st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from(["UTC", "Europe/Zurich", "America/Argentina/Buenos_Aires", "Etc/GMT+2"])


@st.composite
def cadences(draw: st.DrawFn) -> Cadence:
    kind = draw(st.sampled_from([None, *BackupKind]))
    if kind is BackupKind.CONTINUOUS:
        return Cadence(kind, None)
    calendar = draw(st.sampled_from(["", *CALENDAR]))
    every = (
        CALENDAR[calendar] if calendar else draw(timeouts | st.integers(1, 400).map(lambda days: days * DAY))
    )
    whole_days = every % DAY == timedelta(0)
    at = draw(st.none() | clocks) if whole_days else None
    whole_weeks = calendar in ("", "week") and every % (7 * DAY) == timedelta(0)
    return Cadence(
        kind,
        every,
        calendar,
        at,
        draw(st.sampled_from([None, *Weekday])) if whole_weeks else None,
        draw(st.none() | st.integers(1, 28)) if calendar == "month" else None,
        draw(zones) if at else "UTC",
    )


counted = st.builds(
    Keep,
    unit=st.sampled_from(["", "hourly", "daily", "weekly", "monthly", "yearly"]),
    count=st.integers(1, 1_000_000),
)
retentions = st.one_of(
    st.just(Retention((Keep(forever=True),))),
    st.lists(
        counted | st.builds(Keep, period=timeouts),
        min_size=1, max_size=6, unique_by=lambda keep: (keep.unit, keep.count is None),
    ).map(lambda rules: Retention(tuple(rules))),
)  # fmt: skip
strategies = st.builds(
    Strategy,
    when=st.sampled_from([None, *When]),
    how=st.sampled_from([None, *How]),
    expand_contract=st.booleans(),
    reversible=st.sampled_from([None, True, False]),
).filter(lambda strategy: strategy != Strategy())
provider = st.from_regex(r"[A-Z][a-z0-9]{1,10}( [A-Z][A-Za-z0-9]{0,10}){0,2}", fullmatch=True).filter(
    lambda name: grammar.parse_hosting(name) == Hosting(HostingKind.PROVIDER, name)
)


def several(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=1, max_size=4, unique=True).map(tuple)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "date": st.dates(min_value=date(1000, 1, 1)),
    "status": st.sampled_from(Status),
    "target_state": st.sampled_from(TargetState),
    "system": st.sampled_from(System),
    "version": st.builds(
        Version, st.lists(st.integers(0, 999_999), min_size=1, max_size=4).map(tuple), st.booleans()
    ),
    "hosting": st.one_of(
        st.just(Hosting(HostingKind.EMBEDDED)),
        st.builds(Hosting, st.just(HostingKind.SELF_HOSTED), st.just("") | provider),
        st.builds(Hosting, st.just(HostingKind.PROVIDER), provider),
    ),
    "patterns": several(st.sampled_from(Pattern)),
    "repositories": folders,
    "pool": pools(),
    "env_name": env_names,
    "env_names": several(env_names),
    "retry": retries(),
    "orm": st.text(max_size=60).map(grammar.parse_orm).filter(lambda orm: isinstance(orm, Orm)),
    "transactions": st.builds(
        Transactions,
        isolation=st.sampled_from([None, *Isolation]),
        statement_timeout=maybe_timeout,
        lock_timeout=maybe_timeout,
        idle_timeout=maybe_timeout,
        read_only=st.booleans(),
    ),
    "optimization": st.lists(
        st.sampled_from(
            ["index every foreign key", "no sequential scan over 10,000 rows", "not", ",", " ", "x"]
        )
    ).map(lambda parts: grammar.parse_optimization(" ".join(parts))),
    "tool": st.sampled_from(Tool),
    "strategy": strategies,
    "frequency": st.lists(cadences(), min_size=1, max_size=4).map(lambda lines: Frequency(tuple(lines))),
    "methods": several(st.sampled_from(Method)),
    "retention": retentions,
    "destination": st.one_of(
        (folders | folders.map(lambda folder: "/" + folder)).map(lambda folder: Destination(folder=folder)),
        env_names.map(lambda name: Destination(env=name)),
    ),
    "encryption": st.builds(Encryption, st.none() | env_names),
    "objective": st.builds(Objective, durations),
    "duration": durations,
    "row_count": st.integers(0, 2**63 - 1),
}


def test_no_key_is_forgotten() -> None:
    keys = {name.removeprefix("parse_") for name in vars(grammar) if name.startswith("parse_")}
    assert keys == set(VALUES)
    assert all(hasattr(grammar, f"write_{key}") for key in keys)


@pytest.mark.parametrize("key", sorted(VALUES))
def test_what_is_written_is_read_back(key: str) -> None:
    parse, write = getattr(grammar, f"parse_{key}"), getattr(grammar, f"write_{key}")

    @settings(max_examples=80)
    @given(VALUES[key])
    def holds(value: Any) -> None:
        text = write(value)
        assert parse(text) == value
        assert write(parse(text)) == text

    holds()


def test_the_types_used_are_all_of_them() -> None:
    """An Optimization round trip starts from text; this holds that it yields rules at all."""
    assert grammar.parse_optimization("index every foreign key") == Optimization(
        "index every foreign key", True
    )
    assert grammar.parse_objective("none") == Objective(timedelta(0))
