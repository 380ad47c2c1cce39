"""What people write, and what it means: the document's own examples and the ways they are varied."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dbdeed.document.values import (
    choice,
    date,
    duration,
    encryption,
    environment,
    folder,
    grammar,
    hosting,
    number,
    objective,
    pool,
    retention,
    retry,
    schedule,
    strategy,
    system,
    transactions,
    version,
)
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.types import Pool

# (key, text, its standard form)
UNDERSTOOD = [
    ("date", "2026-11-22", "2026-11-22"),
    ("date", "22 November 2026", "2026-11-22"),
    ("date", "Nov 22, 2026", "2026-11-22"),
    ("date", "22/11/2026", "2026-11-22"),
    ("date", "2026-11-22 10:15 UTC", "2026-11-22"),
    ("status", "ACTIVE", "Active"),
    ("status", "`Draft`", "Draft"),
    ("target_state", "As-To-Be", "As-To-Be"),
    ("target_state", "as is", "As-Is"),
    ("target_state", "as to be", "As-To-Be"),
    ("system", "Postgres", "PostgreSQL"),
    ("system", "PostgreSQL 15+", "PostgreSQL"),
    ("system", "postgres (version 15.4)", "PostgreSQL"),
    ("system", "sqlite3", "SQLite"),
    ("system", "Maria DB 11", "MariaDB"),
    ("version", "18", "18"),
    ("version", "15.4", "15.4"),
    ("version", ">= 14", ">=14"),
    ("version", "15+", ">=15"),
    ("version", "15 or newer", ">=15"),
    ("version", "PostgreSQL 15.x", "15"),
    ("version", "v8.0 LTS", "8.0"),
    ("hosting", "self hosted", "Self-hosted"),
    ("hosting", "embedded", "Embedded"),
    ("hosting", "AWS RDS", "AWS RDS"),
    ("hosting", "Self-hosted (Hetzner)", "Self-hosted on Hetzner"),
    ("patterns", "repository pattern, raw SQL", "Repository Pattern, Raw SQL"),
    ("patterns", "ActiveRecord", "Active Record"),
    ("repositories", "`src/repositories`", "`src/repositories/`"),
    ("pool", "min 2, max 10", "min 2, max 10"),
    ("pool", "pool of 20", "max 20"),
    ("pool", "min 2, max 10, acquire timeout 5 s", "min 2, max 10, acquire timeout 5 s"),
    ("pool", "2-10", "min 2, max 10"),
    ("pool", "20 connections", "max 20"),
    ("pool", "min=2, max=10, max lifetime 30 min", "min 2, max 10, lifetime 30 minutes"),
    ("pool", "10 per instance, 4 instances", "max 10, 4 instances"),
    ("env_name", "DATABASE_URL", "`DATABASE_URL`"),
    ("env_name", "$DATABASE_URL", "`DATABASE_URL`"),
    ("env_name", "${DATABASE_URL}", "`DATABASE_URL`"),
    ("env_name", "Stored in environment variable `DATABASE_URL`", "`DATABASE_URL`"),
    ("env_names", "`REPLICA_1_URL` and `REPLICA_2_URL`", "`REPLICA_1_URL`, `REPLICA_2_URL`"),
    ("retry", "3 retries with exponential backoff", "4 attempts, exponential backoff, jitter"),
    (
        "retry",
        "5 attempts, exponential backoff from 50 ms to 2 s, jitter",
        "5 attempts, exponential backoff from 50 ms to 2 s, jitter",
    ),
    ("retry", "Retry up to 3 times", "4 attempts, exponential backoff, jitter"),
    (
        "retry",
        "up to 5 attempts, fixed delay of 100 ms, no jitter",
        "5 attempts, fixed backoff from 100 ms, no jitter",
    ),
    ("retry", "None", "no retries"),
    ("retry", "Retry 3 times with 1 second delay", "4 attempts, fixed backoff from 1 s, jitter"),
    ("retry", "5 attempts, 100ms initial delay", "5 attempts, exponential backoff from 100 ms, jitter"),
    ("transactions", "Serializable, statement timeout 30 s", "Serializable, statement timeout 30 s"),
    ("transactions", "READ COMMITTED isolation level, 5 s lock timeout", "Read committed, lock timeout 5 s"),
    ("transactions", "read-only", "Read only"),
    ("tool", "Flyway 10", "Flyway"),
    ("tool", "knex", "Knex.js"),
    ("strategy", "On deploy, zero downtime, expand and contract", "On deploy, online, expand and contract"),
    ("strategy", "Run automatically on startup; forward-only", "On start, forward only"),
    (
        "strategy",
        "manually, in a maintenance window, with rollback",
        "Manual, maintenance window, reversible",
    ),
    ("frequency", "Daily", "Daily"),
    ("frequency", "Daily at 02:00 UTC", "Daily at 02:00 UTC"),
    ("frequency", "every night at 2am", "Daily at 02:00 UTC"),
    ("frequency", "Every 6 hours", "Every 6 hours"),
    ("frequency", "Weekly full, daily incremental, continuous", "Weekly full, daily incremental, continuous"),
    (
        "frequency",
        "Daily full (02:00 UTC), hourly incremental",
        "Daily full at 02:00 UTC, hourly incremental",
    ),
    ("frequency", "Continuous WAL archiving", "Continuous"),
    ("frequency", "Full every Sunday at 03:00 Europe/Zurich", "Weekly full on Sunday at 03:00 Europe/Zurich"),
    ("frequency", "twice a day", "Every 12 hours"),
    ("frequency", "Monthly on the 1st", "Monthly on day 1"),
    ("frequency", "Full daily @ 03:00, WAL continuously", "Daily full at 03:00 UTC, continuous"),
    ("frequency", "6-hourly", "Every 6 hours"),
    ("methods", "Snapshots", "Snapshots"),
    ("methods", "Logical dumps (pg_dump), WAL archiving", "Logical dumps, Continuous archiving"),
    ("methods", "Snapshots (physical)", "Snapshots"),
    ("retention", "30 days", "30 days"),
    ("retention", "7 daily, 4 weekly, 12 monthly", "7 daily, 4 weekly, 12 monthly"),
    ("retention", "Daily 30 days, weekly 12 weeks, monthly 12 months", "30 daily, 12 weekly, 12 monthly"),
    ("retention", "weekly for 3 months", "13 weekly"),
    ("retention", "7 daily / 4 weekly / 12 monthly", "7 daily, 4 weekly, 12 monthly"),
    ("retention", "90 days minimum", "90 days"),
    ("retention", "monthly for 2 years", "24 monthly"),
    ("retention", "Keep the last 10 backups", "10 backups"),
    ("retention", "kept indefinitely", "forever"),
    ("destination", "backups", None),
    ("destination", "folder `backups`", "`backups/`"),
    ("destination", "/var/backups/shop", "`/var/backups/shop/`"),
    ("destination", "object store in `BACKUP_STORE`", "`BACKUP_STORE`"),
    ("encryption", "None", "none"),
    ("encryption", "AES-256, key in $BACKUP_KEY", "key in environment variable `BACKUP_KEY`"),
    ("objective", "1 hour", "1 hour"),
    ("objective", "2 h", "2 hours"),
    ("objective", "< 15 min", "15 minutes"),
    ("objective", "<= 1 hour", "1 hour"),
    ("objective", "Target 2 hours", "2 hours"),
    ("objective", "no data loss", "none"),
    ("objective", "0 (no data loss)", "none"),
    ("objective", "at most 1 hour of data", "1 hour"),
    ("duration", "1h30m", "90 minutes"),
    ("duration", "5m30s", "330 s"),
    ("duration", "half an hour", "30 minutes"),
    ("duration", "PT15M", "15 minutes"),
    ("duration", "1,500 ms", "1500 ms"),
    ("row_count", "10k", "10,000"),
    ("row_count", "1.5 million rows", "1,500,000"),
]

# (key, text, the readings it leaves a choice between)
AMBIGUOUS = [
    ("duration", "5 m", ("5 minutes", "5 months")),
    ("duration", "1,5 h", ("1.5 h", "15 h")),
    ("objective", "1-4 hours", ("1 hours", "4 hours")),
    ("pool", "10-20 connections, 30 second timeout", None),
    ("retry", "3 attempts, exponential backoff, 100 m delay", None),
    ("frequency", "monthly/weekly", ("monthly", "weekly")),
    ("frequency", "daily or weekly", ("daily", "weekly")),
    ("frequency", "Daily at 12 am", ("00:00", "12:00")),
    ("retention", "30", ("30 days", "30 backups")),
    ("date", "11/12/2026", ("2026-11-12", "2026-12-11")),
    ("status", "Draft / Active", ("Draft", "Active")),
    ("system", "PostgreSQL / MySQL", ("PostgreSQL", "MySQL")),
    ("version", "14-16", ("14", "16", ">=14")),
    ("version", ">14", (">=14", ">=15")),
    ("hosting", "AWS or GCP", ("AWS", "GCP")),
    ("patterns", "Repository Pattern / Raw SQL", ("Repository Pattern", "Raw SQL")),
    ("strategy", "on deploy or manual", ("on deploy", "manual")),
    ("strategy", "reversible, forward only", ("reversible", "forward only")),
    ("transactions", "serializable or snapshot", None),
    ("env_name", "`A_URL`, `B_URL`", ("A_URL", "B_URL")),
]

# (key, text, where it stops making sense)
REFUSED = [
    ("objective", "1/2", 0),
    ("objective", "> 1 hour", 0),
    ("objective", "1 hour (ask Bob)", 8),
    ("frequency", "Daily snapshots", 6),
    ("frequency", "Hourly at 02:00", 0),
    ("frequency", "Weekly on day 3", 0),
    ("frequency", "Monthly on day 31", 0),
    ("frequency", "Daily at 25:00", 0),
    ("frequency", "Daily at 02:00 Nowhere/Land", 0),
    ("frequency", "Full and incremental daily", 0),
    ("frequency", "quarterly", 0),
    ("retention", "daily", 0),
    ("retention", "0 daily", 0),
    ("retention", "7 daily, 8 daily", 9),
    ("pool", "min 20, max 10", 0),
    ("pool", "max 10, max 20", 8),
    ("pool", "min 2", 0),
    ("pool", "max 10, acquire timeout 0", 8),
    ("retry", "exponential backoff", 0),
    ("retry", "3 attempts, backoff from 2 s to 50 ms", 0),
    ("retry", "0 attempts", 0),
    ("system", "Oracle", 0),
    ("system", "PostgreSQL with PostGIS", 11),
    ("version", "latest", 0),
    ("tool", "Prisma", 0),
    ("env_name", "database_url", 0),
    ("env_name", "postgres://localhost/shop", 8),
    ("destination", "../elsewhere", 0),
    ("destination", "s3://bucket/path", 0),
    ("destination", "S3", 0),
    ("repositories", "/etc/cron.d/", 0),
    ("repositories", "a/../../b", 0),
    ("encryption", "yes", 0),
    ("date", "2026-02-30", 0),
    ("row_count", "many", 0),
]


def parse(key: str, text: str) -> Any:
    return getattr(grammar, f"parse_{key}")(text)


@pytest.mark.parametrize(("key", "text", "standard"), UNDERSTOOD)
def test_what_people_write_is_understood(key: str, text: str, standard: str | None) -> None:
    value = parse(key, text)
    if standard is None:
        assert isinstance(value, Problem)
        return
    assert not isinstance(value, Problem), value
    assert getattr(grammar, f"write_{key}")(value) == standard
    assert parse(key, standard) == value


@pytest.mark.parametrize(("key", "text", "readings"), AMBIGUOUS)
def test_what_is_ambiguous_is_asked_about(key: str, text: str, readings: tuple[str, ...] | None) -> None:
    problem = parse(key, text)
    assert isinstance(problem, Problem)
    if readings is not None:
        assert problem.ambiguous == readings


@pytest.mark.parametrize(("key", "text", "offset"), REFUSED)
def test_what_is_not_understood_says_where_and_what_would_be(key: str, text: str, offset: int) -> None:
    problem = parse(key, text)
    assert isinstance(problem, Problem)
    assert not problem.ambiguous
    assert problem.message
    assert problem.accepted
    assert problem.offset == offset


ACCEPTED = {
    "date": date.ACCEPTED,
    "status": choice.STATUS_FORMS,
    "target_state": choice.TARGET_STATE_FORMS,
    "system": system.ACCEPTED,
    "version": version.ACCEPTED,
    "hosting": hosting.ACCEPTED[:3],  # the last one describes
    "patterns": choice.PATTERN_FORMS,
    "repositories": folder.REPOSITORIES_FORMS,
    "pool": pool.ACCEPTED,
    "env_name": environment.ACCEPTED,
    "env_names": environment.LIST_ACCEPTED,
    "retry": retry.ACCEPTED,
    "transactions": transactions.ACCEPTED,
    "tool": choice.TOOL_FORMS,
    "strategy": strategy.ACCEPTED,
    "frequency": schedule.ACCEPTED,
    "methods": choice.METHOD_FORMS,
    "retention": retention.ACCEPTED,
    "destination": folder.DESTINATION_FORMS,
    "encryption": encryption.ACCEPTED,
    "objective": objective.ACCEPTED,
    "duration": duration.ACCEPTED,
    "row_count": number.ACCEPTED,
}


@pytest.mark.parametrize(("key", "text"), [(key, text) for key, texts in ACCEPTED.items() for text in texts])
def test_every_form_that_a_problem_offers_is_accepted(key: str, text: str) -> None:
    assert not isinstance(parse(key, text), Problem)


@pytest.mark.parametrize("key", sorted(ACCEPTED))
@pytest.mark.parametrize("text", ["", " ", "`", "**", "[Date]", "\x00", "(", "¤", "\ud800"])
def test_nothing_means_nothing(key: str, text: str) -> None:
    assert isinstance(parse(key, text), Problem)


def test_a_version_beside_a_system_is_found() -> None:
    beside = system.version_beside("PostgreSQL 15+")
    assert beside is not None
    assert version.write_version(beside) == ">=15"
    assert system.version_beside("sqlite3") is None


@pytest.mark.parametrize(
    "text", ["No SQLAlchemy", "never sqlalchemy", "Raw SQL instead of SQLAlchemy", "none"]
)
def test_a_library_that_is_turned_away_is_not_used(text: str) -> None:
    orm = grammar.parse_orm(text)
    assert not isinstance(orm, Problem)
    assert orm.names == ()


def test_prose_says_rules_that_can_be_held() -> None:
    found = grammar.parse_optimization("Index every foreign key; no sequential scan over 10,000 rows.")
    assert not isinstance(found, Problem)
    assert found.index_foreign_keys
    assert found.no_sequential_scan_over == 10_000
    not_so = grammar.parse_optimization("We do not index every foreign key.")
    assert not isinstance(not_so, Problem)
    assert not not_so.index_foreign_keys
    named = grammar.parse_orm("SQLAlchemy for reports")
    assert not isinstance(named, Problem)
    assert named.names == ("SQLAlchemy",)


@pytest.mark.parametrize("unit", sorted(duration.UNITS))
def test_every_unit_is_read_alone_and_inside_a_phrase(unit: str) -> None:
    alone = grammar.parse_duration(f"2{unit}")
    assert alone == timedelta(microseconds=2 * duration.UNITS[unit])
    assert isinstance(alone, timedelta)
    pool = grammar.parse_pool(f"max 3, idle timeout 2 {unit}")
    assert pool == Pool(max=3, idle_timeout=alone)
