"""Event rows and orders for tests of measures: say what happened and when, the rest is a plain pump order.

The clock starts on Monday 9 March 2026, nine o'clock; everybody works Monday to Friday, nine to five, UTC.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from purveyor.core.calendar import BusinessCalendar, end_of_business_day
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.measured import EventRow, MeasuredDocument, MeasuredOrder
from purveyor.insight.figures import Period
from purveyor.insight.latency import SupplierClock, sendings

MONDAY_NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
UNIT = UUID(int=1)
OFFICE = BusinessCalendar()
CALENDARS: dict[UUID | None, BusinessCalendar] = {UNIT: OFFICE}
MARCH = Period(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


def hours(count: int | str) -> datetime:
    """A moment some real hours after Monday nine o'clock; minutes as ``1:30``."""
    whole, _, minutes = str(count).partition(":")
    return MONDAY_NINE + timedelta(hours=int(whole), minutes=int(minutes or 0))


def an_id(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(UUID(int=7), name)


@dataclass
class Log:
    """A log that grows event by event, each stream with its own positions."""

    rows: list[EventRow] = field(default_factory=list)
    _positions: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, stream: Ref, type_: str, at: datetime, **payload: Any) -> Log:
        """Append one event."""
        self._positions[stream.id] += 1
        self.rows.append(EventRow(stream, self._positions[stream.id], type_, at, payload))
        return self

    def order(self, name: str, type_: str, at: datetime | int | str, **payload: Any) -> Log:
        """Append an event to the stream of an order."""
        return self.add(Ref("order", an_id(name)), type_, at if isinstance(at, datetime) else hours(at), **payload)

    def changed(self, name: str, at: int, initiator: str, *lines: int, version: int = 2) -> Log:
        """A change order of one side is proposed and applied at once."""
        change = str(an_id(f"{name}-{initiator}-{version}"))
        self.order(name, "change_order.proposed", at, change_order_id=change, initiator=initiator, lines=list(lines))
        return self.order(name, "change_order.applied", at, change_order_id=change, version=version, changed_lines=list(lines))


def an_order(name: str = "A", lines: int = 1, issued: datetime | None = MONDAY_NINE, **given: Any) -> MeasuredOrder:
    """A sent order with some lines."""
    numbers = frozenset(range(1, lines + 1))
    plain: dict[str, Any] = {"status": Status.ISSUED, "supplier": "Keller Pumps", "issued_lines": numbers, "lines": numbers}
    return MeasuredOrder(
        **{
            "id": OrderId(an_id(name)),
            "order_ref": f"PV{name}",
            "business_unit_id": UNIT,
            "issued_at": issued,
            **plain,
            **given,
        }
    )


def a_document(kind: str, name: str, **given: Any) -> MeasuredDocument:
    """A message, invoice or exception of the unit."""
    return MeasuredDocument(Ref(kind, an_id(name)), name, **{"business_unit_id": UNIT, **given})


def clocks(log: Log, orders: list[MeasuredOrder], days: int = 2) -> dict[OrderId, SupplierClock]:
    """Suppliers in office hours who have to answer by the end of the second business day."""
    sent = sendings(log.rows)
    return {
        order.id: SupplierClock(OFFICE, {at: end_of_business_day(OFFICE, at, days) for at in sent.get(order.id, ())})
        for order in orders
    }
