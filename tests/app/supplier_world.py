"""A pump order at the supplier, with stock at Dayton: for tests of answers, shipments and receipts on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from purveyor.app import acknowledge, receive, ship
from purveyor.app.acknowledge import AcknowledgmentCommand, AcknowledgmentResult
from purveyor.app.progress import progress_of
from purveyor.app.receive import CountedLine, ReceiptCommand, ReceiptResult
from purveyor.app.ship import ShipNoticeCommand, ShipNoticeResult
from purveyor.core.access import SYSTEM, SYSTEM_SCOPE, Actor, ActorKind, Role
from purveyor.core.acknowledge import AnswerPart, LineAnswer, Outcome
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId, SupplierId
from purveyor.core.items import StockPosition
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.progress import LineProgress
from purveyor.core.shipping import ShippedLine
from purveyor.store import cases, events, masters, orders, stock
from purveyor.store.db import Database
from tests.app.invoicing import HERE, the_masters, the_order
from tests.app.people import MONDAY_NINE, People, an_organisation
from tests.core.supplier_side import a_part
from tests.order_builders import DAYTON, ITEM, SUPPLIER, UNIT, a_line

KELLER = Actor(ActorKind.SUPPLIER, roles=frozenset({Role.SUPPLIER}), supplier_id=SUPPLIER)


def a_world(database: Database) -> People:
    """Monday morning: people, policies, the pump supplier with three days of transit, and little stock at Dayton."""
    people = an_organisation(database)
    the_masters(database)
    with database.transaction(SYSTEM) as tx:
        masters.save_profiles(tx, [replace(masters.supplier(tx, SUPPLIER), transit_days=3, channels=("api", "email"))])
        little = StockPosition(
            ITEM,
            DAYTON,
            on_hand=Decimal(96),
            allocated=Decimal(12),
            on_order=Decimal(0),
            daily_demand=Decimal(6),
            sales_price=Decimal("139.00"),
        )
        stock.save_stock(tx, [little], {DAYTON: UNIT}, HERE)
    return people


def an_issued_order(database: Database, **given: Any) -> PurchaseOrder:
    """20 cartons for Dayton by the end of March, sent and not answered."""
    return the_order(database, **{"status": Status.ISSUED, **given})


def two_lines(**given: Any) -> dict[str, Any]:
    """Lines of 20 and 10 cartons, to be given to ``an_issued_order``."""
    pumps = "pumps/circulators"
    return {"lines": (a_line(1, 20, "998.40", category=pumps), a_line(2, 10, "998.40", category=pumps)), **given}


def answered(
    database: Database,
    order: PurchaseOrder,
    *parts: AnswerPart,
    name: str = "a1",
    minutes: int = 0,
    header: str | None = None,
    channel: str = "api",
    actor: Actor = KELLER,
    **given: Any,
) -> AcknowledgmentResult:
    """Let the supplier answer the first line (or the whole order by ``header``) in a transaction of its own."""
    plain: dict[str, Any] = {
        "source": f"{channel}:keller",
        "channel": channel,
        "external_id": name,
        "sent_at": MONDAY_NINE + timedelta(minutes=minutes),
        "version": order.version,
        "header": None if header is None else Outcome(header),
        "lines": (LineAnswer(1, parts),) if parts else (),
    }
    with database.transaction(actor, SYSTEM_SCOPE) as tx:
        return acknowledge.record(tx, AcknowledgmentCommand(order.id, **{**plain, **given}))


def twelve_and_eight(first: str = "2026-03-23", second: str = "2026-03-30") -> tuple[AnswerPart, ...]:
    """12 cartons on one day and 8 on another."""
    return a_part("accept", "12", promised_delivery=first), a_part("accept", "8", promised_delivery=second)


def shipped(database: Database, order: PurchaseOrder, cartons: str, number: str = "S1", **given: Any) -> ShipNoticeResult:
    """Let the supplier announce cartons of the first line."""
    plain: dict[str, Any] = {
        "source": "api:keller",
        "channel": "api",
        "external_id": number,
        "number": number,
        "sent_at": MONDAY_NINE,
        "lines": (ShippedLine(1, Decimal(cartons)),),
    }
    with database.transaction(KELLER, SYSTEM_SCOPE) as tx:
        return ship.record(tx, ShipNoticeCommand(order.id, **{**plain, **given}))


def counted(
    database: Database,
    order: PurchaseOrder,
    quantity: str,
    name: str = "r1",
    hours: int = 1,
    recount_of: Any = None,
    **given: Any,
) -> ReceiptResult:
    """Let the warehouse count the first line; ``uom`` and ``damaged`` go to the line, everything else to the receipt."""
    line = CountedLine(
        1,
        Decimal(quantity),
        uom=given.pop("uom", None),
        damaged=Decimal(given.pop("damaged", "0")),
        return_for=given.pop("return_for", None),
    )
    plain: dict[str, Any] = {
        "source": "wms:dayton",
        "external_id": name,
        "counted_at": MONDAY_NINE + timedelta(hours=hours),
        "lines": (line,),
    }
    command = ReceiptCommand(order.id, **{**plain, **given})
    with database.transaction(SYSTEM) as tx:
        return receive.record(tx, command) if recount_of is None else receive.recount(tx, recount_of, command)


def open_types(database: Database) -> list[ExceptionType]:
    """The types of all open exceptions."""
    return [case.type for case in open_cases(database)]


def open_cases(database: Database) -> list[ExceptionCase]:
    """All open exceptions."""
    with database.read(SYSTEM) as tx:
        return cases.listed(tx)


def now_of(database: Database, order_id: OrderId) -> PurchaseOrder:
    """The order as the database has it."""
    with database.read(SYSTEM) as tx:
        return orders.get(tx, order_id)


def progress(database: Database, order_id: OrderId) -> LineProgress:
    """The progress of the first line."""
    with database.read(SYSTEM) as tx:
        return progress_of(tx, [order_id])[order_id][0]


def told(database: Database, order_id: OrderId) -> list[str]:
    """The types of the events on the order's stream."""
    with database.read(SYSTEM) as tx:
        return [event.type for event in events.read_stream(tx, Ref("order", order_id))]


def somebody_else() -> Actor:
    """A supplier who has nothing to do with these orders."""
    other = SupplierId(UNIT)
    return replace(KELLER, supplier_id=other)


def at(hours: int) -> datetime:
    """A moment some hours after Monday nine o'clock."""
    return MONDAY_NINE + timedelta(hours=hours)
