"""A scratch that starts when it is first asked for: a cache hit costs no server."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from dbdeed.engines.seam import Engine, Scratch, ScratchNeeds, Session
    from dbdeed.progress import Progress


class ScratchOnDemand:
    """A `Scratch` that opens the engine's own at its first use, and closes it with the context."""

    def __init__(self, engine: Engine, needs: ScratchNeeds, progress: Progress) -> None:
        self._engine = engine
        self._needs = needs
        self._progress = progress
        self._stack = ExitStack()
        self._open: Scratch | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = None
        self._stack.__exit__(kind, error, trace)

    @property
    def version(self) -> tuple[int, ...]:
        return self._scratch().version

    def database(self, *, reachable: bool = False) -> AbstractContextManager[Session]:
        """A new empty database, dropped afterwards."""
        return self._scratch().database(reachable=reachable)

    def _scratch(self) -> Scratch:
        if self._open is None:
            self._open = self._stack.enter_context(self._engine.scratch(self._needs, self._progress))
        return self._open
