"""The same migrations as a project of each tool."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
_DOCUMENT = """# Benchmark

**Status**: Active
**Target State**: As-To-Be

## Overview

**Database System**: PostgreSQL
**Hosting**: Self-Hosted

## Data Models

### Thing
- **Description**: One of many.

## Schema Design

### Table: `t0`
```sql
{sql}
```

## Migrations

**Tool**: dbdeed
**Strategy**: Manual, maintenance window
"""
_REVISION = """revision = {revision!r}
down_revision = {down!r}

from alembic import op


def upgrade():
    op.execute({up!r})


def downgrade():
    op.execute({back!r})
"""
_ENVIRONMENT = """import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["BENCHMARK_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def steps(count: int) -> Iterator[tuple[str, str, str]]:
    """(a moment, the statement up, the one down): a table, and columns that it gets one by one."""
    for number in range(count):
        moment = f"{_BEGIN + timedelta(hours=number):%Y%m%dT%H%M%S}"
        table, column = divmod(number, 10)
        if column == 0:
            up = f"CREATE TABLE t{table} (id bigint PRIMARY KEY, name text NOT NULL)"
            yield moment, up, f"DROP TABLE t{table}"
        else:
            yield (
                moment,
                f"ALTER TABLE t{table} ADD COLUMN c{column} integer",
                f"ALTER TABLE t{table} DROP COLUMN c{column}",
            )


def _tables(count: int) -> str:
    made: dict[int, list[str]] = {}
    for number in range(count):
        table, column = divmod(number, 10)
        columns = made.setdefault(table, ["id bigint PRIMARY KEY", "name text NOT NULL"])
        if column:
            columns.append(f"c{column} integer")
    return "\n".join(f"CREATE TABLE t{table} ({', '.join(columns)});" for table, columns in made.items())


def dbdeed(folder: Path, count: int) -> None:
    (folder / "migrations").mkdir(parents=True)
    (folder / "DATABASE.md").write_text(_DOCUMENT.format(sql=_tables(count)), encoding="utf-8")
    for moment, up, down in steps(count):
        text = f"-- dbdeed: up\n{up};\n-- dbdeed: down\n{down};\n"
        (folder / "migrations" / f"{moment}_step.sql").write_text(text, encoding="utf-8")


def dbmate(folder: Path, count: int) -> None:
    (folder / "migrations").mkdir(parents=True)
    for moment, up, down in steps(count):
        text = f"-- migrate:up\n{up};\n-- migrate:down\n{down};\n"
        path = folder / "migrations" / f"{moment.replace('T', '')}_step.sql"
        path.write_text(text, encoding="utf-8")


def alembic(folder: Path, count: int) -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n", encoding="utf-8")
    (folder / "migrations" / "env.py").write_text(_ENVIRONMENT, encoding="utf-8")
    before = None
    for number, (_, up, down) in enumerate(steps(count)):
        revision = f"r{number:06}"
        text = _REVISION.format(revision=revision, down=before, up=up, back=down)
        (versions / f"{revision}.py").write_text(text, encoding="utf-8")
        before = revision
