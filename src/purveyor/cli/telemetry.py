"""Send traces to a collector for as long as a process runs, if the settings name one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from purveyor.settings import Settings

EXPORT_SECONDS: Final = 5


@contextmanager
def traced(settings: Settings, process: str) -> Iterator[None]:
    """Export spans over OTLP/HTTP while the block runs; without ``otlp_endpoint`` nothing is loaded and nothing is sent."""
    if settings.otlp_endpoint is None:
        yield
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {"service.name": f"purveyor-{process}", "service.namespace": "purveyor", "service.version": version("purveyor")}
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint.rstrip("/") + "/v1/traces", timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
