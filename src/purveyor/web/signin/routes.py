"""The sign-in page and what it does: the same words and the same time for every wrong pair of name and password."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

from fastapi import Form, Query
from starlette.requests import Request
from starlette.responses import Response

from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.navigation import Part
from purveyor.web.refusals import SignInRefused
from purveyor.web.security import THEMES, Guard, end_session, own_address, page_router
from purveyor.web.signin import company, second_factor
from purveyor.web.signin.passwords import whose_password
from purveyor.web.signin.second_factor import open_for
from purveyor.web.templating import page

THEME_SECONDS: Final = 365 * 24 * 3600

router = page_router()


@router.get("/sign-in", name="sign_in_page")
def sign_in_page(request: Request, after: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Ask for name and password."""
    return _page(request, after, "", None)


@router.post("/sign-in")
def sign_in(
    request: Request,
    login: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    after: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Sign in, or show the page again with one sentence that does not say which half was wrong."""
    user_id = whose_password(request, login, password)
    if user_id is None:
        refused = SignInRefused().message
        return _page(request, after, login, refused)
    return open_for(request, user_id, after)


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


def _page(request: Request, after: str, login: str, refused: str | None) -> Response:
    company_address = None
    if request.app.state.provider is not None:
        company_address = f"/sign-in/company?{urlencode({'next': own_address(after)})}"
    return page(
        request,
        "signin/sign_in.html",
        status=200 if refused is None else 401,
        after=after,
        login=login,
        refused=refused,
        company_address=company_address,
    )


PART: Final = Part("signin", (router, second_factor.router, company.router))
