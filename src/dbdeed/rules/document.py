"""Write docs/rules.md from the rules' own docstrings: `python -m dbdeed.rules.document > docs/rules.md`."""

from __future__ import annotations

from dbdeed.rules.engine_rules import engine_rules
from dbdeed.rules.registry import Rule, rules

_HEAD = """# What `dbdeed check` looks for

This page is generated from the rules themselves. Each finding has its rule's code, a severity (`error`,
`warning`, `info`), a place, what was found, what is accepted and, where safe, a fix for `check --fix`.
Only errors stop `plan`, `apply` and `up`.

SQL that the engine does not accept is the error `sql-rejected`, in the engine's own words. What it takes
without a word, and should not, is listed [below](#traps-of-the-engines).
"""
_TRAPS = """## Traps of the engines

These need what the engine makes of the SQL: `check --engine`, or what it said before of the same SQL.
"""


def document() -> str:
    """The page, as Markdown."""
    table = ["| rule | severity | what it finds |", "| --- | --- | --- |"]
    table += [f"| [`{rule.code}`](#{rule.code}) | {rule.severity.value} | {rule.title} |" for rule in rules()]
    traps = [f"### {rule.code}\n\nOn {rule.system}: {rule.documentation}\n" for rule in engine_rules()]
    return "\n".join([_HEAD, *table, "", *(_section(rule) for rule in rules()), _TRAPS, *traps])


def _section(rule: Rule) -> str:
    needs = "\n\nIt needs what the engine makes of the SQL." if rule.needs_engine else ""
    return f"## {rule.code}\n\n{rule.documentation}{needs}\n"


def main() -> None:
    print(document(), end="")


if __name__ == "__main__":
    main()
