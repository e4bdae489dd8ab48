"""Traces: a clip is followed from its producer to the stores by OpenTelemetry.

An event's ``trace_context`` says where its trace began. The header ``traceparent`` of its record (W3C Trace Context)
names the step that sent it, so that each step's span is the child of the one before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from connectors.settings import TracingSettings

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

VERSION = "00"
SAMPLED = "01"
NOT_SAMPLED = "00"
HEADER = "traceparent"
RESOLUTION = 1_000_000

Headers = Mapping[str, bytes | str | None] | Mapping[str, bytes] | Iterable[tuple[str, bytes | str | None]]
Attributes = Mapping[str, str | int | float]


class TracingError(RuntimeError):
    """Traces cannot be sent; the message says what to do."""


def new_traceparent(*, sampled: bool = True) -> str:
    """The ``traceparent`` of a new trace: version, trace id, span id and flags."""
    return f"{VERSION}-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{SAMPLED if sampled else NOT_SAMPLED}"


def sampled_traceparent(settings: TracingSettings) -> str:
    """The ``traceparent`` of a new trace of something that there is much of: one in a share of them is recorded."""
    return new_traceparent(sampled=secrets.randbelow(RESOLUTION) < settings.share * RESOLUTION)


def traceparent_in(headers: Headers | None) -> str | None:
    """The ``traceparent`` among a record's headers."""
    if not headers:
        return None
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        if name == HEADER and value:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return None


def headers_with(traceparent: str | None) -> list[tuple[str, bytes]] | None:
    """The headers of a record that continues a trace."""
    return [(HEADER, traceparent.encode())] if traceparent else None


class Span(Protocol):
    """One step of a trace.

    Attributes:
        traceparent: what the next step continues.
    """

    @property
    def traceparent(self) -> str | None: ...

    def end(self) -> None:
        """The step is over."""
        ...


class Tracer(Protocol):
    """Begins spans; may be used from several threads."""

    @property
    def enabled(self) -> bool:
        """Whether anything comes of it."""
        ...

    def begin(
        self, name: str, parent: str | None, *, start_ns: int | None = None, attributes: Attributes | None = None
    ) -> Span:
        """Begin a step.

        Args:
            name: what is done.
            parent: the ``traceparent`` of the step before; None begins a trace.
            start_ns: when it began, nanoseconds since the epoch; now by default.
            attributes: what else is to be known.
        """
        ...

    def close(self) -> None:
        """Send what is left."""
        ...


class _NoSpan:
    __slots__ = ("traceparent",)

    def __init__(self, traceparent: str | None) -> None:
        self.traceparent = traceparent

    def end(self) -> None:
        pass


class _NoTracer:
    """Passes the context of the step before on to the next."""

    enabled = False

    def begin(
        self, name: str, parent: str | None, *, start_ns: int | None = None, attributes: Attributes | None = None
    ) -> Span:
        return _NoSpan(parent)

    def close(self) -> None:
        pass


NO_TRACES: Tracer = _NoTracer()


class _OtelSpan:
    __slots__ = ("_span", "traceparent")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = (
            f"{VERSION}-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags) & 1:02x}"
        )

    def end(self) -> None:
        self._span.end()


class OtelTracer:
    """Spans of OpenTelemetry; whether a trace is recorded is decided where it begins.

    Args:
        provider: samples and exports.
    """

    enabled = True

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("continuo")
        self._propagator = TraceContextTextMapPropagator()
        self._kinds = {True: SpanKind.PRODUCER, False: SpanKind.CONSUMER}

    def begin(
        self, name: str, parent: str | None, *, start_ns: int | None = None, attributes: Attributes | None = None
    ) -> Span:
        """See ``Tracer``."""
        context = self._propagator.extract({HEADER: parent}) if parent else None
        kind = self._kinds[parent is None]
        return _OtelSpan(
            self._tracer.start_span(name, context=context, kind=kind, start_time=start_ns, attributes=attributes)
        )

    def close(self) -> None:
        """See ``Tracer``."""
        self._provider.shutdown()


def tracer_of(settings: TracingSettings, service: str) -> Tracer:
    """What the settings ask for: spans sent by OTLP, or none.

    Raises:
        TracingError: the extra ``traces`` is not installed.
    """
    if settings.endpoint is None:
        return NO_TRACES
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingError(
            "The setting tracing.endpoint asks for traces, and OpenTelemetry is not installed: "
            "`pip install continuo[traces]`."
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(settings.endpoint, timeout=settings.timeout_s)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter, max_queue_size=settings.queue_max_spans, schedule_delay_millis=int(settings.interval_s * 1000)
        )
    )
    return OtelTracer(provider)
