"""The facts a finding or a passed check rests on, written for people with the moment they were true."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from statistics import median
from typing import Final

from purveyor.core.facts import FactKind, LineFacts, OrderFacts
from purveyor.core.finding import FactUsed
from purveyor.core.ids import SiteId
from purveyor.core.rules.wording import number, price, quantity


def facts_shown(kinds: tuple[FactKind, ...], line: LineFacts, order: OrderFacts) -> tuple[FactUsed, ...]:
    """Return every known fact of some kinds, in the order of the kinds and then of the sites' codes."""
    return tuple(fact for kind in kinds if kind in _WRITERS for fact in _WRITERS[kind](line, order))


def _supplier(_line: LineFacts, order: OrderFacts) -> Iterator[FactUsed]:
    if order.supplier is not None:
        supplier = order.supplier.value
        yield FactUsed("supplier", f"{supplier.code} {supplier.status}", order.supplier.as_of, order.supplier.source)
    if order.agreed_terms is not None:
        terms = order.agreed_terms.value
        shown = ", ".join(word for word in (terms.freight_term, terms.fob_point, terms.incoterm) if word)
        yield FactUsed("agreed delivery terms", shown, order.agreed_terms.as_of, order.agreed_terms.source)


def _item(line: LineFacts, _order: OrderFacts) -> Iterator[FactUsed]:
    if line.item is not None:
        item = line.item.value
        yield FactUsed("item", f"{item.sku} {item.status}", line.item.as_of, line.item.source)


def _price(line: LineFacts, _order: OrderFacts) -> Iterator[FactUsed]:
    for agreement in sorted(line.agreements, key=lambda fact: (fact.value.number, fact.value.version)):
        shown = f"{agreement.value.number} version {agreement.value.version} ({agreement.value.id})"
        yield FactUsed("agreement", shown, agreement.as_of, agreement.source)
    if line.supplier_item is not None:
        terms = line.supplier_item.value
        parts = [f"minimum {quantity(terms.minimum, terms.order_uom)}", f"multiple {number(terms.multiple)}"]
        if terms.prices:
            parts.append(f"price list of {len(terms.prices)} entries")
        yield FactUsed("supplier's terms", ", ".join(parts), line.supplier_item.as_of, line.supplier_item.source)
    if line.paid is not None:
        paid = line.paid.value
        last, middle = price(paid.last, paid.currency), price(paid.median, paid.currency)
        shown = f"last {last} {paid.currency} on {paid.last_on}, median {middle} of {paid.orders} orders"
        yield FactUsed("price paid", shown, line.paid.as_of, line.paid.source)


def _by_code(sites: Mapping[SiteId, object], order: OrderFacts) -> list[tuple[str, SiteId]]:
    return sorted((order.sites[site].code if site in order.sites else str(site), site) for site in sites)


def _stock(line: LineFacts, order: OrderFacts) -> Iterator[FactUsed]:
    for code, site in _by_code(line.stock, order):
        fact = line.stock[site]
        stock = fact.value
        parts = [f"{number(stock.on_hand)} on hand", f"{number(stock.allocated)} allocated", f"{number(stock.on_order)} on order"]
        if stock.daily_demand is not None:
            parts.append(f"{number(stock.daily_demand)} a day")
        if stock.maximum is not None:
            parts.append(f"maximum {number(stock.maximum)}")
        yield FactUsed(f"stock at {code}", ", ".join(parts), fact.as_of, fact.source)
    for code, site in _by_code(line.awaiting_erp, order):
        awaiting = line.awaiting_erp[site]
        yield FactUsed(f"ordered for {code}, not in the ERP yet", number(awaiting.value), awaiting.as_of, awaiting.source)


def _history(line: LineFacts, order: OrderFacts) -> Iterator[FactUsed]:
    for code, site in _by_code(line.history, order):
        fact = line.history[site]
        if fact.value:
            middle: Decimal = median(fact.value)
            shown = f"{len(fact.value)} in 12 months, median {number(middle)}, largest {number(max(fact.value))}"
        else:
            shown = "none in 12 months"
        yield FactUsed(f"orders for {code}", shown, fact.as_of, fact.source)


def _lead_time(line: LineFacts, _order: OrderFacts) -> Iterator[FactUsed]:
    if line.lead_time is not None:
        seen = line.lead_time.value
        shown = f"{seen.receipts} receipts, median {number(seen.median_days)}, 90th percentile {number(seen.p90_days)} days"
        yield FactUsed("lead time observed", shown, line.lead_time.as_of, line.lead_time.source)
    if line.supplier_item is not None and line.supplier_item.value.lead_time_days is not None:
        quoted = line.supplier_item
        yield FactUsed("lead time quoted", f"{quoted.value.lead_time_days} days", quoted.as_of, quoted.source)


def _orders(line: LineFacts, _order: OrderFacts) -> Iterator[FactUsed]:
    if line.known_lines is not None:
        known = line.known_lines
        yield FactUsed("other lines for this site, date and quantity", str(len(known.value)), known.as_of, known.source)


_WRITERS: Final[Mapping[FactKind, Callable[[LineFacts, OrderFacts], Iterator[FactUsed]]]] = {
    FactKind.SUPPLIER: _supplier,
    FactKind.ITEM: _item,
    FactKind.PRICE: _price,
    FactKind.STOCK: _stock,
    FactKind.HISTORY: _history,
    FactKind.LEAD_TIME: _lead_time,
    FactKind.ORDERS: _orders,
}
