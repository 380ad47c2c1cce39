"""Each rule against its cases, and all rules against the template and the examples."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.edit import apply_edits
from dbdeed.document.findings import Severity
from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.template import template
from dbdeed.rules.document import document
from dbdeed.rules.engine_rules import engine_rules
from dbdeed.rules.facts import Facts
from dbdeed.rules.registry import not_run, rules, run

if TYPE_CHECKING:
    from dbdeed.document.findings import Finding

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TODAY = date(2026, 11, 22)


def facts_of(text: str, model: Any = None) -> Facts:
    return Facts(architecture=read(Source("D.md", text.encode())), today=TODAY, data_model=model)


def line_of(finding: Finding) -> str:
    where = f"{finding.place.start.line}:{finding.place.start.column} " if finding.place else ""
    return f"{where}{finding.severity} {finding.message}"


def test_a_rule_finds_what_its_case_says(case: Any) -> None:
    rule = next(rule for rule in rules() if rule.code == case.rule)
    facts = facts_of(case.document, case.model)
    assert not rule.needs_engine or case.model is not None
    found = list(rule.check(facts))
    assert [line_of(finding) for finding in found] == list(case.findings)
    edits = [edit for finding in found for edit in finding.fix]
    if case.fixed is None:
        assert edits == []
        return
    fixed = apply_edits(facts.architecture.source, edits).decode()
    assert fixed == case.fixed
    again = list(rule.check(facts_of(fixed, case.model)))
    assert not any(finding.fix for finding in again)


def test_every_rule_has_cases_of_both_kinds() -> None:
    for rule in rules():
        text = (HERE / "cases" / f"{rule.code}.md").read_text()
        found = re.findall(r"^````findings\n(.*?)^````$", text, re.MULTILINE | re.DOTALL)
        assert any(found), f"{rule.code}: a case that finds something"
        assert any(not one for one in found), f"{rule.code}: a case that finds nothing"
    assert {path.stem for path in (HERE / "cases").glob("*.md")} == {rule.code for rule in rules()}


def test_every_finding_says_what_would_be_right(case: Any) -> None:
    for finding in run(facts_of(case.document, case.model)):
        assert finding.message
        assert finding.hint, finding
        assert finding.place, finding
        assert finding.code == finding.code.lower()
        assert not finding.message.endswith(".")
        assert finding.hint.endswith((".", "?", ";", "`")), finding.hint


def test_codes_are_unique_and_documented() -> None:
    codes = [rule.code for rule in rules()]
    assert len(codes) == len(set(codes))
    for rule in rules():
        assert len(rule.documentation) > 200, rule.code
        assert "**To right it**" in rule.documentation, rule.code
        assert rule.title[0].isupper()
    modules = {path.stem for path in (ROOT / "src/dbdeed/rules").glob("*.py")}
    assert {code.replace("-", "_") for code in codes} <= modules


def test_the_engines_traps_are_documented_too() -> None:
    codes = {rule.code for rule in engine_rules()}
    assert {"padded-char", "sqlite-serial"} <= codes
    assert not codes & {rule.code for rule in rules()}
    page = (ROOT / "docs" / "rules.md").read_text()
    for rule in engine_rules():
        assert len(rule.documentation) > 80, rule.code
        assert f"### {rule.code}\n" in page


def test_the_page_on_rules_is_what_the_rules_say() -> None:
    page = (ROOT / "docs" / "rules.md").read_text()
    assert page == document(), "run: python -m dbdeed.rules.document > docs/rules.md"


def test_the_template_gives_one_finding_for_each_placeholder_and_no_other() -> None:
    text = template().decode()
    brackets = [match.start() for match in re.finditer(r"\[[^\]]+\]", text)]
    findings = list(run(facts_of(text)))
    assert {finding.code for finding in findings} == {"unfilled"}
    assert sorted(finding.place.span.start for finding in findings if finding.place) == brackets
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert [finding.message for finding in errors] == [
        "Database System is not filled in",
        "“[table_name_1]” is not filled in",
    ]


@pytest.mark.parametrize("example", ["shop", "reading-list"])
def test_the_examples_are_without_findings(example: str) -> None:
    text = (ROOT / "examples" / example / "DATABASE.md").read_text()
    findings = [finding for finding in run(facts_of(text)) if finding.code != "unfilled"]
    assert [line_of(finding) for finding in findings] == []


def test_without_the_engine_its_rules_are_named_and_not_run() -> None:
    facts = facts_of("# D\n")
    assert {rule.code for rule in not_run(facts)} == {rule.code for rule in rules() if rule.needs_engine}
    assert {rule.code for rule in not_run(facts)} >= {"table-heading", "foreign-key-without-index"}


def test_no_password_is_ever_repeated() -> None:
    secret = "postgresql://shop:hunter2@db/shop"
    text = template().decode().replace("[", "").replace("]", f" {secret}")
    for finding in run(facts_of(text)):
        assert "hunter2" not in finding.message + finding.hint
        assert not any("hunter2" in edit.text for edit in finding.fix)


LINES = template().decode().splitlines(keepends=True)
VALUES = st.sampled_from(
    ["Daily", "5 m", "`X`", "**", "PostgreSQL 15+", "<!-- dbdeed:erd -->", "](", "| a |", "```", "é\u2028"]
)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(LINES) | VALUES, max_size=60), st.booleans())
def test_no_document_breaks_a_rule_and_fixes_settle(lines: list[str], fill: bool) -> None:
    text = "".join(lines)
    if fill:
        text = text.replace("[", "").replace("]", "")
    for _ in range(10):
        facts = facts_of(text)
        edits = sorted({edit for finding in run(facts) for edit in finding.fix}, key=lambda edit: edit.span)
        if not edits:
            return
        text = apply_edits(facts.architecture.source, edits[:1]).decode()
    pytest.fail("fixes never settle")
