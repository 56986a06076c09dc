"""The words of measures on screen: figures, groups, and why a row counts or stands beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from purveyor.core.cases import ExceptionType
from purveyor.core.messaging import MessageKind
from purveyor.insight.definitions import MeasureId
from purveyor.insight.figures import Unit
from purveyor.insight.handoffs import Handoff, Said
from purveyor.web import words
from purveyor.web.i18n import marked
from purveyor.web.words import Word
from purveyor.web.workbench import terms

FIGURE: Final[dict[str, str]] = {
    "lines_right": marked("Lines right the first time"),
    "orders_right": marked("Orders with all lines right"),
    "median": marked("Median"),
    "p90": marked("90th percentile"),
    "within_due": marked("Answered within the due time"),
    "with_exception": marked("Invoices with an exception"),
    "class": marked("Invoices by kind of difference"),
    "after_retry": marked("Given up after all retries"),
    "first_attempt": marked("Failed at the first attempt"),
    "oldest": marked("Oldest open exception"),
    "band": marked("Open by age in business days"),
    "type": marked("Open by kind"),
    "owner": marked("Open by owner"),
}
UNIT: Final[dict[Unit, str]] = {
    Unit.PERCENT: marked("%(value)s %%"),
    Unit.BUSINESS_HOURS: marked("%(value)s business hours"),
    Unit.CALENDAR_HOURS: marked("%(value)s calendar hours"),
    Unit.BUSINESS_DAYS: marked("%(value)s business days"),
    Unit.COUNT: "%(value)s",
}
WHY: Final[dict[str, str]] = {
    "right": marked("Right the first time"),
    "corrected_by_us": marked("Corrected by us"),
    "changed_by_supplier": marked("Changed by the supplier"),
    "approved": marked("Whole approval"),
    "step_decided": marked("One step"),
    "lay_with_requester": marked("Lay with the requester in between"),
    "no_approval_needed": marked("No approval needed, says policy"),
    "still_waiting": marked("Still waiting for approval"),
    "answered": marked("Answered in time"),
    "answered_late": marked("Answered late"),
    "unanswered": marked("Not answered yet"),
    "unanswered_overdue": marked("Not answered, overdue"),
    "changed_before_an_answer": marked("Changed by us before an answer"),
    "ended_before_an_answer": marked("Cancelled or closed before an answer"),
    "agreed_before_it_was_sent": marked("Agreed with the supplier before it was sent"),
    "with_exception": marked("Had an exception"),
    "without_exception": marked("Without an exception"),
    "credit_or_without_order": marked("Credit note, or without an order"),
    "replaced_by_a_revision": marked("Replaced by a later revision"),
    "waited_for_receipt": marked("Waited for a receipt"),
    "SMALL_DIFFERENCE": marked("Small difference that passed"),
    "FAVOURABLE_PRICE": marked("Favourable price that passed"),
    "given_up": marked("Given up"),
    "delivered_on_retry": marked("Delivered on a later attempt"),
    "failed_once_not_given_up": marked("Failed, tried again"),
    "refused_by_business_rule": marked("Refused for a valid reason"),
    "delivered": marked("Delivered"),
    "sent_again_by_a_person": marked("Sent again by a person"),
    "open": marked("Open"),
    "on_hold": marked("On hold"),
}
DIFFERENCE: Final[dict[str, str]] = {
    "PRICE": marked("Price"),
    "PRICE_CUMULATIVE": marked("Price, added up over invoices"),
    "PRICE_FAVOURABLE": marked("Favourable price to be reviewed"),
    "VALUE_CUMULATIVE": marked("Value, added up over invoices"),
    "QUANTITY": marked("Quantity"),
    "UNIT": marked("Unit"),
    "CURRENCY": marked("Currency"),
    "ORDER": marked("No such order line"),
    "FREIGHT": marked("Freight"),
    "TAX": marked("Tax"),
    "TOTAL": marked("The invoice does not add up"),
    "DUPLICATE": marked("Probable copy"),
}
HANDOFF: Final[dict[Handoff, str]] = {
    Handoff.APPROVED_ON_TIME: marked("Approved on time"),
    Handoff.ACKNOWLEDGED: marked("Confirmed"),
    Handoff.CHANGED: marked("Changed after it was sent"),
    Handoff.RECEIVED_IN_FULL: marked("Received in full"),
    Handoff.MATCHED: marked("Invoice matched"),
}
SAID: Final[dict[Said, Word]] = {
    Said.YES: Word(marked("Yes"), "info", "check"),
    Said.NO: Word(marked("No"), "neutral", "x"),
    Said.OPEN: Word(marked("Still open"), "wait", "hourglass"),
    Said.NOT_APPLICABLE: Word(marked("Does not apply"), "neutral", "circle-dashed"),
}
ROLES: Final[dict[str, str]] = {role.value: text for role, text in words.ROLE.items()}


def group_word(which: MeasureId, group: str, _: Callable[[str], str]) -> str:
    """Return how the role, interface, class or band of a measure reads."""
    if which is MeasureId.INTEGRATION:
        kind, _sep, channel = group.partition(":")
        return f"{message_word(kind, _)} ({channel})"
    if which is MeasureId.INVOICES:
        return ", ".join(_(DIFFERENCE.get(each, each)) for each in group.split(", ") if each)
    if which is MeasureId.APPROVAL_TIME:
        return role_word(group, _)
    return exception_word(group, _) if group in ExceptionType.__members__.values() else role_word(group, _)


def role_word(role: str, _: Callable[[str], str]) -> str:
    """Return what a role is called, of the product or of the approval policy."""
    known = terms.APPROVAL_ROLE.get(role) or ROLES.get(role)
    return role if known is None else _(known)


def message_word(kind: str, _: Callable[[str], str]) -> str:
    """Return what a kind of message is called."""
    return _(terms.MESSAGE[MessageKind(kind)])


def exception_word(kind: str, _: Callable[[str], str]) -> str:
    """Return what a kind of exception is called."""
    return _(terms.EXCEPTION[ExceptionType(kind)])
