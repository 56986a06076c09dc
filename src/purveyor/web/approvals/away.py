"""Handing approvals over while away: from which day to which, to whom, and why; and taking them back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import delegate
from purveyor.app.delegate import Delegate
from purveyor.core.access import Actor, Permission
from purveyor.core.errors import InvalidInput, ReasonRequired
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store import approvers
from purveyor.store.db import Database
from purveyor.store.views import names
from purveyor.store.views.approval_card import delegations_taken, possible_deputies
from purveyor.web.entries import FormReason, Unreadable, day_in
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page

FIELD_OF: Final = {"starts_at": "starts_on", "ends_at": "ends_on", "delegate": "deputy"}
"""The field of the form for each field of the command."""

router = page_router("/approvals/away")


@router.get("")
def away_page(request: Request, actor: SignedIn) -> Response:
    """Who decides for me while I am away?"""
    return _draw(request, actor, {}, {})


@router.post("")
def hand_over(
    request: Request,
    actor: SignedIn,
    starts_on: Annotated[str, Form(max_length=20)] = "",
    ends_on: Annotated[str, Form(max_length=20)] = "",
    deputy: Annotated[str, Form(max_length=50)] = "",
    reason: FormReason = "",
) -> Response:
    """Hand the actor's approvals to a deputy from the start of one day to the end of another, in his own time zone."""
    _ = gettext(request.state.viewer.locale)
    typed = {"starts_on": starts_on, "ends_on": ends_on, "deputy": deputy, "reason": reason}
    errors: dict[str, str] = {}
    first, last = _day("starts_on", starts_on, errors, _("Enter a day.")), _day("ends_on", ends_on, errors, _("Enter a day."))
    try:
        stands_in = UserId(UUID(deputy))
    except ValueError:
        errors["deputy"] = _("Choose who decides for you.")
    if errors or first is None or last is None:
        return _draw(request, actor, typed, errors)
    database: Database = request.app.state.database
    zone = ZoneInfo(request.state.viewer.time_zone)
    command = Delegate(stands_in, _midnight(first, zone), _midnight(last + timedelta(days=1), zone), reason)
    try:
        with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
            delegate.delegate(tx, command)
    except ReasonRequired:
        return _draw(request, actor, typed, {"reason": _("Say why, for example your leave.")})
    except InvalidInput as refused:
        field = str(refused.fields.get("field"))
        return _draw(request, actor, typed, {FIELD_OF.get(field, field): str(refused.fields.get("reason"))})
    return go_to(request, "/approvals/away", _("Handed over. Your deputy sees your approvals from that day on."))


def _day(name: str, typed: str, errors: dict[str, str], missing: str) -> date | None:
    try:
        day = day_in(typed)
    except Unreadable:
        day = None
    if day is None:
        errors[name] = missing
    return day


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


@router.post("/{delegation_id:uuid}/end")
def take_back(request: Request, delegation_id: UUID, actor: SignedIn) -> Response:
    """Take a delegation back as of now."""
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        delegate.end_delegation(tx, delegation_id)
    return go_to(request, "/approvals/away", _("Taken back. You decide again."))


def _draw(request: Request, actor: Actor, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    actor.require(Permission.APPROVAL_DECIDE)
    assert actor.id is not None
    own = UserId(actor.id)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        units = [BusinessUnitId(unit) for unit in sorted(actor.business_units)]
        given = [each for unit in units for each in approvers.delegations_of(tx, [own], unit)]
        deputies = {each.user_id: each for unit in units for each in possible_deputies(tx, unit)}
        stands_in_for = delegations_taken(tx, own)
        people = names.people(tx, [*stands_in_for, *(each.delegate.user_id for each in given)])
    return page(
        request,
        "approvals/away.html",
        now=tx.now,
        status=422 if errors else 200,
        given=[each for each in given if each.ended_at is None],
        deputies=[
            ("", gettext(request.state.viewer.locale)("Choose a person")),
            *((str(e.user_id), e.name) for e in deputies.values()),
        ],
        stands_in_for=[people[who] for who in stands_in_for if who in people],
        people=people,
        typed={"starts_on": "", "ends_on": "", "deputy": "", "reason": "", **typed},
        errors=errors,
    )
