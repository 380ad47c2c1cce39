"""What a drill writes into the document, and that nothing hostile gets out of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dbdeed.recovery.drill_plan import Promises
from dbdeed.recovery.manifest import Check, Phase, Proof, Verdict
from dbdeed.recovery.report import render_procedure, render_recovery

AT = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)


def proof(*checks: Check, loss: float | None = 12, time: float | None = 2.44) -> Proof:
    return Proof(
        backup="20260301T120000Z-physical-00000001",
        kind="drill",
        at=AT,
        verdict=Verdict.PROVEN,
        checks=checks,
        method="physical",
        phases=(Phase("Restore the files", 1.9), Phase("Start and replay", 0.5)),
        recovery_seconds=time,
        loss_seconds=loss,
    )


def test_declared_stands_beside_measured() -> None:
    checks = (
        Check("tables", Verdict.PROVEN, "10 tables, 1,234 rows equal"),
        Check("recovery point", Verdict.PROVEN),
        Check("recovery time", Verdict.FAILED, problems=("Too slow.",)),
    )
    text = render_recovery(proof(*checks), Promises(timedelta(hours=6), timedelta(seconds=1)))
    assert "| RPO | 6 hours | at most 12 s | met |" in text
    assert "| RTO | 1 s | 2.4 s | **missed** |" in text
    assert "| Tables | | 10 tables, 1,234 rows equal | PROVEN |" in text
    assert "2026-03-01 12:05 UTC" in text
    assert "restore the files 1.9 s, start and replay 0.5 s" in text
    assert "- Too slow." in text


def test_what_is_not_declared_is_neither_met_nor_missed() -> None:
    text = render_recovery(proof(loss=None, time=None), Promises())
    assert "| RPO |  |  |  |" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "under 0.1 s"),
        (9.9, "9.9 s"),
        (9.97, "10 s"),
        (200, "3 min 20 s"),
        (18120, "5 h 2 min"),
        (1e6, "11 d 13 h"),
    ],
)
def test_lengths_of_time_in_words(seconds: float, words: str) -> None:
    assert f"| RTO |  | {words} |  |" in render_recovery(proof(time=seconds), Promises())


HOSTILE = st.text(max_size=40) | st.sampled_from(
    [
        "<!-- /dbdeed:recovery -->", "-->", "a | b\n| c |", "```\nsql", "`x`", "# Heading", "</td><script>",
        "[x](javascript:alert(1))", "\u2028## x", "<!--", "$HOME", "&lt;", "- - -", "\x00\x1b[31m",
    ]
)  # fmt: skip


@given(HOSTILE)
def test_a_hostile_name_stays_text(name: str) -> None:
    check = Check("tables", Verdict.FAILED, name, (f"Table {name} did not come back.",))
    text = render_recovery(proof(check), Promises())
    assert "-->" not in text
    assert "<" not in text
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or ()
    }
    assert not kinds & {
        "html_block",
        "html_inline",
        "fence",
        "code_block",
        "heading_open",
        "link_open",
        "image",
    }
    assert sum(token.type == "list_item_open" for token in tokens) == 1
    assert sum(token.type == "tr_open" for token in tokens) == 4


@given(st.lists(HOSTILE.filter(str.strip), min_size=1, max_size=4))
def test_commands_are_code_and_nothing_else(commands: list[str]) -> None:
    tokens = MarkdownIt("commonmark").parse(render_procedure(commands))
    inline = [token for token in tokens if token.type == "inline"]
    assert len(inline) == len(commands)
    for token in inline:
        assert [child.type for child in token.children or ()] == ["code_inline"]
