"""Signing in at the company's own provider: to it with state, nonce and proof key, back with a code.

What was sent along is kept in a signed cookie of this browser for ten minutes, so that an answer nobody asked for is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from typing import Annotated, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from purveyor.app import company_sign_in
from purveyor.app.company_sign_in import GroupRoles, Newcomer, NotInvited
from purveyor.connectors.contract import ConnectorError
from purveyor.connectors.identity.oidc import Identity, OidcProvider
from purveyor.core.access import SYSTEM
from purveyor.core.errors import NotFound
from purveyor.core.ids import UserId
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.security import Guard, begin_session, own_address, page_router
from purveyor.web.signin.passwords import count_try

COOKIE: Final = "company-sign-in"
SECONDS: Final = 600
BYTES: Final = 32

router = page_router("/sign-in/company")


@router.get("")
def leave(request: Request, after: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Go to the provider."""
    provider = _provider(request)
    state, nonce, verifier = (secrets.token_urlsafe(BYTES) for _ in range(3))
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        now = tx.real_now
    try:
        address = provider.authorization_address(state, nonce, verifier, _back(request), now)
    except ConnectorError:
        return _no(request, gettext(request.state.viewer.locale)("The company sign-in cannot be reached now. Try again later."))
    response = RedirectResponse(address, 303)
    guard: Guard = request.app.state.guard
    guard.set_cookie(response, COOKIE, _signed(request, [state, nonce, verifier, own_address(after)]), max_age=SECONDS)
    return response


@router.get("/back")
def come_back(request: Request, code: Annotated[str, Query()] = "", state: Annotated[str, Query()] = "") -> Response:
    """Take the provider's answer and start a session for whom it stands."""
    _ = gettext(request.state.viewer.locale)
    provider = _provider(request)
    count_try(request, "company sign-in " + (request.client.host if request.client else ""))
    kept = _unsigned(request)
    if kept is None or not code or not hmac.compare_digest(kept[0].encode(), state.encode()):
        return _no(request, _("This answer of the company sign-in was not asked for, or came too late. Try again."))
    _state, nonce, verifier, after = kept
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        now = tx.real_now
    try:
        identity = provider.identify(code, nonce, verifier, _back(request), now)
        user_id = _admit(request, provider, identity)
    except ConnectorError:
        return _no(request, _("The company sign-in did not vouch for you. Try again, or ask your IT."))
    except NotInvited as refused:
        return _no(request, _(refused.message))
    response = go_to(request, own_address(after))
    response.delete_cookie(COOKIE)
    begin_session(request, response, user_id)
    return response


def _admit(request: Request, provider: OidcProvider, identity: Identity) -> UserId:
    settings = provider.settings
    domain = (identity.mail or "").rpartition("@")[2].lower()
    who = Newcomer(identity.issuer, identity.subject, identity.mail, identity.name, domain in settings.allowed_domains)
    held = [GroupRoles(each.roles, each.business_units) for each in settings.grants if each.group in identity.groups]
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="company sign-in") as tx:
        return company_sign_in.admit(tx, who, held, ruled_by_groups=bool(settings.grants))


def _provider(request: Request) -> OidcProvider:
    provider: OidcProvider | None = request.app.state.provider
    if provider is None:
        raise NotFound(page="company sign-in")
    return provider


def _back(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return f"{settings.base_url}/sign-in/company/back"


def _no(request: Request, text: str) -> Response:
    response = go_to(request, "/sign-in", text, "bad")
    response.delete_cookie(COOKIE)
    return response


def _signed(request: Request, kept: list[str]) -> str:
    content = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()
    return f"{content}.{_signature(request, content)}"


def _unsigned(request: Request) -> list[str] | None:
    content, _, signature = request.cookies.get(COOKIE, "").partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(request, content).encode()):
        return None
    try:
        kept: list[str] = json.loads(base64.urlsafe_b64decode(content))
    except (binascii.Error, ValueError):
        return None
    return kept


def _signature(request: Request, content: str) -> str:
    guard: Guard = request.app.state.guard
    return hmac.digest(guard.code_key, f"{COOKIE} {content}".encode(), "sha256").hex()
