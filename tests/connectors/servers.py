"""A real HTTP server on loopback whose answers a test scripts: the partner on a good or a bad day."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One request as the partner saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as an object."""
        loaded = json.loads(self.body)
        assert isinstance(loaded, dict)
        return loaded


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Partner:
    """``answer`` makes the reply to each request; ``silence`` seconds pass before it is sent."""

    answer: Callable[[Received], Answer]
    received: list[Received] = field(default_factory=list)
    silence: float = 0.0
    url: str = ""


@contextmanager
def a_partner(answer: Callable[[Received], Answer]) -> Iterator[Partner]:
    """Run a partner's server for the length of a test."""
    partner = Partner(answer)

    class Handler(BaseHTTPRequestHandler):
        def answer_request(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.command, self.path, headers, self.rfile.read(length))
            partner.received.append(received)
            time.sleep(partner.silence)
            status, answer_headers, body = partner.answer(received)
            try:
                self.send_response(status)
                for name, value in answer_headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except BrokenPipeError:
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = answer_request

        def log_message(self, format: str, *args: object) -> None:
            """Tests read the received list, not a log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    partner.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield partner
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    return status, {"content-type": "application/json", **headers}, json.dumps(value).encode()
