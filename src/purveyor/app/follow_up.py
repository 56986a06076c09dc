"""What has to be looked at again once goods, bills or decisions of an order changed: open invoices, and whether it is complete.

Both are jobs, so that the transaction that changed something stays short.
"""

from __future__ import annotations

from typing import Final

from purveyor.core.ids import OrderId
from purveyor.store import jobs
from purveyor.store.db import Tx

MATCH_AGAIN: Final = "match_again"
"""Job kind that matches the open invoices of an order again; its task calls ``app.copies.match_again``."""

CLOSE_CHECK: Final = "close_order"
"""Job kind that looks whether an order is complete; its task calls ``app.close.close_if_complete``."""


def recheck_invoices(tx: Tx, order_id: OrderId) -> None:
    """Have the open invoices of an order matched again."""
    _queue(tx, MATCH_AGAIN, order_id)


def recheck_completion(tx: Tx, order_id: OrderId) -> None:
    """Have it looked whether an order is complete and can be closed."""
    _queue(tx, CLOSE_CHECK, order_id)


def _queue(tx: Tx, kind: str, order_id: OrderId) -> None:
    jobs.enqueue(tx, kind, str(order_id), {"order_id": str(order_id)})
