"""Stock and open demand in Tryton, computed for all goods and warehouses in a fixed number of calls.

On hand counts done moves only; allocated are goods set aside for customers' shipments; on order are moves still expected
from suppliers; the daily demand is what left for customers in the last 13 weeks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from purveyor.connectors.erp.tryton.masters import unit_factor
from purveyor.connectors.erp.tryton.rpc import Row, TrytonRpc, quantity_from_wire, to_many, to_one
from purveyor.core.canonical import digest
from purveyor.core.erp_records import ErpDemand, ErpStock
from purveyor.core.quantity import as_decimal

DEMAND_DAYS: Final = 91
OPEN_SHIPMENTS: Final = ("draft", "waiting", "assigned", "picked", "packed")
ALLOCATED: Final = ("assigned", "picked", "packed")
Place = tuple[int, int]
"""A product and a warehouse."""


def read_demand(rpc: TrytonRpc) -> tuple[ErpDemand, ...]:
    """Read every line of every customer shipment that has not left."""
    fields = ("reference", "number", "state", "warehouse", "planned_date", "customer.name", "outgoing_moves.product")
    moves = ("internal_quantity", "unit_price", "currency.code", "_timestamp", "unit.factor", "unit.rate")
    factors = ("product.default_uom.factor", "product.default_uom.rate")
    wanted = (*fields, *(f"outgoing_moves.{name}" for name in (*moves, *factors)))
    shipments = rpc.search_read("stock.shipment.out", [["state", "in", list(OPEN_SHIPMENTS)]], wanted)
    return tuple(_demand(shipment, move) for shipment in shipments for move in to_many(shipment, "outgoing_moves"))


def _demand(shipment: Row, move: Row) -> ErpDemand:
    price = move["unit_price"]
    if price is not None:
        base = unit_factor(to_one(to_one(move, "product"), "default_uom"))
        price = as_decimal(Fraction(price) * base / unit_factor(to_one(move, "unit")))
    return ErpDemand(
        external_id=str(move["id"]),
        version=str(move["_timestamp"]),
        item=str(move["product"]),
        site=str(shipment["warehouse"]),
        quantity=quantity_from_wire(move["internal_quantity"]),
        need_by=shipment["planned_date"],
        source_ref=shipment["reference"] or shipment["number"] or str(shipment["id"]),
        customer=to_one(shipment, "customer").get("name"),
        allocated=shipment["state"] in ALLOCATED,
        unit_sales_price=price,
        currency=to_one(move, "currency").get("code"),
    )


def read_stock(rpc: TrytonRpc) -> tuple[ErpStock, ...]:
    """Read the position of every stocked item in every warehouse, those that lie empty included."""
    today: date = rpc.model("ir.date", "today")
    parts = ("input_location", "storage_location", "output_location")
    warehouses = rpc.search_read("stock.location", [["type", "=", "warehouse"], ["active", "=", True]], parts)
    zone = {row[part]: row["id"] for row in warehouses for part in parts}
    on_hand = _on_hand(rpc, [row["id"] for row in warehouses], today)
    allocated: defaultdict[Place, Decimal] = defaultdict(Decimal)
    for need in read_demand(rpc):
        if need.allocated:
            allocated[int(need.item), int(need.site)] += need.quantity
    on_order = _moved(rpc, zone, "to_location", [["from_location.type", "=", "supplier"], ["state", "=", "draft"]])
    since = [["effective_date", ">", today - timedelta(days=DEMAND_DAYS)], ["effective_date", "<=", today]]
    sold: list[list[object]] = [["to_location.type", "=", "customer"], ["state", "=", "done"], *since]
    issued = _moved(rpc, zone, "from_location", sold)
    points = _order_points(rpc)
    return tuple(
        _position(place, quantity, allocated[place], on_order[place], issued[place], points.get(place))
        for place, quantity in sorted(on_hand.items())
    )


def _on_hand(rpc: TrytonRpc, warehouses: list[int], today: date) -> dict[Place, Decimal]:
    found: dict[Place, Decimal] = {}
    domain = [["type", "=", "goods"], ["consumable", "=", False]]
    for warehouse in warehouses:
        context = {"locations": [warehouse], "stock_date_end": today, "active_test": False}
        rows = rpc.model("product.product", "search_read", domain, 0, None, None, ["quantity"], context=context)
        for row in rows:
            found[row["id"], warehouse] = quantity_from_wire(row["quantity"])
    return found


def _moved(rpc: TrytonRpc, zone: Mapping[int, int], side: str, domain: list[list[object]]) -> defaultdict[Place, Decimal]:
    total: defaultdict[Place, Decimal] = defaultdict(Decimal)
    for move in rpc.search_read("stock.move", domain, ("product", side, "internal_quantity")):
        if move[side] in zone:
            total[move["product"], zone[move[side]]] += quantity_from_wire(move["internal_quantity"])
    return total


def _order_points(rpc: TrytonRpc) -> dict[Place, tuple[Decimal, Decimal]]:
    rows = rpc.search_read(
        "stock.order_point", [["type", "=", "purchase"]], ("product", "location", "min_quantity", "target_quantity")
    )
    return {
        (row["product"], row["location"]): (
            quantity_from_wire(row["min_quantity"]),
            quantity_from_wire(row["target_quantity"]),
        )
        for row in rows
    }


def _position(
    place: Place,
    on_hand: Decimal,
    allocated: Decimal,
    on_order: Decimal,
    issued: Decimal,
    point: tuple[Decimal, Decimal] | None,
) -> ErpStock:
    daily = (issued / DEMAND_DAYS).quantize(Decimal("0.0001")).normalize() + 0
    return ErpStock(
        external_id=f"{place[0]}:{place[1]}",
        version=digest([on_hand, allocated, on_order, daily, point])[:16],
        item=str(place[0]),
        site=str(place[1]),
        on_hand=on_hand,
        allocated=allocated,
        on_order=on_order,
        daily_demand=daily,
        reorder_point=point[0] if point else None,
        maximum=point[1] if point else None,
    )
