"""Exceptions: what is open and first, one question with its evidence, and what people decide about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import cases as exceptions
from purveyor.app import resolve
from purveyor.app.cases import Hold, Reassign
from purveyor.app.own_codes import MAP, question_of
from purveyor.app.resolve import Resolve, Undo
from purveyor.app.settle import settle
from purveyor.core.access import Actor, Permission, Role
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType
from purveyor.core.errors import InvalidInput, NotFound, ReasonRequired
from purveyor.core.ids import ExceptionCaseId, SupplierId, UserId
from purveyor.store import cases
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from purveyor.store.views.exception_view import totals, with_names
from purveyor.store.views.names import order_choices
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.entries import FormReason, Unreadable, day_in
from purveyor.web.exceptions.reading import read_case
from purveyor.web.exceptions.terms import COLUMN, OWN_CODE, QUESTION, RESOLUTION
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext, marked
from purveyor.web.listing import PAGE_SIZE, Listing, listing_of
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.words import ROLE
from purveyor.web.workbench import terms

FILTERS: Final = ("whose", "type", "role", "supplier", "status")
Version = Annotated[int, Form()]

router = page_router("/exceptions")


@router.get("")
def list_page(request: Request, actor: SignedIn) -> Response:
    """What is open, whose is it, and what is first?"""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    listing = listing_of(request, sorts=("due",), default="due", filters=FILTERS)
    wanted = _filter(actor, listing)
    bound_to = list_identity(actor, listing.path, listing.sort, listing.filters)
    position = unseal(request, bound_to, listing.cursor)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        after = cases.load(tx, ExceptionCaseId(UUID(position[0]))) if position else None
        found = cases.listed(tx, wanted, after=after, limit=PAGE_SIZE + 1)
        rows = with_names(tx, found[:PAGE_SIZE])
        counted = totals(tx, wanted)
        suppliers = order_choices(tx).suppliers
    more = len(found) > PAGE_SIZE
    return page(
        request,
        "exceptions/list.html",
        now=tx.now,
        listing=listing.with_next(seal(request, bound_to, (str(rows[-1].case.id),)) if more else None),
        rows=rows,
        totals=counted,
        choices=_choices(gettext(request.state.viewer.locale), suppliers),
        terms=terms,
    )


def _choices(_: Callable[[str], str], suppliers: Any) -> dict[str, list[tuple[str, str]]]:
    kinds = sorted(((kind.value, _(text)) for kind, text in terms.EXCEPTION.items()), key=lambda pair: pair[1])
    return {
        "whose": [("", _("Everybody's")), ("mine", _("Mine"))],
        "type": [("", _("Any")), *kinds],
        "role": [("", _("Any")), *((role.value, _(text)) for role, text in ROLE.items() if role is not Role.SUPPLIER)],
        "supplier": [("", _("Any")), *((str(each.id), each.name) for each in suppliers)],
        "status": [("", _("Open and on hold")), *((each.value, _(word.text)) for each, word in terms.CASE_STATUS.items())],
    }


def _filter(actor: Actor, listing: Listing) -> CaseFilter:
    """Return the filter the address asks for; raises InvalidInput for a value that is none."""
    roles = frozenset(actor.roles) if listing.filter("whose") == "mine" else frozenset[Role]()
    try:
        return CaseFilter(
            owner_roles=frozenset({Role(listing.filter("role"))}) if listing.filter("role") else roles,
            types=frozenset({ExceptionType(listing.filter("type"))}) if listing.filter("type") else frozenset(),
            supplier_id=SupplierId(UUID(listing.filter("supplier"))) if listing.filter("supplier") else None,
            status=CaseStatus(listing.filter("status")) if listing.filter("status") else None,
        )
    except ValueError as error:
        raise InvalidInput(field="filter", reason="this is no value of the filter") from error


@router.get("/{case_id:uuid}")
def case_page(request: Request, case_id: UUID, actor: SignedIn) -> Response:
    """One question, its evidence, and what settles it."""
    return _draw(request, actor, ExceptionCaseId(case_id))


@router.post("/{case_id:uuid}/settle")
def settle_case(
    request: Request,
    case_id: UUID,
    actor: SignedIn,
    version: Version,
    resolution: Annotated[str, Form(max_length=60)] = "",
    reason: FormReason = "",
    order_ref: Annotated[str, Form(max_length=20)] = "",
    own_code: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Settle it by a resolution of the policy; another one is an override with role and reason."""
    _ = gettext(request.state.viewer.locale)
    if resolution not in RESOLUTION:
        return _draw(request, actor, ExceptionCaseId(case_id), {"resolution": _("Choose how it is settled.")})
    command = Resolve(resolution, reason or None, version, order_ref.strip() or None, own_code.strip() or None)
    typed = {"resolution": resolution, "reason": reason, "order_ref": order_ref, "own_code": own_code}

    def work(tx: Tx) -> ExceptionCase:
        return settle(tx, ExceptionCaseId(case_id), command)

    return _act(request, actor, case_id, work, typed)


