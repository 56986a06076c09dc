"""A number and a span for each request, the number in every answer and log line, and the last resort when code fails.

The number comes from the caller when it is a UUID, else it is made here; failures are logged with it and answered as a
problem, so that even those carry our headers.
"""

from __future__ import annotations

import traceback
from uuid import UUID, uuid4

import structlog
from opentelemetry.trace import SpanKind
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from purveyor.spans import span
from purveyor.web.problems import answer, problem_of
from purveyor.web.refusals import InternalFault

HEADER = "X-Correlation-Id"
log = structlog.get_logger(__name__)


class Correlation:
    """Gives each request its number."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its number and put the number into the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        number = _number(request.headers.get(HEADER, ""))
        request.state.correlation_id = number

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = str(number)
                opened.set_attribute("http.response.status_code", message["status"])
            await send(message)

        facts = {"http.request.method": request.method, "correlation": str(number)}
        parent = request.headers.get("traceparent", "") if request.url.path.startswith("/v1/") else ""
        with (
            span(request.method, SpanKind.SERVER, facts, parent=parent) as opened,
            structlog.contextvars.bound_contextvars(correlation=str(number)),
        ):
            try:
                await self._app(scope, receive, numbered)
            finally:
                # The pattern of the route, never the address: that of a supplier's page is a secret.
                route = getattr(scope.get("route"), "path", "")
                opened.update_name(f"{request.method} {route}".strip())
                opened.set_attribute("http.route", route)


class Faults:
    """Answers what no other code answered: logs the fault with its number and tells the reader that number."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a fault before the answer began becomes a problem, a later one breaks the connection."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if scope["type"] != "http" or begun:
                raise
            request = Request(scope)
            # The stack as plain text: values of local variables may hold secrets and stay out of the log.
            number = str(request.state.correlation_id)
            log.error("request_failed", method=request.method, trace_id=number, stack=traceback.format_exc())
            await answer(request, problem_of(InternalFault()))(scope, receive, send)


def _number(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        return uuid4()
