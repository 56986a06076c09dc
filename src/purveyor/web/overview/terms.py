"""What each figure of the overview is called and how it is worked out, in one sentence that the page shows beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from purveyor.store.views.overview import Figure
from purveyor.web.i18n import marked


@dataclass(frozen=True, slots=True)
class Term:
    """Title and formula of a figure, translated when shown."""

    title: str
    formula: str


TERMS: Final[dict[Figure, Term]] = {
    Figure.STOPPED: Term(
        marked("Stopped before release"),
        marked("Orders that a check stopped, each counted once with the money at stake of the dearest finding that stopped it."),
    ),
    Figure.QUANTITIES: Term(
        marked("Quantities corrected"),
        marked(
            "Per line of a stopped order that was sent later: (quantity first stopped − quantity sent) × price first stopped."
        ),
    ),
    Figure.PRICES: Term(
        marked("Prices corrected, quantity breaks taken"),
        marked("Per line of a stopped order that was sent later: (price first stopped − price sent) × quantity sent."),
    ),
    Figure.DUPLICATE_ORDERS: Term(
        marked("Duplicate orders not sent"),
        marked("The totals of orders that were stopped as probable duplicates and cancelled before they left."),
    ),
    Figure.DUPLICATE_INVOICES: Term(
        marked("Duplicate invoices not paid"),
        marked("The totals of invoices that look like a copy of another one and are in review or sent back."),
    ),
    Figure.OVERBILLED: Term(
        marked("Overbilled amounts not paid"),
        marked(
            "Per invoice line, what is billed beyond agreed price, receipt or allowed charges and is not released for payment."
        ),
    ),
    Figure.EXCEPTIONS: Term(
        marked("Open exceptions"), marked("Exceptions that nobody has settled, with the money at stake of each.")
    ),
    Figure.APPROVALS: Term(
        marked("Waiting approvals"), marked("Approval steps whose turn it is, with the total of the order of each.")
    ),
    Figure.SENT: Term(marked("Orders sent"), marked("Orders that left for their supplier, with their present totals.")),
    Figure.RECEIVED: Term(
        marked("Orders received"), marked("Orders of which at least something arrived and was accepted, with their totals.")
    ),
    Figure.MATCHED: Term(
        marked("Invoices matched"), marked("Invoices that agree with order and receipt, or whose differences somebody accepted.")
    ),
    Figure.CLOSED: Term(marked("Orders closed"), marked("Orders of which nothing is left to do, with their totals.")),
}
"""No line counts in two figures of what was saved, so these may be added up."""
