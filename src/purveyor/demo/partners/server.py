"""A small HTTP server on loopback whose answers a story or a test scripts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True)
class Received:
    """One request as the partner saw it; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """Return the body as an object; raise ValueError when it is none."""
        loaded = json.loads(self.body)
        if not isinstance(loaded, dict):
            raise ValueError("the body is no JSON object")
        return loaded


@dataclass(frozen=True)
class Answer:
    """What the partner replies."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Build a JSON answer."""
    return Answer(status, json.dumps(value).encode("utf-8"), {"content-type": "application/json", **(headers or {})})


class Partner:
    """A partner's server. ``answer`` makes each reply; ``silence`` is how many seconds pass before it is sent.

    An answer of None drops the connection without a word.
    """

    def __init__(self, answer: Callable[[Received], Answer | None], port: int = 0) -> None:
        self.answer = answer
        self.silence = 0.0
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Partner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        partner = self

        class Handler(BaseHTTPRequestHandler):
            def answer_request(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.command, self.path, headers, self.rfile.read(length))
                partner.received.append(received)
                time.sleep(partner.silence)
                reply = partner.answer(received)
                self.close_connection = True
                if reply is None:
                    return
                try:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(reply.body)))
                    self.end_headers()
                    self.wfile.write(reply.body)
                except ConnectionError:
                    return

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer_request

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: stories and tests read ``received``."""

        return Handler
