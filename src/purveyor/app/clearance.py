"""The gate and the submission behind it in one step, for every path on which a draft came to be or changed."""

from __future__ import annotations

from collections.abc import Sequence

from purveyor.app.gate import check_orders
from purveyor.app.submit import Checked, submit_checked
from purveyor.core.order import PurchaseOrder
from purveyor.store.db import Tx


def submit_all(tx: Tx, drafts: Sequence[PurchaseOrder]) -> list[PurchaseOrder]:
    """Check locked drafts and submit those that nothing blocks; returns every order as it stands afterwards.

    Raises what ``submit_checked`` raises.
    """
    if not drafts:
        return []
    reports = check_orders(tx, drafts)
    return submit_checked(tx, [Checked(order, reports[order.id]) for order in drafts])
