"""What is told of each statement: to the log where it was slow, to OpenTelemetry, to the server's own log.

Nothing is told unless it is asked for, or OpenTelemetry is set up in this process; where nothing is told,
connections are not wrapped, so that it costs nothing. Values of parameters are told to nobody.
"""

from __future__ import annotations

import logging
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.access.comments import caller, comment
from dbdeed.access.errors import AccessError, ConfigurationError
from dbdeed.access.statements import first_word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbdeed.access.statements import Statement
    from dbdeed.access.tracing import Tracing

SLOW = logging.getLogger("dbdeed.access.slow")


class Telemetry(msgspec.Struct, frozen=True, kw_only=True):
    """What is told, and to whom.

    Attributes:
        slow: a statement that takes at least so many seconds is logged as a warning by the logger
            `dbdeed.access.slow`, with its text and never with its values; None logs none.
        comments: a comment with the caller ends each statement (as sqlcommenter writes it), so that the
            server's own log and views tell who sent it. Each caller's text is then another statement to the
            server: it is prepared for each of them anew, which costs much of what preparing saves.
        tags: further names and values for those comments, asked for with each statement.
        opentelemetry: spans and metrics; None where it is installed and set up (a provider of either) by the
            time that the database is opened.
        tracer_provider, meter_provider: OpenTelemetry's; None is the global one.
    """

    slow: float | None = None
    comments: bool = False
    tags: Callable[[], Mapping[str, str]] | None = None
    opentelemetry: bool | None = None
    tracer_provider: Any = None
    meter_provider: Any = None

    def __post_init__(self) -> None:
        if self.slow is not None and self.slow < 0:
            raise ConfigurationError(f"a slow statement takes at least 0 seconds, not {self.slow}")

    def observer(self, dialect: str, database: str) -> Observer | None:
        """Who looks at the statements of one database; None where nobody does."""
        tracing = None
        if self.opentelemetry is not False:
            if find_spec("opentelemetry") is not None and find_spec("opentelemetry.metrics") is not None:
                from dbdeed.access.tracing import Tracing, is_set_up

                if self.opentelemetry or is_set_up(self.tracer_provider, self.meter_provider):
                    tracing = Tracing(dialect, database, self.tracer_provider, self.meter_provider)
            elif self.opentelemetry:
                raise ConfigurationError("OpenTelemetry is not installed: pip install opentelemetry-api")
        if tracing is None and self.slow is None and not self.comments:
            return None
        return Observer(self, tracing)


class Observer:
    """Looks at the statements of one database."""

    def __init__(self, settings: Telemetry, tracing: Tracing | None) -> None:
        self.tracing = tracing
        self._settings = settings

    def begin(self, statement: Statement, server: str, batch: int = 0) -> Call:
        """A statement is about to be sent; `batch` counts how often, where it is more than once."""
        span = None
        if self.tracing is not None:
            span = self.tracing.begin(first_word(statement.text), statement.text, server, batch)
        if self._settings.comments:
            statement = self._commented(statement)
        return Call(self, statement, span)

    def _commented(self, statement: Statement) -> Statement:
        tags = dict(self._settings.tags()) if self._settings.tags is not None else {}
        tags |= caller()
        if self.tracing is not None:
            tags |= self.tracing.parent()
        return msgspec.structs.replace(statement, text=f"{statement.text} {comment(tags)}")

    def ended(self, call: Call, error: BaseException | None, rows: int | None) -> None:
        seconds = time.perf_counter() - call.start
        if self.tracing is not None:
            self.tracing.end(call.span, seconds, error, rows)
        limit = self._settings.slow
        if limit is not None and seconds >= limit:
            text = " ".join(call.statement.text.split())
            how = "" if rows is None else f", {rows} rows"
            failed = "" if error is None else f", failed by {type(error).__name__}"
            SLOW.warning("%.3f s%s%s: %s", seconds, how, failed, text)


class Call:
    """One statement on its way.

    Attributes:
        statement: as it is to be sent.
        start: when it was.
    """

    __slots__ = ("_observer", "span", "start", "statement")

    def __init__(self, observer: Observer, statement: Statement, span: Any) -> None:
        self._observer = observer
        self.statement = statement
        self.span = span
        self.start = time.perf_counter()

    def ended(self, rows: int | None = None) -> None:
        """It is done; `rows` were read or changed."""
        self._observer.ended(self, None, rows)

    def failed(self, error: BaseException) -> None:
        """It is not; a stream that was left early did not fail."""
        self._observer.ended(self, None if isinstance(error, GeneratorExit) else error, None)


def status(error: BaseException) -> str:
    """The database's own code for an error, or ""."""
    return error.sqlstate if isinstance(error, AccessError) else ""
