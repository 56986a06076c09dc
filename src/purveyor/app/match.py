"""Take invoices in, match them, match them again when goods arrive, and tell the ERP what may be paid.

One invoice of a supplier at a time; the orders it bills are locked in the order of their ids. A probable copy is reviewed before
anything else happens with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from purveyor.app import dispatch, match_cases
from purveyor.app.follow_up import recheck_completion, recheck_invoices
from purveyor.app.match_basis import Ground, Prepared, load_ground, ordered_of, prepare, site_calendar
from purveyor.core import invoice_decisions
from purveyor.core.access import Permission
from purveyor.core.acknowledge import DocumentChanged
from purveyor.core.canonical import Json
from purveyor.core.duplicates import find_duplicate
from purveyor.core.erp_records import ErpInvoice, ErpInvoiceLine
from purveyor.core.errors import NotFound
from purveyor.core.ids import BusinessUnitId, InvoiceId, MovementId, OrderId
from purveyor.core.invoice import Invoice, InvoiceCommand, InvoiceLine, InvoiceState, Payment, new_invoice
from purveyor.core.invoice_decisions import InvoiceDecision
from purveyor.core.match_invoice import match_invoice
from purveyor.core.matching import contribution
from purveyor.core.messaging import ERP_CHANNEL, MessageKind, Outbound, message_key
from purveyor.core.order import PurchaseOrder
from purveyor.core.quantity import as_decimal
from purveyor.core.shipping import Movement, MovementKind, Place
from purveyor.store import events, inbox, invoices, movements, orders, timers
from purveyor.store.db import Tx
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About

WAIT_TIMER: Final = "invoice_wait"
"""Timer and job kind of the end of a wait for goods; its task calls ``wait_over``."""


@dataclass(frozen=True, slots=True)
class InvoiceResult:
    """The invoice as it stands; ``replayed`` when exactly this bill was here before."""

    invoice: Invoice
    replayed: bool = False


def record(tx: Tx, command: InvoiceCommand) -> InvoiceResult:
    """Take an invoice in: look for copies, match it, open exceptions, tell the ERP.

    The same bill again, by whatever channel, changes nothing. Raises NotAuthorised, InvalidInput, NotFound (a supplier that
    bills in another's name), DocumentChanged (the sender's document said something else before).
    """
    tx.actor.require(Permission.INVOICE_WRITE)
    if tx.actor.supplier_id not in (None, command.supplier_id):
        raise NotFound(supplier=command.supplier_id)
    command.validated()
    invoices.lock_supplier(tx, command.supplier_id)
    result = _known(tx, command) or InvoiceResult(_first_seen(tx, command))
    if command.inbox_id is not None:
        inbox.mark_applied(tx, command.inbox_id, result.invoice.state.value)
    return result


def _known(tx: Tx, command: InvoiceCommand) -> InvoiceResult | None:
    digest = command.content_digest()
    known = invoices.same_content(tx, command.supplier_id, command.kind, command.number, digest)
    if known is not None:
        return InvoiceResult(known, replayed=True)
    if invoices.same_document(tx, command.supplier_id, command.source, command.external_id, command.revision) is not None:
        raise DocumentChanged(source=command.source, external_id=command.external_id, revision=command.revision)
    return None


def _first_seen(tx: Tx, command: InvoiceCommand) -> Invoice:
    locked = _orders_of(tx, command)
    lines = _with_orders(command, locked)
    invoice = new_invoice(command, InvoiceId(tx.new_id()), tx.now, lines, _unit_of(lines, locked))
    return _let_in(tx, invoice, {order.id: order for order in locked.values()})


def _orders_of(tx: Tx, command: InvoiceCommand) -> dict[str, PurchaseOrder]:
    """Find and lock the orders an invoice cites, by our reference; those of another supplier are not his to bill."""
    found: dict[str, OrderId] = {}
    for reference in sorted({line.order_ref.strip().upper() for line in command.lines}):
        try:
            order = orders.by_ref(tx, reference)
        except NotFound:
            continue
        if order.supplier_id == command.supplier_id:
            found[reference] = order.id
    locked = orders.lock_many(tx, list(found.values()))
    return {reference: locked[order_id] for reference, order_id in found.items()}


def _with_orders(command: InvoiceCommand, found: Mapping[str, PurchaseOrder]) -> list[InvoiceLine]:
    refs = {reference: order.id for reference, order in found.items()}
    return [replace(line, order_id=refs.get(line.order_ref.strip().upper())) for line in command.lines]


def _unit_of(lines: Sequence[InvoiceLine], found: Mapping[str, PurchaseOrder]) -> BusinessUnitId | None:
    return next((order.business_unit_id for order in found.values()), None) if lines else None


def _let_in(tx: Tx, invoice: Invoice, locked: Mapping[OrderId, PurchaseOrder]) -> Invoice:
    """Keep a new invoice; an outdated revision is only kept, a probable copy waits for a person, the rest is matched."""
    invoices.insert_new(tx, invoice)
    events.append(tx, [invoice_decisions.received(invoice)])
    newer = _settle_revisions(tx, invoice)
    if newer is not None:
        return _keep(tx, invoice_decisions.supersede(invoice, newer))
    ground = load_ground(tx, locked)
    prepared = prepare(tx, invoice, ground)
    candidate = invoices.candidate_of(invoice, prepared.receipts(invoice))
    hit = find_duplicate(candidate, invoices.candidates(tx, candidate))
    if hit is not None:
        suspected = _keep(tx, invoice_decisions.suspect(invoice, hit))
        match_cases.open_duplicate(tx, suspected, hit)
        return suspected
    _post_movements(tx, invoice, ground)
    return _match(tx, invoice, ground, prepared)


def _settle_revisions(tx: Tx, invoice: Invoice) -> int | None:
    """Replace earlier revisions of this bill that nobody pays yet; return the revision that is newer than this one, if any."""
    others = invoices.revisions_of(tx, invoice.supplier_id, invoice.kind, invoice.number)
    newer = [other.revision for other in others if other.revision > invoice.revision and other.is_live]
    if newer:
        return max(newer)
    for other in others:
        if other.revision < invoice.revision and other.is_live and other.payment is not Payment.RELEASED:
            end(tx, invoice_decisions.supersede(other, invoice.revision))
    return None


def match_again(tx: Tx, order_id: OrderId) -> list[Invoice]:
    """Match the open invoices of an order again, in the order they came: after a receipt, a return, a change of the order."""
    waiting = [invoice for invoice in invoices.of_orders(tx, [order_id]) if _rematched(invoice)]
    return [rematch(tx, invoice.id) for invoice in waiting]


def _rematched(invoice: Invoice) -> bool:
    return not invoice.is_settled and invoice.duplicate_of is None


def wait_over(tx: Tx, invoice_id: InvoiceId) -> Invoice:
    """Match an invoice whose wait for goods has ended; without them it is an exception now."""
    return rematch(tx, invoice_id)


def rematch(tx: Tx, invoice_id: InvoiceId) -> Invoice:
    """Match one invoice again with what is known now; one that is settled or under review stays as it is."""
    seen = invoices.load(tx, invoice_id)
    locked = orders.lock_many(tx, list(seen.order_ids))
    invoice = invoices.load(tx, invoice_id, for_update=True)
    if not _rematched(invoice):
        return invoice
    ground = load_ground(tx, locked)
    return _match(tx, invoice, ground, prepare(tx, invoice, ground))


def admit(tx: Tx, invoice: Invoice, lines: Sequence[InvoiceLine]) -> Invoice:
    """Count these lines and match an invoice that a person let in: no copy after all, or lines assigned to their order."""
    locked = orders.lock_many(tx, list(invoice.order_ids))
    ground = load_ground(tx, locked)
    _post_movements(tx, replace(invoice, lines=tuple(lines)), ground)
    return _match(tx, invoice, ground, prepare(tx, invoice, ground))


def _match(tx: Tx, invoice: Invoice, ground: Ground, prepared: Prepared) -> Invoice:
    match = match_invoice(invoice, prepared.basis)
    decision = invoice_decisions.take_match(invoice, match, ground.policies.hash)
    invoices.save(tx, decision.invoice, match_cases.figures(match))
    for (order_id, line_no), parts in prepared.allocations.items():
        invoices.replace_allocations(tx, order_id, line_no, ground.orders[order_id].business_unit_id, parts)
    events.append(tx, decision.events)
    match_cases.keep_in_step(tx, decision.invoice, match, ground.orders)
    _tell_erp(tx, decision, ground.orders)
    _watch_wait(tx, decision.invoice, ground)
    for order_id in decision.invoice.order_ids:
        if decision.invoice.state is InvoiceState.MATCHED:
            recheck_completion(tx, order_id)
    return decision.invoice


def _watch_wait(tx: Tx, invoice: Invoice, ground: Ground) -> None:
    if invoice.wait_until is None or invoice.is_settled:
        timers.cancel_timers(tx, "invoice", invoice.id, WAIT_TIMER)
        return
    zone = ZoneInfo(site_calendar(tx, invoice, ground).zone)
    over = datetime.combine(invoice.wait_until + timedelta(days=1), time(0), zone).astimezone(UTC)
    timers.set_timer(tx, WAIT_TIMER, "invoice", invoice.id, over, {"invoice_id": str(invoice.id)})


def _tell_erp(tx: Tx, decision: InvoiceDecision, locked: Mapping[OrderId, PurchaseOrder]) -> None:
    """Queue what each order's ERP is to be told, in the order decided; orders that live in no ERP are told nothing."""
    invoice = decision.invoice
    for order_id in invoice.order_ids:
        order = locked.get(order_id)
        if order is None or order.erp is None:
            continue
        about = About(order.id, order.version, order.business_unit_id, invoice.supplier_id)
        payload: dict[str, Json] = {"schema": 1, "invoice_id": str(invoice.id), "order_id": str(order.id)}
        for kind in decision.tell:
            outbound = _outbound(kind, invoice, order, str(order.erp.instance))
            dispatch.queue(tx, [NewMessage(outbound, payload, about)])


