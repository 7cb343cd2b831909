"""What a service shows of itself: structured logs, metrics, and traces where an endpoint for them is configured."""

import logging
import os
import sys
import traceback
from contextlib import AbstractContextManager, nullcontext

import structlog
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Gauge, Histogram

from schemas.event import Envelope

CONSUMED = Counter("comanda_events_consumed_total", "Events taken in, by topic and outcome (done, repeated, refused)", ["topic", "outcome"])
BATCH_SECONDS = Histogram("comanda_batch_seconds", "From the records of a batch to its commit")
BATCH_EVENTS = Histogram("comanda_batch_events", "Events in a batch", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))
LAG = Gauge("comanda_consumer_lag", "Records behind the end of a partition", ["topic", "partition"])
PUBLISHED = Counter("comanda_events_published_total", "Events published from the outbox", ["topic"])
OUTBOX_AGE = Gauge("comanda_outbox_oldest_seconds", "Age of the oldest event that the relay last published")
JOB_ITEMS = Counter("comanda_job_items_total", "What the jobs got done", ["job"])

_tracer = trace.get_tracer("comanda")


def configure_logging(service: str, level: str) -> None:
    """Write one JSON object a line to standard output: ours, and those of the libraries from warnings up."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_where_it_failed),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.contextvars.bind_contextvars(service=service)


def _where_it_failed(exc_info: structlog.typing.ExcInfo) -> str:
    """Return the lines of code that an exception came through and its type. Its text may quote a row, and so a customer."""
    kind, _, trace_back = exc_info
    return "".join(traceback.format_tb(trace_back)) + kind.__qualname__


def configure_tracing(service: str) -> None:
    """Send traces to OTEL_EXPORTER_OTLP_ENDPOINT, if there is one."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def traceparent() -> str | None:
    """Return the W3C trace context of the span that is open here, if traces are on."""
    if not trace.get_current_span().get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


def span(name: str, *causes: Envelope) -> AbstractContextManager[trace.Span]:
    """Open a span: the child of its cause where there is one, linked to all where there are more. Nothing where traces are off."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        return nullcontext(trace.INVALID_SPAN)
    contexts = [propagate.extract({"traceparent": cause.traceparent}) for cause in causes if cause.traceparent]
    if len(contexts) == 1:
        return _tracer.start_as_current_span(name, context=contexts[0], kind=trace.SpanKind.CONSUMER)
    links = [trace.Link(trace.get_current_span(context).get_span_context()) for context in contexts]
    return _tracer.start_as_current_span(name, links=links, kind=trace.SpanKind.CONSUMER)
