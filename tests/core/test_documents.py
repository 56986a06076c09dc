"""What a supplier reads of an order, and how two versions differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from purveyor.core.documents import FieldChange, differences, order_document
from purveyor.core.ids import BusinessUnitId, ItemId, OrderId, SiteId, SupplierId
from purveyor.core.order import OrderLine, PurchaseOrder, Schedule
from purveyor.core.parties import Site, Supplier

UNIT = BusinessUnitId(UUID(int=1))
DAYTON = Site(SiteId(UUID(int=2)), UNIT, "DAY", "Dayton", "US", "America/New_York")
KEYSTONE = Supplier(SupplierId(UUID(int=3)), "KEY", "Keystone Pumps", "USD", "US", "America/New_York")


def a_pump_line(line_no: int = 1, quantity: str = "20") -> OrderLine:
    return OrderLine(
        line_no=line_no,
        item_id=ItemId(UUID(int=4)),
        item_code="PMP-100",
        description="Circulator pump",
        quantity=Decimal(quantity),
        uom="CT",
        unit_price=Decimal("998.40"),
        schedules=(
            Schedule(1, DAYTON.id, Decimal(quantity), date(2026, 3, 23)),
            Schedule(2, None, Decimal(0), None),
            Schedule(3, SiteId(UUID(int=99)), Decimal(0), None),
        ),
    )


def a_pump_order(*lines: OrderLine) -> PurchaseOrder:
    return PurchaseOrder(
        id=OrderId(UUID(int=5)),
        order_ref="PV000001",
        business_unit_id=UNIT,
        supplier_id=KEYSTONE.id,
        supplier_code="KEY",
        currency="USD",
        order_date=date(2026, 3, 9),
        lines=lines or (a_pump_line(),),
        payment_terms="net 30",
    )


def test_a_supplier_reads_amounts_as_strings_and_ship_tos_by_name() -> None:
    document = order_document(a_pump_order(), KEYSTONE, {DAYTON.id: DAYTON}, "Miami Valley Pump & Supply")

    assert document["total"] == "19968.00"
    lines = document["lines"]
    assert isinstance(lines, list)
    line = lines[0]
    assert isinstance(line, dict)
    assert line["quantity"] == "20"
    assert line["schedules"] == [
        {
            "schedule_no": 1,
            "ship_to": {"code": "DAY", "name": "Dayton", "country": "US"},
            "quantity": "20",
            "need_by": "2026-03-23",
        },
        {"schedule_no": 2, "ship_to": None, "quantity": "0", "need_by": None},
        {"schedule_no": 3, "ship_to": None, "quantity": "0", "need_by": None},
    ]


def test_the_document_says_nothing_of_our_own_affairs() -> None:
    order = replace(a_pump_order(), requester="person-1", freight_ceiling=Decimal("25.00"))

    document = order_document(order, KEYSTONE, {}, "Miami Valley Pump & Supply")

    assert "person-1" not in str(document)


def test_a_missing_price_leaves_the_amount_empty() -> None:
    order = a_pump_order(replace(a_pump_line(), unit_price=None))

    document = order_document(order, KEYSTONE, {}, "Miami Valley Pump & Supply")

    assert document["total"] is None


def test_a_new_version_carries_its_differences_for_people_and_programs() -> None:
    before = a_pump_order(a_pump_line(1), a_pump_line(2))
    after = replace(before, version=2, payment_terms="net 45", currency="EUR", lines=(a_pump_line(1, quantity="22"),))

    changes = differences(before, after)

    assert FieldChange(None, "payment_terms", "net 30", "net 45") in changes
    assert FieldChange(None, "currency", "USD", "EUR") in changes
    assert FieldChange(1, "quantity", "20", "22") in changes
    assert FieldChange(2, "item", "PMP-100", None) in changes
    document = order_document(after, KEYSTONE, {DAYTON.id: DAYTON}, "Miami Valley Pump & Supply", previous=before)
    assert isinstance(document["changes"], list)
    assert len(document["changes"]) == len(changes)


def test_the_same_version_has_no_differences() -> None:
    assert differences(a_pump_order(), a_pump_order()) == ()
