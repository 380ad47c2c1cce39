"""Write docs/rules.md from the rules' own docstrings: `python -m dbdeed.rules.document > docs/rules.md`."""

from __future__ import annotations

from dbdeed.rules.registry import Rule, rules

_HEAD = """# What `dbdeed check` looks for

This page is generated from the rules themselves. Each finding has its rule's code, a severity (`error`,
`warning`, `info`), a place, what was found, what is accepted and, where safe, a fix for `check --fix`.
Only errors stop `plan`, `apply` and `up`. What the engine itself finds in the SQL has codes of its own.
"""


def document() -> str:
    """The page, as Markdown."""
    table = ["| rule | severity | what it finds |", "| --- | --- | --- |"]
    table += [f"| [`{rule.code}`](#{rule.code}) | {rule.severity.value} | {rule.title} |" for rule in rules()]
    return "\n".join([_HEAD, *table, "", *(_section(rule) for rule in rules())])


def _section(rule: Rule) -> str:
    needs = "\n\nIt needs what the engine makes of the SQL." if rule.needs_engine else ""
    return f"## {rule.code}\n\n{rule.documentation}{needs}\n"


def main() -> None:
    print(document(), end="")


if __name__ == "__main__":
    main()
