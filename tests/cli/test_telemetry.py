"""Traces leave a process only when a collector is named, and then all of them, the last ones included."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

ONE_SPAN = """
import sys
from pathlib import Path
from opentelemetry.trace import SpanKind
from purveyor.cli.telemetry import traced
from purveyor.settings import Settings
from purveyor.spans import span

with traced(Settings(data_dir=Path("unused"), otlp_endpoint=sys.argv[1] or None), "worker"):
    with span("job note", SpanKind.CONSUMER, {"job.kind": "note"}):
        pass
    print("opentelemetry.sdk.trace" in sys.modules)
"""


@contextmanager
def a_collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector on the loopback address, and what it was sent."""
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()


def run_one_span(collector: str) -> str:
    return subprocess.run([sys.executable, "-c", ONE_SPAN, collector], capture_output=True, text=True, check=True).stdout.strip()


def test_spans_reach_the_collector_before_the_process_ends() -> None:
    with a_collector() as (address, received):
        loaded = run_one_span(address)

    [(path, body)] = received
    [sent] = ExportTraceServiceRequest.FromString(body).resource_spans
    told = {each.key: each.value.string_value for each in sent.resource.attributes}
    assert (path, loaded, told["service.name"]) == ("/v1/traces", "True", "purveyor-worker")
    assert [each.name for each in sent.scope_spans[0].spans] == ["job note"]


def test_without_a_collector_the_exporter_is_not_even_loaded() -> None:
    assert run_one_span("") == "False"
