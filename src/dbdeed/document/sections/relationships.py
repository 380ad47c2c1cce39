"""A line of a model's Relationships.

`One-to-many with Order`, `belongs to User`, `has many Order through OrderLine`, `many to many with Tag via
PostTag`, `1:N Order`, `Order (1:n)`, `Order: one-to-many`.
"""

from __future__ import annotations

import re

_ONE = r"(?:one|1|0\.\.1|zero[- ]or[- ]one|optional)"
_MANY = r"(?:many|n|m|\*|0\.\.\*|1\.\.\*|0\.\.n|1\.\.n|zero[- ]or[- ]many|one[- ]or[- ]many)"
_TO = r"\s*(?:-\s*to\s*-|\bto\b|:|-|–|—|→|->|↔|<->|2)\s*"
_KINDS = tuple(
    (
        re.compile(
            rf"(?<![\w*]){left}{_TO}{right}(?![\w*])(?:\s+(?:relation(?:ship)?|association))?", re.IGNORECASE
        ),
        kind,
    )
    for left, right, kind in (
        (_MANY, _MANY, "many-to-many"),
        (_ONE, _MANY, "one-to-many"),
        (_MANY, _ONE, "many-to-one"),
        (_ONE, _ONE, "one-to-one"),
    )
)
_VERBS = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"\bhas\s+and\s+belongs\s+to\s+many\b", "many-to-many"),
        (r"\bbelongs\s+to\s+many\b", "many-to-many"),
        (r"\b(?:optionally\s+)?belongs\s+to(?:\s+(?-i:one|an?|exactly\s+one))?(?!\w)", "many-to-one"),
        (r"\b(?:is\s+)?(?:part\s+of|owned\s+by|child\s+of)\b", "many-to-one"),
        (r"\b(?:references|refers\s+to)\b", "many-to-one"),
        (r"\b(?:has|owns|contains|have)\s+(?:zero\s+or\s+more|one\s+or\s+more|many|several|multiple|any\s+number\s+of)\b",
         "one-to-many"),
        (r"\b(?:has|owns|have)\s+(?:exactly\s+|at\s+most\s+|zero\s+or\s+)?(?-i:one|an?)(?!\w)", "one-to-one"),
    )
)  # fmt: skip
_NAME = r"(?:`[^`]+`|\"[^\"]+\"|\[[^\]]+\]|[^\W\d]\w*(?:\.\w+)*)"
_WITH = re.compile(
    r"^[\s:,–—-]*(?:relation(?:ship)?\s+)?(?:(?:with|to|of|and|from|between|→|->)\s+)*"
    rf"(?:(?-i:the|an?|its|each)\s+)?(?P<name>{_NAME})",
                   re.IGNORECASE)  # fmt: skip
_BEFORE = re.compile(rf"^\s*(?:with\s+|to\s+)?(?P<name>{_NAME})\s*(?:[:,(–—→-]|->|$)", re.IGNORECASE)
_THROUGH = re.compile(
    r"\b(?:through|via|using|by\s+way\s+of|joined\s+by)\s+(?:the\s+)?"
    rf"(?:join\s+table\s+|model\s+|table\s+)?(?P<name>{_NAME})",
                      re.IGNORECASE)  # fmt: skip


def parse_relationship(text: str) -> tuple[str, str, str]:
    """A line as (kind, target, through); ("", "", "") where it was not understood."""
    text = text[:500]
    match, kind = _kind(text)
    if match is None:
        return "", "", ""
    target = _WITH.match(text[match.end() :].lstrip(" )")) or _BEFORE.match(text[: match.start()])
    if target is None:
        return "", "", ""
    through = _THROUGH.search(text, match.end())
    between = _bare(through["name"]) if through else ""
    if between and kind == "one-to-many":
        kind = "many-to-many" if re.search(r"\bhas\b", text, re.IGNORECASE) else kind
    return kind, _bare(target["name"]), between


def _kind(text: str) -> tuple[re.Match[str] | None, str]:
    found = ((pattern.search(text), kind) for pattern, kind in (*_VERBS, *_KINDS))
    first = [(match.start(), index, match, kind) for index, (match, kind) in enumerate(found) if match]
    if not first:
        return None, ""
    _, _, match, kind = min(first, key=lambda entry: entry[:2])
    return match, kind


def _bare(name: str) -> str:
    return name.strip('`"[]')
