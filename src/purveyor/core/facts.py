"""What the gate may know about an order: every figure with the moment it was true and the system that said so.

Facts are loaded once for many orders and passed to pure rules. A fact that is missing is None and is never guessed;
one that is too old makes the checks resting on it STALE (domain.md 1, Freshness).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, Generic, TypeVar

from purveyor.core.finding import Severity
from purveyor.core.ids import OrderId, SiteId, SupplierId
from purveyor.core.items import Agreement, Item, StockPosition, SupplierItem
from purveyor.core.parties import Site, Supplier

T = TypeVar("T")


class FactKind(StrEnum):
    """Kinds of facts; each has its own freshness limit, or none when the figure is our own record."""

    ITEM = "item"
    SUPPLIER = "supplier"
    PRICE = "price"
    STOCK = "stock"
    BUDGET = "budget"
    HISTORY = "history"
    LEAD_TIME = "lead_time"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value, the moment it was true (UTC) and the system it came from."""

    value: T
    as_of: datetime
    source: str

    def age(self, now: datetime) -> timedelta:
        """Return how old the fact is at a moment; a fact from after that moment has no age."""
        return max(now - self.as_of, timedelta(0))


def whole_hours(age: timedelta) -> int:
    """Return an age in whole hours, rounded down, as screens show it."""
    return int(age // timedelta(hours=1))


def reference_time(now: datetime, export_date: datetime | None = None) -> datetime:
    """Return the moment ages are counted from: now, or for an offline check the own date of the export."""
    return export_date or now


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a fact may be (at the limit is fresh) and what an older one does: BLOCK or WARN."""

    limit_minutes: int
    effect: Severity = Severity.BLOCK

    @property
    def limit(self) -> timedelta:
        """The limit as a duration."""
        return _minutes(self.limit_minutes)

    def is_stale(self, age: timedelta) -> bool:
        """Say whether a fact of this age is over the limit."""
        return age > self.limit


@lru_cache(maxsize=64)
def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


CONNECTED: Final[Mapping[FactKind, Freshness]] = {
    FactKind.STOCK: Freshness(60),
    FactKind.BUDGET: Freshness(240),
    FactKind.PRICE: Freshness(1440),
    FactKind.ITEM: Freshness(1440),
    FactKind.SUPPLIER: Freshness(1440),
}
"""Limits for an ERP we talk to (rules of thumb)."""

FILES: Final[Mapping[FactKind, Freshness]] = {**CONNECTED, FactKind.STOCK: Freshness(1440, Severity.WARN)}
"""Limits for an ERP that delivers files: only stock may be older, and only warns."""


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Lead times observed for a supplier and item over 12 months: number of receipts, median and 90th percentile in days."""

    receipts: int
    median_days: Decimal
    p90_days: Decimal


@dataclass(frozen=True, slots=True)
class PaidPrice:
    """What we paid before: last price and median of 12 months, per base unit of the item, with the day of the last one."""

    last: Decimal
    last_on: date
    median: Decimal
    orders: int
    currency: str


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A schedule of another order that may be the same purchase; ``quantity`` in base units, ``entered_at`` UTC."""

    order_id: OrderId
    order_ref: str
    line_no: int
    supplier_id: SupplierId
    ship_to: SiteId | None
    quantity: Decimal
    need_by: date | None
    entered_at: datetime
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """Who pays freight and where risk passes; ``freight_ceiling`` is the most a supplier may add, in the order currency."""

    freight_term: str | None = None
    fob_point: str | None = None
    incoterm: str | None = None
    freight_ceiling: Decimal | None = None


@dataclass(frozen=True, slots=True)
class UnmappedCode:
    """A code of an ERP that no cross-reference knows; documents that use it wait until a person maps it."""

    erp: str
    entity: str
    code: str


@dataclass(frozen=True, slots=True)
class LineFacts:
    """Everything known about one line. Sites key what differs by ship-to; history and lead time cover 12 months.

    ``history`` are order quantities of the item at the site in base units, cancelled ones left out. ``successor`` is the number
    of the item that replaces this one. ``known_lines`` are lines of other orders that may be the same purchase. ``awaiting_erp``
    are base units on other orders of ours that the ERP does not know as ordered yet.
    """

    item: Fact[Item] | None = None
    successor: str | None = None
    supplier_item: Fact[SupplierItem] | None = None
    agreements: tuple[Fact[Agreement], ...] = ()
    paid: Fact[PaidPrice] | None = None
    stock: Mapping[SiteId, Fact[StockPosition]] = field(default_factory=dict)
    history: Mapping[SiteId, Fact[tuple[Decimal, ...]]] = field(default_factory=dict)
    awaiting_erp: Mapping[SiteId, Fact[Decimal]] = field(default_factory=dict)
    lead_time: Fact[LeadTime] | None = None
    known_lines: Fact[tuple[KnownLine, ...]] | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """Everything known about one order: its supplier, sites, agreed terms, codes nobody knows, and facts per line number."""

    supplier: Fact[Supplier] | None = None
    sites: Mapping[SiteId, Site] = field(default_factory=dict)
    agreed_terms: Fact[DeliveryTerms] | None = None
    unmapped: tuple[UnmappedCode, ...] = ()
    lines: Mapping[int, LineFacts] = field(default_factory=dict)


NO_LINE_FACTS: Final = LineFacts()
"""What is known about a line nobody loaded facts for."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """The limits of the gate; ``policy`` names the version they were published in and is stamped on every finding.

    Percentages are numbers of percent. ``severities`` replaces the default severity of a finding code. The defaults are those of
    domain.md 1: rules of thumb until a customer publishes his own.
    """

    policy: str = "gate-defaults"
    freshness: Mapping[FactKind, Freshness] = field(default_factory=lambda: CONNECTED)
    agreement_tolerance_pct: Decimal = Decimal(0)
    no_agreement_tolerance_pct: Decimal = Decimal(2)
    duplicate_window_days: int = 3
    usual_deviations: Decimal = Decimal(5)
    usual_times_largest: Decimal = Decimal(3)
    usual_least_orders: int = 6
    usual_least_times_median: Decimal = Decimal("1.5")
    maximum_cover_days: Decimal = Decimal(90)
    break_uplift_pct: Decimal = Decimal(50)
    item_record_days: int = 365
    least_receipts: int = 10
    severities: Mapping[str, Severity] = field(default_factory=dict)
