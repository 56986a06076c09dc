"""Load everything the gate may know about orders, with a constant number of queries however many orders there are.

Each figure comes with the moment it was true and the system that said so; what is derived from our own orders is true now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Row, Text, Uuid, and_, bindparam, cast, func, null, select, union_all

from purveyor.core import experience
from purveyor.core.experience import PastPart
from purveyor.core.facts import Fact, LineFacts, OrderFacts, UnmappedCode
from purveyor.core.ids import ItemId, OrderId, SiteId, SupplierId
from purveyor.core.items import Agreement, Item, StockPosition, SupplierItem
from purveyor.core.lifecycle import Status
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.parties import Site, Supplier
from purveyor.core.pricing import in_base_units
from purveyor.core.quantity import UnitTable
from purveyor.store import masters, stock, xref
from purveyor.store.db import Tx
from purveyor.store.tables.masters import AGREEMENT, ITEM, LEAD_TIME_OBSERVATION, ORDER_HISTORY, SUPPLIER, SUPPLIER_ITEM
from purveyor.store.tables.orders import ORDER_LINE, ORDER_SCHEDULE, PURCHASE_ORDER

T = TypeVar("T")

OURS: Final = "purveyor"
"""Source of facts that are our own record."""

MONTHS_12: Final = timedelta(days=365)
TWINS_SINCE: Final = timedelta(days=45)
"""How far back orders are looked at as possible duplicates; any sensible window of the policy lies within."""

_Terms = tuple[SupplierId, ItemId]


@dataclass(slots=True)
class _Known:
    """What was loaded for a batch of orders, keyed for looking up."""

    now: datetime
    suppliers: dict[SupplierId, Fact[Supplier]] = field(default_factory=dict)
    sites: Mapping[SiteId, Site] = field(default_factory=dict)
    items: dict[ItemId, Fact[Item]] = field(default_factory=dict)
    successors: Mapping[ItemId, str] = field(default_factory=dict)
    supplier_items: dict[_Terms, Fact[SupplierItem]] = field(default_factory=dict)
    agreements: dict[_Terms, tuple[Fact[Agreement], ...]] = field(default_factory=dict)
    stock: Mapping[tuple[ItemId, SiteId], Fact[StockPosition]] = field(default_factory=dict)
    history: dict[tuple[ItemId, SiteId], list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    lead_times: dict[_Terms, list[int]] = field(default_factory=lambda: defaultdict(list))
    parts: dict[ItemId, list[PastPart]] = field(default_factory=lambda: defaultdict(list))
    unmapped: Mapping[OrderId, tuple[UnmappedCode, ...]] = field(default_factory=dict)


def load_facts(tx: Tx, orders: Collection[PurchaseOrder]) -> dict[OrderId, OrderFacts]:
    """Return the facts for each of these orders; what is not known is absent, never guessed."""
    if not orders:
        return {}
    items = {line.item_id for order in orders for line in order.lines if line.item_id is not None}
    known = _Known(tx.now)
    _load_masters(tx, known, orders, items)
    _load_experience(tx, known, items)
    return {order.id: _facts_of(order, known) for order in orders}


def _load_masters(tx: Tx, known: _Known, orders: Collection[PurchaseOrder], items: Collection[ItemId]) -> None:
    suppliers = {order.supplier_id for order in orders if order.supplier_id is not None}
    sites = {part.ship_to for order in orders for line in order.lines for part in line.schedules if part.ship_to is not None}
    told = _provenance(tx, suppliers, items)
    known.sites = masters.sites(tx, sites)
    known.suppliers = {key: told.fact(key, value) for key, value in masters.suppliers(tx, suppliers).items()}
    known.items = {key: told.fact(key, value) for key, value in masters.items(tx, items).items()}
    known.successors = told.successors
    known.supplier_items = {key: told.fact(key, value) for key, value in masters.supplier_items(tx, items).items()}
    known.agreements = {
        key: tuple(told.fact(value.id, value) for value in values) for key, values in masters.agreements(tx, items).items()
    }
    known.stock = stock.stock(tx, items)
    waiting = xref.unmapped_of(tx, [order.id for order in orders])
    known.unmapped = {
        order_id: tuple(UnmappedCode(erp, code.entity, code.external_id) for erp, code in codes)
        for order_id, codes in waiting.items()
    }


@dataclass(frozen=True, slots=True)
class _Provenance:
    """When each master record was true and who said so, and the numbers of items that replace others."""

    told: Mapping[UUID | tuple[UUID, UUID], tuple[datetime, str]]
    successors: Mapping[ItemId, str]

    def fact(self, key: UUID | tuple[UUID, UUID], value: Any) -> Fact[Any]:
        as_of, source = self.told[key]
        return Fact(value, as_of, source)


def _provenance(tx: Tx, suppliers: Collection[SupplierId], items: Collection[ItemId]) -> _Provenance:
    """Read age and source of all master records in one query; the masters' own queries do not carry them."""
    no_id, no_text, next_item = cast(null(), Uuid), cast(null(), Text), ITEM.alias()
    wanted = func.any(bindparam("items"))
    query = union_all(
        select(SUPPLIER.c.id, no_id.label("item_id"), SUPPLIER.c.as_of, SUPPLIER.c.source, no_text.label("successor")).where(
            SUPPLIER.c.id == func.any(bindparam("suppliers"))
        ),
        select(ITEM.c.id, no_id, ITEM.c.as_of, ITEM.c.source, next_item.c.sku)
        .join_from(ITEM, next_item, next_item.c.id == ITEM.c.superseded_by, isouter=True)
        .where(ITEM.c.id == wanted),
        select(*(SUPPLIER_ITEM.c[name] for name in ("supplier_id", "item_id", "as_of", "source")), no_text).where(
            SUPPLIER_ITEM.c.item_id == wanted
        ),
        select(AGREEMENT.c.id, no_id, AGREEMENT.c.as_of, AGREEMENT.c.source, no_text).where(AGREEMENT.c.item_id == wanted),
    )
    told: dict[UUID | tuple[UUID, UUID], tuple[datetime, str]] = {}
    successors: dict[ItemId, str] = {}
    for own, item_id, as_of, source, successor in tx.conn.execute(query, {"suppliers": list(suppliers), "items": list(items)}):
        told[own if item_id is None else (own, item_id)] = (as_of, source)
        if successor is not None:
            successors[ItemId(own)] = successor
    return _Provenance(told, successors)


