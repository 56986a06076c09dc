"""The purchase order: header, lines and schedules, and the hash an approval binds to.

Quantities and prices stand in the unit of the line; amounts are rounded once per line, half up (domain.md 1, General).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from purveyor.core.canonical import digest
from purveyor.core.ids import BusinessUnitId, ErpInstance, ItemId, OrderId, SiteId, SupplierId, UserId
from purveyor.core.lifecycle import OrderOnHold, Status, Verb, next_status
from purveyor.core.money import round_amount


class Origin(StrEnum):
    """How a draft came to be."""

    PLANNED = "planned"
    TYPED = "typed"
    API = "api"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A quantity of a line for one ship-to site and need-by date, in the unit of the line."""

    schedule_no: int
    ship_to: SiteId | None
    quantity: Decimal
    need_by: date | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One item on an order. ``unit_price`` is per ``price_per`` units of ``uom``.

    ``changed_in_version`` is the version in which item, quantity, unit, price, date, ship-to or a term last changed; an
    acknowledgment of an older version does not bind the line. ``external_id`` is the line's id in the ERP.
    """

    line_no: int
    item_id: ItemId | None
    item_code: str
    description: str
    quantity: Decimal
    uom: str | None
    unit_price: Decimal | None
    schedules: tuple[Schedule, ...]
    price_per: Decimal = Decimal(1)
    supplier_part_no: str | None = None
    category: str | None = None
    tax_code: str | None = None
    changed_in_version: int = 1
    cancelled: bool = False
    closed_reason: str | None = None
    external_id: str | None = None

    def amount(self, currency: str) -> Decimal | None:
        """Return quantity times price, rounded once to the minor unit; None when the price is missing."""
        if self.unit_price is None:
            return None
        if self.cancelled:
            return round_amount(Decimal(0), currency)
        return round_amount(self.quantity * self.unit_price / self.price_per, currency)

    @property
    def need_by(self) -> date | None:
        """The earliest date any schedule of the line is needed by."""
        return min((schedule.need_by for schedule in self.schedules if schedule.need_by), default=None)

    def content(self) -> dict[str, object]:
        """What a supplier or an approver agrees to on this line; internal fields are left out."""
        return {
            "line_no": self.line_no,
            "item": self.item_code,
            "item_id": self.item_id,
            "quantity": self.quantity,
            "uom": self.uom,
            "unit_price": self.unit_price,
            "price_per": self.price_per,
            "cancelled": self.cancelled,
            "schedules": [
                {"no": part.schedule_no, "ship_to": part.ship_to, "quantity": part.quantity, "need_by": part.need_by}
                for part in self.schedules
            ],
        }


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an order is stopped and who stopped it; the status beneath is kept."""

    reason: str
    owner: UserId | None
    since: datetime


@dataclass(frozen=True, slots=True)
class ErpLink:
    """Where the order lives in its ERP. ``version`` is the ERP's own opaque stamp, ``content_hash`` what we last read there."""

    instance: ErpInstance
    external_id: str
    number: str | None = None
    version: str | None = None
    content_hash: str | None = None


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """Our commitment to buy, with versions.

    ``version`` counts changes of content; ``row_version`` counts every save and is what forms and If-Match send back.
    ``first_issued_version`` is the version the supplier saw first. ``requester`` is the person key of who asked for it.
    """

    id: OrderId
    order_ref: str
    business_unit_id: BusinessUnitId
    supplier_id: SupplierId | None
    supplier_code: str
    currency: str
    order_date: date
    lines: tuple[OrderLine, ...]
    status: Status = Status.DRAFT
    version: int = 1
    row_version: int = 0
    origin: Origin = Origin.TYPED
    requester: str | None = None
    buyer_id: UserId | None = None
    payment_terms: str | None = None
    freight_term: str | None = None
    fob_point: str | None = None
    incoterm: str | None = None
    freight_ceiling: Decimal | None = None
    erp: ErpLink | None = None
    hold: Hold | None = None
    first_issued_version: int | None = None
    issued_at: datetime | None = None
    created_at: datetime | None = None

    @property
    def total(self) -> Decimal | None:
        """Sum of the line amounts in the order currency; None while a price is missing."""
        amounts = [line.amount(self.currency) for line in self.lines]
        if any(amount is None for amount in amounts):
            return None
        return sum((amount for amount in amounts if amount is not None), round_amount(Decimal(0), self.currency))

    def line(self, line_no: int) -> OrderLine | None:
        """Return the line with this number, or None."""
        return next((line for line in self.lines if line.line_no == line_no), None)

    def content(self) -> dict[str, object]:
        """What an approver agrees to: supplier, terms, currency and every line."""
        return {
            "order_ref": self.order_ref,
            "supplier": self.supplier_id or self.supplier_code,
            "currency": self.currency,
            "terms": self.terms(),
            "lines": [line.content() for line in self.lines],
        }

    def terms(self) -> dict[str, object]:
        """The header terms that bind the supplier; a change of one changes every line."""
        return {
            "payment_terms": self.payment_terms,
            "freight_term": self.freight_term,
            "fob_point": self.fob_point,
            "incoterm": self.incoterm,
            "freight_ceiling": self.freight_ceiling,
        }

    def version_hash(self) -> str:
        """Return the hash an approval binds to: version number and content. One cent more gives another hash."""
        return digest({"version": self.version, **self.content()})


def advance(order: PurchaseOrder, verb: Verb, to: Status) -> PurchaseOrder:
    """Return the order in its new status; raise IllegalTransition or OrderOnHold. A hold lets only edits and cancels through."""
    status = next_status(order.status, verb, to)
    if order.hold is not None and verb in (Verb.RELEASE, Verb.SUBMIT, Verb.APPROVE):
        raise OrderOnHold(reason=order.hold.reason, since=order.hold.since.isoformat())
    return replace(order, status=status)


def content_changes(before: PurchaseOrder, after: PurchaseOrder) -> frozenset[int]:
    """Return the numbers of the lines that a supplier would see differently; a changed header term changes every line."""
    if before.terms() != after.terms() or before.currency != after.currency or before.supplier_id != after.supplier_id:
        return frozenset(line.line_no for line in after.lines)
    old = {line.line_no: line.content() for line in before.lines}
    return frozenset(line.line_no for line in after.lines if old.get(line.line_no) != line.content())


def new_version(before: PurchaseOrder, after: PurchaseOrder) -> PurchaseOrder:
    """Return ``after`` as the version that follows ``before``, changed lines marked; the same content stays the same version."""
    if before.content() == after.content():
        return replace(after, version=before.version)
    number = before.version + 1
    changed = content_changes(before, after)
    marks = {line.line_no: line.changed_in_version for line in before.lines}
    lines = tuple(
        replace(line, changed_in_version=number if line.line_no in changed else marks[line.line_no]) for line in after.lines
    )
    return replace(after, version=number, lines=lines)
