"""My account: password and sessions; asking for a link when the password is gone; the page behind such a link.

Opening a link shows a page and never acts; its form sets the password and ends the link.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import access_links, people
from purveyor.core.access import SYSTEM, SYSTEM_SCOPE, Actor
from purveyor.core.accounts import check_password
from purveyor.core.errors import InvalidInput
from purveyor.core.events.account import SessionsEnded, user_stream
from purveyor.core.ids import UserId
from purveyor.store import events, logins, second_factors
from purveyor.store import people as accounts
from purveyor.store.db import Database
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.navigation import Part
from purveyor.web.refusals import SignInRefused
from purveyor.web.security import SignedIn, begin_session, page_router
from purveyor.web.signin.passwords import count_try, whose_password
from purveyor.web.templating import page

Secret = Annotated[str, Form(max_length=1000)]

router = page_router()


@router.get("/account")
def account_page(request: Request, actor: SignedIn) -> Response:
    """How do I sign in, and where am I signed in?"""
    return _account(request, actor, {})


@router.post("/account/password")
def change_password(request: Request, actor: SignedIn, old: Secret = "", new: Secret = "", again: Secret = "") -> Response:
    """Change the own password, knowing the old one; every other session ends."""
    _ = gettext(request.state.viewer.locale)
    own = _own(actor)
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        login = logins.login_of(tx, own)
    errors = _wrong_pair(request, new, again)
    if not errors and whose_password(request, login, old) != own:
        errors = {"old": _("This is not your password.")}
    if errors:
        return _account(request, actor, errors)
    with database.transaction(actor, SYSTEM_SCOPE, request.state.correlation_id, source="web") as tx:
        people.set_password(tx, own, new, way="own")
    response = go_to(request, "/account", _("Your password is changed; you are signed out everywhere else."))
    begin_session(request, response, own)
    return response


@router.post("/account/sessions/end")
def end_sessions(request: Request, actor: SignedIn) -> Response:
    """End the own sessions in every other browser."""
    _ = gettext(request.state.viewer.locale)
    own = _own(actor)
    database: Database = request.app.state.database
    with database.transaction(actor, SYSTEM_SCOPE, request.state.correlation_id, source="web") as tx:
        ended = logins.end_other_sessions(tx, own, request.state.login_token)
        events.append(tx, [SessionsEnded(stream=user_stream(own), sessions=ended)])
    return go_to(request, "/account", _("You are signed out everywhere else."))


@router.get("/forgotten")
def forgotten_page(request: Request) -> Response:
    """Ask for the name of who has no password, or forgot it."""
    return page(request, "account/forgotten.html")


@router.post("/forgotten")
def send_link(request: Request, login: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Send a link to set a password, if there is such a person; the answer is the same if there is none."""
    _ = gettext(request.state.viewer.locale)
    count_try(request, login)
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        access_links.forgotten(tx, login.strip())
    return go_to(request, "/sign-in", _("If we know this name and its mail address, a link is on its way there."), "info")


@router.get("/welcome/{token}")
def welcome_page(request: Request, token: str) -> Response:
    """Show the form behind a link; raises LinkOver."""
    return _welcome(request, token, {})


@router.post("/welcome/{token}")
def set_password(request: Request, token: str, new: Secret = "", again: Secret = "") -> Response:
    """Set the password and end the link; then the person signs in with it."""
    _ = gettext(request.state.viewer.locale)
    count_try(request, token)
    errors = _wrong_pair(request, new, again)
    if errors:
        return _welcome(request, token, errors)
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        access_links.set_password(tx, token, new)
    return go_to(request, "/sign-in", _("Your password is set. Sign in with it."))


def _wrong_pair(request: Request, new: str, again: str) -> dict[str, str]:
    _ = gettext(request.state.viewer.locale)
    try:
        check_password(new)
    except InvalidInput:
        return {"new": _("Take at least 12 characters, for example four words that do not belong together.")}
    return {} if new == again else {"again": _("The two are not the same.")}


def _welcome(request: Request, token: str, errors: Mapping[str, str]) -> Response:
    database: Database = request.app.state.database
    with database.read(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        person = access_links.open_link(tx, token)
    status = 422 if errors else 200
    return page(request, "account/welcome.html", status=status, person=person, token=token, errors=errors)


def _own(actor: Actor) -> UserId:
    if actor.id is None:
        raise SignInRefused
    return UserId(actor.id)


def _account(request: Request, actor: Actor, errors: Mapping[str, str]) -> Response:
    own = _own(actor)
    database: Database = request.app.state.database
    with database.read(actor, SYSTEM_SCOPE, request.state.correlation_id, source="web") as tx:
        person = accounts.one(tx, own)
        sessions = logins.sessions_of(tx, own, request.state.login_token)
        recovery_codes = second_factors.recovery_codes_left(tx, own)
        now = tx.real_now
    return page(
        request,
        "account/account.html",
        now=now,
        status=422 if errors else 200,
        person=person,
        sessions=sessions,
        recovery_codes=recovery_codes,
        errors=errors,
    )


PART: Final = Part("account", (router,))
