"""What is on its way: a supplier announces a shipment of his order, prefilled with what he has not announced yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import ship
from purveyor.app.ship import ShipNoticeCommand
from purveyor.core.access import SYSTEM_SCOPE
from purveyor.core.acknowledge import DocumentChanged
from purveyor.core.canonical import to_json
from purveyor.core.ids import SiteId
from purveyor.core.order import OrderLine
from purveyor.core.shipping import ShippedLine
from purveyor.core.writing import written
from purveyor.store import inbox
from purveyor.store.db import Database
from purveyor.store.inbox import Inbound
from purveyor.web.entries import Unreadable, day_in, number_in
from purveyor.web.flashes import go_to
from purveyor.web.formats import number_text
from purveyor.web.i18n import gettext
from purveyor.web.portal.door import LinkForm, LinkRoute, Visit, visit
from purveyor.web.templating import page

CHANNEL: Final = "link"
FIELDS: Final = ("number", "ships_on", "arrives_on", "carrier", "tracking")
LONGEST: Final = 64

router = APIRouter(prefix="/s", route_class=LinkRoute, include_in_schema=False, default_response_class=Response)


@dataclass(frozen=True, slots=True)
class ShipRow:
    """One line for one site on the form; ``typed`` is the quantity in its field, ``remaining`` what was not announced yet."""

    name: str
    line: OrderLine
    site_id: SiteId | None
    ordered: Decimal
    remaining: Decimal
    typed: str


@router.get("/{token}/ship")
def ship_page(request: Request, token: str) -> Response:
    """Ask what is on its way."""
    guest = visit(request, token)
    return _draw(request, guest, _rows(guest, None), {})


@router.post("/{token}/ship")
def announce(request: Request, token: str, form: LinkForm) -> Response:
    """Keep a ship notice, or show beside each field what is wrong with it."""
    guest = visit(request, token)
    _ = gettext(request.state.viewer.locale)
    rows = _rows(guest, form)
    typed = {name: written(str(form.get(name, ""))[:LONGEST]) for name in FIELDS}
    errors: dict[str, str] = {}
    if not typed["number"]:
        errors["number"] = _("Enter the number of your delivery note.")
    days: dict[str, date | None] = {}
    for name in ("ships_on", "arrives_on"):
        try:
            days[name] = day_in(typed[name])
        except Unreadable:
            errors[name] = _("This is no date. Write it like 2026-03-31.")
    lines = []
    for row in rows:
        try:
            quantity = number_in(row.typed)
        except Unreadable:
            errors[row.name] = _("This is no quantity. Write it like 12 or 12.5.")
        else:
            lines += [ShippedLine(row.line.line_no, quantity, row.site_id)] if quantity else []
    if not lines and not errors:
        errors["lines"] = _("Enter how much of at least one line is on its way.")
    if errors:
        return _draw(request, guest, rows, {**typed, "errors": errors}, status=422)
    try:
        repeated = _record(request, guest, str(form.get("form_id", ""))[:LONGEST] or str(uuid4()), typed, days, lines)
    except DocumentChanged:
        return _draw(request, guest, rows, {**typed, "sent_before": True}, status=409)
    text = _("This shipment was recorded already.") if repeated else _("Your shipment is recorded. The warehouse expects it.")
    return go_to(request, f"/s/{token}", text, "info" if repeated else "good")


def _rows(guest: Visit, form: FormData | None) -> list[ShipRow]:
    """One row for each line and site that is still wanted; without a form each proposes what was not announced yet."""
    announced: dict[tuple[int, SiteId | None], Decimal] = {}
    for shipment in guest.view.shipments:
        for (line_no, site), quantity in shipment.quantities.items():
            key = (line_no, None if site is None else SiteId(site))
            announced[key] = announced.get(key, Decimal(0)) + quantity
    rows = []
    for line in guest.order.lines:
        sites = dict.fromkeys(part.ship_to for part in line.schedules)
        for site in sites if not line.cancelled else ():
            ordered = sum((part.quantity for part in line.schedules if part.ship_to == site), Decimal(0))
            expected = ordered if len(sites) > 1 else ordered - _not_coming(guest, line)
            remaining = max(expected - announced.get((line.line_no, site), Decimal(0)), Decimal(0))
            row = ShipRow(f"line-{line.line_no}-{site}", line, site, ordered, remaining, number_text(remaining))
            rows.append(row if form is None else replace(row, typed=str(form.get(row.name, ""))[:LONGEST]))
    return rows


def _not_coming(guest: Visit, line: OrderLine) -> Decimal:
    """What the supplier said he does not deliver, or not now."""
    balance = guest.view.lines[line.line_no].balance
    return balance.rejected + balance.backordered


def _record(
    request: Request,
    guest: Visit,
    form_id: str,
    typed: Mapping[str, str],
    days: Mapping[str, date | None],
    lines: list[ShippedLine],
) -> bool:
    """Keep and apply a ship notice; say whether it was here before."""
    database: Database = request.app.state.database
    order, actor = guest.order, guest.link.actor
    source = f"supplier:{actor.supplier_id}"
    with database.transaction(actor, SYSTEM_SCOPE, request.state.correlation_id, source="portal") as tx:
        document = Inbound(
            source=f"{source}:ship_notice",
            external_id=form_id,
            kind="ship_notice",
            payload={**typed, "lines": to_json(lines)},
            revision=1,
            sent_at=tx.now,
            order_id=order.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
        )
        received = inbox.receive(tx, document)
        command = ShipNoticeCommand(
            order_id=order.id,
            source=source,
            channel=CHANNEL,
            external_id=form_id,
            number=typed["number"],
            sent_at=tx.now,
            lines=tuple(lines),
            ships_on=days["ships_on"],
            arrives_on=days["arrives_on"],
            carrier=typed["carrier"] or None,
            tracking=typed["tracking"] or None,
            inbox_id=received.id,
        )
        return ship.record(tx, command).repeated


def _draw(request: Request, guest: Visit, rows: list[ShipRow], shown: Mapping[str, Any], *, status: int = 200) -> Response:
    typed = {name: shown.get(name, "") for name in FIELDS}
    return page(
        request,
        "portal/ship.html",
        status=status,
        guest=guest,
        order=guest.order,
        rows=rows,
        typed=typed,
        errors=shown.get("errors", {}),
        sent_before=shown.get("sent_before", False),
        form_id=str(uuid4()),
    )
