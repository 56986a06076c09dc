"""The end of an order that was bought: everything received or given up, every bill settled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class OrderClosed(Event):
    """The order is complete; ``short_lines`` are those closed with quantity missing, ``billed`` the sum of its invoices."""

    type: ClassVar[str] = "order.closed"

    version: int
    short_lines: tuple[int, ...]
    invoices: int
    billed: Decimal
    currency: str
