"""What an invoice is held against: its order lines with goods, promises, tolerances and the invoices recorded before it.

Everything is loaded for the whole invoice at once; the decisions are in core.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from purveyor.app import calendars, policy
from purveyor.app.progress import items_of, terms_for, units_of
from purveyor.core.allocation import Allocation, BillPart, ReceiptPart, allocate, short_of_receipt
from purveyor.core.calendar import BusinessCalendar
from purveyor.core.ids import ItemId, OrderId, SiteId
from purveyor.core.invoice import Invoice, InvoiceLine
from purveyor.core.items import Item
from purveyor.core.match_charges import FreightTerms
from purveyor.core.match_invoice import LineBasis, MatchBasis, OrderLineKey
from purveyor.core.matching import Ordered, Received, Running, contribution
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.parties import Site
from purveyor.core.policy.policy_set import PolicySet
from purveyor.core.policy.terms import MatchTolerance, tolerance_for
from purveyor.core.progress import LineProgress, line_progress
from purveyor.core.promise import Promise
from purveyor.core.quantity import UnitTable, as_decimal
from purveyor.core.shipping import Movement, MovementKind
from purveyor.store import invoices, masters, movements, promises
from purveyor.store.db import Tx

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Ground:
    """The orders an invoice touches and everything that happened to them, loaded once.

    ``billing`` are the invoices of these orders that count, in the order they were recorded: live ones that nobody suspects.
    """

    orders: Mapping[OrderId, PurchaseOrder]
    items: Mapping[ItemId, Item]
    sites: Mapping[SiteId, Site]
    moved: Mapping[OrderId, Sequence[Movement]]
    promised: Mapping[OrderId, Mapping[int, Sequence[Promise]]]
    billing: Sequence[Invoice]
    policies: PolicySet

    def units(self, line: OrderLine) -> UnitTable:
        """Return the units of a line's item; a line without item knows its own unit only."""
        return units_of(line, self.items)

    def site(self, line: OrderLine) -> Site | None:
        """Return the first site a line goes to, whose calendar and tolerances hold for it."""
        wanted = (part.ship_to for part in line.schedules if part.ship_to is not None)
        return next((self.sites[site_id] for site_id in wanted if site_id in self.sites), None)

    def progress(self, order: PurchaseOrder, line: OrderLine, as_of: date) -> LineProgress:
        """Return what happened to a line until a day."""
        return line_progress(
            line,
            self.moved.get(order.id, ()),
            self.units(line),
            as_of=as_of,
            promises=self.promised.get(order.id, {}).get(line.line_no, ()),
            terms=terms_for(self.policies, order, line, self.items),
        )


