"""Which receipt an invoice line pays for: many to many, by the receipt line that is cited, never beyond either quantity.

What an invoice cites comes first, whoever was recorded earlier; lines that cite nothing take what is left, a receipt of just
their quantity before others, then the oldest. Source: domain.md 1, "Several receipts, several invoices"; lead C45.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

_NOTHING = Decimal(0)


class Basis(StrEnum):
    """Whether the invoice said so, or we worked it out."""

    STATED = "stated"
    DERIVED = "derived"


@dataclass(frozen=True, slots=True)
class ReceiptPart:
    """One receipt line of the order line, net of returns, in the unit of the order line."""

    key: str
    quantity: Decimal
    received_on: date


@dataclass(frozen=True, slots=True)
class BillPart:
    """One invoice line of the order line, in its unit; ``cited`` are the receipt lines it names."""

    key: str
    quantity: Decimal
    cited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """So much of a bill pays for so much of a receipt."""

    bill: str
    receipt: str
    quantity: Decimal
    basis: Basis


def allocate(bills: Sequence[BillPart], receipts: Sequence[ReceiptPart]) -> tuple[Allocation, ...]:
    """Allocate bills (in the order they were recorded) to receipt lines of one order line."""
    left = {receipt.key: receipt.quantity for receipt in receipts if receipt.quantity > 0}
    oldest = [receipt.key for receipt in sorted(receipts, key=lambda each: (each.received_on, each.key)) if receipt.key in left]
    found: list[Allocation] = []
    for bill in bills:
        found += _take(bill, [key for key in bill.cited if key in left], left, Basis.STATED)
    for bill in bills:
        if not _names_a_receipt(bill, left):
            fitting = sorted(oldest, key=lambda key: left[key] != bill.quantity)
            found += _take(bill, fitting, left, Basis.DERIVED)
    return tuple(found)


def _names_a_receipt(bill: BillPart, left: dict[str, Decimal]) -> bool:
    return any(key in left for key in bill.cited)


def _take(bill: BillPart, keys: Sequence[str], left: dict[str, Decimal], basis: Basis) -> list[Allocation]:
    wanted = bill.quantity
    taken: list[Allocation] = []
    for key in keys:
        quantity = min(wanted, left[key])
        if quantity > 0:
            taken.append(Allocation(bill.key, key, quantity, basis))
            left[key] -= quantity
            wanted -= quantity
    return taken


def short_of_receipt(bill: BillPart, allocations: Sequence[Allocation]) -> Decimal:
    """Return what a bill asks beyond the receipt lines it cites; 0 for a bill that cites none we know."""
    own = [each for each in allocations if each.bill == bill.key]
    if not bill.cited or any(each.basis is Basis.DERIVED for each in own):
        return _NOTHING
    return bill.quantity - sum((each.quantity for each in own), _NOTHING)
