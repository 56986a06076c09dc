"""Duplicate invoices: number normalisation and the layers that send a probable copy to review.

A hit opens a review and never rejects: numbering restarts, recurring bills and equal deliveries look like copies and are not.
Source: domain.md 1, "Duplicate invoice"; set duplicate_invoice in worked-cases.yaml.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

SAME_NUMBER_DAYS: Final = 180
SIMILAR_DAYS: Final = 30
AMOUNT_SHARE: Final = Decimal("0.01")
RECURRING_DAYS: Final = 25

_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1"})


class Layer(StrEnum):
    """Why an invoice looks like a copy, the strongest reason first."""

    SAME_FILE = "SAME_FILE"
    SAME_NUMBER = "SAME_NUMBER"
    SIMILAR_NUMBER = "SIMILAR_NUMBER"
    SAME_AMOUNT_AND_DATE = "SAME_AMOUNT_AND_DATE"
    SUPPLIER_FAMILY = "SUPPLIER_FAMILY"


def exact_number(number: str) -> str:
    """Return an invoice number as the natural key keeps it: NFKC, upper case, no white space. Signs and letters stay."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", number).upper())


def number_key(number: str) -> str:
    """Return the key by which look-alike numbers meet: letters A-Z and digits only, O is 0, I is 1, no leading zeros."""
    kept = re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFKC", number).upper()).translate(_LOOKALIKES)
    return kept.lstrip("0") or ("0" if kept else "")


def number_digits(number: str) -> str:
    """Return the digits of the number as written, without leading zeros."""
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", number)).lstrip("0")


@dataclass(frozen=True, slots=True)
class Citation:
    """An order line an invoice cites, and the receipt that delivered it; None when nothing was received."""

    order_line: str
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the comparison needs to know of an invoice; ``amount`` is its total in ``currency``."""

    supplier: UUID | str
    number: str
    amount: Decimal
    currency: str
    invoice_date: date
    kind: str
    family: str | None = None
    file_hash: str | None = None
    recurring: bool = False
    citations: tuple[Citation, ...] = ()
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DuplicateHit:
    """The known invoice that the new one looks like, and why."""

    layer: Layer
    known: Candidate


def duplicate_layer(new: Candidate, known: Candidate) -> Layer | None:
    """Return the first layer that fires between two invoices, or None."""
    if new.kind != known.kind:
        return None
    if new.file_hash is not None and new.file_hash == known.file_hash:
        return Layer.SAME_FILE
    if new.currency != known.currency or _recurs(new, known):
        return None
    if new.supplier == known.supplier:
        return _same_supplier(new, known)
    if new.family is not None and new.family == known.family and _same_key(new, known) and _close(new, known):
        return Layer.SUPPLIER_FAMILY
    return None


def _same_supplier(new: Candidate, known: Candidate) -> Layer | None:
    if _same_key(new, known) and (_days(new, known) <= SAME_NUMBER_DAYS or new.amount == known.amount):
        return Layer.SAME_NUMBER
    if _own_deliveries(new, known):
        return None
    digits = number_digits(new.number)
    if digits and digits == number_digits(known.number) and _close(new, known):
        return Layer.SIMILAR_NUMBER
    if new.amount == known.amount and new.invoice_date == known.invoice_date:
        return Layer.SAME_AMOUNT_AND_DATE
    return None


def _same_key(new: Candidate, known: Candidate) -> bool:
    """Say whether the numbers meet; numbers without a Latin letter or digit have no key and are compared as written."""
    key = number_key(new.number)
    return key == number_key(known.number) and (key != "" or exact_number(new.number) == exact_number(known.number))


def _days(new: Candidate, known: Candidate) -> int:
    return abs((new.invoice_date - known.invoice_date).days)


def _close(new: Candidate, known: Candidate) -> bool:
    near = abs(new.amount - known.amount) <= AMOUNT_SHARE * abs(known.amount)
    return near and _days(new, known) <= SIMILAR_DAYS


def _recurs(new: Candidate, known: Candidate) -> bool:
    return new.recurring and _days(new, known) >= RECURRING_DAYS


def _own_deliveries(new: Candidate, known: Candidate) -> bool:
    """Say whether both cite order lines, share neither an order line nor a receipt, and every cited line was received."""
    if not new.citations or not known.citations:
        return False
    cited = (*new.citations, *known.citations)
    lines = {citation.order_line for citation in new.citations} & {citation.order_line for citation in known.citations}
    receipts = {citation.receipt for citation in new.citations} & {citation.receipt for citation in known.citations}
    return not lines and not receipts and all(citation.receipt is not None for citation in cited)


def find_duplicate(new: Candidate, known: Iterable[Candidate]) -> DuplicateHit | None:
    """Return the strongest hit among the known invoices; of equal ones the earliest invoice, then the lowest number."""
    strength = {layer: rank for rank, layer in enumerate(Layer)}
    hits = [DuplicateHit(layer, other) for other in known if (layer := duplicate_layer(new, other)) is not None]
    return min(
        hits,
        key=lambda hit: (strength[hit.layer], hit.known.invoice_date, hit.known.number, str(hit.known.id)),
        default=None,
    )
