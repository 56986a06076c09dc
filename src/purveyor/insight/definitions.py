"""What each measure means: name, definition, formula, clock and exclusions in words; shown on its page and in the reference.

The numbers are those of domain.md 2. Measures that cannot be worked out yet say what is missing instead of showing a figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class MeasureId(StrEnum):
    """The measures by how they are addressed."""

    ACCURACY = "po-accuracy"
    APPROVAL_TIME = "approval-time"
    ACKNOWLEDGMENT = "acknowledgment-latency"
    CHANGE_ORDERS = "change-order-frequency"
    READINESS = "receiving-readiness"
    INVOICES = "invoice-exceptions"
    EXPEDITES = "expedite-incidence"
    INTEGRATION = "integration-failures"
    AGEING = "exception-ageing"


def marked(text: str) -> str:
    """Mark a text for translation without translating it here; pages translate it when they show it."""
    return text


@dataclass(frozen=True, slots=True)
class Definition:
    """One measure in words. ``missing`` says why it is not measured yet, empty when it is."""

    id: MeasureId
    number: int
    name: str
    definition: str
    formula: str
    clock: str
    numerator: str
    denominator: str
    exclusions: str
    missing: str = ""

    @property
    def is_measured(self) -> bool:
        """Say whether there is a figure."""
        return not self.missing


DEFINITIONS: Final[tuple[Definition, ...]] = (
    Definition(
        MeasureId.ACCURACY,
        1,
        marked("Purchase order accuracy"),
        marked("How many lines went to the supplier right the first time, so that we never had to correct them."),
        marked("(sent lines − lines we corrected afterwards) ÷ sent lines"),
        marked("Orders first sent in the period; corrections count until the order is closed."),
        marked("Sent lines without a later correction by us"),
        marked("Sent lines"),
        marked(
            "Changes the supplier asked for are shown apart and spoil nothing. Orders cancelled before they were sent are out. "
            "Change orders do not say yet whether new demand caused them, so such changes count as corrections."
        ),
    ),
    Definition(
        MeasureId.APPROVAL_TIME,
        2,
        marked("Approval cycle time"),
        marked("How long an order waits for its approvals, and how long each role takes for its own."),
        marked(
            "last approval − submission, less the time the order lay with its requester; per role: decision − step became due"
        ),
        marked("Orders submitted in the period; business hours of the business unit, calendar hours beside them."),
        marked("Orders that were approved"),
        marked("Orders that were approved"),
        marked("Orders that policy let through without an approver are out and counted. Figures are by role, never by person."),
    ),
    Definition(
        MeasureId.ACKNOWLEDGMENT,
        3,
        marked("Supplier confirmation time"),
        marked("How long suppliers take to answer a line, including the lines they have not answered."),
        marked("first valid answer − line was sent; unanswered lines count with their age so far"),
        marked("Lines sent in the period; business hours of the supplier."),
        marked("Lines answered"),
        marked("Lines sent, answered or not"),
        marked(
            "A line that a later version changes starts a new clock when that version is sent, an unchanged one keeps its "
            "answer. Technical receipts are no answers. Due times are those of the policy in force now."
        ),
    ),
    Definition(
        MeasureId.CHANGE_ORDERS,
        4,
        marked("Change order frequency"),
        marked("How often orders are changed after they were sent, by us and by suppliers."),
        marked("orders with a change order ÷ orders sent"),
        marked("Orders first sent in the period."),
        marked("Orders with at least one change order"),
        marked("Orders sent"),
        marked("Revisions before an order is sent do not count."),
        missing=marked("Change orders do not keep yet which field changed and why, so the split would be a guess."),
    ),
    Definition(
        MeasureId.READINESS,
        5,
        marked("Receiving readiness"),
        marked("How many arriving lines had everything in place that their site and transport need."),
        marked("lines with every required element ÷ lines that arrived or were due"),
        marked("Lines that arrived or were due in the period."),
        marked("Lines with every element in place"),
        marked("Lines that arrived or were due"),
        marked("Parcels need no dock slot. Drop-shipments are out."),
        missing=marked("Dock slots and the transport mode of shipments are not recorded yet."),
    ),
    Definition(
        MeasureId.INVOICES,
        6,
        marked("Invoice exception rate"),
        marked("How many invoices needed a person because they did not agree with order and receipt."),
        marked("invoices with at least one exception ÷ invoices processed"),
        marked("Invoices first matched in the period."),
        marked("Invoices with at least one exception"),
        marked("Invoices for our orders that were processed"),
        marked(
            "Credit notes, invoices without an order and replaced revisions are out and counted. Waiting for a receipt, small "
            "differences and favourable prices that pass are shown beside it."
        ),
    ),
    Definition(
        MeasureId.EXPEDITES,
        7,
        marked("Expedite incidence"),
        marked("How many orders needed faster freight than ordered, what it cost, and why."),
        marked("orders with an expedited shipment ÷ orders with a shipment"),
        marked("Orders shipped in the period."),
        marked("Orders with an expedited shipment"),
        marked("Orders with a shipment"),
        marked("Express that a customer pays is shown apart."),
        missing=marked("Carriers and freight charges of shipments are not connected yet."),
    ),
    Definition(
        MeasureId.INTEGRATION,
        8,
        marked("Integration failure rate"),
        marked("How many messages to ERPs, suppliers and warehouses were given up, and how many failed at the first attempt."),
        marked("messages given up after all retries ÷ messages attempted"),
        marked("Messages first attempted in the period."),
        marked("Messages given up"),
        marked("Messages attempted"),
        marked("A valid refusal by the other side is no failure. A message a person sent again stays counted as given up."),
    ),
    Definition(
        MeasureId.AGEING,
        9,
        marked("Exception ageing"),
        marked("How long open exceptions have waited, and whose the oldest one is."),
        marked("now − opened, in business days, by band"),
        marked("Open now, whatever the period; business days of the business unit."),
        marked("Open exceptions older than 7 business days"),
        marked("Open exceptions"),
        marked("Exceptions on hold stay in and are marked. One that was opened again counts from its first opening."),
    ),
)
"""The core set of nine measures, in the order of their numbers."""

DEFINITION: Final[dict[MeasureId, Definition]] = {one.id: one for one in DEFINITIONS}