def _outbound(kind: MessageKind, invoice: Invoice, order: PurchaseOrder, instance: str) -> Outbound:
    return Outbound(
        kind=kind,
        subject_type="invoice",
        subject_id=invoice.id,
        revision=invoice.version,
        target=instance,
        channel=ERP_CHANNEL,
        idempotency_key=f"{message_key(kind, invoice.id, invoice.version)}:{order.id}",
    )


def _post_movements(tx: Tx, invoice: Invoice, ground: Ground) -> None:
    """Count what is billed, in base units per site: first where goods came in that nobody billed yet."""
    sign = -1 if invoice.is_credit else 1
    for order in ground.orders.values():
        billed = list(_billed_movements(tx, invoice, order, ground, sign))
        movements.add(tx, order, billed)


def _billed_movements(tx: Tx, invoice: Invoice, order: PurchaseOrder, ground: Ground, sign: int) -> list[Movement]:
    found: list[Movement] = []
    for line in invoice.lines:
        own = order.line(line.order_line_no) if line.order_id == order.id else None
        billed = None if own is None else contribution(ordered_of(order, own, ground), line.billed())
        if own is None or billed is None or billed.quantity == 0:
            continue
        units = ground.units(own)
        base = units.convert_decimal(as_decimal(billed.quantity), own.uom or units.base_uom, units.base_uom)
        for place, quantity in _places(order, own.line_no, base, [*ground.moved.get(order.id, ()), *found]):
            found.append(_movement(tx, invoice, order, place, sign * quantity))
    return found


