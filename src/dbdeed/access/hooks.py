"""What is to be done once a transaction has ended."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Hook: TypeAlias = "Callable[[], Awaitable[object] | object]"

LOGGER = logging.getLogger("dbdeed.access")


class Hooks:
    """Callbacks of one transaction, in the order in which they were given."""

    def __init__(self) -> None:
        self.after_commit: list[Hook] = []
        self.after_rollback: list[Hook] = []

    def ended(self, *, committed: bool) -> list[Hook]:
        """Those to call now; none is left."""
        hooks = self.after_commit if committed else self.after_rollback
        self.after_commit, self.after_rollback = [], []
        return hooks


def report(hook: Hook, error: Exception) -> None:
    """Say that a hook failed: what was committed stays so, and the other hooks still run."""
    name = getattr(hook, "__qualname__", repr(hook))
    LOGGER.error("%s failed after its transaction had ended: %s", name, error, exc_info=error)
