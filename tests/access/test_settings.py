"""Settings, retries' waits, formats, and the promises of the package's surface."""

from __future__ import annotations

import importlib.util
import inspect

import pytest

from dbdeed import access
from dbdeed.access import errors, sync
from dbdeed.access.formats import FORMAT, OLDEST_FORMAT, require_format
from dbdeed.access.statements import first_word


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        ("none", [0, 0, 0, 0]),
        ("fixed", [0.1, 0.1, 0.1, 0.1]),
        ("linear", [0.1, 0.2, 0.3, 0.4]),
        ("exponential", [0.1, 0.2, 0.4, 0.5]),
    ],
)
def test_waits_grow_as_the_policy_says(backoff: str, waits: list[float]) -> None:
    policy = access.RetryPolicy(attempts=9, backoff=backoff, first=0.1, longest=0.5, jitter=False)  # type: ignore[arg-type]
    assert [policy.delay(n, lambda: 0.0) for n in (1, 2, 3, 4)] == pytest.approx(waits)
    assert policy.delay(10_000, lambda: 0.0) <= 0.5
    jittered = access.RetryPolicy(backoff="fixed", first=0.1)
    assert jittered.delay(1, lambda: 0.25) == pytest.approx(0.025)


@pytest.mark.parametrize(
    "wrong",
    [
        {"min": 3, "max": 2},
        {"min": -1},
        {"max": 0, "min": 0},
        {"acquire_timeout": 0},
        {"lifetime": -1.0},
    ],
)
def test_impossible_pools_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(access.ConfigurationError):
        access.PoolSettings(**wrong)  # type: ignore[arg-type]


def test_impossible_retries_and_isolations_are_refused() -> None:
    with pytest.raises(access.ConfigurationError):
        access.RetryPolicy(attempts=0)
    with pytest.raises(access.ConfigurationError, match="serializable"):
        access.TransactionSettings().changed("chaos", None)


def test_files_of_other_formats_are_refused_with_what_to_do() -> None:
    require_format(FORMAT)
    with pytest.raises(access.FormatMismatch, match="upgrade dbdeed"):
        require_format(FORMAT + 1)
    with pytest.raises(access.FormatMismatch, match="dbdeed generate"):
        require_format(OLDEST_FORMAT - 1)


def test_the_generator_writes_the_runtimes_format() -> None:
    from dbdeed.codegen.header import FORMAT as WRITTEN

    assert WRITTEN == FORMAT


def test_an_unset_variable_and_a_wrong_engine_are_named(tmp_path: object) -> None:
    with pytest.raises(access.ConfigurationError, match="SHOP_URL"):
        access.Database.from_env("SHOP_URL", environment={})
    with pytest.raises(access.ConfigurationError, match="generated for postgresql"):
        access.Database.from_env("X", environment={"X": f"sqlite:///{tmp_path}"}, dialect="postgresql")


def test_a_closed_database_says_so() -> None:
    database = sync.Database("sqlite:///nowhere.db")
    with pytest.raises(access.PoolClosed):
        database.rows("SELECT 1")


def test_both_worlds_offer_the_same_names() -> None:
    assert access.__all__ == sync.__all__
    assert all(hasattr(access, name) and hasattr(sync, name) for name in access.__all__)


def test_every_error_is_drawn_in_the_tree_and_exported() -> None:
    classes = [
        found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, Exception)
    ]
    drawn = errors.__doc__ or ""
    for found in classes:
        assert found.__name__ in drawn
        assert found.__name__ in access.__all__


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("select 1", "SELECT"),
        (" -- a\n /* b */ Insert into", "INSERT"),
        ("", ""),
        ("-- only", ""),
        ("/* open", ""),
    ],
)
def test_first_word(text: str, word: str) -> None:
    assert first_word(text) == word


def test_the_sync_package_takes_nothing_that_waits_from_the_other() -> None:
    for name in sync.__all__:
        found = getattr(sync, name)
        assert not inspect.iscoroutinefunction(found), name
        module = getattr(found, "__module__", "")
        twin = f"dbdeed.access.sync.{str(module).rpartition('.')[2]}"
        assert module == twin or importlib.util.find_spec(twin) is None, name