def _places(order: PurchaseOrder, line_no: int, base: Decimal, moved: Sequence[Movement]) -> list[tuple[Place, Decimal]]:
    """Spread a billed quantity over the sites of a line: what was accepted and not billed there, the rest on the first."""
    line = order.line(line_no)
    sites = dict.fromkeys(part.ship_to for part in line.schedules) if line is not None else {}
    places = [Place(line_no, site) for site in sites] or [Place(line_no, None)]
    shares = dict.fromkeys(places, Decimal(0))
    left = base
    for place in places:
        here = [item for item in moved if item.place == place]
        accepted = sum((item.quantity for item in here if item.kind is MovementKind.ACCEPTED), Decimal(0))
        billed = sum((item.quantity for item in here if item.kind is MovementKind.INVOICED), Decimal(0))
        shares[place] = min(left, max(Decimal(0), accepted - billed))
        left -= shares[place]
    shares[places[0]] += left
    return [(place, quantity) for place, quantity in shares.items() if quantity != 0]


def _movement(tx: Tx, invoice: Invoice, order: PurchaseOrder, place: Place, quantity: Decimal) -> Movement:
    return Movement(
        id=MovementId(tx.new_id()),
        order_id=order.id,
        place=place,
        kind=MovementKind.INVOICED,
        quantity=quantity,
        moved_at=tx.now,
        document_id=invoice.id,
        cause_id=invoice.id,
    )


