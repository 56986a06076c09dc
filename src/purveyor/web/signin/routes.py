"""The sign-in page and what it does: the same words and the same time for every wrong pair of name and password."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Form, Query
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import SYSTEM
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.navigation import Part
from purveyor.web.refusals import SignInRefused, TooManyTries
from purveyor.web.security import THEMES, Guard, begin_session, end_session, page_router
from purveyor.web.templating import page

PER_NAME: Final = RateLimitItemPerHour(20)
PER_ADDRESS: Final = RateLimitItemPerMinute(15)
THEME_SECONDS: Final = 365 * 24 * 3600
_AT_ONCE: Final = BoundedSemaphore(2)
"""Argon2 takes a third of a second on purpose: two at a time, so that a flood of sign-ins leaves a core for the others."""

router = page_router()


class Tries:
    """Counts tries by name and by address, in this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, login: str, address: str) -> None:
        """Count one try; raise TooManyTries when the name or the address has had too many, known or not."""
        by_name = self._limiter.hit(PER_NAME, "name", login.casefold())
        by_address = self._limiter.hit(PER_ADDRESS, "address", address)
        if not (by_name and by_address):
            raise TooManyTries


@router.get("/sign-in", name="sign_in_page")
def sign_in_page(request: Request, after: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Ask for name and password."""
    return page(request, "signin/sign_in.html", after=after, login="", refused=None)


@router.post("/sign-in")
def sign_in(
    request: Request,
    login: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    after: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Sign in, or show the page again with one sentence that does not say which half was wrong."""
    database: Database = request.app.state.database
    tries: Tries = request.app.state.tries
    tries.count(login, request.client.host if request.client else "")
    with database.read(SYSTEM) as tx:
        account = logins.account(tx, login.strip())
    with _AT_ONCE:
        fits = logins.password_fits(account, password)
    if account is None or not fits:
        refused = SignInRefused().message
        return page(request, "signin/sign_in.html", status=401, after=after, login=login, refused=refused)
    response = go_to(request, own_address(after))
    begin_session(request, response, account.user_id)
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session of this browser."""
    _ = gettext(request.state.viewer.locale)
    response = go_to(request, "/sign-in", _("You are signed out."), "info")
    end_session(request, response)
    return response


@router.post("/preferences/theme")
def choose_theme(request: Request, theme: Annotated[str, Form()] = "") -> Response:
    """Keep the choice of colours in a cookie; an empty choice follows the system."""
    guard: Guard = request.app.state.guard
    response = go_to(request, own_address(urlsplit(request.headers.get("referer", "/")).path))
    if theme in THEMES:
        guard.set_cookie(response, "theme", theme, max_age=THEME_SECONDS)
    else:
        response.delete_cookie("theme")
    return response


def own_address(wanted: str) -> str:
    """Return an address on this site: the wanted one if it is one, else the start page."""
    parts = urlsplit(wanted)
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if local and wanted.isprintable() else "/"


PART: Final = Part("signin", (router,))
