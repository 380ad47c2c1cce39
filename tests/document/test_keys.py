"""How people write keys, and the four states of a setting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from dbdeed.document.architecture import Architecture
from dbdeed.document.values.types import (
    EnvName,
    Hosting,
    HostingKind,
    Method,
    Objective,
    Pattern,
    Status,
    System,
    Tool,
)

Read = Callable[..., Architecture]


@pytest.mark.parametrize(
    "line",
    [
        "**Database System**: SQLite",
        "**Database System:** SQLite",
        "**Database System**:SQLite",
        "- **Database System** - SQLite",
        "* **database system** – SQLite",
        "1. **Database System**: SQLite",
        "__Database System__: SQLite",
        "***Database System***: SQLite",
        "**Database System** = SQLite",
        "Database System: SQLite",
        "- DBMS: SQLite",
        "**Database Engine**: SQLite",
        "> **Database System**: SQLite",
        "- Technology\n    - **Database System**: SQLite",
        "**Technology**:\n- **Database System**: SQLite",
        "**Database System**:\nSQLite",
        "**Database System**:\n\n- SQLite",
        "**Database System**:\n\nSQLite",
        "**Version**: 3 | **Database System**: SQLite",
        "**Database System**: SQLite  \nThe one that everybody has.",
        "**Database System**: SQLite\nThe one that everybody has.",
        "**Database System**: SQLite <!-- for now -->",
        "**Database System**: [SQLite](https://sqlite.org)",
        "**Database System**: **SQLite**",
        "### Database System\n\nSQLite",
        "| Property | Value |\n|---|---|\n| Database System | SQLite |",
        "| Property | Value |\n|---|---|\n| **Database System** | `SQLite` |",
        "| Property | Why | Value |\n|---|---|---|\n| Database System | small | SQLite |",
        "| Database System | Version |\n|---|---|\n| SQLite | 3 |",
        "| Database System | SQLite |\n|---|---|\n| Version | 3 |",
    ],
)
def test_forms_of_a_key(document: Read, line: str) -> None:
    setting = document(f"# T\n\n## Overview\n\n{line}\n").overview.system
    assert setting.value is System.SQLITE, setting
    assert setting.place is not None
    assert "SQLite" in setting.place.source.text(setting.place.span)


@pytest.mark.parametrize(
    "line",
    ["`**Database System**: SQLite`", "<!-- **Database System**: SQLite -->", "    **Database System**: SQLite",
     "```\n**Database System**: SQLite\n```", "The **database system** is SQLite", "![Database System](x.png)"],
)  # fmt: skip
def test_what_is_no_key(document: Read, line: str) -> None:
    assert document(f"## Overview\n\n{line}\n").overview.system.absent


@pytest.mark.parametrize(
    "heading",
    ["## Overview", "# OVERVIEW", "#### Overview", "Overview\n---", "Overview\n===", "## 1. Overview", "## 2.1 Overview",
     "## **Overview**", "## The Overview", "## Overview ##", "## System Overview", "## `Overview`:", "##\tOverview"],
)  # fmt: skip
def test_forms_of_a_section(document: Read, heading: str) -> None:
    assert document(f"{heading}\n\n**Version**: 15\n").overview.version.raw == "15"


def test_states_of_a_setting(document: Read) -> None:
    read = document(
        "**Status**: [Draft / Active / Deprecated]\n**Target State**: sideways\n**Last Updated**:\n"
    )
    status, target, updated = read.header.status, read.header.target_state, read.header.last_updated
    assert (status.unfilled, status.value, status.problem) == (True, None, None)
    assert target.value is None
    assert target.problem is not None
    assert target.problem.accepted
    assert updated.problem is not None
    assert updated.place is not None
    assert updated.place.span.start == updated.place.span.end
    assert read.overview.system.absent
    assert read.overview.system.place is None


def test_several_keys_of_a_paragraph_with_prose_between(document: Read) -> None:
    read = document("**Last Updated**: 2026-01-02  \nProse about it.\n**Status**: Active\n")
    assert read.header.last_updated.value == date(2026, 1, 2)
    assert read.header.status.value is Status.ACTIVE


def test_values_listed_under_a_key(document: Read) -> None:
    read = document(
        "## Data Access Layer\n\n**Patterns**:\n- Repository Pattern\n- Raw SQL\n\n"
        "- **Connection Pool**:\n  - Min: 2\n  - Max: 10\n- **Read Replicas**:\n  - `REPLICA_1`\n  - `REPLICA_2`\n"
    )
    assert read.access.patterns.value == (Pattern.REPOSITORY, Pattern.RAW_SQL)
    assert read.access.pool.value is not None
    assert (read.access.pool.value.min, read.access.pool.value.max) == (2, 10)
    assert read.access.replicas.value == (EnvName("REPLICA_1"), EnvName("REPLICA_2"))


def test_a_value_with_remarks_under_it(document: Read) -> None:
    read = document("## Overview\n- **Hosting**: Embedded\n    - Beside the application, on its disk.\n")
    assert read.overview.hosting.value == Hosting(HostingKind.EMBEDDED)


def test_tables_of_schedules_and_objectives(document: Read) -> None:
    read = document(
        "## Backup\n\n| Tier | Frequency | Method | Retention |\n|---|---|---|---|\n"
        "| Full | Weekly | Snapshots | 30 days |\n| Incremental | Daily | Snapshots | 30 days |\n\n"
        "| Objective | Target | Why |\n|---|---|---|\n| Recovery Point Objective (RPO) | 1 hour | law |\n| RTO | 4 h | |\n"
    )
    frequency = read.recovery.frequency.value
    assert frequency is not None
    assert [(cadence.kind, cadence.every) for cadence in frequency.cadences] == [
        ("full", timedelta(weeks=1)), ("incremental", timedelta(days=1)),
    ]  # fmt: skip
    assert read.recovery.method.value == (Method.SNAPSHOTS,)
    assert read.recovery.rpo.value == Objective(timedelta(hours=1))
    assert read.recovery.rto.value == Objective(timedelta(hours=4))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("- **Procedure**:\n  1. Stop.\n  2. Restore `x`.\n", ("Stop.", "Restore `x`.")),
        ("**Procedure**:\n\n1. Stop.\n2. Restore.\n", ("Stop.", "Restore.")),
        ("### Restore Procedure\n\n1. Stop.\n2. Run:\n   ```sh\n   go\n   ```\n", ("Stop.", "Run:\ngo")),
        ("**Procedure**: Call the DBA.\n", ("Call the DBA.",)),
        ("**Procedure**: As follows:\n1. A\n2. B\n", ("A", "B")),
        ("**Procedure**:\n\n<!-- dbdeed:procedure -->\n1. A\n<!-- /dbdeed:procedure -->\n", ("A",)),
    ],
)
def test_procedure(document: Read, text: str, steps: tuple[str, ...]) -> None:
    assert document(f"## Backup and Recovery\n\n{text}").recovery.procedure.value == steps


def test_a_key_given_twice(document: Read) -> None:
    read = document("## Migrations\n**Tool**: dbdeed\n\n**Tool**: Flyway\n\n**Tool**: dbdeed\n")
    assert read.migrations.tool.value is Tool.DBDEED
    ((place, problem),) = read.problems
    assert (place.start.line, place.start.column) == (4, 3)
    assert "twice" in problem.message


def test_unknown_keys_have_their_nearest(document: Read) -> None:
    read = document(
        "## Migrations\n**Tol**: dbdeed\n\n**Note**: prose\n\n**bold** words\n\n- **Strategy**: manual\n  - **Why**: x\n"
        "## Backup and Recovery\n**Recovery Plan**:\n- **RTOs**: 1 h\n- **Drills**: weekly\n\n## Other\n**Anything**: x\n"
    )
    assert [(key.key, key.nearest, key.section) for key in read.unknown_keys] == [
        ("Tol", "Tool", "Migrations"), ("Drills", "", "Backup and Recovery"),
    ]  # fmt: skip


def test_an_unknown_key_behind_a_listed_value_is_reported(document: Read) -> None:
    read = document("## Migrations\n**Tool**:\n- dbdeed\n- **Strategy**: manual\n- **Stratgy**: online\n")
    assert [(key.key, key.nearest) for key in read.unknown_keys] == [("Stratgy", "Strategy")]


@pytest.mark.parametrize(
    "written",
    [
        "postgres://u:hunter2@db/x",
        "\n- postgres://u:hunter2@db/x",
        "`DATABASE_URL`\n  postgres://u:hunter2@db/x",
    ],
)
def test_a_password_is_refused_and_never_repeated(document: Read, written: str) -> None:
    setting = document(f"## Data Access\n- **Connection String**: {written}\n").access.connection_string
    assert setting.value is None
    assert setting.problem is not None
    assert "hunter2" not in repr(setting)


def test_a_problem_is_located_in_the_value(document: Read) -> None:
    setting = document(
        "## Data Access\n**Connection Pool**: **min** 2, max `10`, [wobble](x) 3\n"
    ).access.pool
    assert setting.problem is not None
    assert setting.raw[setting.problem.offset :] == "wobble](x) 3"


def test_sections_at_mixed_levels(document: Read) -> None:
    read = document(
        "# Data Models\n## Migration\n- **Attributes**:\n  - `id`: int\n# Schema Design\n### Table: `backups`\n"
        "```sql\nselect 1;\n```\n# Query Strategy\n# Migrations\n**Tool**: Flyway\n# Part two\n## Backup and Recovery\n"
        "**RPO**: 1 hour\n"
    )
    assert [model.name for model in read.models] == ["Migration"]
    assert [table.name for table in read.schema.tables] == ["backups"]
    assert read.migrations.tool.value is Tool.FLYWAY
    assert read.recovery.rpo.value is not None


def test_extents_of_sections(document: Read) -> None:
    read = document("# T\n## Overview\nx\n### Sub\ny\n## Migrations\nz\n")
    assert [(s.name, s.level, s.known, s.extent.source.text(s.extent.span)) for s in read.sections] == [
        ("T", 1, False, "# T\n## Overview\nx\n### Sub\ny\n## Migrations\nz\n"),
        ("Overview", 2, True, "## Overview\nx\n### Sub\ny\n"),
        ("Sub", 3, False, "### Sub\ny\n"),
        ("Migrations", 2, True, "## Migrations\nz\n"),
    ]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"\0", b"x", b"\r", b"\xff\xfe\x00"])
def test_documents_with_nothing_in_them(document: Read, data: bytes) -> None:
    read = document(data)
    assert all(setting.absent for setting in read.settings())
    assert read.models == ()
