"""HTTP as all connectors use it: bounded in time and size, no redirects, and every failure sorted into two kinds.

A success whose body is not what was agreed is a failure: proxies and log-in pages answer 200 too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from time import perf_counter
from typing import Final

import httpx
from opentelemetry.trace import SpanKind

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.spans import Facts, span

MAXIMUM_BODY: Final = 20_000_000
LONGEST_WAIT: Final = timedelta(hours=1)
"""No partner makes us wait longer, whatever it asks for."""
_TOO_MANY_DIGITS: Final = 6
RETRYABLE: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class AnswerLost(RetryableError):
    """The request left, but its answer never came: the other side may or may not have acted. Look before trying again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A received answer. ``body`` is decoded JSON with numbers as Decimal, or None when the body was no JSON."""

    status: int
    headers: Mapping[str, str]
    body: object
    text: str

    @property
    def ok(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Call:
    """One outbound call, for the record: never headers or bodies, they may hold secrets."""

    method: str
    url: str
    status: int | None
    seconds: float


class HttpTransport:
    """A client for one outside system; keeps connections open, never follows redirects, ignores proxy settings."""

    def __init__(
        self,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 15.0,
        record: Callable[[Call], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._record = record
        self._client = httpx.Client(
            base_url=base_url,
            headers=dict(headers or {}),
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Close the kept connections."""
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        json_body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one call and return whatever answer came.

        Raises RetryableError when nothing was sent, AnswerLost when it was sent and no answer came, PermanentError when the
        answer is larger than 20 MB.
        """
        sent_headers = dict(headers or {})
        if json_body is not None:
            content = json.dumps(json_body, separators=(",", ":")).encode("utf-8")
            sent_headers.setdefault("content-type", "application/json")
        request = self._client.build_request(method, path, content=content, headers=sent_headers, params=params)
        status: int | None = None
        started = perf_counter()
        # The host alone: paths and queries of partners may hold tokens.
        facts: Facts = {
            "http.request.method": method,
            "server.address": str(request.url.host),
            "server.port": request.url.port or 0,
        }
        try:
            with span(f"HTTP {method}", SpanKind.CLIENT, facts) as call:
                response = self._client.send(request, stream=True)
                try:
                    status = response.status_code
                    call.set_attribute("http.response.status_code", status)
                    reply = self._read(response)
                finally:
                    response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise RetryableError(f"{request.url.host} cannot be reached.", host=str(request.url.host)) from error
        except httpx.TransportError as error:
            raise AnswerLost(f"{request.url.host} did not answer in time.", host=str(request.url.host)) from error
        finally:
            if self._record is not None:
                self._record(Call(method, str(request.url.copy_with(query=None)), status, perf_counter() - started))
        return reply

    def _read(self, response: httpx.Response) -> Reply:
        chunks = bytearray()
        for chunk in response.iter_bytes():
            chunks += chunk
            if len(chunks) > MAXIMUM_BODY:
                raise PermanentError("The answer is larger than 20 MB.", host=str(response.url.host))
        text = chunks.decode(response.encoding or "utf-8", "replace")
        try:
            body: object = json.loads(text, parse_float=Decimal) if text else None
        except ValueError:
            body = None
        return Reply(response.status_code, response.headers, body, text)


def expect_success(reply: Reply, sentence: str) -> Reply:
    """Return a successful reply; else raise RetryableError (busy, broken) or PermanentError (refused) saying ``sentence``."""
    if reply.ok:
        return reply
    said = reply.text[:300]
    if reply.status in RETRYABLE:
        raise RetryableError(f"{sentence} It answers {reply.status}.", _retry_after(reply), status=reply.status, said=said)
    raise PermanentError(f"{sentence} It answers {reply.status}.", status=reply.status, said=said)


def _retry_after(reply: Reply) -> timedelta | None:
    """Read the wait asked for, in seconds or as an HTTP date (RFC 9110, 10.2.3), one hour at most; None when it is neither.

    A date is held against the Date of the same answer, so that two clocks which differ do no harm.
    """
    value = reply.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        few = value.lstrip("0") or "0"
        return min(timedelta(seconds=int(few)), LONGEST_WAIT) if len(few) < _TOO_MANY_DIGITS else LONGEST_WAIT
    until, sent = _http_date(value), _http_date(reply.headers.get("date", ""))
    return None if until is None or sent is None else min(max(until - sent, timedelta(0)), LONGEST_WAIT)


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
