"""A drill as JUnit XML, which continuous integration shows as tests.

A check that is FAILED is a failure; one that is NOT VERIFIED is an error, and never a skipped test: what
could not be looked at is not green.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from dbdeed.recovery.manifest import Proof, Verdict

if TYPE_CHECKING:
    from dbdeed.recovery.manifest import Check

# What XML 1.0 has no place for, whatever a table's name may hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {Verdict.FAILED: "failure", Verdict.NOT_VERIFIED: "error"}


def render_junit(proof: Proof) -> str:
    """One test suite, a test for each check."""
    verdicts = [one.verdict for one in proof.checks]
    seconds = sum(one.seconds for one in proof.phases)
    counts = (
        f'tests="{len(verdicts)}" failures="{verdicts.count(Verdict.FAILED)}" '
        f'errors="{verdicts.count(Verdict.NOT_VERIFIED)}" time="{seconds:.3f}"'
    )
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {counts}>",
        f'  <testsuite name="dbdeed drill" {counts} timestamp="{proof.at:%Y-%m-%dT%H:%M:%S}">',
        "    <properties>",
        *(f"      <property name={_quoted(name)} value={_quoted(value)}/>" for name, value in _facts(proof)),
        "    </properties>",
        *(line for check in proof.checks for line in _case(check)),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _facts(proof: Proof) -> list[tuple[str, str]]:
    numbers = {
        "recovery_seconds": proof.recovery_seconds,
        "loss_seconds": proof.loss_seconds,
        "worst_seconds": proof.worst_seconds,
        "beats_lost": proof.beats_lost,
    }
    return [
        ("verdict", proof.verdict.value),
        ("backup", proof.backup),
        ("method", proof.method),
        *((name, f"{value:g}") for name, value in numbers.items() if value is not None),
        *((f"phase.{phase.name}", f"{phase.seconds:.3f}") for phase in proof.phases),
    ]


def _case(check: Check) -> list[str]:
    name = f'    <testcase classname="dbdeed.drill" name={_quoted(check.name)}'
    if check.verdict is Verdict.PROVEN:
        return [f"{name}/>"]
    tag = _TAGS[check.verdict]
    first = check.problems[0] if check.problems else check.verdict.value
    text = escape(_clean("\n".join(check.problems)))
    return [
        f"{name}>",
        f"      <{tag} type={_quoted(check.verdict.value)} message={_quoted(first)}>{text}</{tag}>",
        "    </testcase>",
    ]


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
