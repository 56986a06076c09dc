"""A pump order with its supplier, its goods and its invoices in a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from purveyor.app import match
from purveyor.app.match import InvoiceResult
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionCase
from purveyor.core.ids import MovementId, OrderId, ReceiptId
from purveyor.core.invoice import Invoice, InvoiceCommand, InvoiceLine
from purveyor.core.items import Item
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import Site, Supplier
from purveyor.core.quantity import UnitTable
from purveyor.core.shipping import Movement, MovementKind, Place
from purveyor.store import cases, invoices, masters, messages, movements, orders
from purveyor.store.db import Database, Tx
from purveyor.store.masters import Provenance
from tests.order_builders import DAYTON, ITEM, SUPPLIER, UNIT, a_line, an_order, fresh_id, in_erp

HERE = Provenance(datetime(2026, 3, 9, tzinfo=UTC), "tryton")


def the_masters(database: Database) -> None:
    """The pump supplier, Dayton, and the pump in cartons of 12."""
    supplier = Supplier(SUPPLIER, "KELLER", "Keller Pumps", "USD", "US", "America/New_York")
    cartons = UnitTable("EA", {"CT": Fraction(12)})
    with database.transaction(SYSTEM) as tx:
        masters.save_sites(tx, [Site(DAYTON, UNIT, "DAYTON", "Dayton", "US", "America/New_York")])
        masters.save_suppliers(tx, [supplier], HERE)
        masters.save_items(tx, [Item(ITEM, "PUMP-1", "Circulator pump", cartons, "pumps/circulators")], HERE)


def the_order(database: Database, *, price: str = "998.40", **given: Any) -> PurchaseOrder:
    """20 cartons of pumps for Dayton, sent to the supplier, living in the ERP."""
    line = a_line(1, 20, price, category="pumps/circulators", external_id="11")
    plain: dict[str, Any] = {"freight_term": "prepaid", "fob_point": "destination", "erp": in_erp(str(fresh_id()), number="PO-7")}
    order = an_order(line, **{**plain, "status": Status.ACKNOWLEDGED, "first_issued_version": 1, **given})
    with database.transaction(SYSTEM) as tx:
        return orders.save(tx, order)


def goods_came(database: Database, order: PurchaseOrder, cartons: int, notice: str | None = None) -> None:
    """Cartons of the first line are accepted at Dayton."""
    receipt = ReceiptId(fresh_id())
    with database.transaction(SYSTEM) as tx:
        moved = Movement(
            MovementId(tx.new_id()),
            order.id,
            Place(1, DAYTON),
            MovementKind.ACCEPTED,
            Decimal(cartons * 12),
            tx.now,
            receipt,
            receipt,
            notice,
        )
        movements.add(tx, order, [moved])


def a_bill(
    order: PurchaseOrder, number: str = "KP-10442", cartons: str = "12", price: str = "998.40", **more: Any
) -> InvoiceCommand:
    """An invoice of the supplier for cartons of the first line; ``line`` changes its only line."""
    line = InvoiceLine(1, order.order_ref, 1, Decimal(cartons), "CT", Decimal(price))
    changed = replace(line, **more.pop("line", {}))
    plain: dict[str, Any] = {"source": "api:keller", "external_id": number, "supplier_id": SUPPLIER, "currency": "USD"}
    return InvoiceCommand(**{**plain, "number": number, "invoice_date": date(2026, 3, 9), "lines": (changed,), **more})


def billed(database: Database, command: InvoiceCommand) -> InvoiceResult:
    """Record an invoice in a transaction of its own."""
    with database.transaction(SYSTEM) as tx:
        return match.record(tx, command)


def open_exceptions(database: Database) -> list[ExceptionCase]:
    """What is open now."""
    with database.read(SYSTEM) as tx:
        return cases.listed(tx)


def told(database: Database, order_id: OrderId) -> list[str]:
    """What the ERP was to be told about an order, in order."""
    with database.read(SYSTEM) as tx:
        return [message.kind for message in messages.of_order(tx, order_id)]


def stored(database: Database, invoice: Invoice) -> Invoice:
    """The invoice as the database has it."""
    with database.read(SYSTEM) as tx:
        return invoices.load(tx, invoice.id)


def order_of(tx: Tx, order: PurchaseOrder) -> PurchaseOrder:
    """The order as the database has it."""
    return orders.get(tx, order.id)
