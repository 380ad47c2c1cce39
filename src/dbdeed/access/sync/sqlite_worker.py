"""Where SQLite's calls run: on the caller's thread. The twin of `dbdeed.access.sqlite_worker`, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LOOKS: int | None = None
"""A call may take as long as it takes."""

RESTING_WAIT = 5.0
"""Seconds that a connection waits for other processes."""


class Worker:
    """No thread at all: a connection has one user at a time, which its pool sees to."""

    def __init__(self, name: str) -> None:
        self.name = name

    def call(self, function: Callable[[], T], stop: Callable[[], None]) -> T:  # noqa: ARG002 - as the other
        """Run `function`."""
        return function()

    def finish(self, function: Callable[[], None]) -> None:
        """Run `function` last."""
        function()
