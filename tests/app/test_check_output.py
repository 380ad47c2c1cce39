"""Findings as text, JSON objects, SARIF and GitHub annotations."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest

from dbdeed.app.findings_output import finding_object, findings_github, findings_sarif, findings_text
from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.document.read import read
from dbdeed.document.source import Place, Position, Source, Span
from dbdeed.document.template import template
from dbdeed.rules.facts import Facts
from dbdeed.rules.registry import rules, run

SOURCE = Source("docs/DB, 50%: a.md", "é **Status**: drft\nx\n".encode())
FINDING = Finding(
    "value-not-understood",
    Severity.ERROR,
    "Status “drft” is not understood",
    Place(SOURCE, Span(15, 19)),
    "Accepted: “Draft”.",
    (Edit(Span(15, 19), "Draft"),),
)
NOWHERE = Finding("engine-says", Severity.INFO, "100% sure:\r\nno", None, "")


def test_text_has_the_place_first_and_the_hint_below() -> None:
    assert findings_text([FINDING, NOWHERE], ["Nothing was asked."]).splitlines() == [
        "docs/DB, 50%: a.md:1:15: error value-not-understood Status “drft” is not understood",
        "    Accepted: “Draft”.",
        "info engine-says 100% sure:\\u000d\\u000ano",
        "Not checked: Nothing was asked.",
        "1 error, 1 remark.",
    ]
    assert findings_text([]) == "No findings."


def test_a_document_cannot_drive_the_terminal() -> None:
    hostile = Finding(
        "x", Severity.WARNING, "a\x1b[2Jb\x9b1m\u202ec", Place(Source("\x1b]0;x\x07", b""), Span(0, 0))
    )
    text = findings_text([hostile])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    coloured = findings_text([hostile], colour=True)
    assert re.findall(r"\x1b\[[0-9;]*m", coloured) == ["\x1b[33;1m", "\x1b[0m"]
    assert coloured.count("\x1b") == 2


def test_the_object_has_the_fields_of_the_contract() -> None:
    assert finding_object(FINDING) == {
        "code": "value-not-understood",
        "severity": "error",
        "message": "Status “drft” is not understood",
        "file": "docs/DB, 50%: a.md",
        "line": 1,
        "column": 15,
        "end_line": 1,
        "end_column": 19,
        "hint": "Accepted: “Draft”.",
        "fix": [
            {
                "file": "docs/DB, 50%: a.md",
                "line": 1,
                "column": 15,
                "end_line": 1,
                "end_column": 19,
                "text": "Draft",
            }
        ],
    }
    nowhere = finding_object(NOWHERE)
    assert nowhere["file"] is None
    assert nowhere["line"] is None
    assert "fix" not in nowhere


def test_annotations_escape_what_github_reads() -> None:
    first, second = findings_github([FINDING, NOWHERE]).splitlines()
    assert first == (
        "::error file=docs/DB%2C 50%25%3A a.md,line=1,endLine=1,col=15,endColumn=19,title=value-not-understood"
        "::Status “drft” is not understood. Accepted: “Draft”."
    )
    assert second == "::notice title=engine-says::100%25 sure:%0D%0Ano"


@pytest.mark.parametrize("offset", [0, 4095, 4096, 4097, 8190, 12_289, 30_000])
def test_columns_count_characters_however_long_the_line(offset: int) -> None:
    data = ("x\n" + "aé€𝄞" * 3000).encode()
    before = data[2 : 2 + offset].decode("utf-8", "ignore")
    offset = 2 + len(before.encode())
    assert Source("D.md", data).position(offset) == Position(2, len(before) + 1)


def template_findings() -> list[Finding]:
    architecture = read(Source("DATABASE.md", template()))
    return list(run(Facts(architecture=architecture, today=date(2026, 11, 22))))


def sarif(findings: list[Finding]) -> Any:
    return json.loads(findings_sarif(findings))


def test_sarif_has_what_its_schema_requires() -> None:
    log = sarif([FINDING, NOWHERE, *template_findings()])
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (one,) = log["runs"]
    driver = one["tool"]["driver"]
    assert driver["name"] == "dbdeed"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    assert {rule.code for rule in rules()} < set(ids)
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
    for result in one["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        for location in result.get("locations", []):
            region = location["physicalLocation"]["region"]
            assert all(value >= 1 for value in region.values())
            assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


def test_sarif_documents_the_engines_own_rules() -> None:
    trap = Finding("sqlite-serial", Severity.ERROR, "m", None, "h")
    rule = next(
        one for one in sarif([trap])["runs"][0]["tool"]["driver"]["rules"] if one["id"] == "sqlite-serial"
    )
    assert "INTEGER PRIMARY KEY" in rule["help"]["text"]


def test_sarif_carries_the_fix_and_a_proper_uri() -> None:
    result = sarif([FINDING])["runs"][0]["results"][0]
    location = result["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "docs/DB%2C%2050%25%3A%20a.md"
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["deletedRegion"] == location["region"]
    assert change["replacements"][0]["insertedContent"] == {"text": "Draft"}


@pytest.mark.parametrize(("name", "uri"), [("/srv/a b.md", "file:///srv/a%20b.md"), ("a:b.md", "a%3Ab.md")])
def test_a_path_never_becomes_another_scheme(name: str, uri: str) -> None:
    finding = Finding("x", Severity.ERROR, "m", Place(Source(name, b""), Span(0, 0)))
    location = sarif([finding])["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == uri
