"""The tool's own lock, held while we run files, and let go of while the tool itself runs one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

    from dbdeed.engines.seam import Session
    from dbdeed.migrations.seam import History


class ToolLock:
    """A context that holds the lock. Raises `Unavailable` where another has it."""

    def __init__(self, history: History, session: Session) -> None:
        self._history = history
        self._session = session
        self._held: AbstractContextManager[None] | None = None

    def __enter__(self) -> Self:
        held = self._history.locked(self._session)
        held.__enter__()
        self._held = held
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.__exit__(kind, error, trace)

    @contextmanager
    def released(self) -> Iterator[None]:
        """The tool's own program takes it meanwhile. Whoever changes the database by us stays locked out."""
        self.__exit__(None, None, None)
        yield
        self.__enter__()
