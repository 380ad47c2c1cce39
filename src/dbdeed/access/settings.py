"""What a document says of pool, retry and transactions. All durations are in seconds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import msgspec

from dbdeed.access.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

Reset = Literal["changed", "always"]
Backoff = Literal["none", "fixed", "linear", "exponential"]


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections, and for how long.

    Attributes:
        min: opened at the start, and kept when idle.
        max: never more than these.
        acquire_timeout: the longest wait for a connection, then `PoolTimeout`.
        idle_timeout: a connection beyond `min` that nobody used for so long is closed.
        lifetime: a connection this old is replaced; each gets up to a tenth less, so that not all go at once.
        statement_timeout: the longest a statement may run; None is the server's own setting.
        reset: when a connection is reset before its next use: where the session may have "changed" (any
            statement that was not generated), or "always" (where row security reads session settings).
        prepared: PostgreSQL prepares each statement once for a session. False for a pooler in transaction
            mode that does not carry prepared statements over (pgbouncer before 1.21, or without its
            `max_prepared_statements`).
    """

    min: int = 1
    max: int = 10
    acquire_timeout: float = 30.0
    idle_timeout: float | None = 600.0
    lifetime: float | None = 3600.0
    statement_timeout: float | None = None
    reset: Reset = "changed"
    prepared: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.min <= self.max or self.max < 1:
            raise ConfigurationError(
                f"a pool of min {self.min}, max {self.max} cannot be; 0 <= min <= max, 1 <= max"
            )
        for name in ("acquire_timeout", "idle_timeout", "lifetime", "statement_timeout"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigurationError(f"the pool's {name} must be more than 0 seconds, not {value}")


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and after which wait, work is done again.

    Attributes:
        attempts: all tries together; 1 never retries.
        backoff: how the wait grows from `first` to `longest`.
        jitter: wait a random part of it, so that many clients do not come back together.
        budget: retries after faults are at most this share of all calls (beyond a reserve of 10, and one a
            second), so that they do not pile up on a server in trouble; None sets no limit.
    """

    attempts: int = 3
    backoff: Backoff = "exponential"
    first: float = 0.05
    longest: float = 2.0
    jitter: bool = True
    budget: float | None = 0.2

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigurationError(f"attempts count the first try: at least 1, not {self.attempts}")
        if self.first < 0 or self.longest < 0:
            raise ConfigurationError("a wait between attempts cannot be negative")
        if self.budget is not None and self.budget < 0:
            raise ConfigurationError(f"the retry budget is a share of calls, at least 0, not {self.budget}")

    def delay(self, failures: int, random: Callable[[], float]) -> float:
        """Seconds to wait after the `failures`-th failure (from 1); `random` gives 0 to 1."""
        growth = {
            "none": 0.0,
            "fixed": 1.0,
            "linear": float(failures),
            "exponential": 2.0 ** min(failures - 1, 60),
        }
        wait = min(self.first * growth[self.backoff], self.longest)
        return wait * random() if self.jitter else wait


class Isolation(StrEnum):
    """Isolation levels; SQLite is always serializable."""

    READ_UNCOMMITTED = "read uncommitted"
    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"
    SERIALIZABLE = "serializable"


class TransactionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a transaction runs; None leaves it to the server.

    Attributes:
        statement_timeout: the longest a statement of it may run.
        lock_timeout: the longest it waits for a lock.
        idle_timeout: the longest it may sit idle before the server ends it.
        read_only: it can change nothing.
    """

    isolation: Isolation | None = None
    statement_timeout: float | None = None
    lock_timeout: float | None = None
    idle_timeout: float | None = None
    read_only: bool = False

    def changed(
        self,
        isolation: Isolation | str | None,
        read_only: bool | None,
        statement_timeout: float | None = None,
        lock_timeout: float | None = None,
    ) -> TransactionSettings:
        """The same with what one transaction wants otherwise; None changes nothing."""
        try:
            level = self.isolation if isolation is None else Isolation(isolation)
        except ValueError:
            known = ", ".join(Isolation)
            raise ConfigurationError(f"no isolation level {isolation!r}; there are {known}") from None
        only = self.read_only if read_only is None else read_only
        return msgspec.structs.replace(
            self,
            isolation=level,
            read_only=only,
            statement_timeout=self.statement_timeout if statement_timeout is None else statement_timeout,
            lock_timeout=self.lock_timeout if lock_timeout is None else lock_timeout,
        )