def end(tx: Tx, decision: InvoiceDecision) -> Invoice:
    """End an invoice that was sent back or replaced: its quantities, exceptions and timers go with it."""
    ended = _keep(tx, decision)
    locked = orders.lock_many(tx, list(ended.order_ids))
    for item in movements.caused_by(tx, ended.id):
        undone = _movement(tx, ended, locked[item.order_id], item.place, -item.quantity)
        movements.add(tx, locked[item.order_id], [undone])
    match_cases.clear_all(tx, ended)
    timers.cancel_timers(tx, "invoice", ended.id)
    for order_id in ended.order_ids:  # what was held as a copy of this one may be the right one
        recheck_invoices(tx, order_id)
        recheck_completion(tx, order_id)
    return ended


def _keep(tx: Tx, decision: InvoiceDecision) -> Invoice:
    invoices.save(tx, decision.invoice)
    events.append(tx, decision.events)
    return decision.invoice


def posted(tx: Tx, invoice_id: InvoiceId, erp_external_id: str, erp_number: str | None) -> Invoice:
    """Keep the number under which the ERP has an invoice now."""
    return _keep(tx, invoice_decisions.posted(invoices.load(tx, invoice_id, for_update=True), erp_external_id, erp_number))


def erp_invoice(tx: Tx, invoice_id: InvoiceId, order_id: OrderId) -> ErpInvoice:
    """Return the part of an invoice that bills one order, in the terms of the order's ERP. Raises NotFound."""
    invoice, order = invoices.load(tx, invoice_id), orders.get(tx, order_id)
    if order.erp is None:
        raise NotFound(kind="erp order", id=str(order_id))
    return ErpInvoice(
        supplier_number=invoice.number,
        order=order.erp.external_id,
        invoice_date=invoice.invoice_date,
        currency=invoice.currency,
        lines=tuple(_erp_lines(invoice, order)),
    )


def _erp_lines(invoice: Invoice, order: PurchaseOrder) -> list[ErpInvoiceLine]:
    lines = []
    for line in invoice.lines:
        own = order.line(line.order_line_no) if line.order_id == order.id else None
        if own is None or own.external_id is None or line.quantity is None or line.unit_price is None:
            continue
        price = line.unit_price / line.price_per
        lines.append(
            ErpInvoiceLine(order_line=own.external_id, quantity=line.quantity, uom=line.uom or own.uom or "", unit_price=price)
        )
    return lines
