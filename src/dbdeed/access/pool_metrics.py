"""What a pool can tell about itself."""

from __future__ import annotations

from typing import Literal

import msgspec

Reason = Literal["closed", "dead", "failover", "idle", "lifetime", "reset", "unready"]
"""Why a connection was closed.

closed: the pool was. dead: the other end had gone while it was idle. failover: its server shut down or became
read-only. idle: nobody used it. lifetime: it was old. reset: it could not be made as new. unready: it came
back in the middle of something, or broken.
"""


class PoolMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """A pool at one moment.

    Attributes:
        max: never more connections than these.
        size: connections that are open or being opened.
        idle, in_use: how many of them wait for a caller, or have one.
        waiting: callers that wait for a connection now.
        acquired: connections handed out since the pool was opened.
        waits: how often a caller had to wait for another one.
        wait_seconds: how long they waited, all together.
        timeouts: how many of them waited in vain.
        opened: connections opened.
        dropped: connections closed, by reason.
    """

    max: int
    size: int
    idle: int
    in_use: int
    waiting: int
    acquired: int
    waits: int
    wait_seconds: float
    timeouts: int
    opened: int
    dropped: dict[Reason, int]
