"""Spans and metrics by OpenTelemetry's conventions for databases. Imported only where it is installed."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import Observation

from dbdeed.access.telemetry import status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from opentelemetry.metrics import CallbackOptions

    from dbdeed.access.pool_metrics import PoolMetrics

_NAME = "dbdeed.access"
_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)  # seconds, as the conventions advise


def is_set_up(tracers: Any, meters: Any) -> bool:
    """Whether anybody would learn of what is told: without a provider of its SDK the API tells nobody."""
    providers = (tracers or trace.get_tracer_provider(), meters or metrics.get_meter_provider())
    return any(not type(one).__name__.lstrip("_").startswith(("Proxy", "NoOp")) for one in providers)


class Tracing:
    """The spans and metrics of one database.

    Args:
        system: `postgresql` or `sqlite`.
        database: its name.
        tracers, meters: OpenTelemetry's providers; None are the global ones.
    """

    def __init__(self, system: str, database: str, tracers: Any, meters: Any) -> None:
        self._tracer = trace.get_tracer(_NAME, tracer_provider=tracers)
        self._instruments = _instruments(meters if meters is not None else metrics.get_meter_provider())
        self._common = {"db.system.name": system, "db.namespace": database}
        self._database = database

    def begin(self, operation: str, text: str, server: str, batch: int) -> tuple[Any, dict[str, Any]]:
        """A span for one statement, and the attributes that its metric has too."""
        host, _, port = server.rpartition(":")
        attributes: dict[str, Any] = {**self._common, "db.operation.name": operation}
        if host:
            attributes |= {"server.address": host, "server.port": int(port)}
        span = self._tracer.start_span(f"{operation} {self._database}".strip(), kind=trace.SpanKind.CLIENT)
        if span.is_recording():
            span.set_attributes({**attributes, "db.query.text": text})
            if batch > 1:
                span.set_attribute("db.operation.batch.size", batch)
        return span, attributes

    def end(
        self,
        begun: tuple[Any, dict[str, Any]],
        seconds: float,
        error: BaseException | None,
        rows: int | None,
    ) -> None:
        """The statement is done, or failed."""
        span, attributes = begun
        if error is not None:
            attributes["error.type"] = type(error).__name__
            code = status(error)
            if code:
                attributes["db.response.status_code"] = code
        self._instruments.duration.record(seconds, attributes)
        if span.is_recording():
            if rows is not None:
                span.set_attribute("db.response.returned_rows", rows)
            if error is not None:
                span.set_attributes(attributes)
                span.set_status(trace.Status(trace.StatusCode.ERROR, str(error)))
        span.end()

    def parent(self) -> dict[str, str]:
        """`traceparent` of the span that is current, where one is recorded."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"}

    def watch(self, owner: object, pools: Callable[[], Iterable[tuple[str, PoolMetrics]]]) -> None:
        """Tell of these pools for as long as `owner` lives; a pool's name and how it is."""
        self._instruments.pools[owner] = lambda: (
            (f"{self._database} {name}".strip(), {**self._common}, found) for name, found in pools()
        )


class _Instruments:
    """One set for each provider: OpenTelemetry wants each of them once."""

    def __init__(self, provider: Any) -> None:
        meter = provider.get_meter(_NAME)
        self.pools: weakref.WeakKeyDictionary[
            object, Callable[[], Iterator[tuple[str, dict[str, str], PoolMetrics]]]
        ] = weakref.WeakKeyDictionary()
        self.duration = meter.create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="Duration of database client operations.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        meter.create_observable_up_down_counter(
            "db.client.connection.count",
            [self._counts],
            unit="{connection}",
            description="Connections in the state that the attribute names.",
        )
        for name, unit, about, value in (
            ("max", "{connection}", "The most connections that a pool may have.", lambda one: one.max),
            ("pending_requests", "{request}", "Callers that wait for a connection.", lambda one: one.waiting),
        ):
            meter.create_observable_up_down_counter(
                f"db.client.connection.{name}", [self._of(value)], unit=unit, description=about
            )
        meter.create_observable_counter(
            "db.client.connection.timeouts",
            [self._of(lambda one: one.timeouts)],
            unit="{timeout}",
            description="Callers that waited for a connection in vain.",
        )

    def _each(self) -> Iterator[tuple[dict[str, str], PoolMetrics]]:
        for pools in [*self.pools.values()]:
            for name, common, found in pools():
                yield {**common, "db.client.connection.pool.name": name}, found

    def _counts(self, _options: CallbackOptions) -> Iterator[Observation]:
        for attributes, found in self._each():
            for state, count in (("idle", found.idle), ("used", found.in_use)):
                yield Observation(count, {**attributes, "db.client.connection.state": state})

    def _of(self, value: Callable[[PoolMetrics], int]) -> Callable[[CallbackOptions], Iterator[Observation]]:
        def observed(_options: CallbackOptions) -> Iterator[Observation]:
            for attributes, found in self._each():
                yield Observation(value(found), attributes)

        return observed


_known: weakref.WeakKeyDictionary[Any, _Instruments] = weakref.WeakKeyDictionary()


def _instruments(provider: Any) -> _Instruments:
    if provider not in _known:
        _known[provider] = _Instruments(provider)
    return _known[provider]
