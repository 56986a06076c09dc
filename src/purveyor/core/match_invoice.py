"""Match a whole invoice: its lines against their orders and receipts, then freight, tax and its own sum.

The result lists every difference apart, each with the money at stake; what a person accepted before is left out of the outcome
and stays visible in the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from purveyor.core.ids import OrderId
from purveyor.core.invoice import Invoice, InvoiceLine, mismatch_key
from purveyor.core.match_charges import ChargeMatch, FreightTerms, match_freight, match_tax, match_total
from purveyor.core.matching import (
    LineMatch,
    MismatchClass,
    Ordered,
    Outcome,
    Received,
    Running,
    contribution,
    match_line,
    worst,
)
from purveyor.core.money import Money
from purveyor.core.policy.terms import MatchTolerance

_NOTHING: Final = Decimal(0)
OrderLineKey = tuple[OrderId, int]


@dataclass(frozen=True, slots=True)
class LineBasis:
    """What an invoice line is held against. ``earlier`` sums the live invoices of the order line recorded before this one."""

    ordered: Ordered
    received: Received
    tolerance: MatchTolerance
    earlier: Running = field(default_factory=Running)


@dataclass(frozen=True, slots=True)
class MatchBasis:
    """Everything an invoice is held against: its order lines, the freight terms of its orders, and the tax they give.

    ``short_of_receipt`` is what a line (by its number) bills beyond the receipt it cites. ``expected_tax`` is None when a tax
    code of the order has no known rate.
    """

    lines: Mapping[OrderLineKey, LineBasis]
    freight: Sequence[FreightTerms] = ()
    expected_tax: Decimal | None = _NOTHING
    short_of_receipt: Mapping[int, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference of an invoice: on a line, or (None) on the whole."""

    line_no: int | None
    kind: MismatchClass
    exposure: Money

    @property
    def key(self) -> str:
        """Its name within the invoice."""
        return mismatch_key(self.line_no, self.kind)


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """An invoice line, the order line it bills, and what the match says of it."""

    line: InvoiceLine
    basis: LineBasis
    result: LineMatch


@dataclass(frozen=True, slots=True)
class InvoiceMatch:
    """The result for an invoice. ``open_mismatches`` are those nobody accepted; they and ``wait_until`` make the outcome."""

    outcome: Outcome
    mismatches: tuple[Mismatch, ...]
    open_mismatches: tuple[Mismatch, ...]
    lines: tuple[MatchedLine, ...] = ()
    freight: ChargeMatch | None = None
    tax: ChargeMatch | None = None
    total: ChargeMatch | None = None
    wait_until: date | None = None


def match_invoice(invoice: Invoice, basis: MatchBasis) -> InvoiceMatch:
    """Match an invoice or credit note; the same inputs always give the same result."""
    found: list[Mismatch] = []
    lines: list[MatchedLine] = []
    sums: dict[OrderLineKey, Running] = {}
    for line in invoice.lines:
        known = None if line.order_id is None else basis.lines.get((line.order_id, line.order_line_no))
        if known is None:
            found.append(_whole_line(invoice, line, MismatchClass.ORDER))
        elif known.ordered.currency != invoice.currency:
            found.append(_whole_line(invoice, line, MismatchClass.CURRENCY))
        else:
            assert line.order_id is not None
            key = (line.order_id, line.order_line_no)
            seen = replace(known, earlier=sums.get(key, known.earlier))
            matched = _match_one(invoice, line, seen, basis.short_of_receipt.get(line.line_no, _NOTHING))
            sums[key] = matched.result.running
            lines.append(matched)
            found += [Mismatch(line.line_no, kind, Money(money, invoice.currency)) for kind, money in matched.result.exposure]
    charges = _charges(invoice, basis, lines)
    for charge in charges:
        found += [Mismatch(None, kind, Money(charge.over, invoice.currency)) for kind in charge.classes]
    freight, tax, total = charges if charges else (None, None, None)
    result = InvoiceMatch(Outcome.MATCHED, tuple(found), (), tuple(lines), freight, tax, total, _last_wait(lines))
    return judged(result, invoice.accepted)


def judged(match: InvoiceMatch, accepted: Iterable[str]) -> InvoiceMatch:
    """Return the match with its outcome, leaving out the differences a person accepted."""
    taken = frozenset(accepted)
    still_open = tuple(mismatch for mismatch in match.mismatches if mismatch.key not in taken)
    outcome = worst((mismatch.kind for mismatch in still_open), waiting=match.wait_until is not None)
    return replace(match, open_mismatches=still_open, outcome=outcome)


def _match_one(invoice: Invoice, line: InvoiceLine, basis: LineBasis, short: Decimal) -> MatchedLine:
    billed = line.billed(short)
    if invoice.is_credit:
        return MatchedLine(line, basis, _match_credit(line, basis))
    return MatchedLine(line, basis, match_line(basis.ordered, basis.received, billed, basis.tolerance, basis.earlier))


def _match_credit(line: InvoiceLine, basis: LineBasis) -> LineMatch:
    """A credit note may take back what was billed, and no more; its price is the supplier's concession and not judged."""
    own = match_line(basis.ordered, basis.received, line.billed(), basis.tolerance)
    taken = contribution(basis.ordered, line.billed(), credit=True)
    if taken is None:
        return own
    running = basis.earlier.plus(taken)
    too_much = running.quantity < 0 or running.value < 0
    exposure = ((MismatchClass.QUANTITY, line.billed_amount(basis.ordered.currency)),) if too_much else ()
    classes = (MismatchClass.QUANTITY,) if too_much else ()
    return replace(
        own,
        classes=classes,
        outcome=worst(classes, waiting=False),
        running=running,
        reported=None,
        wait_until=None,
        exposure=exposure,
    )


def _whole_line(invoice: Invoice, line: InvoiceLine, kind: MismatchClass) -> Mismatch:
    return Mismatch(line.line_no, kind, Money(line.billed_amount(invoice.currency), invoice.currency))


def _charges(invoice: Invoice, basis: MatchBasis, lines: Sequence[MatchedLine]) -> tuple[ChargeMatch, ...]:
    """Check freight, tax and total, when at least one line tells whose limits hold; credit notes give charges back freely."""
    if not lines or invoice.is_credit:
        return ()
    tolerance = lines[0].basis.tolerance
    amounts = [line.worked_out(invoice.currency) for line in invoice.lines]
    return (
        match_freight(basis.freight, invoice.freight, invoice.currency, tolerance),
        match_tax(basis.expected_tax, invoice.tax, invoice.currency, tolerance),
        match_total(amounts, invoice.freight, invoice.tax, invoice.total, invoice.currency),
    )


def _last_wait(lines: Sequence[MatchedLine]) -> date | None:
    return max((each.result.wait_until for each in lines if each.result.wait_until is not None), default=None)
