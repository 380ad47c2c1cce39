"""Hostile text: no crash, no secret repeated, no time that grows faster than the text."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.values import grammar
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.secrets import has_secret, redact

KEYS = sorted(name.removeprefix("parse_") for name in vars(grammar) if name.startswith("parse_"))
PROSE = {"orm", "optimization"}
WORDS = [
    "daily",
    "weekly",
    "full",
    "incremental",
    "continuous",
    "every",
    "6",
    "hours",
    "at",
    "02:00",
    "UTC",
    "min",
    "max",
    "10",
    ",",
    ";",
    "and",
    "or",
    "/",
    "-",
    ":",
    "(",
    ")",
    "`",
    "*",
    "<",
    "<=",
    ">=",
    "5",
    "s",
    "m",
    "attempts",
    "retries",
    "exponential",
    "backoff",
    "from",
    "to",
    "jitter",
    "no",
    "keep",
    "30",
    "days",
    "monthly",
    "on",
    "deploy",
    "expand",
    "contract",
    "serializable",
    "timeout",
    "pool",
    "of",
    "PostgreSQL",
    "15",
    "+",
    "$DATABASE_URL",
    "${X}",
    "Sunday",
    "1st",
    "twice",
    "a",
    "day",
    "half",
    "an",
    "1,000",
    "1.5",
    "k",
    "million",
    "[Date]",
    "not",
    "NaN",
    "∞",
    "٣",
]
words = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@pytest.mark.parametrize("key", KEYS)
def test_any_text_gives_a_value_or_a_problem(key: str) -> None:
    parse, write = getattr(grammar, f"parse_{key}"), getattr(grammar, f"write_{key}")

    @settings(max_examples=100)
    @given(words | st.text(max_size=60))
    def holds(text: str) -> None:
        value: Any = parse(text)
        if isinstance(value, Problem):
            assert value.message
            assert 0 <= value.offset <= len(text)
        else:
            assert parse(write(value)) == value

    holds()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text",
    [
        "postgresql://shop:hunter2@db.example.org/shop",
        "PostgreSQL postgres://:hunter2@h/d",
        "daily at postgresql+psycopg://shop:hunter2/x@h",
        "`DATABASE_URL` host=db password=hunter2 dbname=shop",
        "https://bucket:hunter2@store.example.org/",
    ],
)
def test_a_password_is_refused_and_never_repeated(key: str, text: str) -> None:
    problem = getattr(grammar, f"parse_{key}")(text)
    assert isinstance(problem, Problem)
    assert "hunter2" not in repr(problem)
    assert "password" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://shop:${SHOP_PASSWORD}@h/d",
        "postgresql://shop:<password>@h/d",
        "postgresql://shop:****@h/d",
        "postgresql://shop@h/d",
        "see https://example.org:8080/@shop",
        "the password is in the vault",
    ],
)
def test_what_stands_for_a_password_is_none(text: str) -> None:
    assert not has_secret(text)
    assert redact(text) == text


def test_redacting_keeps_the_rest() -> None:
    assert redact("a postgres://u:hunter2@h/d b") == "a postgres://u:***@h/d b"


PATHOLOGICAL = {
    "blanks": " ",
    "digits": "1",
    "groups": "1,000,",
    "units": "1 h ",
    "words": "daily ",
    "fillers": "and ",
    "urls": "a://a:a",
    "colons": "://:",
    "backticks": "`A",
    "dollars": "${A",
    "numbers and dashes": "1-",
    "half": "half an ",
    "max": "max   ",
    "zones": "02:00 a/a/",
    "transient": "on transient ",
    "scans": "no sequential scan over ",
    "not": "not, ",
}


@pytest.mark.parametrize("key", KEYS)
def test_time_grows_with_the_text_and_no_faster(key: str) -> None:
    """Sixteen times the text may take a hundred times as long, where a square would take 256.

    The processor's own time is taken, so that what else the machine does is not counted.
    """
    parse = getattr(grammar, f"parse_{key}")
    for name, unit in PATHOLOGICAL.items():
        short, long = (seconds(parse, unit, size) for size in (1_000, 16_000))
        assert long < max(100 * short, 0.05), name


def seconds(parse: Any, unit: str, size: int) -> float:
    text = (unit * size)[:size]
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        parse(text)
        best = min(best, time.process_time() - started)
    return best


LOOKALIKES = str.maketrans({"s": "ſ", "k": "\u212a", "i": "ı", "µ": "μ"})


@pytest.mark.parametrize("key", KEYS)
def test_letters_that_only_look_like_ours_are_not_understood_half(key: str) -> None:
    """Case is ignored by Unicode's rules in Python's patterns, and not in its tables: "ſ" is an "s" to the one only."""
    parse, write = getattr(grammar, f"parse_{key}"), getattr(grammar, f"write_{key}")
    texts = ["5 minutes", "six days", "Sunday", "3 retries, fixed 5 s", "15 ms", "August 1st, 2026", "2 PM", "sixty weekly", "10k",
             "on the 1st", "twice daily at 3am", "min 6, max six, 3 instances, idle timeout six s", "serializable"]  # fmt: skip
    for text in texts:
        value = parse(text.translate(LOOKALIKES))
        assert isinstance(value, Problem) or parse(write(value)) == value


def test_blanks_of_word_processors_are_blanks() -> None:
    assert grammar.parse_objective("15\u00a0min") == grammar.parse_objective("15 min")
    assert grammar.parse_pool("max\u00a010,\u202fidle timeout 5\u2009s") == grammar.parse_pool(
        "max 10, idle timeout 5 s"
    )
