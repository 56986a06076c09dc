"""A supplier's page for one order: read it, accept everything in one tap, or answer line by line.

Opening the page never answers anything (mail scanners open links). Each drawn form has an id of its own, which is the number of
the answer it sends: sent twice, it counts once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import acknowledge, links
from purveyor.app.acknowledge import AcknowledgmentCommand, AcknowledgmentResult
from purveyor.app.links import LinkExpired
from purveyor.core.access import SYSTEM, SYSTEM_SCOPE
from purveyor.core.acknowledge import NOT_APPLICABLE, AnswerPart, DocumentChanged, LineAnswer, Outcome
from purveyor.core.canonical import to_json
from purveyor.store import inbox
from purveyor.store.db import Database
from purveyor.store.inbox import Inbound
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.navigation import Part
from purveyor.web.portal import shipping, terms
from purveyor.web.portal.answer_form import (
    REASONS,
    Choice,
    EntryProblem,
    LineEntry,
    line_answer,
    proposed_entry,
    read_entry,
    with_another_delivery,
)
from purveyor.web.portal.door import LinkForm, LinkRoute, Visit, visit
from purveyor.web.templating import page

CHANNEL: Final = "link"
LONGEST_ID: Final = 64

router = APIRouter(prefix="/s", route_class=LinkRoute, include_in_schema=False, default_response_class=Response)


@router.get("/{token}")
def order_page(request: Request, token: str) -> Response:
    """Show the order in its newest version with what was answered already."""
    return _draw(request, visit(request, token), {})


@router.post("/{token}/accept")
def accept_everything(request: Request, token: str, form: LinkForm) -> Response:
    """Accept every line that still waits for the supplier, as ordered."""
    guest = visit(request, token)
    if _changed_meanwhile(guest, form):
        return _draw(request, guest, {}, status=409, notice="changed")
    lines = tuple(LineAnswer(number, (AnswerPart(Outcome.ACCEPT),)) for number in guest.view.waiting)
    return _answer(request, guest, form, lines, {})


@router.post("/{token}/answer")
def answer_lines(request: Request, token: str, form: LinkForm) -> Response:
    """Take the answers of the lines; what cannot be read is shown beside its line and nothing is recorded."""
    guest = visit(request, token)
    _ = gettext(request.state.viewer.locale)
    entries = {number: read_entry(form, number, standing) for number, standing in guest.view.lines.items()}
    if "more" in form:
        asked = {number: with_another_delivery(entry) for number, entry in entries.items() if str(number) == form["more"]}
        return _draw(request, guest, {**entries, **asked}, form, status=200 if asked else 422)
    if _changed_meanwhile(guest, form):
        return _draw(request, guest, entries, form, status=409, notice="changed")
    dates_are = "ship" if form.get("dates") == "ship" else "delivery"
    lines = []
    for line in guest.order.lines:
        entry = entries[line.line_no]
        if line.cancelled:
            continue
        try:
            said = line_answer(line, entry, dates_are, _)
        except EntryProblem as problem:
            entries[line.line_no] = replace(entry, problem=str(problem))
        else:
            lines += [said] if said is not None else []
    if any(entry.problem for entry in entries.values()):
        return _draw(request, guest, entries, form, status=422, notice="problem")
    return _answer(request, guest, form, tuple(lines), entries)


@router.post("/{token}/new-link")
def mail_new_link(request: Request, token: str, form: LinkForm) -> Response:
    """Mail a new link to the address we know; which one that is, is not said."""
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="portal") as tx:
        links.send_new_link(tx, token)
    return go_to(request, f"/s/{token}/new-link")


@router.get("/{token}/new-link")
def new_link_is_mailed(request: Request, token: str) -> Response:
    """Say that a new link is on its way; a page of its own, so that reading it again asks for nothing."""
    try:
        visit(request, token)
    except LinkExpired:
        return page(request, "portal/sent.html")
    return go_to(request, f"/s/{token}")


def _changed_meanwhile(guest: Visit, form: FormData) -> bool:
    return form.get("version") != str(guest.order.version)


def _answer(
    request: Request, guest: Visit, form: FormData, lines: tuple[LineAnswer, ...], entries: Mapping[int, LineEntry]
) -> Response:
    """Record an answer and go back to the page, which says what was recorded; nothing chosen is no answer."""
    _ = gettext(request.state.viewer.locale)
    form_id = str(form.get("form_id", ""))[:LONGEST_ID]
    if not lines and not _known(guest, form):
        return _draw(request, guest, entries, form, status=422, notice="nothing")
    try:
        result = _record(request, guest, form_id or str(uuid4()), lines)
    except DocumentChanged:
        return _draw(request, guest, entries, form, status=409, notice="repeated")
    text, tone = _told(result, _)
    return go_to(request, f"/s/{guest.token}", text, tone)


def _known(guest: Visit, form: FormData) -> bool:
    """A second tap on "accept everything" finds nothing left to accept; the page that follows says what stands."""
    return "accept_all" in form and not guest.view.waiting


def _record(request: Request, guest: Visit, form_id: str, lines: tuple[LineAnswer, ...]) -> AcknowledgmentResult | None:
    if not lines:
        return None
    database: Database = request.app.state.database
    order, actor = guest.order, guest.link.actor
    source = f"supplier:{actor.supplier_id}"
    with database.transaction(actor, SYSTEM_SCOPE, request.state.correlation_id, source="portal") as tx:
        document = Inbound(
            source=f"{source}:acknowledgment",
            external_id=form_id,
            kind="acknowledgment",
            payload={"version": order.version, "lines": to_json(lines)},
            revision=1,
            sent_at=tx.now,
            order_id=order.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
        )
        received = inbox.receive(tx, document)
        command = AcknowledgmentCommand(
            order_id=order.id,
            source=source,
            channel=CHANNEL,
            external_id=form_id,
            sent_at=tx.now,
            version=order.version,
            lines=lines,
            inbox_id=received.id,
        )
        return acknowledge.record(tx, command)


def _told(result: AcknowledgmentResult | None, _: Any) -> tuple[str, str]:
    if result is None or result.repeated:
        return _("This answer was recorded already; it counts once."), "info"
    unusable = sorted(number for number, became in result.results.items() if became in NOT_APPLICABLE)
    if unusable:
        numbers = ", ".join(str(number) for number in unusable)
        return _("Kept, but line %(numbers)s could not be applied; the buyer was asked to look at it.") % {
            "numbers": numbers
        }, "warn"
    return _("Your answer is recorded. Thank you."), "good"


def _draw(
    request: Request,
    guest: Visit,
    entries: Mapping[int, LineEntry],
    form: FormData | None = None,
    *,
    status: int = 200,
    notice: str | None = None,
) -> Response:
    proposed = {number: proposed_entry(standing) for number, standing in guest.view.lines.items()}
    return page(
        request,
        "portal/order.html",
        status=status,
        guest=guest,
        order=guest.order,
        view=guest.view,
        entries={**proposed, **entries},
        dates_are="ship" if form is not None and form.get("dates") == "ship" else "delivery",
        notice=notice,
        form_id=str(uuid4()),
        terms=terms,
        reasons=REASONS,
        choice=Choice,
    )


PART: Final = Part("portal", (router, shipping.router))
