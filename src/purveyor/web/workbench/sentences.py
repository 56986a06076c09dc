"""What each event reads like on a timeline: a sentence with places for the event's own values, a tone and an icon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from purveyor.web.i18n import marked


@dataclass(frozen=True, slots=True)
class Sentence:
    """How one type of event reads; ``text`` has places named like the fields of the event.

    ``without`` is a field and the text that reads better when that field is absent or empty.
    """

    text: str
    tone: str = "neutral"
    icon: str = "circle-dot"
    without: tuple[str, str] | None = None


SENTENCES: Final[dict[str, Sentence]] = {
    "order.drafted": Sentence(
        marked("Draft %(erp_number)s taken in for %(total)s, number of lines: %(lines)s"),
        icon="download",
        without=("erp_number", marked("Draft taken in for %(total)s, number of lines: %(lines)s")),
    ),
    "order.checked": Sentence(
        marked("Checked by the gate: %(codes)s"),
        "info",
        "shield-check",
        without=("codes", marked("Checked by the gate, nothing found")),
    ),
    "order.finding_overridden": Sentence(
        marked("A problem was overridden: %(code)s, %(exposure)s at stake"),
        "warn",
        "flag",
        without=("exposure", marked("A problem was overridden: %(code)s")),
    ),
    "order.edited": Sentence(
        marked("Version %(version)s: lines %(changed_lines)s changed, %(total_before)s became %(total_after)s"), icon="pencil"
    ),
    "order.submitted": Sentence(
        marked("Submitted: %(routing_amount)s goes to %(chain)s"),
        "info",
        "user-check",
        without=("chain", marked("Submitted: %(routing_amount)s needs no approver")),
    ),
    "order.submit_stopped": Sentence(marked("Stopped by the gate: %(codes)s"), "bad", "hand-stop"),
    "order.approved": Sentence(marked("Approved in version %(version)s"), "good", "check"),
    "order.released": Sentence(marked("Released, the ERP is asked to confirm it"), "info", "send"),
    "order.release_stopped": Sentence(
        marked("Taken back to draft before it left: %(cause)s %(codes)s"),
        "bad",
        "hand-stop",
        without=("codes", marked("Taken back to draft before it left: %(cause)s")),
    ),
    "order.issued": Sentence(marked("Confirmed in the ERP as %(erp_number)s: %(total)s"), "good", "check"),
    "order.sent": Sentence(marked("The supplier has the order, by %(channel)s"), "good", "send"),
    "order.held": Sentence(marked("Put on hold"), "warn", "player-pause"),
    "order.hold_lifted": Sentence(marked("Hold lifted"), "info", "player-play"),
    "order.cancelled": Sentence(marked("Cancelled"), "bad", "ban"),
    "order.closed": Sentence(marked("Closed: %(billed)s billed, number of invoices: %(invoices)s"), "good", "circle-check"),
    "order.erp_drift_found": Sentence(marked("Changed in the ERP: %(fields)s"), "warn", "alert-triangle"),
    "order.acknowledged": Sentence(marked("Every line is answered by the supplier"), "good", "checks"),
    "approval.step_opened": Sentence(
        marked("%(role)s is asked to approve: %(holder)s, due %(due_at)s"),
        "wait",
        "hourglass",
        without=("holder", marked("%(role)s is asked to approve, but nobody holds this role")),
    ),
    "approval.step_decided": Sentence(marked("%(role)s: %(verdict)s"), "good", "user-check"),
    "approval.step_reminded": Sentence(marked("%(holder)s was reminded of the approval"), "wait", "bell"),
    "approval.step_escalated": Sentence(
        marked("The approval moved from %(from_holder)s to %(to_holder)s, its time ran out"), "warn", "arrow-up"
    ),
    "approval.step_breached": Sentence(marked("The approval is late and stays with %(holder)s"), "bad", "clock"),
    "approval.voided": Sentence(marked("The approval of version %(version)s is void"), "warn", "ban"),
    "approval.refused": Sentence(marked("An attempt to approve was refused: %(code)s"), "bad", "shield"),
    "message.queued": Sentence(marked("To be sent: %(kind)s, by %(channel)s"), icon="mail"),
    "message.delivered": Sentence(marked("Delivered: %(kind)s, by %(channel)s"), "good", "check"),
    "message.failed": Sentence(marked("Not delivered: %(kind)s, by %(channel)s, attempt %(attempts)s"), "warn", "alert-circle"),
    "message.replayed": Sentence(marked("Sent again by hand: %(kind)s"), "info", "refresh"),
    "message.skipped": Sentence(marked("Not needed any more: %(kind)s"), "warn", "ban"),
    "acknowledgment.received": Sentence(
        marked("The supplier answered version %(version)s, by %(channel)s: %(result)s"), "info", "message"
    ),
    "line.answered": Sentence(marked("Line %(line_no)s: %(state)s, %(accepted)s of %(ordered)s accepted"), "info", "checks"),
    "proposal.decided": Sentence(marked("Proposal on line %(line_no)s: %(verdict)s"), "info", "scale"),
    "supplier.reminded": Sentence(
        marked("The supplier was reminded, lines %(lines)s are unanswered"),
        "wait",
        "bell",
        without=("lines", marked("The supplier was reminded")),
    ),
    "promise.made": Sentence(
        marked("Line %(line_no)s: %(quantity)s promised for delivery %(promised_delivery)s (%(basis)s)"),
        "info",
        "calendar",
        without=("promised_delivery", marked("Line %(line_no)s: %(quantity)s promised, ships %(promised_ship)s")),
    ),
    "promise.slipped": Sentence(
        marked("Line %(line_no)s: %(quantity)s moved from %(before)s to %(after)s"), "warn", "calendar-time"
    ),
    "stockout_risk.found": Sentence(
        marked("%(site_id)s will be %(units_short)s short, %(sales_at_risk)s of sales"), "bad", "alert-triangle"
    ),
    "change_order.proposed": Sentence(marked("A change of lines %(lines)s is proposed"), "wait", "pencil"),
    "change_order.applied": Sentence(
        marked("Version %(version)s by change order: %(total_before)s became %(total_after)s"), "good", "pencil"
    ),
    "change_order.ended": Sentence(marked("Change order: %(status)s"), "neutral", "ban"),
    "shipment.announced": Sentence(
        marked("Shipment announced, arrives %(arrives_on)s"),
        "info",
        "truck",
        without=("arrives_on", marked("Shipment announced")),
    ),
    "quantity.moved": Sentence(marked("Line %(line_no)s: %(quantity)s %(kind)s"), icon="package"),
    "goods.counted": Sentence(
        marked("Line %(line_no)s counted at %(site_id)s: %(keyed)s %(keyed_uom)s"),
        icon="package",
        without=("site_id", marked("Line %(line_no)s counted: %(keyed)s %(keyed_uom)s")),
    ),
    "goods.received": Sentence(
        marked("Line %(line_no)s received at %(site_id)s: %(accepted)s accepted, %(open)s open"), "good", "packages"
    ),
    "excess.decided": Sentence(marked("Line %(line_no)s: decided on %(quantity)s too many"), "info", "scale"),
    "damage.decided": Sentence(marked("Line %(line_no)s: %(quantity)s damaged, %(return_for)s"), "info", "scale"),
    "line.closed_short": Sentence(marked("Line %(line_no)s closed, %(short)s short"), "warn", "package"),
    "invoice.received": Sentence(marked("Invoice %(number)s came: %(total)s"), icon="file-invoice"),
    "invoice.suspected": Sentence(marked("The invoice looks like a copy: %(amount)s stopped"), "bad", "hand-stop"),
    "invoice.matched": Sentence(marked("Invoice matched with order and receipt: %(outcome)s"), "info", "scale"),
    "invoice.mismatch_accepted": Sentence(marked("A difference of the invoice was accepted: %(resolution)s"), "info", "check"),
    "invoice.acceptance_undone": Sentence(marked("The acceptance of a difference was taken back"), "warn", "arrow-back-up"),
    "invoice.payment_blocked": Sentence(marked("Payment blocked: %(mismatches)s"), "bad", "lock"),
    "invoice.payment_released": Sentence(marked("Released for payment: %(total)s"), "good", "coins"),
    "invoice.posted": Sentence(marked("Invoice posted in the ERP as %(erp_number)s"), "good", "check"),
    "invoice.rejected": Sentence(marked("Invoice sent back"), "warn", "arrow-back-up"),
    "invoice.superseded": Sentence(marked("Invoice replaced by revision %(by_revision)s"), "neutral", "history"),
    "advisory.recorded": Sentence(
        marked("A model looked at the quantity of line %(line_no)s: score %(score)s, threshold %(threshold)s"), "info", "robot"
    ),
    "advisory.decided": Sentence(marked("Suggestion for line %(line_no)s: %(action)s"), "info", "robot"),
    "exception.opened": Sentence(
        marked("Exception: %(exception_type)s, goes to %(owner_role)s, due %(due_at)s"), "warn", "alert-triangle"
    ),
    "exception.recurred": Sentence(marked("The exception came up again, %(occurrences)s times now"), "warn", "alert-triangle"),
    "exception.reassigned": Sentence(marked("Exception given to %(to_role)s"), "info", "users"),
    "exception.held": Sentence(marked("Exception on hold until %(due_at)s"), "wait", "player-pause"),
    "exception.hold_ended": Sentence(marked("The exception goes on"), "info", "player-play"),
    "exception.escalated": Sentence(marked("Exception escalated from %(from_role)s to %(to_role)s"), "warn", "arrow-up"),
    "exception.resolved": Sentence(marked("Exception settled: %(exception_type)s, %(resolution)s"), "good", "circle-check"),
    "exception.reopened": Sentence(marked("Exception opened again"), "warn", "restore"),
}
