"""Who is in front of a page, and whether a form that changes something really came from that person's page.

Login sessions live in the database; the browser holds a random token only. Every change needs three things at once: a
same-site cookie, an origin that is ours, and the token of the form.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from purveyor.core.access import SYSTEM, Actor
from purveyor.settings import InvalidSettings, Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.flashes import read_flash
from purveyor.web.keys import derived, secret_key
from purveyor.web.problems import FOR_PROGRAMS, answer, problem_of
from purveyor.web.refusals import ForeignOrigin, FormExpired, NotSignedIn
from purveyor.web.viewer import Viewer

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
THEMES: Final = ("light", "dark")
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Guard:
    """How this installation's cookies are called and signed, and which origin is its own."""

    encrypted: bool
    origin: str
    form_key: bytes
    flash_key: bytes
    cursor_key: bytes
    code_key: bytes

    @property
    def cookie(self) -> str:
        """The login cookie; the prefix makes browsers refuse it unless it is secure and ours alone."""
        return "__Host-purveyor" if self.encrypted else "purveyor"

    def form_token(self, login_token: str) -> str:
        """Return the token of forms shown to the holder of a login token."""
        return hmac.digest(self.form_key, login_token.encode(), "sha256").hex()

    def set_cookie(self, response: Response, name: str, value: str, max_age: int | None = None) -> None:
        """Set a cookie that scripts cannot read and other sites cannot send."""
        response.set_cookie(name, value, max_age=max_age, secure=self.encrypted, httponly=True, samesite="lax")


def guard_of(settings: Settings) -> Guard:
    """Build the guard; raise InvalidSettings when people would sign in over an open network without encryption."""
    address = urlsplit(settings.base_url)
    if address.scheme != "https" and address.hostname not in LOOPBACK:
        raise InvalidSettings(setting="base_url", reason="must be https unless it is a loopback address")
    key = secret_key(settings)
    return Guard(
        encrypted=address.scheme == "https",
        origin=address.netloc,
        form_key=derived(key, "form"),
        flash_key=derived(key, "flash"),
        cursor_key=derived(key, "cursor"),
        code_key=derived(key, "second factor"),
    )


class Visitors:
    """Gives each request a viewer who is nobody yet, and each new browser the token that its first form needs.

    Requests that change something and come from another origin end here.
    """

    def __init__(self, app: ASGIApp, *, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its viewer, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith(FOR_PROGRAMS):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        token = request.cookies.get(self._guard.cookie, "")
        fresh = not token
        token = token or secrets.token_urlsafe(TOKEN_BYTES)
        theme = request.cookies.get("theme")
        request.state.login_token = token
        request.state.viewer = Viewer(csrf_token=self._guard.form_token(token), theme=theme if theme in THEMES else None)
        request.state.flash = read_flash(request, self._guard.flash_key)
        if request.method not in SAFE_METHODS and _is_foreign(request, self._guard):
            await answer(request, problem_of(ForeignOrigin()))(scope, receive, send)
            return
        had_flash = request.state.flash is not None

        async def with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete_cookies(message, self._guard, token if fresh else None, forget_flash=had_flash)
            await send(message)

        await self._app(scope, receive, with_cookies)


def _complete_cookies(message: Message, guard: Guard, new_token: str | None, *, forget_flash: bool) -> None:
    headers = MutableHeaders(scope=message)
    if not headers.get("content-type", "").startswith("text/html"):
        return
    already = " ".join(headers.getlist("set-cookie"))
    extra = Response()
    if new_token is not None and f"{guard.cookie}=" not in already:
        guard.set_cookie(extra, guard.cookie, new_token)
    if forget_flash and "flash=" not in already:
        extra.delete_cookie("flash")
    for value in extra.headers.getlist("set-cookie"):
        headers.append("set-cookie", value)


def _is_foreign(request: Request, guard: Guard) -> bool:
    """Browsers say where a request came from; programs that say nothing still need the token of a form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc not in (guard.origin, request.headers.get("host"))


async def check_form(request: Request) -> None:
    """Raise FormExpired unless the form carries the token of the page it was shown on."""
    if request.method in SAFE_METHODS:
        return
    sent = (await request.form()).get("csrf_token", "")
    if not isinstance(sent, str) or not secrets.compare_digest(sent.encode(), request.state.viewer.csrf_token.encode()):
        raise FormExpired


def signed_in(request: Request) -> Actor:
    """Return who is signed in, read from the database for each request; raise NotSignedIn.

    The viewer of the page gets name, language, time zone and roles.
    """
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        found = logins.resolve_session(tx, request.state.login_token)
    if found is None:
        raise NotSignedIn
    request.state.viewer = replace(
        request.state.viewer, actor=found.actor, name=found.name, locale=found.locale, time_zone=found.time_zone
    )
    request.state.stepped_up_at = found.stepped_up_at
    return found.actor


SignedIn = Annotated[Actor, Depends(signed_in)]
"""What a route asks for to know who acts: `def page(request: Request, actor: SignedIn)`."""


def page_router(prefix: str = "") -> APIRouter:
    """Return a router for pages: whatever changes something checks the form's token; the API's description omits it."""
    return APIRouter(prefix=prefix, dependencies=[Depends(check_form)], include_in_schema=False, default_response_class=Response)


def own_address(wanted: str) -> str:
    """Return an address on this site: the wanted one if it is one, else the start page."""
    parts = urlsplit(wanted)
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if local and wanted.isprintable() else "/"


def begin_session(request: Request, response: Response, user_id: UUID, *, half: bool = False, proved: bool = False) -> None:
    """Sign a person in: end the session this browser had, start a new one with a new token, set the cookie.

    ``half``: the second factor is still to come. ``proved``: it was given just now.
    """
    database: Database = request.app.state.database
    guard: Guard = request.app.state.guard
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        logins.end_session(tx, request.state.login_token)
        token = logins.start_session(tx, user_id, half=half, proved=proved)
    guard.set_cookie(response, guard.cookie, token)


def end_session(request: Request, response: Response) -> None:
    """Sign the person of this browser out and forget the token."""
    database: Database = request.app.state.database
    guard: Guard = request.app.state.guard
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        logins.end_session(tx, request.state.login_token)
    attributes: dict[str, Any] = {"secure": guard.encrypted, "httponly": True, "samesite": "lax"}
    response.delete_cookie(guard.cookie, **attributes)
