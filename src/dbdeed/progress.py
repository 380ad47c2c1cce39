"""How long work tells of itself, without knowing who listens.

A face passes its own `Progress` down; rooms only ever call `step`. Tests and libraries pass `SILENT`.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class Task(Protocol):
    """One step under way."""

    def advance(self, amount: int, total: int | None = None) -> None:
        """Say that `amount` more units are done, of `total` where it is known by now."""


class Progress(Protocol):
    """Where steps are announced."""

    def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:
        """Announce a step; it lasts as long as the context. `name` is a phrase: "Proving the plan"."""


@runtime_checkable
class Clocked(Protocol):
    """A `Progress` that keeps times, and can be told of one that it could not see."""

    def took(self, name: str, seconds: float, rest: str) -> None:
        """So long of the step under way was a part of its own; `rest` is what to call the rest of it."""


def took(progress: Progress, name: str, seconds: float, *, rest: str) -> None:
    """Tell whoever keeps times; others need not know."""
    if isinstance(progress, Clocked):
        progress.took(name, seconds, rest)


@runtime_checkable
class Watched(Protocol):
    """A `Progress` whose owner looks at the files that the work writes."""

    def settled(self) -> None:
        """What was written so far stays as it is; only other files may come."""


def settled(progress: Progress) -> None:
    """Tell whoever looks at the files; others need not know."""
    if isinstance(progress, Watched):
        progress.settled()


class _SilentTask:
    def advance(self, amount: int, total: int | None = None) -> None:
        pass


class _Silent:
    def step(self, name: str, *, total: int | None = None) -> AbstractContextManager[Task]:  # noqa: ARG002
        return nullcontext(_SilentTask())


SILENT: Progress = _Silent()


class ToldToEnd(BaseException):
    """Work stops on its way and takes back what it did, as by Ctrl-C: no `except Exception` holds it up."""


class Endable:
    """A `Progress` whose work ends by `ToldToEnd` at its next word, once `told` is true."""

    def __init__(self, progress: Progress, told: Callable[[], bool]) -> None:
        self._progress = progress
        self._told = told

    @contextmanager
    def step(self, name: str, *, total: int | None = None) -> Iterator[Task]:
        self._look()
        with self._progress.step(name, total=total) as task:
            yield _EndableTask(task, self._look)

    def took(self, name: str, seconds: float, rest: str) -> None:
        took(self._progress, name, seconds, rest=rest)

    def _look(self) -> None:
        if self._told():
            raise ToldToEnd


class _EndableTask:
    def __init__(self, task: Task, look: Callable[[], None]) -> None:
        self._task = task
        self._look = look

    def advance(self, amount: int, total: int | None = None) -> None:
        self._look()
        self._task.advance(amount, total)
