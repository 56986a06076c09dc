"""The second step of signing in: a code, or a recovery code; setting the generator up; proving again that it is you.

After the password comes a session that opens nothing but these pages. Each success starts a session with a new token.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Form, Query
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import access_links, second_factor
from purveyor.core.access import SYSTEM, Actor
from purveyor.core.ids import UserId
from purveyor.settings import Settings
from purveyor.store import logins, second_factors, sign_in_tries
from purveyor.store import people as accounts
from purveyor.store.db import Database, Tx
from purveyor.store.people import Person
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.refusals import NotSignedIn, StepUpNeeded
from purveyor.web.security import Guard, begin_session, own_address, page_router, signed_in
from purveyor.web.signin import codes
from purveyor.web.signin.passwords import count_try
from purveyor.web.templating import page

FRESH: Final = timedelta(minutes=5)
"""How long a code counts as proof for what asks for one again."""
Code = Annotated[str, Form(max_length=60)]
After = Annotated[str, Form(alias="next", max_length=500)]

router = page_router()


def open_for(request: Request, user_id: UserId, after: str) -> Response:
    """Go on after a right password: into the product, or to the second step that the account or its roles ask for."""
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        person = accounts.one(tx, user_id)
    if not person.has_second_factor and not asked_of(request, person):
        response = go_to(request, own_address(after))
        begin_session(request, response, user_id)
        return response
    step = "/sign-in/code" if person.has_second_factor else "/sign-in/set-up"
    target = request.url.replace(path=step, query="").include_query_params(next=own_address(after))
    response = go_to(request, f"{target.path}?{target.query}")
    begin_session(request, response, user_id, half=True)
    return response


def asked_of(request: Request, person: Person) -> bool:
    """Say whether the settings ask one of the person's roles for a second factor."""
    settings: Settings = request.app.state.settings
    return bool({role.value for role in person.roles} & set(settings.second_factor_roles.split()))


def require_fresh_proof(request: Request, actor: Actor) -> None:
    """Raise StepUpNeeded when the actor has a second factor and did not prove it in the last five minutes."""
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        proved_at = request.state.stepped_up_at
        stale = proved_at is None or proved_at < tx.real_now - FRESH
        if actor.id is not None and stale and second_factors.sealed_secret(tx, actor.id) is not None:
            raise StepUpNeeded


@router.get("/sign-in/code", name="code_page")
def code_page(request: Request, after: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Ask for the code after the password, or again from who is signed in."""
    _who(request)
    return _ask(request, after, None)


@router.post("/sign-in/code")
def check_code(request: Request, code: Code = "", after: After = "/") -> Response:
    """Take a code of the generator or a recovery code; each counts once."""
    _ = gettext(request.state.viewer.locale)
    user_id = _who(request)
    count_try(request, f"code {user_id}")
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        right = not sign_in_tries.resting(tx, user_id) and _spend(request, tx, user_id, code)
        if right:
            sign_in_tries.forget(tx, user_id)
        else:
            access_links.note_wrong_try(tx, user_id)
    if not right:
        return _ask(request, after, _("This code is not right, or was used before. Wait for the next one."))
    response = go_to(request, own_address(after))
    begin_session(request, response, user_id, proved=True)
    return response


@router.get("/sign-in/set-up")
def set_up_page(request: Request, after: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Show the picture to scan, and ask for the first code."""
    person = _setting_up(request)
    return _show(request, person, codes.new_secret(), after, None)


@router.post("/sign-in/set-up")
def set_up(request: Request, sealed: Annotated[str, Form(max_length=400)] = "", code: Code = "", after: After = "/") -> Response:
    """Take the first code of a new generator; show the recovery codes, this once."""
    _ = gettext(request.state.viewer.locale)
    person = _setting_up(request)
    count_try(request, f"code {person.id}")
    secret = _opened(request, person.id, sealed)
    if secret is None:
        return _show(request, person, codes.new_secret(), after, _("Scan this new picture, then enter its code."))
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        step = codes.step_of(secret, code, tx.real_now)
        shown = () if step is None else second_factor.set_up(tx, person.id, codes.seal(_key(request), person.id, secret), step)
    if not shown:
        return _show(request, person, secret, after, _("This code is not right. Is the clock of your device right?"))
    response = page(request, "signin/recovery.html", codes=shown, after=own_address(after))
    begin_session(request, response, person.id, proved=True)
    return response


def _who(request: Request) -> UserId:
    """Return who stands before the second step: after the password, or signed in; raise NotSignedIn."""
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        half = logins.resolve_half_session(tx, request.state.login_token)
    if half is not None:
        return half
    actor = signed_in(request)
    if actor.id is None:
        raise NotSignedIn
    return UserId(actor.id)


def _setting_up(request: Request) -> Person:
    """Return who may set a generator up: who has none, or proved the one he has just now."""
    user_id = _who(request)
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        person = accounts.one(tx, user_id)
    if person.has_second_factor:
        require_fresh_proof(request, signed_in(request))
    return person


def _spend(request: Request, tx: Tx, user_id: UserId, code: str) -> bool:
    sealed = second_factors.sealed_secret(tx, user_id)
    secret = None if sealed is None else codes.unseal(_key(request), user_id, sealed)
    step = None if secret is None else codes.step_of(secret, code, tx.real_now)
    return second_factors.spend(tx, user_id, step) if step is not None else second_factor.recover(tx, user_id, code)


def _opened(request: Request, user_id: UUID, sealed: str) -> str | None:
    try:
        return codes.unseal(_key(request), user_id, base64.urlsafe_b64decode(sealed))
    except (binascii.Error, ValueError):
        return None


def _key(request: Request) -> bytes:
    guard: Guard = request.app.state.guard
    return guard.code_key


def _ask(request: Request, after: str, wrong: str | None) -> Response:
    status = 200 if wrong is None else 401
    return page(request, "signin/code.html", status=status, after=own_address(after), wrong=wrong)


def _show(request: Request, person: Person, secret: str, after: str, wrong: str | None) -> Response:
    return page(
        request,
        "signin/set_up.html",
        status=200 if wrong is None else 422,
        picture=codes.picture(secret, person.login),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        sealed=base64.urlsafe_b64encode(codes.seal(_key(request), person.id, secret)).decode(),
        after=own_address(after),
        wrong=wrong,
    )
