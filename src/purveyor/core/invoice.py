"""The supplier's invoice: what it says, where it stands, and what people decided about its differences.

An invoice is kept exactly as it came. What the match says and what was accepted stand beside it, so a later match, with more
receipts, reads the same bill.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from purveyor.core.canonical import digest
from purveyor.core.duplicates import exact_number
from purveyor.core.errors import InvalidInput
from purveyor.core.ids import BusinessUnitId, InvoiceId, OrderId, SupplierId
from purveyor.core.matching import Billed, MismatchClass, Outcome
from purveyor.core.money import round_amount

LONGEST_NUMBER: Final = 64
_NOTHING: Final = Decimal(0)


class InvoiceKind(StrEnum):
    """A bill, or money back."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceState(StrEnum):
    """Where an invoice stands; only a matched one may be paid."""

    WAITING_RECEIPT = "waiting_receipt"
    IN_REVIEW = "in_review"
    IN_EXCEPTION = "in_exception"
    MATCHED = "matched"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


LIVE: Final = frozenset({InvoiceState.WAITING_RECEIPT, InvoiceState.IN_REVIEW, InvoiceState.IN_EXCEPTION, InvoiceState.MATCHED})
"""States in which an invoice counts in the sums of its order lines."""

STATE_OF: Final = {
    Outcome.MATCHED: InvoiceState.MATCHED,
    Outcome.WAITING_RECEIPT: InvoiceState.WAITING_RECEIPT,
    Outcome.REVIEW: InvoiceState.IN_REVIEW,
    Outcome.EXCEPTION: InvoiceState.IN_EXCEPTION,
}


