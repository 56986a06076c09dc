"""What ERPs tell us and what we tell them, in one vocabulary: the canonical records of the ERP port.

Every record carries the id and the opaque version the ERP gave it; references between records are the ERP's ids, so that
nothing is guessed before the cross-reference has been asked. Codes of units, currencies and taxes are plain strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from purveyor.core.canonical import digest
from purveyor.core.items import ItemStatus
from purveyor.core.order import Origin
from purveyor.core.parties import SupplierStatus


class Entity(StrEnum):
    """The kinds of records an ERP is asked for; masters come before what refers to them."""

    SITE = "site"
    UOM = "uom"
    ITEM = "item"
    SUPPLIER = "supplier"
    SUPPLIER_ITEM = "supplier_item"
    AGREEMENT = "agreement"
    STOCK = "stock"
    DEMAND = "demand"
    ORDER = "order"
    RECEIPT = "receipt"
    INVOICE = "invoice"


MASTERS = (Entity.SITE, Entity.UOM, Entity.ITEM, Entity.SUPPLIER, Entity.SUPPLIER_ITEM, Entity.AGREEMENT)
"""The order in which master data is loaded, so that a record never refers to one that comes later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpRecord:
    """What all records have: the ERP's id and version, whether it is in use there, and when it was last changed."""

    external_id: str
    version: str
    active: bool = True
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSite(ErpRecord):
    """A warehouse; country is ISO 3166 alpha-2."""

    code: str
    name: str
    legal_entity: str
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpUom(ErpRecord):
    """A unit: ``factor`` base units of its category are one of it; only units of one category convert into each other."""

    code: str
    name: str
    category: str
    factor: Fraction
    discrete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpItem(ErpRecord):
    """An item; ``uom_category`` names the units it can be counted in, ``sales_price`` is per base unit."""

    sku: str
    name: str
    base_uom: str
    purchase_uom: str
    uom_category: str
    category: str
    status: ItemStatus
    purchasable: bool
    discrete: bool
    sales_price: Decimal | None = None
    currency: str | None = None
    tax_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSupplier(ErpRecord):
    """A supplier; ``lead_time_days`` are calendar days and hold where an item says nothing."""

    code: str
    name: str
    currency: str
    status: SupplierStatus
    payment_terms: str | None = None
    city: str | None = None
    country: str | None = None
    email: str | None = None
    lead_time_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpPriceBreak:
    """From ``min_qty`` order units on, one order unit costs ``unit_price``; both days of validity included."""

    min_qty: Decimal
    unit_price: Decimal
    currency: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpSupplierItem(ErpRecord):
    """A supplier's terms for an item; quantities and prices per ``order_uom``."""

    supplier: str
    item: str
    supplier_part_no: str | None
    order_uom: str
    lead_time_days: int | None
    minimum: Decimal
    multiple: Decimal
    price_breaks: tuple[ErpPriceBreak, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpAgreementLine:
    """An agreed price for an item per ``uom``, and the quantity breaks that undercut it; the agreement's days hold for both.

    ``committed`` and ``released`` are in ``uom``, None when no quantity was agreed.
    """

    external_id: str
    item: str
    uom: str
    unit_price: Decimal
    price_breaks: tuple[ErpPriceBreak, ...] = ()
    committed: Decimal | None = None
    released: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpAgreement(ErpRecord):
    """A blanket order or contract in force between two days."""

    number: str
    reference: str | None
    supplier: str
    currency: str
    valid_from: date | None
    valid_to: date | None
    lines: tuple[ErpAgreementLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpStock(ErpRecord):
    """Stock of an item at a site in base units; ``daily_demand`` is the average issue of the last 13 weeks."""

    item: str
    site: str
    on_hand: Decimal
    allocated: Decimal
    on_order: Decimal
    daily_demand: Decimal
    reorder_point: Decimal | None
    maximum: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpDemand(ErpRecord):
    """A customer's open need in base units; ``unit_sales_price`` is per base unit."""

    item: str
    site: str
    quantity: Decimal
    need_by: date | None
    source_ref: str
    customer: str | None
    allocated: bool
    unit_sales_price: Decimal | None
    currency: str | None


class ErpOrderStatus(StrEnum):
    """Where an order stands in its ERP, derived by one mapping table per adapter."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    PARTIALLY_RECEIVED = "partially_received"
    RECEIVED = "received"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def confirmed(self) -> bool:
        """Whether the ERP counts the order as placed with the supplier."""
        return self in (self.CONFIRMED, self.PARTIALLY_RECEIVED, self.RECEIVED, self.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpOrderLine:
    """A line of a purchase order; ``unit_price`` is per ``uom``, None when nobody gave one. Moved quantities are in ``uom``."""

    external_id: str
    line_no: int
    item: str | None
    description: str
    quantity: Decimal
    uom: str | None
    unit_price: Decimal | None
    need_by: date | None
    tax_codes: tuple[str, ...] = ()
    quantity_received: Decimal = Decimal(0)
    quantity_invoiced: Decimal = Decimal(0)

    def content(self) -> dict[str, object]:
        """What was ordered on this line, without what happened to it since."""
        return {
            "line_no": self.line_no,
            "item": self.item,
            "quantity": self.quantity,
            "uom": self.uom,
            "unit_price": self.unit_price,
            "need_by": self.need_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpOrder(ErpRecord):
    """A purchase order in its ERP. ``order_ref`` is our reference when we have written one."""

    number: str | None
    order_ref: str | None
    revision: int
    supplier: str
    site: str | None
    currency: str
    order_date: date | None
    payment_terms: str | None
    status: ErpOrderStatus
    origin: Origin
    typist: str | None
    lines: tuple[ErpOrderLine, ...]

    @property
    def content_hash(self) -> str:
        """Hash over what was ordered: unlike the version it does not move when goods or bills arrive."""
        return digest(
            {
                "supplier": self.supplier,
                "site": self.site,
                "currency": self.currency,
                "lines": [line.content() for line in self.lines],
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpReceiptLine:
    """Goods counted against one order line, in ``uom``; the rejected part is on the dock but not accepted."""

    order_line: str
    quantity: Decimal
    uom: str
    rejected: Decimal = Decimal(0)

    @property
    def accepted(self) -> Decimal:
        """What goes into stock."""
        return self.quantity - self.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpReceipt:
    """A receipt to post: ``reference`` is ours and unique, ``delivery_note`` the supplier's."""

    reference: str
    order: str
    delivery_note: str | None
    posting_date: date
    lines: tuple[ErpReceiptLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpInvoiceLine:
    """A billed quantity of one order line in ``uom``, at ``unit_price`` per ``uom``."""

    order_line: str
    quantity: Decimal
    uom: str
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpInvoice:
    """A supplier's invoice to post against one order; ``supplier_number`` is what the supplier calls it."""

    supplier_number: str
    order: str
    invoice_date: date
    currency: str
    lines: tuple[ErpInvoiceLine, ...]


class ChangeKind(StrEnum):
    """What happened to a record."""

    UPSERT = "upsert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpChange:
    """A record that was created or changed; read it again, the change itself carries no content."""

    entity: Entity
    external_id: str
    version: str
    occurred_at: datetime
    kind: ChangeKind = ChangeKind.UPSERT
