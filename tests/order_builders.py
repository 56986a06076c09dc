"""Builders of orders for tests: say what matters, the rest is a plain pump order of a Dayton buyer."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from purveyor.core.ids import BusinessUnitId, ErpInstance, ItemId, OrderId, SiteId, SupplierId, order_ref, uuid7
from purveyor.core.order import ErpLink, OrderLine, PurchaseOrder, Schedule

MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
UNIT = BusinessUnitId(UUID("00000000-0000-7000-8000-000000000001"))
OTHER_UNIT = BusinessUnitId(UUID("00000000-0000-7000-8000-000000000002"))
SUPPLIER = SupplierId(UUID("00000000-0000-7000-8000-000000000011"))
OTHER_SUPPLIER = SupplierId(UUID("00000000-0000-7000-8000-000000000012"))
ITEM = ItemId(UUID("00000000-0000-7000-8000-000000000021"))
DAYTON = SiteId(UUID("00000000-0000-7000-8000-000000000031"))
ERP = ErpInstance("tryton")


def fresh_id() -> UUID:
    """Return an id nobody has used."""
    return uuid7(MONDAY, os.urandom(10))


def a_line(line_no: int = 1, quantity: int | str = 20, price: str | None = "1036.80", **given: Any) -> OrderLine:
    """A line of pumps in cartons for Dayton, needed at the end of March."""
    amount = Decimal(quantity)
    plain: dict[str, Any] = {
        "line_no": line_no,
        "item_id": ITEM,
        "item_code": f"PUMP-{line_no}",
        "description": f"Circulator pump {line_no}",
        "quantity": amount,
        "uom": "CT",
        "unit_price": None if price is None else Decimal(price),
        "schedules": (Schedule(1, DAYTON, amount, date(2026, 3, 31)),),
    }
    return OrderLine(**{**plain, **given})


def an_order(*lines: OrderLine, **given: Any) -> PurchaseOrder:
    """A draft to the pump supplier; without lines given it has one."""
    order = PurchaseOrder(
        id=OrderId(fresh_id()),
        order_ref=order_ref(int.from_bytes(os.urandom(4), "big")),
        business_unit_id=UNIT,
        supplier_id=SUPPLIER,
        supplier_code="KELLER",
        currency="USD",
        order_date=date(2026, 3, 9),
        lines=lines or (a_line(),),
        created_at=MONDAY,
    )
    return replace(order, **given)


def in_erp(external_id: str, **given: Any) -> ErpLink:
    """Where an order lives in the ERP of the tests."""
    return ErpLink(ERP, external_id, **given)