def load_ground(tx: Tx, orders: Mapping[OrderId, PurchaseOrder]) -> Ground:
    """Load what happened to some orders; the caller holds their locks."""
    lines = [line for order in orders.values() for line in order.lines]
    sites = {part.ship_to for line in lines for part in line.schedules if part.ship_to is not None}
    counted = [invoice for invoice in invoices.of_orders(tx, list(orders)) if invoice.counts]
    return Ground(
        orders=orders,
        items=items_of(tx, orders.values()),
        sites=masters.sites(tx, sites),
        moved=movements.of_orders(tx, list(orders)),
        promised=promises.current(tx, list(orders)),
        billing=counted,
        policies=policy.current(tx),
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """The basis of one match, and which bills pay for which receipts on each order line it touches."""

    basis: MatchBasis
    allocations: Mapping[OrderLineKey, tuple[Allocation, ...]]

    def receipts(self, invoice: Invoice) -> dict[int, str]:
        """Return the first receipt each line of the invoice pays for, by line number."""
        found: dict[int, str] = {}
        for parts in self.allocations.values():
            for part in parts:
                invoice_id, _, line_no = part.bill.partition(":")
                if invoice_id == str(invoice.id):
                    found.setdefault(int(line_no), part.receipt)
        return found


def prepare(tx: Tx, invoice: Invoice, ground: Ground) -> Prepared:
    """Put together what an invoice is held against; lines whose order is not known or cancelled have no basis."""
    counted = [each for each in ground.billing if each.id != invoice.id]
    everyone = sorted([*counted, invoice], key=lambda each: (each.received_at, each.id))
    earlier = everyone[: everyone.index(invoice)]
    lines: dict[OrderLineKey, LineBasis] = {}
    allocations: dict[OrderLineKey, tuple[Allocation, ...]] = {}
    short: dict[int, Decimal] = {}
    for key, own in _by_order_line(invoice).items():
        order = ground.orders.get(key[0])
        line = None if order is None else order.line(key[1])
        if order is None or line is None or line.cancelled:
            continue
        ordered = ordered_of(order, line, ground)
        sums = _earlier_sums(ordered, key, earlier)
        lines[key] = LineBasis(ordered, _received(tx, order, line, ground), _tolerance(order, line, ground), sums)
        parts = [part for each in everyone for part in _bill_parts(each, key, ordered)]
        allocations[key] = allocate(parts, _receipt_parts(order, line, ground))
        for billed in own:
            part = next((part for part in parts if part.key == bill_key(invoice, billed)), None)
            short[billed.line_no] = _NOTHING if part is None else short_of_receipt(part, allocations[key])
    basis = MatchBasis(lines, _freight_terms(invoice, ground), _expected_tax(invoice, ground), short)
    return Prepared(basis, allocations)


def _by_order_line(invoice: Invoice) -> dict[OrderLineKey, list[InvoiceLine]]:
    found: dict[OrderLineKey, list[InvoiceLine]] = defaultdict(list)
    for line in invoice.lines:
        if line.order_id is not None:
            found[(line.order_id, line.order_line_no)].append(line)
    return found


def ordered_of(order: PurchaseOrder, line: OrderLine, ground: Ground) -> Ordered:
    """Return what the order says of a line, as the match reads it."""
    return Ordered(
        currency=order.currency,
        quantity=line.quantity,
        uom=line.uom,
        unit_price=line.unit_price,
        price_per=line.price_per,
        units=ground.units(line),
    )


def _earlier_sums(ordered: Ordered, key: OrderLineKey, earlier: Sequence[Invoice]) -> Running:
    sums = Running()
    for invoice in earlier:
        if invoice.currency != ordered.currency:
            continue
        for line in _by_order_line(invoice).get(key, ()):
            sums = sums.plus(contribution(ordered, line.billed(), credit=invoice.is_credit) or Running())
    return sums


def _received(tx: Tx, order: PurchaseOrder, line: OrderLine, ground: Ground) -> Received:
    site = ground.site(line)
    calendar = calendars.of_unit(tx, order.business_unit_id) if site is None else calendars.of_site(tx, site.id)
    today = calendar.local_day(tx.now)
    progress = ground.progress(order, line, today)
    return Received(progress.accepted, today, _expected(line, progress), calendar)


def _expected(line: OrderLine, progress: LineProgress) -> date | None:
    """The day by which all of the open balance is promised; without a promise its need-by; None when nothing more comes."""
    if progress.open <= 0:
        return None
    promised = [each.promised_delivery for each in progress.open_promises if each.promised_delivery is not None]
    wanted = [part.need_by for part in line.schedules if part.need_by is not None]
    return max(promised or wanted, default=None)


def _tolerance(order: PurchaseOrder, line: OrderLine, ground: Ground) -> MatchTolerance:
    site = ground.site(line)
    return tolerance_for(
        ground.policies,
        supplier=order.supplier_code,
        category=line.category or "",
        site="" if site is None else site.code,
    )


def bill_key(invoice: Invoice, line: InvoiceLine) -> str:
    """Return the name of an invoice line among the bills of an order line."""
    return f"{invoice.id}:{line.line_no}"


def _bill_parts(invoice: Invoice, key: OrderLineKey, ordered: Ordered) -> list[BillPart]:
    """The bills of one order line, in its unit; credit notes and lines that cannot be converted pay for no receipt."""
    if invoice.is_credit or invoice.currency != ordered.currency:
        return []
    parts = []
    for line in _by_order_line(invoice).get(key, ()):
        billed = contribution(ordered, line.billed())
        if billed is not None:
            parts.append(BillPart(bill_key(invoice, line), as_decimal(billed.quantity), line.receipts))
    return parts


def _receipt_parts(order: PurchaseOrder, line: OrderLine, ground: Ground) -> list[ReceiptPart]:
    """The receipts of a line in its unit, net of corrections; one is cited by its own id or by the supplier's shipment number."""
    units = ground.units(line)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    first: dict[str, date] = {}
    for item in ground.moved.get(order.id, ()):
        if item.place.line_no == line.line_no and item.kind is MovementKind.ACCEPTED:
            key = item.notice or str(item.document_id)
            totals[key] += item.quantity
            first.setdefault(key, item.moved_at.date())
    uom = line.uom or units.base_uom
    return [ReceiptPart(key, units.convert_decimal(total, units.base_uom, uom), first[key]) for key, total in totals.items()]


def _freight_terms(invoice: Invoice, ground: Ground) -> list[FreightTerms]:
    terms = []
    for order_id in invoice.order_ids:
        order = ground.orders.get(order_id)
        if order is not None:
            goods = [line.worked_out(invoice.currency) for line in invoice.lines if line.order_id == order_id]
            terms.append(FreightTerms(order.freight_term, order.freight_ceiling, sum(goods, _NOTHING)))
    return terms


def _expected_tax(invoice: Invoice, ground: Ground) -> Decimal | None:
    """No tax without a tax code on the lines it bills; with one nobody here knows the rate, so a person looks at any tax."""
    for (order_id, line_no), _ in _by_order_line(invoice).items():
        order = ground.orders.get(order_id)
        line = None if order is None else order.line(line_no)
        if line is not None and line.tax_code:
            return None
    return _NOTHING


def site_calendar(tx: Tx, invoice: Invoice, ground: Ground) -> BusinessCalendar:
    """Return the calendar of the site the invoice's first known line goes to, for the end of its wait."""
    for order_id, line_no in _by_order_line(invoice):
        order = ground.orders.get(order_id)
        line = None if order is None else order.line(line_no)
        site = None if line is None else ground.site(line)
        if site is not None:
            return calendars.of_site(tx, site.id)
    return calendars.of_unit(tx, invoice.business_unit_id)