def _load_experience(tx: Tx, known: _Known, items: Collection[ItemId]) -> None:
    """Read what was bought and received in 12 months: the ERP's history, lead times, and our own orders."""
    since = known.now.date() - MONTHS_12
    ids = {"ids": list(items), "since": since}
    past = ORDER_HISTORY.c
    bought = select(past.item_id, past.site_id, past.quantity).where(
        past.item_id == func.any(bindparam("ids")), past.ordered_on >= bindparam("since"), past.site_id.is_not(None)
    )
    for item_id, site_id, quantity in tx.conn.execute(bought, ids):
        known.history[ItemId(item_id), SiteId(site_id)].append(quantity)
    seen = LEAD_TIME_OBSERVATION.c
    received = select(seen.supplier_id, seen.item_id, seen.received_on - seen.ordered_on).where(
        seen.item_id == func.any(bindparam("ids")), seen.received_on >= bindparam("since")
    )
    for supplier_id, item_id, days in tx.conn.execute(received, ids):
        known.lead_times[SupplierId(supplier_id), ItemId(item_id)].append(days)
    for row in tx.conn.execute(_PARTS, ids):
        item = known.items.get(ItemId(row.item_id))
        if item is not None:
            known.parts[item.value.id].append(_part(row, item.value.units))


_PARTS: Final = (
    select(
        PURCHASE_ORDER.c.id.label("order_id"),
        *(PURCHASE_ORDER.c[name] for name in ("order_ref", "status", "supplier_id", "currency", "order_date")),
        *(PURCHASE_ORDER.c[name] for name in ("created_at", "issued_at")),
        *(ORDER_LINE.c[name] for name in ("line_no", "item_id", "uom", "unit_price", "price_per")),
        *(ORDER_SCHEDULE.c[name] for name in ("ship_to", "quantity", "need_by")),
    )
    .join_from(ORDER_LINE, PURCHASE_ORDER, PURCHASE_ORDER.c.id == ORDER_LINE.c.order_id)
    .join(
        ORDER_SCHEDULE, and_(ORDER_SCHEDULE.c.order_id == ORDER_LINE.c.order_id, ORDER_SCHEDULE.c.line_no == ORDER_LINE.c.line_no)
    )
    .where(
        ORDER_LINE.c.item_id == func.any(bindparam("ids")),
        ORDER_LINE.c.cancelled.is_(False),
        PURCHASE_ORDER.c.order_date >= bindparam("since"),
        PURCHASE_ORDER.c.status != Status.CANCELLED.value,
    )
    .order_by(PURCHASE_ORDER.c.id, ORDER_LINE.c.line_no, ORDER_SCHEDULE.c.schedule_no)
)


