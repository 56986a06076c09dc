"""People: who may sign in, with which roles where, who holds approval roles; inviting, ending access, letting in again.

For those who manage people; auditors read. Accounts are seen by the product alone, so everything here runs in system scope and
is limited to people of the reader's own business units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import access_links, approve, people, second_factor
from purveyor.app.people import NewPerson
from purveyor.core.access import SYSTEM_SCOPE, Actor, Permission, Role
from purveyor.core.errors import InvalidInput, NotFound
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.core.parties import BusinessUnit
from purveyor.store import approvers, masters
from purveyor.store import people as accounts
from purveyor.store.db import Database, Tx
from purveyor.store.people import Person
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext, locales, marked
from purveyor.web.navigation import NavItem, Part
from purveyor.web.people.terms import may_approve, state_of
from purveyor.web.security import SignedIn, page_router
from purveyor.web.signin.second_factor import require_fresh_proof
from purveyor.web.templating import page
from purveyor.web.workbench.terms import APPROVAL_ROLE

HOME: Final = "/settings/people"
STAFF: Final = tuple(role for role in Role if role is not Role.SUPPLIER)
Short = Annotated[str, Form(max_length=200)]
Roles = Annotated[list[Role], Form(default_factory=list)]
Units = Annotated[list[UUID], Form(default_factory=list)]

router = page_router(HOME)


@router.get("")
def list_page(request: Request, actor: SignedIn) -> Response:
    """Who may sign in, and with which roles?"""
    return _list(request, actor, {}, {})


@router.post("")
def add(
    request: Request, actor: SignedIn, roles: Roles, units: Units, login: Short = "", name: Short = "", mail: Short = ""
) -> Response:
    """Add a person with roles in business units and send the invitation."""
    actor.require(Permission.USER_MANAGE)
    _ = gettext(request.state.viewer.locale)
    typed: dict[str, Any] = {"login": login.strip(), "name": name.strip(), "mail": mail.strip()}
    errors = {field: _("Fill this in.") for field, text in typed.items() if not text}
    typed |= {"roles": roles, "units": units}
    if errors:
        return _list(request, actor, typed, errors)
    viewer = request.state.viewer
    new = NewPerson(typed["login"], typed["name"], typed["mail"], viewer.time_zone, viewer.locale)

    def work(tx: Tx) -> None:
        user_id = people.add(tx, new, roles, [BusinessUnitId(unit) for unit in units])
        access_links.invite(tx, user_id)

    try:
        _managing(request, actor, work)
    except InvalidInput as refused:
        return _list(request, actor, typed, _said(refused))
    return go_to(request, HOME, _("Added; the invitation is on its way."))


@router.get("/{user_id:uuid}")
def person_page(request: Request, user_id: UUID, actor: SignedIn) -> Response:
    """What may this person do, and how does he get in?"""
    return _person(request, actor, user_id, {})


@router.post("/{user_id:uuid}/details")
def change_details(
    request: Request, user_id: UUID, actor: SignedIn, name: Short = "", mail: Short = "", language: Short = "en"
) -> Response:
    """Change name, mail address and language."""
    _ = gettext(request.state.viewer.locale)
    values = {"display_name": name.strip(), "mail": mail.strip() or None, "locale": language}

    def work(tx: Tx) -> None:
        if not name.strip() or language not in locales():
            raise InvalidInput(field="name", reason=_("Fill this in."))
        people.change(tx, UserId(user_id), values)

    return _act(request, actor, user_id, work, _("Saved."))


@router.post("/{user_id:uuid}/roles")
def set_roles(request: Request, user_id: UUID, actor: SignedIn, roles: Roles, units: Units) -> Response:
    """Give exactly these roles in exactly these business units."""
    _ = gettext(request.state.viewer.locale)
    own = [BusinessUnitId(unit) for unit in units]
    done = _("Saved. The person signs in again with the new roles.")
    return _act(request, actor, user_id, lambda tx: people.set_roles(tx, UserId(user_id), roles, own), done)


@router.post("/{user_id:uuid}/invite")
def invite(request: Request, user_id: UUID, actor: SignedIn) -> Response:
    """Send a link to set a password."""
    _ = gettext(request.state.viewer.locale)
    done = _("A mail with a link is on its way; earlier links are over.")
    return _act(request, actor, user_id, lambda tx: access_links.invite(tx, UserId(user_id)), done)


@router.post("/{user_id:uuid}/end")
def end_access(request: Request, user_id: UUID, actor: SignedIn) -> Response:
    """End the access of a person at once."""
    _ = gettext(request.state.viewer.locale)
    done = _("Access has ended. Open approvals went to the next of their role.")
    return _act(request, actor, user_id, lambda tx: people.end_access(tx, UserId(user_id)), done)


@router.post("/{user_id:uuid}/restore")
def restore_access(request: Request, user_id: UUID, actor: SignedIn) -> Response:
    """Let a person in again."""
    _ = gettext(request.state.viewer.locale)
    return _act(
        request, actor, user_id, lambda tx: people.restore_access(tx, UserId(user_id)), _("The person may sign in again.")
    )


@router.post("/{user_id:uuid}/second-factor/remove")
def remove_second_factor(request: Request, user_id: UUID, actor: SignedIn) -> Response:
    """Take a lost second factor away."""
    _ = gettext(request.state.viewer.locale)
    done = _("The second factor is removed; the person sets up a new one at the next sign-in.")
    return _act(request, actor, user_id, lambda tx: second_factor.remove(tx, UserId(user_id)), done)


@router.post("/{user_id:uuid}/unlock")
def unlock(request: Request, user_id: UUID, actor: SignedIn) -> Response:
    """Let an account in again that rests after wrong tries."""
    _ = gettext(request.state.viewer.locale)
    return _act(request, actor, user_id, lambda tx: people.unlock(tx, UserId(user_id)), _("The account is open again."))


@router.post("/{user_id:uuid}/approval-roles")
def give_approval_role(
    request: Request, user_id: UUID, actor: SignedIn, unit: Annotated[UUID, Form()], role: Short = "", category: Short = ""
) -> Response:
    """Let a person hold an approval role, behind those who hold it."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx) -> None:
        if role not in APPROVAL_ROLE:
            raise InvalidInput(field="role", reason=_("Choose an approval role."))
        _require_own_unit(actor, unit)
        known = _holders(tx, unit, role, category.strip())
        approve.assign_holder(tx, BusinessUnitId(unit), role, UserId(user_id), category.strip() or None, len(known))

    return _act(request, actor, user_id, work, _("The approval role is given."))


