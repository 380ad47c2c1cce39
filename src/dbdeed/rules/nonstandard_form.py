"""A value is understood, but not written in the standard form.

The standard form shows what the program understood: `Target 2 hours` is an RTO of `2 hours`, `3 retries`
are `4 attempts`. Nothing depends on it. `check --fix` writes it where nothing that was written would be
lost; a value that spans several lines or a table is left as it is.

**To right it**, run `dbdeed check --fix`, or leave it.

    - **Frequency**: every night at 2am    before
    - **Frequency**: Daily at 02:00 UTC    after
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dbdeed.document.edit import Edit
from dbdeed.document.findings import Finding, Severity
from dbdeed.document.source import Span
from dbdeed.document.values import grammar
from dbdeed.document.values.system import version_beside
from dbdeed.document.values.types import EnvName
from dbdeed.rules.facts import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbdeed.document.architecture import Setting
    from dbdeed.rules.facts import Facts

CODE = "nonstandard-form"
SEVERITY = Severity.INFO

# ORM Usage and Query Optimization are prose: their standard form is what was written.
_WRITERS: dict[str, Callable[[Any], str]] = {
    "Last Updated": grammar.write_date,
    "Status": grammar.write_status,
    "Target State": grammar.write_target_state,
    "Database System": grammar.write_system,
    "Version": grammar.write_version,
    "Hosting": grammar.write_hosting,
    "Pattern": grammar.write_patterns,
    "Repositories": grammar.write_repositories,
    "Connection Pool": grammar.write_pool,
    "Connection String": grammar.write_env_name,
    "Replicas": grammar.write_env_names,
    "Retry Logic": grammar.write_retry,
    "Transaction Management": grammar.write_transactions,
    "Tool": grammar.write_tool,
    "Strategy": grammar.write_strategy,
    "Frequency": grammar.write_frequency,
    "Method": grammar.write_methods,
    "Retention": grammar.write_retention,
    "Destination": grammar.write_destination,
    "Encryption": grammar.write_encryption,
    "RPO": grammar.write_objective,
    "RTO": grammar.write_objective,
}
# A duration in whole units is as good as another: `24 hours` and `1 day`.
_PLAIN = re.compile(r"[0-9]+ (?:ms|s|minutes?|hours?|days?|weeks?)")
_CALENDAR = re.compile(r"month|year", re.IGNORECASE)


def check(facts: Facts) -> Iterator[Finding]:
    for setting in facts.architecture.settings():
        if setting.value is None or setting.place is None or setting.key not in _WRITERS:
            continue
        standard = _WRITERS[setting.key](setting.value)
        if _same(setting, standard) or "\n" in setting.raw or "\r" in setting.raw:
            continue
        fix = (
            (Edit(_written(setting.raw, setting.place.span), standard),)
            if _safe(facts, setting, standard)
            else ()
        )
        message = f"{setting.key} {quoted(setting.raw)} is understood as {quoted(standard)}"
        yield Finding(
            CODE, SEVERITY, message, setting.place, f"The standard form is {quoted(standard)}.", fix
        )


def _written(raw: str, span: Span) -> Span:
    """The value without the white space around it, which stays as it is."""
    before = len(raw[: len(raw) - len(raw.lstrip())].encode())
    return Span(span.start + before, span.start + before + len(raw.strip().encode()))


def _same(setting: Setting[Any], standard: str) -> bool:
    """Case, code marks and a full stop do not matter; a variable's name may stand in a sentence."""
    if isinstance(setting.value, EnvName) and standard in setting.raw:
        return True
    return bool(_PLAIN.fullmatch(setting.raw.strip())) or _normal(setting.raw) == _normal(standard)


def _normal(text: str) -> str:
    return " ".join(text.replace("`", "").replace("*", "").casefold().split()).rstrip(". /")


def _safe(facts: Facts, setting: Setting[Any], standard: str) -> bool:
    """Nothing is lost: not the version beside a system's name, nor a month that became 30 days."""
    if setting.place is None or setting.place.source.text(setting.place.span) != setting.raw:
        return False
    if setting.key == "Database System" and (beside := version_beside(setting.raw)):
        return facts.architecture.overview.version.value == beside
    return not _CALENDAR.search(setting.raw) or bool(_CALENDAR.search(standard))