def _part(row: Row[Any], units: UnitTable) -> PastPart:
    entered = row.created_at or datetime.combine(row.order_date, time(), UTC)
    return PastPart(
        order_id=OrderId(row.order_id),
        order_ref=row.order_ref,
        status=Status(row.status),
        line_no=row.line_no,
        supplier_id=row.supplier_id,
        item_id=ItemId(row.item_id),
        ship_to=row.ship_to,
        quantity=in_base_units(units, row.quantity, row.uom) if row.uom else None,
        uom=row.uom,
        unit_price=row.unit_price,
        price_per=row.price_per,
        currency=row.currency,
        order_date=row.order_date,
        need_by=row.need_by,
        entered_at=entered,
        issued_at=row.issued_at,
    )


def _facts_of(order: PurchaseOrder, known: _Known) -> OrderFacts:
    sites = {part.ship_to for line in order.lines for part in line.schedules if part.ship_to is not None}
    return OrderFacts(
        supplier=known.suppliers.get(order.supplier_id) if order.supplier_id else None,
        sites={site: known.sites[site] for site in sorted(sites) if site in known.sites},
        unmapped=known.unmapped.get(order.id, ()),
        lines={line.line_no: _line_facts(order, line, known) for line in order.lines if line.item_id in known.items},
    )


def _line_facts(order: PurchaseOrder, line: OrderLine, known: _Known) -> LineFacts:
    """Gather the facts of a line whose item is known."""
    assert line.item_id is not None
    item = known.items[line.item_id]
    parts = known.parts.get(line.item_id, [])
    sites = sorted({part.ship_to for part in line.schedules if part.ship_to is not None})
    terms = (order.supplier_id, line.item_id) if order.supplier_id else None
    since = known.now - TWINS_SINCE
    return LineFacts(
        item=item,
        successor=known.successors.get(line.item_id),
        supplier_item=known.supplier_items.get(terms) if terms else None,
        agreements=known.agreements.get(terms, ()) if terms else (),
        paid=_ours(experience.price_paid(parts, order.supplier_id, order.currency, item.value.units, order.id), known),
        stock={site: known.stock[line.item_id, site] for site in sites if (line.item_id, site) in known.stock},
        history={site: Fact(_history(order, line.item_id, site, parts, known), known.now, OURS) for site in sites},
        awaiting_erp=_awaiting(order, line.item_id, sites, parts, known),
        lead_time=_ours(experience.lead_time_of(known.lead_times.get(terms, [])) if terms else None, known),
        known_lines=Fact(experience.possible_twins(parts, order, line, item.value.units, since), known.now, OURS),
    )


def _ours(value: T | None, known: _Known) -> Fact[T] | None:
    return None if value is None else Fact(value, known.now, OURS)


def _history(
    order: PurchaseOrder, item_id: ItemId, site: SiteId, parts: Sequence[PastPart], known: _Known
) -> tuple[Decimal, ...]:
    """Join what the ERP bought before us with what we bought since, smallest first."""
    ours = experience.ordered_quantities(parts, site, order.id)
    return tuple(sorted((*known.history.get((item_id, site), []), *ours)))


def _awaiting(
    order: PurchaseOrder, item_id: ItemId, sites: Sequence[SiteId], parts: Sequence[PastPart], known: _Known
) -> dict[SiteId, Fact[Decimal]]:
    """Return what is on its way into the ERP per site, where there is any."""
    found = {}
    for site in sites:
        counted = known.stock.get((item_id, site))
        coming = experience.awaiting_erp(parts, site, order.id, counted.as_of if counted else None)
        if coming:
            found[site] = Fact(coming, known.now, OURS)
    return found