@router.post("/{user_id:uuid}/approval-roles/remove")
def take_approval_role(
    request: Request, user_id: UUID, actor: SignedIn, unit: Annotated[UUID, Form()], role: Short = "", category: Short = ""
) -> Response:
    """Take an approval role away; steps that are open with him stay until he decides or their clock moves them on."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx) -> None:
        _require_own_unit(actor, unit)
        approve.take_holder(tx, BusinessUnitId(unit), role, UserId(user_id), category or None)

    return _act(request, actor, user_id, work, _("The approval role is taken away."))


def _require_own_unit(actor: Actor, unit: UUID) -> None:
    if unit not in actor.business_units:
        raise NotFound(business_unit=unit)


def _holders(tx: Tx, unit: UUID, role: str, category: str) -> Sequence[UserId]:
    wanted = (unit, role, category or None)
    known = approvers.approval_roles(tx)
    return next((each.holders for each in known if (each.business_unit_id, each.role, each.category) == wanted), ())


def _managing(request: Request, actor: Actor, work: Callable[[Tx], object]) -> None:
    actor.require(Permission.USER_MANAGE)
    require_fresh_proof(request, actor)
    database: Database = request.app.state.database
    with database.transaction(actor, SYSTEM_SCOPE, request.state.correlation_id, source="web") as tx:
        work(tx)


def _act(request: Request, actor: Actor, user_id: UUID, work: Callable[[Tx], object], text: str) -> Response:
    try:
        _managing(request, actor, work)
    except InvalidInput as refused:
        return _person(request, actor, user_id, _said(refused))
    return go_to(request, f"{HOME}/{user_id}", text)


def _said(refused: InvalidInput) -> dict[str, str]:
    return {str(refused.fields.get("field")): str(refused.fields.get("reason"))}


def _in_reach(actor: Actor, person: Person) -> bool:
    return not person.business_units or bool(person.business_units & actor.business_units)


def _list(request: Request, actor: Actor, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    actor.require(Permission.USER_READ)
    database: Database = request.app.state.database
    with database.read(actor, SYSTEM_SCOPE, request.state.correlation_id, source="web") as tx:
        rows = [person for person in accounts.everybody(tx) if _in_reach(actor, person)]
        units = _units(tx, actor)
        now = tx.real_now
    return page(
        request,
        "people/list.html",
        now=now,
        status=422 if errors else 200,
        rows=rows,
        states={person.id: state_of(person) for person in rows},
        active=sum(person.active for person in rows),
        units=units,
        staff=STAFF,
        may_manage=actor.may(Permission.USER_MANAGE),
        typed={"login": "", "name": "", "mail": "", "roles": [], "units": list(units), **typed},
        errors=errors,
    )


def _units(tx: Tx, actor: Actor) -> dict[BusinessUnitId, BusinessUnit]:
    return {key: unit for key, unit in masters.business_units(tx).items() if key in actor.business_units}


def _person(request: Request, actor: Actor, user_id: UUID, errors: Mapping[str, str]) -> Response:
    actor.require(Permission.USER_READ)
    database: Database = request.app.state.database
    with database.read(actor, SYSTEM_SCOPE, request.state.correlation_id, source="web") as tx:
        person = accounts.one(tx, user_id)
        if not _in_reach(actor, person):
            raise NotFound(user=user_id)
        units = _units(tx, actor)
        held = [each for each in approvers.approval_roles(tx) if user_id in each.holders]
        now = tx.real_now
    return page(
        request,
        "people/person.html",
        now=now,
        status=422 if errors else 200,
        person=person,
        state=state_of(person),
        units=units,
        staff=STAFF,
        languages=[(each, each) for each in locales()],
        held=[each for each in held if each.business_unit_id in units],
        approval_roles=APPROVAL_ROLE,
        may_approve=may_approve(person),
        may_manage=actor.may(Permission.USER_MANAGE) and person.person_key != actor.person_key,
        own=person.person_key == actor.person_key,
        errors=errors,
    )


PART: Final = Part("people", (router,), (NavItem(marked("People"), HOME, "users", Permission.USER_READ),))
