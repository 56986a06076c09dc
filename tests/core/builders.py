"""Builders for orders and their facts: clean unless told otherwise, so that a test states only what it is about.

All moments are around ``NOW``, Monday 9 March 2026, 09:00 UTC. A carton holds 12 pieces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from purveyor.core.facts import Fact, KnownLine, LeadTime, LineFacts, OrderFacts, PaidPrice
from purveyor.core.ids import AgreementId, BusinessUnitId, ItemId, OrderId, SiteId, SupplierId
from purveyor.core.items import Agreement, Item, PriceEntry, StockPosition, SupplierItem
from purveyor.core.order import OrderLine, PurchaseOrder, Schedule
from purveyor.core.parties import Site, Supplier
from purveyor.core.quantity import UnitTable

NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
NEED_BY = date(2026, 4, 10)
ERP = "tryton"

UNIT = BusinessUnitId(UUID(int=1))
SUPPLIER = SupplierId(UUID(int=2))
DAYTON, TULSA, RENO = (SiteId(UUID(int=number)) for number in (11, 12, 13))
PIECES_AND_CARTONS = UnitTable("EA", {"carton": Fraction(12)})

Numeral = str | int | Decimal


def dec(value: Numeral) -> Decimal:
    """Read a number as an exact decimal."""
    return Decimal(value)


def a_fact(value: Any, *, hours_old: Numeral = 0, source: str = ERP, as_of: datetime | None = None) -> Fact[Any]:
    """A fact as it was some hours before NOW."""
    return Fact(value, as_of or NOW - timedelta(minutes=int(dec(hours_old) * 60)), source)


def an_item(number: int = 1, **changes: Any) -> Item:
    """An active pump, counted in pieces, with cartons of 12."""
    item = Item(ItemId(UUID(int=1000 + number)), f"PUMP-{number}", f"Pump {number}", PIECES_AND_CARTONS, "pumps/circulators")
    return (
        replace(item, updated_at=NOW - timedelta(days=30), **changes) if "updated_at" not in changes else replace(item, **changes)
    )


def a_supplier(**changes: Any) -> Supplier:
    """An active supplier of our own country with its delivery terms."""
    supplier = Supplier(SUPPLIER, "KP", "Kestrel Pumps", "USD", "US", "America/Chicago", payment_terms="net30")
    return replace(supplier, **{"freight_term": "prepaid", "fob_point": "destination", **changes})


def a_site(site_id: SiteId = DAYTON, code: str = "DAY", **changes: Any) -> Site:
    """A warehouse in the United States."""
    return replace(Site(site_id, UNIT, code, code.title(), "US", "America/New_York"), **changes)


SITES: Mapping[SiteId, Site] = {DAYTON: a_site(), TULSA: a_site(TULSA, "TUL"), RENO: a_site(RENO, "REN")}


def a_line(
    line_no: int = 1,
    *,
    quantity: Numeral = 60,
    uom: str | None = "EA",
    price: Numeral | None = "10.00",
    item: int | None = None,
    ship_to: SiteId | None = DAYTON,
    need_by: date | None = NEED_BY,
    **changes: Any,
) -> OrderLine:
    """A line for pumps to Dayton; its item carries the number of the line unless another is given."""
    number = item or line_no
    line = OrderLine(
        line_no=line_no,
        item_id=ItemId(UUID(int=1000 + number)),
        item_code=f"PUMP-{number}",
        description=f"Pump {number}",
        quantity=dec(quantity),
        uom=uom,
        unit_price=None if price is None else dec(price),
        schedules=(Schedule(1, ship_to, dec(quantity), need_by),),
        category="pumps/circulators",
    )
    return replace(line, **changes)


def an_order(lines: int | Sequence[OrderLine] = 1, *, number: int = 1, **changes: Any) -> PurchaseOrder:
    """A draft of today for the pump supplier, with so many clean lines, or with the lines given."""
    written = tuple(a_line(line_no) for line_no in range(1, lines + 1)) if isinstance(lines, int) else tuple(lines)
    order = PurchaseOrder(
        id=OrderId(UUID(int=5000 + number)),
        order_ref=f"PV{number:06d}",
        business_unit_id=UNIT,
        supplier_id=SUPPLIER,
        supplier_code="KP",
        currency="USD",
        order_date=TODAY,
        lines=written,
        requester="person-1",
        freight_term="prepaid",
        fob_point="destination",
        created_at=NOW,
    )
    return replace(order, **changes)


def a_price(name: str = "P1", price: Numeral = "10.00", *, least: Numeral = 1, uom: str = "EA", **changes: Any) -> PriceEntry:
    """A price entry without limits of validity."""
    return replace(PriceEntry(name, dec(least), uom, dec(price), "USD"), **changes)


def an_agreement(*entries: PriceEntry, number: str = "AG-100", version: int = 3, **changes: Any) -> Agreement:
    """An agreement of the pump supplier for the first pump, in version 3."""
    agreement_id = AgreementId(UUID(int=7000))
    return replace(Agreement(agreement_id, number, version, SUPPLIER, ItemId(UUID(int=1001)), entries or (a_price(),)), **changes)


def a_supplier_item(*prices: PriceEntry, **changes: Any) -> SupplierItem:
    """What the supplier asks for the first pump: any number of pieces, ten days."""
    terms = SupplierItem(SUPPLIER, ItemId(UUID(int=1001)), "KP-1", "EA", lead_time_days=10, prices=prices)
    return replace(terms, **changes)


def a_stock(on_hand: Numeral = 80, on_order: Numeral = 40, allocated: Numeral = 20, **changes: Any) -> StockPosition:
    """Stock of the first pump at Dayton, without a maximum."""
    return replace(
        StockPosition(ItemId(UUID(int=1001)), DAYTON, dec(on_hand), dec(allocated), dec(on_order), daily_demand=Decimal(6)),
        **changes,
    )


USUAL_ORDERS = tuple(dec(quantity) for quantity in (48, 60, 60, 72, 84, 96))


def paid(last: Numeral = "10.00", median: Numeral = "10.00", *, currency: str = "USD") -> PaidPrice:
    """What was paid for one piece: the last price and the median of six orders."""
    return PaidPrice(dec(last), date(2026, 2, 9), dec(median), 6, currency)


def line_facts(**changes: Any) -> LineFacts:
    """Facts under which a clean line passes every rule; ``stock`` and ``history`` may be given for Dayton alone."""
    stock = changes.pop("stock", a_stock())
    history = changes.pop("history", USUAL_ORDERS)
    facts = LineFacts(
        item=a_fact(an_item()),
        supplier_item=a_fact(a_supplier_item()),
        agreements=(a_fact(an_agreement()),),
        paid=a_fact(paid(), source="purveyor"),
        stock=stock if isinstance(stock, Mapping) else {site: a_fact(stock) for site in SITES},
        history=history if isinstance(history, Mapping) else {site: a_fact(history, source="purveyor") for site in SITES},
        lead_time=a_fact(LeadTime(12, dec(9), dec(14)), source="purveyor"),
        known_lines=a_fact((), source="purveyor"),
    )
    return replace(facts, **changes)


def facts_for(order: PurchaseOrder, **changes: Any) -> OrderFacts:
    """Facts under which the order passes every rule; changes of line facts apply to every line."""
    whole = {name: changes.pop(name) for name in ("supplier", "sites", "agreed_terms", "unmapped") if name in changes}
    lines = {}
    for line in order.lines:
        number = (line.item_id or UUID(int=1001)).int - 1000
        lines[line.line_no] = line_facts(**{"item": a_fact(an_item(number)), **changes})
    return replace(OrderFacts(supplier=a_fact(a_supplier()), sites=SITES, lines=lines), **whole)


def a_known_line(order: PurchaseOrder, *, quantity: Numeral = 60, days_before: int = 1, **changes: Any) -> KnownLine:
    """The first line of an earlier order of the same supplier for Dayton, entered some days before NOW."""
    known = KnownLine(
        order_id=OrderId(UUID(int=9000)),
        order_ref="PV000000",
        line_no=1,
        supplier_id=order.supplier_id or SUPPLIER,
        ship_to=DAYTON,
        quantity=dec(quantity),
        need_by=NEED_BY,
        entered_at=NOW - timedelta(days=days_before),
    )
    return replace(known, **changes)