@router.post("/{case_id:uuid}/hold")
def hold_case(
    request: Request,
    case_id: UUID,
    actor: SignedIn,
    version: Version,
    until: Annotated[str, Form(max_length=20)] = "",
    hold_reason: FormReason = "",
) -> Response:
    """Put it aside until a day, with the reason; it stays on every list."""
    _ = gettext(request.state.viewer.locale)
    try:
        day = day_in(until)
    except Unreadable:
        day = None
    if day is None:
        return _draw(request, actor, ExceptionCaseId(case_id), {"until": _("Enter a day.")})
    zone = ZoneInfo(request.state.viewer.time_zone)
    moment = datetime.combine(day, time(8), zone).astimezone(UTC)

    def work(tx: Tx) -> ExceptionCase:
        return exceptions.hold(tx, ExceptionCaseId(case_id), Hold(moment, hold_reason, version))

    return _act(request, actor, case_id, work, {"until": until}, reason_field="hold_reason")


@router.post("/{case_id:uuid}/reassign")
def reassign_case(
    request: Request,
    case_id: UUID,
    actor: SignedIn,
    version: Version,
    role: Annotated[str, Form(max_length=40)] = "",
    person: Annotated[str, Form(max_length=50)] = "",
    reassign_reason: FormReason = "",
) -> Response:
    """Give it to another role, with the reason."""
    _ = gettext(request.state.viewer.locale)
    try:
        to, who = Role(role), UserId(UUID(person)) if person else None
    except ValueError:
        return _draw(request, actor, ExceptionCaseId(case_id), {"role": _("Choose a role.")})

    def work(tx: Tx) -> ExceptionCase:
        return exceptions.reassign(tx, ExceptionCaseId(case_id), Reassign(to, reassign_reason, who, version))

    return _act(request, actor, case_id, work, {"role": role}, reason_field="reassign_reason")


@router.post("/{case_id:uuid}/undo")
def undo_case(request: Request, case_id: UUID, actor: SignedIn, version: Version, undo_reason: FormReason = "") -> Response:
    """Take the resolution back; it is open again."""

    def work(tx: Tx) -> ExceptionCase:
        return resolve.undo(tx, ExceptionCaseId(case_id), Undo(undo_reason, version))

    return _act(request, actor, case_id, work, {}, reason_field="undo_reason")


def _act(
    request: Request,
    actor: Actor,
    case_id: UUID,
    work: Callable[[Tx], ExceptionCase],
    typed: Mapping[str, str],
    *,
    reason_field: str = "reason",
) -> Response:
    """Do one thing in one transaction and show the exception as it stands; what is missing is said beside its field."""
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    try:
        with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
            after = work(tx)
    except ReasonRequired:
        errors = {reason_field: _("This needs a reason; it is kept with your name.")}
        return _draw(request, actor, ExceptionCaseId(case_id), errors, typed)
    except InvalidInput as refused:
        errors = {str(refused.fields.get("field")): str(refused.fields.get("reason"))}
        return _draw(request, actor, ExceptionCaseId(case_id), errors, typed)
    except NotFound as missing:
        if "order_ref" not in missing.fields or not typed.get("order_ref"):
            raise
        return _draw(request, actor, ExceptionCaseId(case_id), {"order_ref": _("No such order of this supplier.")}, typed)
    said = {
        CaseStatus.RESOLVED: _("Settled."),
        CaseStatus.ON_HOLD: _("On hold. It comes back when the time is up."),
        CaseStatus.OPEN: _("Done. It is open and owned."),
    }
    text = _("Settled against the policy; it is on the override report.") if after.override else said[after.status]
    return go_to(request, f"/exceptions/{case_id}", text, "warn" if after.override else "good")


def _draw(
    request: Request,
    actor: Actor,
    case_id: ExceptionCaseId,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    database: Database = request.app.state.database
    _ = gettext(request.state.viewer.locale)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        reading = read_case(tx, case_id)
    roles = [(role.value, _(text)) for role, text in ROLE.items() if role is not Role.SUPPLIER]
    not_offered = {"cleared"} if question_of(reading.case) is None else {"cleared", MAP}
    return page(
        request,
        "exceptions/case.html",
        now=tx.now,
        status=422 if errors else 200,
        reading=reading,
        case=reading.case,
        may_act=reading.may_act(actor),
        may_override=reading.may_override(actor),
        roles=[("", _("Choose a role")), *roles],
        overrides=[
            ("", _("Choose one")),
            *((code, _(text)) for code, text in sorted(RESOLUTION.items()) if code not in not_offered),
        ],
        errors=errors or {},
        typed={"resolution": "", "reason": "", "order_ref": "", "own_code": "", "until": "", "role": "", **(typed or {})},
        resolutions=RESOLUTION,
        column_words=COLUMN,
        questions=QUESTION,
        own_codes=OWN_CODE,
        terms=terms,
    )


PART: Final = Part(
    "exceptions",
    (router,),
    (NavItem(marked("Exceptions"), "/exceptions", "alert-triangle", Permission.EXCEPTION_READ),),
)
