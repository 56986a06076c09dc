"""What suppliers promised and what a later promise puts at risk. Stream: the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class PromiseMade(Event):
    """A date was promised for a quantity of a schedule; ``original`` marks the first promise, which is never replaced."""

    type: ClassVar[str] = "promise.made"

    line_no: int
    schedule_no: int
    quantity: Decimal
    promised_ship: date | None
    promised_delivery: date | None
    basis: str | None
    channel: str
    original: bool


@dataclass(frozen=True, kw_only=True)
class PromiseSlipped(Event):
    """A promised delivery moved to a later day."""

    type: ClassVar[str] = "promise.slipped"

    line_no: int
    schedule_no: int
    quantity: Decimal
    before: date
    after: date


@dataclass(frozen=True, kw_only=True)
class StockoutRiskFound(Event):
    """A site runs out of an item before the goods come: days and base units short, and the sales that hang on them."""

    type: ClassVar[str] = "stockout_risk.found"

    line_no: int
    item_id: UUID
    site_id: UUID
    delivery: date
    available: Decimal
    days_short: Decimal
    units_short: Decimal
    sales_at_risk: Decimal | None
    currency: str
