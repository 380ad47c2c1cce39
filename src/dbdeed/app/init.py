"""A new document from the template.

What the program can know is filled in: the date, Draft, the system, and for every other key the documented
default, so that a new document promises nothing that it cannot keep. What only a person knows stays a
placeholder, which `check` lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.document.values.types import System
from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

_VERSIONS = {
    System.POSTGRESQL: ">=15",
    System.MYSQL: ">=8.0",
    System.MARIADB: ">=10.11",
    System.SQLITE: ">=3.38",
    System.MONGODB: ">=7.0",
}

_HOSTING = {System.POSTGRESQL: "Embedded", System.SQLITE: "Embedded"}

_DEFAULTS = {
    "Pattern": "Repository Pattern",
    "Connection Pool": "min 2, max 10",
    "Connection String": "`DATABASE_URL`",
    "Retry Logic": "5 attempts, exponential backoff from 50 ms to 2 s, jitter",
    "ORM Usage": "None",
    "Transaction Management": "Read committed",
    "Query Optimization": "Index every foreign key.",
    "Tool": "dbdeed",
    "Strategy": "On deploy, online",
    "Frequency": "Daily",
    "Method": "Snapshots",
    "Retention": "7 daily, 4 weekly, 12 monthly",
    "RPO": "1 day",
    "RTO": "4 hours",
}

_SYSTEM_DEFAULTS: Mapping[System, Mapping[str, str]] = {
    System.SQLITE: {"Transaction Management": "Serializable", "Strategy": "On start, maintenance window"},
    System.MYSQL: {"Method": "Logical dumps", "Transaction Management": "Repeatable read"},
    System.MARIADB: {"Method": "Logical dumps", "Transaction Management": "Repeatable read"},
    System.MONGODB: {"Method": "Logical dumps", "Transaction Management": "Snapshot"},
}


@dataclass(frozen=True, slots=True)
class InitResult:
    """The new document; `unfilled` is how many placeholders a person still has to fill in."""

    path: Path
    unfilled: int


def init(
    path: Path,
    *,
    system: System,
    today: date,
    version: str = "",
    hosting: str = "",
    models: Sequence[str] = (),
) -> InitResult:
    """Write a new document. Raises `InvalidInput` where a file is there already, or a value is not one."""
    text = new_document(system=system, today=today, version=version, hosting=hosting, models=models)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInput(
            "There is a file already, and a document is never overwritten.",
            hint="Give another path, or run `dbdeed check` on the one that is there.",
            where=str(path),
        ) from None
    except OSError as error:
        raise InvalidInput(f"The file cannot be written: {error.strerror}.", where=str(path)) from error
    from dbdeed.document.read import read
    from dbdeed.document.source import Source

    return InitResult(path, len(read(Source(str(path), text.encode())).placeholders))


def new_document(
    *, system: System, today: date, version: str = "", hosting: str = "", models: Sequence[str] = ()
) -> str:
    """The text of a new document. Raises `InvalidInput` for a value that the document could not hold."""
    from dbdeed.document.edit import Edit, apply_edits
    from dbdeed.document.read import read
    from dbdeed.document.source import Source
    from dbdeed.document.template import template

    source = Source("template.md", template())
    architecture = read(source)
    values = {
        **_DEFAULTS,
        **_SYSTEM_DEFAULTS.get(system, {}),
        "Last Updated": today.isoformat(),
        "Status": "Draft",
        "Database System": system.value,
        "Version": _checked("version", version) if version else _VERSIONS[system],
        "Hosting": _checked("hosting", hosting) if hosting else _HOSTING.get(system, "Self-hosted"),
    }
    edits = [
        Edit(one.place.span, values[one.key])
        for one in architecture.settings()
        if one.place is not None and one.unfilled and one.key in values
    ]
    text = apply_edits(source, edits).decode()
    return _with_models(text, system, [_checked("model", name) for name in models])


def _checked(key: str, value: str) -> str:
    """A value as the document's own grammar reads it."""
    from dbdeed.document.values import grammar
    from dbdeed.document.values.problem import Problem

    value = value.strip()
    if not value or len(value.splitlines()) > 1:
        raise InvalidInput(f"The {key} must be one line of text.")
    if key == "model":
        if not value[0].isalpha() or not all(one.isalnum() or one in " _" for one in value):
            raise InvalidInput(
                f"{value!r} is no name for a model.", hint="Letters and digits, like OrderLine."
            )
        return value
    read = grammar.parse_version(value) if key == "version" else grammar.parse_hosting(value)
    if isinstance(read, Problem):
        hint = f"Accepted: {', '.join(read.accepted)}." if read.accepted else ""
        raise InvalidInput(f"The {key} {value!r} is not understood: {read.message}", hint=hint)
    return value


def _with_models(text: str, system: System, models: Sequence[str]) -> str:
    """The template's example model and table, once for each name; as they are where no name is given."""
    if not models:
        return text
    from dbdeed.models.naming import table_name

    head, _, rest = text.partition("[This section should contain ERDs")
    _, _, schema = rest.partition("## Schema Design")
    _, _, after = schema.partition("## Data Access Layer")
    described = "\n".join(f"### {name}\n- **Description**: [Purpose of the model]\n" for name in models)
    tables = "\n".join(_table(table_name(name), system) for name in models)
    return f"{head}{described}\n## Schema Design\n\n{tables}\n## Data Access Layer{after}"


def _table(name: str, system: System) -> str:
    if system is System.MONGODB:
        return f'### Table: `{name}`\n```js\ndb.createCollection("{name}")\n```\n'
    columns = _COLUMNS.get(system, _COLUMNS[System.POSTGRESQL])
    return f"### Table: `{name}`\n```sql\nCREATE TABLE {name} (\n{columns}\n);\n```\n"


_COLUMNS = {
    System.POSTGRESQL: """\
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()""",
    System.SQLITE: """\
    id INTEGER PRIMARY KEY,
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP""",
    System.MYSQL: """\
    id bigint AUTO_INCREMENT PRIMARY KEY,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP""",
}
_COLUMNS[System.MARIADB] = _COLUMNS[System.MYSQL]
