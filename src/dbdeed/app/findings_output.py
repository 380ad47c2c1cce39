"""Findings as text, as objects for JSON, as SARIF 2.1.0 and as GitHub annotations.

The caller decides where they go. Sources: OASIS "SARIF Version 2.1.0", GitHub's "Workflow commands".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dbdeed.document.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.document.findings import Finding
    from dbdeed.document.source import Place, Span

_COLOURS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.INFO: "36"}
_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_REFUSED = ("Refused by the database engine", "")
_DRIFT = """What is live is not what the document says. Target State says which of the two leads:
`dbdeed apply` makes the database follow the document, `dbdeed sync` the document the database."""
_OTHERS = {"drift": ("The document and its database differ", _DRIFT)}
"""Findings of no rule: (title, documentation) by code."""

# A document's words must not move the reader's cursor or recolour the terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def finding_text(finding: Finding, *, colour: bool = False) -> str:
    """`file:line:column: severity code message`, and the hint on a line of its own."""
    severity = (
        f"\x1b[{_COLOURS[finding.severity]}m{finding.severity}\x1b[0m" if colour else finding.severity.value
    )
    where = f"{_visible(str(finding.place))}: " if finding.place else ""
    line = f"{where}{severity} {finding.code} {_visible(finding.message)}"
    return f"{line}\n    {_visible(finding.hint)}" if finding.hint else line


def findings_text(
    findings: Sequence[Finding], not_checked: Sequence[str] = (), *, colour: bool = False
) -> str:
    """All findings, what was not checked, and the sum; ends without a line break."""
    lines = [finding_text(finding, colour=colour) for finding in findings]
    lines += [f"Not checked: {_visible(reason)}" for reason in not_checked]
    return "\n".join([*lines, summary(findings)])


def summary(findings: Sequence[Finding]) -> str:
    """How many of each, as a sentence: "2 errors, 1 warning."."""
    counted = [
        (sum(finding.severity is severity for finding in findings), name)
        for severity, name in (
            (Severity.ERROR, "error"),
            (Severity.WARNING, "warning"),
            (Severity.INFO, "remark"),
        )
    ]
    said = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counted if count]
    return ", ".join(said) + "." if said else "No findings."


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding as `--format json` has it; lines and columns from 1, null where it has no place."""
    body: dict[str, Any] = {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        **_place_object(finding.place),
        "hint": finding.hint,
    }
    if finding.fix and finding.place is not None:
        body["fix"] = [
            {**_place_object(_at(finding.place, edit.span)), "text": edit.text} for edit in finding.fix
        ]
    return body


def findings_github(findings: Iterable[Finding]) -> str:
    """One workflow command a line: `::error file=…,line=…,title=…::message`."""
    return "\n".join(_github(finding) for finding in findings)


def findings_sarif(findings: Iterable[Finding]) -> str:
    """A SARIF 2.1.0 log of one run, with the rules' documentation."""
    import msgspec

    from dbdeed import __version__
    from dbdeed.rules.engine_rules import engine_rules
    from dbdeed.rules.registry import rules

    found = list(findings)
    known = {
        rule.code: _sarif_rule(rule.code, rule.severity, rule.title, rule.documentation) for rule in rules()
    }
    traps = (
        {rule.code: rule for rule in engine_rules()} if any(one.code not in known for one in found) else {}
    )
    for finding in found:
        if finding.code not in known:
            trap = traps.get(finding.code)
            title, text = (trap.title, trap.documentation) if trap else _OTHERS.get(finding.code, _REFUSED)
            known[finding.code] = _sarif_rule(finding.code, finding.severity, title, text)
    indexes = {code: number for number, code in enumerate(known)}
    driver = {"name": "dbdeed", "version": __version__, "rules": list(known.values())}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding, indexes[finding.code]) for finding in found],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return msgspec.json.encode(log).decode()


def _place_object(place: Place | None) -> dict[str, Any]:
    if place is None:
        return dict.fromkeys(("file", "line", "column", "end_line", "end_column"))
    start, end = place.start, place.end
    return {
        "file": place.source.name,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
    }


def _at(place: Place, span: Span) -> Place:
    """A span of the same source as a place."""
    from dbdeed.document.source import Place

    return Place(place.source, span)


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _github(finding: Finding) -> str:
    properties = {"title": finding.code}
    if finding.place:
        start, end = finding.place.start, finding.place.end
        located = {"file": finding.place.source.name, "line": str(start.line), "endLine": str(end.line)}
        # Columns are for one line only: the annotation of several lines is dropped when it has them.
        columns = {"col": str(start.column), "endColumn": str(end.column)} if start.line == end.line else {}
        properties = {**located, **columns, **properties}
    said = ",".join(f"{name}={_github_property(value)}" for name, value in properties.items())
    message = f"{finding.message}. {finding.hint}" if finding.hint else finding.message
    return f"::{_GITHUB_LEVELS[finding.severity]} {said}::{_github_data(message)}"


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif_rule(code: str, severity: Severity, title: str, documentation: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": f"{title}."},
        "help": {"text": documentation or title, "markdown": documentation or title},
        "defaultConfiguration": {"level": _SARIF_LEVELS[severity]},
    }


def _sarif_result(finding: Finding, index: int) -> dict[str, Any]:
    message = f"{finding.message}. {finding.hint}" if finding.hint else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": message},
    }
    if finding.place:
        result["locations"] = [{"physicalLocation": _sarif_location(finding.place)}]
        if finding.fix:
            result["fixes"] = [_sarif_fix(finding, finding.place)]
    return result


def _sarif_location(place: Place) -> dict[str, Any]:
    return {"artifactLocation": {"uri": _uri(place.source.name)}, "region": _sarif_region(place)}


def _sarif_region(place: Place) -> dict[str, int]:
    start, end = place.start, place.end
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }


def _sarif_fix(finding: Finding, place: Place) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _sarif_region(_at(place, edit.span)), "insertedContent": {"text": edit.text}}
        for edit in finding.fix
    ]
    change = {"artifactLocation": {"uri": _uri(place.source.name)}, "replacements": replacements}
    return {"description": {"text": finding.hint or finding.message}, "artifactChanges": [change]}


def _uri(name: str) -> str:
    """A relative path stays one, percent-encoded; an absolute one is a file URI. No path becomes a scheme."""
    from urllib.parse import quote

    path = quote(name.replace("\\", "/"), safe="/")
    return f"file://{path}" if path.startswith("/") else path
