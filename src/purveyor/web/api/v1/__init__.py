"""Version 1 of the API: one file per resource; suppliers, warehouses, finance systems and ERPs use the same operations."""

from __future__ import annotations

from typing import Final

from purveyor.web.api.v1 import (
    acknowledgments,
    advisories,
    approvals,
    change_orders,
    events,
    exceptions,
    invoices,
    measures,
    messages,
    order_actions,
    order_records,
    orders,
    receipts,
    ship_notices,
)
from purveyor.web.navigation import Part

_RESOURCES: Final = (
    *(orders, order_actions, order_records, acknowledgments, ship_notices, receipts),
    *(invoices, exceptions, approvals, change_orders, messages, events, measures, advisories),
)

PART: Final = Part("api", tuple(resource.router for resource in _RESOURCES))
