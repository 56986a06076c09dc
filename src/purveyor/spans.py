"""Traces: what belongs together from a request through its jobs to the calls of outside systems (OpenTelemetry).

Without a collector (setting ``otlp_endpoint``) every span is empty and costs microseconds. Attributes are codes, hosts and
numbers; never addresses with tokens, bodies or the text of an exception, because traces leave the house.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_TRACER: Final = trace.get_tracer("purveyor")
_WIRE: Final = TraceContextTextMapPropagator()
_HEADER: Final = "traceparent"

Facts = Mapping[str, str | int | bool]


@contextmanager
def span(name: str, kind: SpanKind, facts: Facts, *, parent: str = "", link: str = "") -> Iterator[Span]:
    """Open a span for the block; one that raises is marked with the class of the exception, never with its text.

    ``parent`` continues the trace of a ``traceparent``; ``link`` begins a new trace that points to an earlier one.
    """
    context = Context() if link else _WIRE.extract({_HEADER: parent}) if parent else None
    links = [Link(found.get_span_context()) for found in [_span_of(link)] if link and found.get_span_context().is_valid]
    with _TRACER.start_as_current_span(
        name, context, kind, dict(facts), links, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except Exception as error:
            opened.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def traceparent() -> str | None:
    """Return the current place in the trace as W3C ``traceparent``, None outside of any trace."""
    carrier: dict[str, str] = {}
    _WIRE.inject(carrier)
    return carrier.get(_HEADER)


def trace_id() -> str | None:
    """Return the id of the current trace as 32 hexadecimal digits, None outside of any trace."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


def _span_of(parent: str) -> Span:
    return trace.get_current_span(_WIRE.extract({_HEADER: parent}, Context()))
