"""A placeholder of the template is not filled in.

Every text in `[square brackets]` that still stands as the template has it is listed, one finding each.
Where the value is required, and in SQL, which no engine accepts with brackets in it, it is an error;
elsewhere a warning, since the documented default applies.

**To right it**, write the value in place of the brackets, brackets included, or remove the line.

    **Database System**: [PostgreSQL / MySQL / MongoDB / etc.]     before
    **Database System**: PostgreSQL                                after
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.document.findings import Finding, Severity
from dbdeed.rules.facts import Facts, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.architecture import Placeholder, Setting

CODE = "unfilled"
SEVERITY = Severity.ERROR

# What holds until a value is written; what is not here has no default that matters before it is used.
_DEFAULTS = {
    "Status": "Until then the document is a draft.",
    "Target State": "Until then nothing is applied.",
    "Version": "Until then any version will do.",
    "Hosting": "Until then nothing is held against it.",
    "Pattern": "Until then repositories are generated.",
    "Connection Pool": "Until then the runtime's own sizes hold.",
    "Connection String": "Until then it is the environment variable `DATABASE_URL`.",
    "Retry Logic": "Until then the runtime's own policy holds.",
    "Transaction Management": "Until then the server's own isolation level holds.",
    "Tool": "Until then migrations are dbdeed's own.",
    "Frequency": "Until then no backup is taken on a schedule.",
    "Method": "Until then the engine's first method is used.",
    "Retention": "Until then nothing is pruned.",
    "RPO": "Until then no loss is promised or checked.",
    "RTO": "Until then no recovery time is promised or checked.",
    "Procedure": "`dbdeed drill` writes the steps.",
}


def check(facts: Facts) -> Iterator[Finding]:
    settings = [setting for setting in facts.architecture.settings() if setting.unfilled]
    for placeholder in facts.architecture.placeholders:
        setting = next((one for one in settings if _holds(one, placeholder)), None)
        required = setting is not None and setting.key == "Database System"
        severity = Severity.ERROR if required or facts.code.touch(placeholder.place) else Severity.WARNING
        name = f"{setting.key} is" if setting else f"{quoted(placeholder.text)} is"
        yield Finding(
            CODE,
            severity,
            f"{name} not filled in",
            placeholder.place,
            _hint(setting, placeholder, required=required),
        )


def _holds(setting: Setting[object], placeholder: Placeholder) -> bool:
    place, inner = setting.place, placeholder.place
    return (
        place is not None
        and place.source is inner.source
        and place.span.start <= inner.span.start < place.span.end
    )


def _hint(setting: Setting[object] | None, placeholder: Placeholder, *, required: bool) -> str:
    if setting is None:
        return f"Write it in place of {quoted(placeholder.text)}, or remove it."
    if required:
        return "Write PostgreSQL, MySQL, MariaDB, SQLite or MongoDB."
    return _DEFAULTS.get(setting.key, "Write the value, or remove the line.")
