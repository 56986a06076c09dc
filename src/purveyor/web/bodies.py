"""What may come in at all: size, and for JSON depth, unique keys, finite numbers and storable text.

Checked before any route sees the body, so that each refusal is a clear problem and no parser further in can be surprised.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NoReturn

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from purveyor.web.problems import answer, problem_of
from purveyor.web.refusals import BodyTooLarge, MalformedBody

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_EXPONENT: Final = 300
_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


class BodyLimits:
    """Reads each body once, refuses what no route could use, and hands the rest on."""

    def __init__(self, app: ASGIApp, *, max_bytes: int = MAX_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with the problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await self._read(request)
            _check_text(scope, request.headers.get("content-type", ""), body)
        except (BodyTooLarge, MalformedBody) as error:
            await answer(request, problem_of(error))(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)

    async def _read(self, request: Request) -> bytes:
        announced = request.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self._max_bytes:
            raise BodyTooLarge(limit_bytes=self._max_bytes)
        parts: list[bytes] = []
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > self._max_bytes:
                raise BodyTooLarge(limit_bytes=self._max_bytes)
            parts.append(part)
        return b"".join(parts)


def check_json(body: bytes) -> None:
    """Raise MalformedBody unless the bytes are JSON that every later step can handle."""
    if _depth(body) > MAX_DEPTH:
        raise MalformedBody(reason=f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_in_range)
    except (ValueError, UnicodeDecodeError) as error:
        raise MalformedBody(reason=f"not JSON: {error}") from error
    _check_storable(value)


def _check_text(scope: Scope, content_type: str, body: bytes) -> None:
    if b"%00" in scope.get("query_string", b"") or "\x00" in scope["path"]:
        raise MalformedBody(reason="the address contains a NUL character")
    kind = content_type.partition(";")[0].strip().lower()
    if body and (kind == "application/json" or kind.endswith("+json")):
        check_json(body)
    if kind in _FORMS and (b"%00" in body or b"\x00" in body):
        raise MalformedBody(reason="a value contains a NUL character")


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.finditer(_TEXT.sub(b"", body)):
        depth += 1 if bracket.group() in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _unique(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise MalformedBody(reason=f"the name {next(n for n in names if names.count(n) > 1)!r} appears twice in one object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise MalformedBody(reason=f"{name} is not a JSON number")


def _in_range(text: str) -> Decimal:
    value = Decimal(text)
    if value.adjusted() > MAX_EXPONENT:
        raise MalformedBody(reason=f"{text} is out of range")
    return value


def _check_storable(value: object) -> None:
    """Refuse NUL characters and lone surrogates, which no database and no UTF-8 text can hold."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise MalformedBody(reason="a text contains a NUL character or half of a surrogate pair")
    elif isinstance(value, Mapping):
        for name, part in value.items():
            _check_storable(name)
            _check_storable(part)
    elif isinstance(value, list):
        for part in value:
            _check_storable(part)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receive function that gives the body that was read, then whatever comes (the client leaving)."""
    given = False

    async def repeat() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return repeat
