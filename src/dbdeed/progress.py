"""How long work tells of itself, without knowing who listens.

A face passes its own `Progress` down; rooms only ever call `step`. Tests and libraries pass `SILENT`.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Task(Protocol):
    """One step under way."""

    def advance(self, amount: int, total: int | None = None) -> None:
        """Say that `amount` more units are done, of `total` where it is known by now."""


class Progress(Protocol):
    """Where steps are announced."""

    def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:
        """Announce a step; it lasts as long as the context. `name` is a phrase: "Proving the plan"."""


class _SilentTask:
    def advance(self, amount: int, total: int | None = None) -> None:
        pass


class _Silent:
    def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:  # noqa: ARG002
        return nullcontext(_SilentTask())


SILENT: Progress = _Silent()