class Payment(StrEnum):
    """What the ERP was told: nothing yet, hold payment, or post it for payment."""

    UNTOLD = "untold"
    BLOCKED = "blocked"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line of an invoice, as the supplier wrote it; ``unit_price`` is per ``price_per`` units of ``uom``.

    ``receipts`` are the delivery notes or receipt numbers it cites. A line without quantity and price states an amount only.
    """

    line_no: int
    order_ref: str
    order_line_no: int
    quantity: Decimal | None = None
    uom: str | None = None
    unit_price: Decimal | None = None
    price_per: Decimal = Decimal(1)
    amount: Decimal | None = None
    receipts: tuple[str, ...] = ()
    order_id: OrderId | None = None

    def billed_amount(self, currency: str) -> Decimal:
        """Return the amount of the line: as stated, else quantity times price, rounded once."""
        if self.amount is not None:
            return self.amount
        return round_amount((self.quantity or _NOTHING) * (self.unit_price or _NOTHING) / self.price_per, currency)

    def worked_out(self, currency: str) -> Decimal:
        """Return quantity times price when both are given, whatever amount is stated beside them; else the amount."""
        if self.quantity is None or self.unit_price is None:
            return self.billed_amount(currency)
        return replace(self, amount=None).billed_amount(currency)

    def billed(self, short_of_receipt: Decimal = _NOTHING) -> Billed:
        """Return what the match needs to know of the line."""
        return Billed(self.quantity, self.uom, self.unit_price, self.price_per, self.amount, short_of_receipt)


@dataclass(frozen=True, slots=True)
class InvoiceCommand:
    """An invoice as it arrives. ``source`` and ``external_id`` name the document at its sender; amounts are not negative.

    ``total`` is what the invoice says it adds up to; without it the sum is taken. ``file_hash`` is that of the file it came in,
    ``inbox_id`` the inbox entry it came in by.
    """

    source: str
    external_id: str
    supplier_id: SupplierId
    number: str
    currency: str
    invoice_date: date
    lines: tuple[InvoiceLine, ...]
    revision: int = 1
    kind: InvoiceKind = InvoiceKind.INVOICE
    freight: Decimal = _NOTHING
    tax: Decimal = _NOTHING
    total: Decimal | None = None
    file_hash: str | None = None
    recurring: bool = False
    inbox_id: UUID | None = None

    def validated(self) -> InvoiceCommand:
        """Return the invoice when it can be used at all; raise InvalidInput naming the first field that cannot."""
        number = exact_number(self.number)
        _check("number", 0 < len(number) <= LONGEST_NUMBER, f"needs 1 to {LONGEST_NUMBER} characters")
        _check("source", bool(self.source and self.external_id), "needs the sender's document id")
        _check("revision", self.revision >= 1, "starts at 1")
        _check("currency", len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper(), "is an ISO 4217 code")
        _check("lines", bool(self.lines), "needs at least one line")
        _check("lines", len({line.line_no for line in self.lines}) == len(self.lines), "has a line number twice")
        for name, value in (("freight", self.freight), ("tax", self.tax), ("total", self.total)):
            _check(name, value is None or (value.is_finite() and value >= 0), "cannot be negative")
        for line in self.lines:
            _check_line(line)
        return self

    def content_digest(self) -> str:
        """Return the hash of what the invoice says, whatever channel or document it came by."""
        return digest(
            {
                "supplier": self.supplier_id,
                "number": exact_number(self.number),
                "revision": self.revision,
                "kind": self.kind,
                "currency": self.currency,
                "date": self.invoice_date,
                "lines": [replace(line, order_id=None) for line in self.lines],
                "freight": self.freight,
                "tax": self.tax,
                "total": self.sum,
            }
        )

    @property
    def sum(self) -> Decimal:
        """The stated total, else lines, freight and tax added up."""
        if self.total is not None:
            return self.total
        lines = sum((line.billed_amount(self.currency) for line in self.lines), _NOTHING)
        return round_amount(lines + self.freight + self.tax, self.currency)


def _check(field: str, holds: bool, reason: str, **where: object) -> None:
    if not holds:
        raise InvalidInput(field=field, reason=reason, **where)


def _check_line(line: InvoiceLine) -> None:
    numbers = {"quantity": line.quantity, "unit_price": line.unit_price, "amount": line.amount}
    for name, value in numbers.items():
        _check(name, value is None or (value.is_finite() and value >= 0), "cannot be negative", line_no=line.line_no)
    _check("price_per", line.price_per.is_finite() and line.price_per > 0, "is more than zero", line_no=line.line_no)
    _check("order_ref", bool(line.order_ref.strip()), "names the order", line_no=line.line_no)
    complete = line.quantity is not None and line.unit_price is not None
    _check("amount", complete or line.amount is not None, "needs quantity and price, or an amount", line_no=line.line_no)


def mismatch_key(line_no: int | None, kind: MismatchClass) -> str:
    """Return the name of one difference of an invoice: ``line:class``, 0 for the whole invoice."""
    return f"{line_no or 0}:{kind.value}"


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice and where it stands.

    ``accepted`` names the differences a person took as they are (``line:class``). ``duplicate_of`` is the known invoice it looks
    like, until a person says it is none. ``version`` counts saves and is what forms send back.
    """

    id: InvoiceId
    supplier_id: SupplierId
    source: str
    external_id: str
    number: str
    revision: int
    kind: InvoiceKind
    currency: str
    invoice_date: date
    lines: tuple[InvoiceLine, ...]
    freight: Decimal
    tax: Decimal
    total: Decimal
    content_digest: str
    received_at: datetime
    state: InvoiceState
    business_unit_id: BusinessUnitId | None = None
    file_hash: str | None = None
    recurring: bool = False
    payment: Payment = Payment.UNTOLD
    mismatches: tuple[str, ...] = ()
    accepted: frozenset[str] = frozenset()
    wait_until: date | None = None
    duplicate_of: InvoiceId | None = None
    erp_external_id: str | None = None
    erp_number: str | None = None
    version: int = 1

    @property
    def order_ids(self) -> tuple[OrderId, ...]:
        """The orders it bills, sorted; documents that touch several orders lock them in this order."""
        return tuple(sorted({line.order_id for line in self.lines if line.order_id is not None}))

    @property
    def is_live(self) -> bool:
        """Say whether it counts in the sums of its order lines."""
        return self.state in LIVE

    @property
    def counts(self) -> bool:
        """Say whether it is a bill of its own: live, and nobody suspects it to be a copy."""
        return self.is_live and self.duplicate_of is None

    @property
    def is_credit(self) -> bool:
        """Say whether it gives money back."""
        return self.kind is InvoiceKind.CREDIT_NOTE

    @property
    def is_settled(self) -> bool:
        """Say whether nothing more will be matched: payable, sent back or replaced."""
        return self.state in (InvoiceState.MATCHED, InvoiceState.REJECTED, InvoiceState.SUPERSEDED)


def new_invoice(
    command: InvoiceCommand,
    invoice_id: InvoiceId,
    received_at: datetime,
    lines: Iterable[InvoiceLine],
    business_unit_id: BusinessUnitId | None,
) -> Invoice:
    """Keep an invoice as it came; ``lines`` carry the orders that were found. It waits for its first match."""
    return Invoice(
        id=invoice_id,
        supplier_id=command.supplier_id,
        source=command.source,
        external_id=command.external_id,
        number=command.number.strip(),
        revision=command.revision,
        kind=command.kind,
        currency=command.currency,
        invoice_date=command.invoice_date,
        lines=tuple(lines),
        freight=command.freight,
        tax=command.tax,
        total=command.sum,
        content_digest=command.content_digest(),
        received_at=received_at,
        state=InvoiceState.WAITING_RECEIPT,
        business_unit_id=business_unit_id,
        file_hash=command.file_hash,
        recurring=command.recurring,
    )
