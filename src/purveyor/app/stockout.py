"""Stockout risk after a promise slipped: who runs short of what, for how long, and what sales hang on it.

Goods that other open orders bring earlier to the same site count as available. Source: checklist.md S9; worked cases RP08-RP16.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from purveyor.app import calendars
from purveyor.app.cases import clear, open_case
from purveyor.app.progress import items_of, progress_of_loaded, units_of
from purveyor.core.canonical import plain_decimal
from purveyor.core.cases import Evidence, ExceptionType, OpenCase
from purveyor.core.events.base import Ref
from purveyor.core.events.order import order_stream
from purveyor.core.events.promise import StockoutRiskFound
from purveyor.core.ids import ItemId, OrderId, SiteId
from purveyor.core.items import StockPosition
from purveyor.core.money import Money
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.progress import to_base
from purveyor.core.stockout import DueReceipt, Shortage, shortage_until
from purveyor.store import cases, events, expected, masters, orders, stock
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class Risk:
    """A site runs short of an item before a promised delivery comes."""

    line_no: int
    site_id: SiteId
    delivery: date
    shortage: Shortage


def check(tx: Tx, order: PurchaseOrder, line: OrderLine, known: Collection[str], *, moved: bool) -> list[Risk]:
    """Compare what is still promised of a line with stock and demand at its sites; opens or clears STOCKOUT_RISK per site.

    Unless a date ``moved``, only a risk that is open already (its key among the ``known``) is looked at again: what was
    ordered for that day was known to come that day.
    """
    if line.item_id is None or not (moved or any(key.startswith(f"{risks_of(order.id)}{line.line_no}:") for key in known)):
        return []
    positions = stock.stock(tx, [line.item_id])
    risks: list[Risk] = []
    for site in sorted({part.ship_to for part in line.schedules if part.ship_to is not None}):
        position = positions.get((line.item_id, site))
        risk = None if position is None else _worst(tx, order, line, site, position.value)
        if position is None or risk is None:
            clear(tx, risk_key(order.id, line.line_no, site))
        else:
            _report(tx, order, line, risk, position.value)
            risks.append(risk)
    return risks


def risks_of(order_id: OrderId) -> str:
    """Return what the natural keys of these exceptions begin with for all lines of an order."""
    return f"STOCKOUT_RISK:{order_id}:"


def known_risks(tx: Tx, order_id: OrderId) -> frozenset[str]:
    """Return the natural keys of the risks of an order that are open."""
    return frozenset(cases.open_keys(tx, risks_of(order_id)))


def risk_key(order_id: OrderId, line_no: int, site: SiteId) -> str:
    """Return the natural key of the exception about one line at one site."""
    return f"{risks_of(order_id)}{line_no}:{site}"


def _worst(tx: Tx, order: PurchaseOrder, line: OrderLine, site: SiteId, position: StockPosition) -> Risk | None:
    assert line.item_id is not None
    today = calendars.of_site(tx, site).local_day(tx.now)
    promised = _promised(tx, order, line.item_id, site)
    due = [DueReceipt(_days(today, each.delivery), each.quantity) for each in promised]
    own = sorted({each.delivery for each in promised if each.order_id == order.id and each.line_no == line.line_no})
    demand = position.daily_demand or Decimal(0)
    risks = [
        Risk(line.line_no, site, day, shortage_until(_days(today, day), position.available, demand, due))
        for day in own
        if day > today
    ]
    return max((risk for risk in risks if risk.shortage.is_short), key=lambda risk: risk.shortage.units_short, default=None)


def _days(today: date, day: date) -> Decimal:
    return Decimal((day - today).days)


@dataclass(frozen=True, slots=True)
class _Promised:
    """An open quantity (base units) that somebody promised to a site."""

    order_id: OrderId
    line_no: int
    delivery: date
    quantity: Decimal


def _promised(tx: Tx, order: PurchaseOrder, item_id: ItemId, site: SiteId) -> list[_Promised]:
    bringing = orders.get_many(tx, expected.orders_bringing(tx, item_id, site) | {order.id})
    loaded = {order_id: _only(each, item_id) for order_id, each in bringing.items()}
    items = items_of(tx, loaded.values())
    open_now = progress_of_loaded(tx, loaded)
    return [
        _Promised(order_id, line.line_no, item.promised_delivery, to_base(item.quantity, line.uom, units_of(line, items)))
        for order_id, each in loaded.items()
        for line, progress in zip(each.lines, open_now[order_id], strict=True)
        if not line.cancelled
        for item in progress.open_promises
        if item.promised_delivery is not None
        and any(part.ship_to == site and part.schedule_no == item.schedule_no for part in line.schedules)
    ]


def _only(order: PurchaseOrder, item_id: ItemId) -> PurchaseOrder:
    """The order without the lines of other items, whose progress nobody needs here."""
    return replace(order, lines=tuple(line for line in order.lines if line.item_id == item_id))


def _report(tx: Tx, order: PurchaseOrder, line: OrderLine, risk: Risk, position: StockPosition) -> None:
    site = masters.sites(tx, [risk.site_id])[risk.site_id]
    shortage = risk.shortage
    money = shortage.sales_at_risk(position.sales_price, order.currency)
    units = plain_decimal(shortage.units_short)
    days = plain_decimal(shortage.days_short)
    sales = "" if money is None else f"; {money:,} {order.currency} of sales"
    open_case(
        tx,
        OpenCase(
            type=ExceptionType.STOCKOUT_RISK,
            natural_key=risk_key(order.id, line.line_no, risk.site_id),
            summary=f"{site.code} runs {units} short of {line.item_code} for {days} days before {risk.delivery}{sales}.",
            order_id=order.id,
            line_no=line.line_no,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            category=line.category,
            exposure=None if money is None else Money(money, order.currency),
            evidence=_evidence(risk, position),
            proposed_resolution="expedite",
        ),
    )
    assert line.item_id is not None
    found = StockoutRiskFound(
        stream=order_stream(order.id),
        refs=(Ref("item", line.item_id), Ref("site", risk.site_id)),
        line_no=line.line_no,
        item_id=line.item_id,
        site_id=risk.site_id,
        delivery=risk.delivery,
        available=shortage.available,
        days_short=shortage.days_short,
        units_short=shortage.units_short,
        sales_at_risk=money,
        currency=order.currency,
    )
    events.append(tx, [found])


def _evidence(risk: Risk, position: StockPosition) -> tuple[Evidence, ...]:
    shown = {
        "on hand": position.on_hand,
        "allocated": position.allocated,
        "available until then": risk.shortage.available,
        "demand a day": position.daily_demand,
        "days short": risk.shortage.days_short,
        "units short": risk.shortage.units_short,
        "sales price": position.sales_price,
    }
    rows = [
        Evidence(name, (("figure", None if value is None else plain_decimal(value)),), differs=False)
        for name, value in shown.items()
    ]
    return (*rows, Evidence("promised delivery", (("figure", risk.delivery.isoformat()),), differs=False))
