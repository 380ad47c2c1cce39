"""The types behind the document's keys. Durations are `datetime.timedelta`."""

from __future__ import annotations

from datetime import timedelta  # noqa: TC003 - part of the public types
from enum import StrEnum

from msgspec import Struct


class Status(StrEnum):
    DRAFT = "Draft"
    ACTIVE = "Active"
    DEPRECATED = "Deprecated"


class TargetState(StrEnum):
    """Who leads where document and database differ."""

    AS_TO_BE = "As-To-Be"
    AS_IS = "As-Is"


class System(StrEnum):
    """Database systems a document may name; the value is the standard spelling."""

    POSTGRESQL = "PostgreSQL"
    MYSQL = "MySQL"
    MARIADB = "MariaDB"
    SQLITE = "SQLite"
    MONGODB = "MongoDB"


class Version(Struct, frozen=True):
    """`18`, `15.4`, `>=14`. `parts` compare numerically; `exact` false means "this or newer"."""

    parts: tuple[int, ...]
    exact: bool = True

    def accepts(self, live: tuple[int, ...]) -> bool:
        """Whether a live server's version satisfies the document's."""
        if self.exact:
            return live[: len(self.parts)] == self.parts
        return live >= self.parts


class HostingKind(StrEnum):
    SELF_HOSTED = "Self-hosted"
    EMBEDDED = "Embedded"
    PROVIDER = "provider"


class Hosting(Struct, frozen=True):
    """Where the database runs; `provider` is the name as written where `kind` is PROVIDER."""

    kind: HostingKind
    provider: str = ""


class Pattern(StrEnum):
    REPOSITORY = "Repository Pattern"
    ACTIVE_RECORD = "Active Record"
    QUERY_BUILDER = "Query Builder"
    RAW_SQL = "Raw SQL"


class Pool(Struct, frozen=True):
    """Connection pool; None means the runtime's default. `instances` is how many processes hold one."""

    max: int
    min: int | None = None
    acquire_timeout: timedelta | None = None
    idle_timeout: timedelta | None = None
    lifetime: timedelta | None = None
    statement_timeout: timedelta | None = None
    instances: int | None = None


class Backoff(StrEnum):
    NONE = "none"
    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"


class Retry(Struct, frozen=True):
    """`attempts` counts the first try: 1 means no retry."""

    attempts: int
    backoff: Backoff = Backoff.EXPONENTIAL
    first: timedelta | None = None
    longest: timedelta | None = None
    jitter: bool = True


class Isolation(StrEnum):
    READ_UNCOMMITTED = "read uncommitted"
    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"
    SNAPSHOT = "snapshot"
    SERIALIZABLE = "serializable"


class Transactions(Struct, frozen=True):
    """The runtime's default transaction."""

    isolation: Isolation | None = None
    statement_timeout: timedelta | None = None
    lock_timeout: timedelta | None = None
    idle_timeout: timedelta | None = None
    read_only: bool = False


class Tool(StrEnum):
    DBDEED = "dbdeed"
    FLYWAY = "Flyway"
    LIQUIBASE = "Liquibase"
    KNEX = "Knex.js"
    ALEMBIC = "Alembic"
    DBMATE = "dbmate"


class When(StrEnum):
    ON_DEPLOY = "on deploy"
    ON_START = "on start"
    MANUAL = "manual"


class How(StrEnum):
    ONLINE = "online"
    MAINTENANCE_WINDOW = "maintenance window"


class Strategy(Struct, frozen=True):
    """What the document lets a migration do; None where it does not say."""

    when: When | None = None
    how: How | None = None
    expand_contract: bool = False
    reversible: bool | None = None


class BackupKind(StrEnum):
    """What one run of the schedule makes."""

    FULL = "full"
    INCREMENTAL = "incremental"
    CONTINUOUS = "continuous"


class Weekday(StrEnum):
    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class Cadence(Struct, frozen=True):
    """One line of a schedule.

    Attributes:
        kind: what is made; None where the text does not say.
        every: the distance between two runs; None for continuous. A month counts as 30 days, a year as 365,
            where only arithmetic over promises needs it (`calendar` says which is meant).
        calendar: "hour", "day", "week", "month" or "year" where the run is tied to the calendar; else "".
        at: (hour, minute) of the run where given, in `zone`.
        on: the weekday of a weekly run where given.
        day: the day of a monthly run where given.
        zone: IANA name, or "UTC".
    """

    kind: BackupKind | None
    every: timedelta | None
    calendar: str = ""
    at: tuple[int, int] | None = None
    on: Weekday | None = None
    day: int | None = None
    zone: str = "UTC"


class Frequency(Struct, frozen=True):
    """The backup schedule: at least one cadence."""

    cadences: tuple[Cadence, ...]


class Method(StrEnum):
    SNAPSHOTS = "Snapshots"
    LOGICAL_DUMPS = "Logical dumps"
    CONTINUOUS_ARCHIVING = "Continuous archiving"


class Keep(Struct, frozen=True):
    """One rule of retention: everything for `period`, or the newest `count` of each `unit`.

    `unit` is "", "hourly", "daily", "weekly", "monthly" or "yearly"; `count` counts backups for "" and
    calendar units otherwise. Exactly one of `count` and `period` is given; `forever` stands alone.
    """

    unit: str = ""
    count: int | None = None
    period: timedelta | None = None
    forever: bool = False


class Retention(Struct, frozen=True):
    """What `prune` keeps: the union of its rules."""

    rules: tuple[Keep, ...]


class Objective(Struct, frozen=True):
    """RPO or RTO: the most that may be lost, or that a recovery may take. Zero means none."""

    limit: timedelta


class EnvName(Struct, frozen=True):
    """The NAME of an environment variable; documents never hold its value."""

    name: str


class Destination(Struct, frozen=True):
    """Where backups go: a folder inside the project or an absolute one, or an environment variable's name."""

    folder: str = ""
    env: EnvName | None = None


class Encryption(Struct, frozen=True):
    """`none`, or sealed with the key in an environment variable."""

    key: EnvName | None = None


class Orm(Struct, frozen=True):
    """ORM Usage: prose, and the libraries it names ("SQLAlchemy")."""

    prose: str
    names: tuple[str, ...] = ()


class Optimization(Struct, frozen=True):
    """Query Optimization: prose, and the rules in it that can be held."""

    prose: str
    index_foreign_keys: bool = False
    no_sequential_scan_over: int | None = None
