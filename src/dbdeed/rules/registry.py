"""The rules in the order in which they run and are documented: adding one is one file and one line here.

A rule is a module with

    a docstring  its documentation: a title line, what it finds and why, how to right it, an example
    CODE         the slug of its findings
    SEVERITY     of its findings; the gravest where they differ
    NEEDS_ENGINE (optional) true where it must know what the engine makes of the SQL
    check(facts) its findings
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dbdeed.document.findings import Finding, Severity
    from dbdeed.rules.facts import Facts

_MODULES = (
    # The document as text
    "unfilled",
    "missing",
    "value_not_understood",
    "nonstandard_form",
    "unknown_key",
    "unreadable",
    "generated_edited",
    "date_in_future",
    "secret_in_document",
    "duplicate_name",
    # What the values say together
    "version_twice",
    "embedded_unavailable",
    "superuser_on_provider",
    "pool_too_large",
    "serializable_without_retry",
    "isolation_unavailable",
    "strategy_and_tool",
    "backup_method_unavailable",
    "method_and_frequency",
    "rpo_unreachable",
    "rto_unreachable",
    "retention_gap",
    "proof_expired",
    # Models, tables and queries
    "relationship_not_understood",
    "table_without_sql",
    "syntax_newer_than_version",
    "query_without_budget",
    "query_outside_section",
    # What the engine makes of the SQL
    "table_heading",
    "model_without_table",
    "table_without_model",
    "model_differs",
    "foreign_key_without_index",
    "query_without_index",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as its module has it."""

    code: str
    severity: Severity
    documentation: str
    needs_engine: bool
    check: Callable[[Facts], Iterable[Finding]]

    @property
    def title(self) -> str:
        return self.documentation.splitlines()[0].rstrip(".")


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in order."""
    return tuple(_rule(name) for name in _MODULES)


def run(facts: Facts) -> Iterator[Finding]:
    """What every rule finds that can run on these facts, and what the engine said."""
    for rule in rules():
        if facts.data_model is not None or not rule.needs_engine:
            yield from rule.check(facts)
    yield from facts.sql_findings


def not_run(facts: Facts) -> tuple[Rule, ...]:
    """The rules for which the engine would have to be asked."""
    return tuple(rule for rule in rules() if rule.needs_engine and facts.data_model is None)


def _rule(name: str) -> Rule:
    module = import_module(f"dbdeed.rules.{name}")
    documentation = (module.__doc__ or "").strip()
    return Rule(
        module.CODE, module.SEVERITY, documentation, getattr(module, "NEEDS_ENGINE", False), module.check
    )
