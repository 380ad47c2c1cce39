"""The template's sections and keys, and the other names that people give them."""

from __future__ import annotations

from functools import cache

from dbdeed.document.names import words

HEADER = "Header"
OVERVIEW = "Overview"
MODELS = "Data Models"
SCHEMA = "Schema Design"
ACCESS = "Data Access Layer"
QUERIES = "Query Strategy"
MIGRATIONS = "Migrations"
RECOVERY = "Backup and Recovery"

SECTIONS: dict[str, tuple[str, ...]] = {
    OVERVIEW: ("system overview", "general overview", "technology", "technology stack"),
    MODELS: ("data model", "models", "entities", "domain model", "entity model", "data modelling"),
    SCHEMA: ("schema", "schema definition", "table definitions", "tables", "ddl", "collections",
             "collection design"),
    ACCESS: ("data access", "access layer", "persistence layer", "dal"),
    QUERIES: ("queries", "querying", "query patterns", "query design"),
    MIGRATIONS: ("schema migrations", "data migrations", "migration strategy", "migrations strategy"),
    RECOVERY: ("backup", "recovery", "backup and restore", "disaster recovery", "backup strategy",
               "recovery plan", "backup and disaster recovery"),
}  # fmt: skip

KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    HEADER: {
        "Last Updated": ("updated", "last update", "last modified", "last revised", "updated on", "date"),
        "Status": ("document status",),
        "Target State": ("target", "document state", "state"),
    },
    OVERVIEW: {
        "Database System": ("database", "dbms", "rdbms", "engine", "database type",
                            "database management system"),
        "Version": ("engine version", "server version", "postgresql version", "postgres version",
                    "mysql version", "mariadb version", "sqlite version", "mongodb version",
                    "system version"),
        "Hosting": ("hosted", "hosted on", "host", "hosting provider", "provider", "cloud provider",
                    "hosting environment"),
    },
    ACCESS: {
        "Pattern": ("access pattern", "data access pattern", "design pattern"),
        "Repositories": ("repository", "repository path", "repository folder", "repository directory",
                         "repository location"),
        "Connection Pool": ("pool", "pooling", "connection pooling", "pool size", "connection pool size"),
        "Connection String": ("connection url", "url", "dsn", "connection"),
        "Replicas": ("read replicas", "replica connection string", "replica url",
                     "read replica connection string"),
        "Retry Logic": ("retry", "retries", "retry policy", "retry strategy", "connection retry"),
    },
    QUERIES: {
        "ORM Usage": ("orm", "use of orm"),
        "Transaction Management": ("transactions", "transaction handling", "transaction strategy",
                                   "transaction isolation", "isolation level"),
        "Query Optimization": ("optimization", "query optimisation", "indexing strategy",
                               "query performance"),
    },
    MIGRATIONS: {
        "Tool": ("migration tool", "tooling"),
        "Strategy": ("migration strategy", "approach", "migration approach"),
    },
    RECOVERY: {
        "Frequency": ("backup frequency", "schedule", "backup schedule"),
        "Method": ("backup method", "backup type"),
        "Retention": ("retention policy", "retention period", "backup retention", "backup retention period"),
        "Destination": ("storage", "backup destination", "location", "backup location", "storage location",
                        "backup storage"),
        "Encryption": ("encryption key", "backup encryption", "encrypted"),
        "RPO": ("recovery point objective", "rpo target"),
        "RTO": ("recovery time objective", "rto target"),
        "Procedure": ("recovery procedure", "restore procedure", "recovery steps", "restore steps", "steps",
                      "restoration procedure"),
    },
}  # fmt: skip

# Keys to whose values backticks mean something: they mark the name of a variable, a folder, a library.
KEEP_TICKS = frozenset({"Connection String", "Replicas", "Destination", "Encryption", "Repositories",
                        "ORM Usage", "Query Optimization", "Procedure"})  # fmt: skip

# Keys that may have several values: what is listed below belongs to them where it can be read so.
LISTED = frozenset({"Pattern", "Connection Pool", "Replicas", "Retry Logic", "ORM Usage",
                    "Transaction Management", "Query Optimization", "Strategy", "Frequency", "Method",
                    "Retention"})  # fmt: skip

# Bold words that head a list of keys and hold no value themselves.
CONTAINERS = tuple(
    words(name)
    for name in (
        "Backup Strategy", "Recovery Plan", "Recovery Objectives", "Objectives", "Backup", "Recovery",
        "Disaster Recovery", "Connection Management", "Repository Pattern", "Configuration", "Settings",
    )
)  # fmt: skip


@cache
def _names(section: str) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for key, synonyms in KEYS.get(section, {}).items():
        for name in (key, *synonyms):
            found.setdefault(words(name), key)
    return found


def known_key(section: str, name: str) -> str:
    """The template's spelling of a key that a section has, or ""."""
    return _names(section).get(words(name), "")


@cache
def _section_names() -> dict[tuple[str, ...], str]:
    found = {words(name): name for name in SECTIONS}
    for section, synonyms in SECTIONS.items():
        for name in synonyms:
            found.setdefault(words(name), section)
    return found


def known_section(heading: str) -> str:
    """The template's name of the section that a heading opens, or ""."""
    return _section_names().get(words(heading), "")
