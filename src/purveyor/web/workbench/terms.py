"""Screen words of the buyer's pages: confirmations, goods, invoices, messages, exceptions. Codes stay under Details."""

from __future__ import annotations

from typing import Final

from purveyor.core.acknowledge import LineState
from purveyor.core.advisory import AdvisoryState
from purveyor.core.approval_chain import ChainState, StepState
from purveyor.core.cases import CaseStatus, ExceptionType
from purveyor.core.finding import Section
from purveyor.core.invoice import InvoiceState, Payment
from purveyor.core.messaging import MessageKind
from purveyor.core.order import Origin
from purveyor.core.progress import LineProgressState
from purveyor.core.promise import Basis
from purveyor.core.shipping import MovementKind
from purveyor.web.i18n import marked
from purveyor.web.words import Word

CONFIRMATION: Final[dict[LineState, Word]] = {
    LineState.UNANSWERED: Word(marked("Unanswered"), "wait", "hourglass"),
    LineState.PARTLY_ANSWERED: Word(marked("Partly answered"), "wait", "circle-dashed"),
    LineState.ACCEPTED: Word(marked("Accepted"), "good", "checks"),
    LineState.ANSWERED_WITH_DIFFERENCES: Word(marked("Answered with differences"), "warn", "scale"),
    LineState.REJECTED: Word(marked("Rejected"), "bad", "x"),
    LineState.CANCELLED: Word(marked("Cancelled"), "neutral", "ban"),
}
PROGRESS: Final[dict[LineProgressState, Word]] = {
    LineProgressState.OPEN: Word(marked("Open"), "info", "circle-dashed"),
    LineProgressState.PARTLY_RECEIVED: Word(marked("Partly received"), "wait", "package"),
    LineProgressState.RECEIVED: Word(marked("Received"), "good", "packages"),
    LineProgressState.CLOSED_SHORT: Word(marked("Closed short"), "warn", "package"),
    LineProgressState.CANCELLED: Word(marked("Cancelled"), "neutral", "ban"),
}
BASIS: Final[dict[Basis, str]] = {
    Basis.STATED: marked("stated"),
    Basis.DERIVED: marked("derived"),
    Basis.IMPLIED: marked("implied"),
}
ORIGIN: Final[dict[Origin, str]] = {
    Origin.PLANNED: marked("Planned by the ERP"),
    Origin.TYPED: marked("Typed by a person"),
    Origin.API: marked("Sent through the API"),
}
SECTION: Final[dict[Section, str]] = {
    Section.QUANTITY: marked("Quantity"),
    Section.PRICE: marked("Price"),
    Section.TERMS: marked("Terms"),
    Section.POLICY: marked("Policy"),
    Section.INVENTORY: marked("Inventory"),
}
MOVEMENT: Final[dict[MovementKind, Word]] = {
    MovementKind.SHIPPED: Word(marked("Announced"), "info", "truck"),
    MovementKind.ACCEPTED: Word(marked("Received"), "good", "packages"),
    MovementKind.REJECTED: Word(marked("Damaged"), "bad", "x"),
    MovementKind.RETURNED: Word(marked("Returned"), "warn", "arrow-back-up"),
    MovementKind.CREDITED: Word(marked("Credited"), "neutral", "coins"),
    MovementKind.SHIPMENT_ENDED: Word(marked("Shipment ended short"), "warn", "truck-delivery"),
    MovementKind.INVOICED: Word(marked("Invoiced"), "neutral", "file-invoice"),
}
INVOICE: Final[dict[InvoiceState, Word]] = {
    InvoiceState.WAITING_RECEIPT: Word(marked("Waiting for receipt"), "wait", "hourglass"),
    InvoiceState.IN_REVIEW: Word(marked("In review"), "warn", "eye"),
    InvoiceState.IN_EXCEPTION: Word(marked("Exception"), "bad", "alert-triangle"),
    InvoiceState.MATCHED: Word(marked("Matched"), "good", "check"),
    InvoiceState.REJECTED: Word(marked("Sent back"), "neutral", "arrow-back-up"),
    InvoiceState.SUPERSEDED: Word(marked("Replaced by a later revision"), "neutral", "history"),
}
PAYMENT: Final[dict[Payment, str]] = {
    Payment.UNTOLD: marked("The ERP was told nothing yet"),
    Payment.BLOCKED: marked("Payment is blocked in the ERP"),
    Payment.RELEASED: marked("Released for payment"),
}
STEP: Final[dict[StepState, Word]] = {
    StepState.WAITING: Word(marked("Not reached yet"), "neutral", "circle-dashed"),
    StepState.OPEN: Word(marked("Waiting for a decision"), "wait", "hourglass"),
    StepState.APPROVED: Word(marked("Approved"), "good", "check"),
    StepState.REJECTED: Word(marked("Rejected"), "bad", "x"),
    StepState.RETURNED: Word(marked("Returned to the buyer"), "warn", "arrow-back-up"),
    StepState.VOID: Word(marked("No longer needed"), "neutral", "ban"),
}
CHAIN: Final[dict[ChainState, Word]] = {
    ChainState.OPEN: Word(marked("Waiting for approval"), "wait", "hourglass"),
    ChainState.APPROVED: Word(marked("Approved"), "good", "check"),
    ChainState.REJECTED: Word(marked("Rejected"), "bad", "x"),
    ChainState.RETURNED: Word(marked("Returned to the buyer"), "warn", "arrow-back-up"),
    ChainState.VOID: Word(marked("No longer valid, the order changed"), "neutral", "history"),
}
APPROVAL_ROLE: Final[dict[str, str]] = {
    "line_manager": marked("Line manager"),
    "category_manager": marked("Category manager"),
    "finance_director": marked("Finance director"),
    "cfo": marked("CFO"),
    "process_owner": marked("Process owner"),
    "budget_owner": marked("Budget owner"),
}
MESSAGE: Final[dict[str, str]] = {
    MessageKind.ERP_CONFIRM: marked("Order confirmed in the ERP"),
    MessageKind.ERP_RECEIPT: marked("Receipt posted in the ERP"),
    MessageKind.ERP_INVOICE_POST: marked("Invoice posted in the ERP"),
    MessageKind.ERP_INVOICE_HOLD: marked("Payment blocked in the ERP"),
    MessageKind.ERP_INVOICE_RELEASE: marked("Payment released in the ERP"),
    MessageKind.SUPPLIER_ORDER: marked("Order to the supplier"),
    MessageKind.SUPPLIER_CHANGE: marked("Changed order to the supplier"),
    MessageKind.SUPPLIER_REMINDER: marked("Reminder to the supplier"),
    MessageKind.SUPPLIER_CANCEL: marked("Cancellation to the supplier"),
    MessageKind.WMS_EXPECTED_RECEIPT: marked("Expected receipt to the warehouse"),
    MessageKind.ACCOUNT_LINK: marked("Link to set a password"),
}
MESSAGE_STATE: Final[dict[str, Word]] = {
    "ready": Word(marked("Waiting to be sent"), "wait", "clock"),
    "leased": Word(marked("Being sent"), "info", "send"),
    "done": Word(marked("Delivered"), "good", "check"),
    "dead": Word(marked("Failed message"), "bad", "alert-circle"),
    "superseded": Word(marked("Not needed any more"), "neutral", "ban"),
}
ATTEMPT: Final[dict[str | None, Word]] = {
    "done": Word(marked("Taken"), "good", "check"),
    "retry": Word(marked("Not taken, tried again later"), "warn", "refresh"),
    "next_channel": Word(marked("Not taken, next channel"), "warn", "arrow-right"),
    "dead": Word(marked("Given up"), "bad", "x"),
    "postponed": Word(marked("Other side away"), "wait", "plug-off"),
    "lost": Word(marked("Interrupted"), "warn", "alert-circle"),
    "unknown": Word(marked("Answer lost"), "warn", "help-circle"),
    None: Word(marked("Under way"), "info", "send"),
}
CHANNEL: Final[dict[str, str]] = {
    "api": marked("API"),
    "email": marked("mail with link"),
    "link": marked("link in the mail"),
    "portal": marked("portal"),
    "erp": marked("ERP"),
    "wms": marked("warehouse system"),
    "phone": marked("phone"),
    "change_order": marked("change order"),
}
CASE_STATUS: Final[dict[CaseStatus, Word]] = {
    CaseStatus.OPEN: Word(marked("Open"), "warn", "alert-triangle"),
    CaseStatus.ON_HOLD: Word(marked("On hold"), "wait", "player-pause"),
    CaseStatus.RESOLVED: Word(marked("Resolved"), "good", "check"),
}
ADVISORY: Final[dict[AdvisoryState, Word]] = {
    AdvisoryState.NOTED: Word(marked("nothing unusual"), "neutral", "check"),
    AdvisoryState.OPEN: Word(marked("waits for a decision"), "warn", "alert-triangle"),
    AdvisoryState.KEPT: Word(marked("quantity kept"), "good", "circle-check"),
    AdvisoryState.TAKEN: Word(marked("suggestion taken"), "good", "check"),
    AdvisoryState.MOOT: Word(marked("no longer needed"), "neutral", "ban"),
}
EXCEPTION: Final[dict[ExceptionType, str]] = {
    ExceptionType.GATE_BLOCKED: marked("Stopped by the release gate"),
    ExceptionType.PRICE_MISMATCH: marked("Price differs from the agreement"),
    ExceptionType.AGREEMENT_MISMATCH: marked("Agreement is not clear"),
    ExceptionType.PROBABLE_DUPLICATE: marked("Probably ordered twice"),
    ExceptionType.QUANTITY_ANOMALY: marked("Unusual quantity"),
    ExceptionType.UNMAPPED_CODE: marked("Unknown code"),
    ExceptionType.BYPASSED_GATE: marked("Placed in the ERP past the gate"),
    ExceptionType.ERP_DRIFT: marked("Changed in the ERP after sending"),
    ExceptionType.ERP_REJECTED: marked("Refused by the ERP"),
    ExceptionType.ERP_WRITE_FAILED: marked("Could not be written to the ERP"),
    ExceptionType.MESSAGE_FAILED: marked("Failed message"),
    ExceptionType.ACK_OVERDUE: marked("Supplier does not answer"),
    ExceptionType.ACK_CHANGE_PROPOSED: marked("Supplier proposes a change"),
    ExceptionType.ACK_REJECTED: marked("Supplier rejects"),
    ExceptionType.STALE_VERSION: marked("Answer to an older version"),
    ExceptionType.UNKNOWN_VERSION: marked("Answer to an unknown version"),
    ExceptionType.ACKNOWLEDGMENT_EXCEEDS_ORDER: marked("More confirmed than ordered"),
    ExceptionType.PROMISE_BEYOND_NEED_BY: marked("Promised later than needed"),
    ExceptionType.STOCKOUT_RISK: marked("Stock runs out"),
    ExceptionType.OVER_RECEIPT: marked("More received than ordered"),
    ExceptionType.HELD_RECOUNT: marked("Count again"),
    ExceptionType.SHORT_RECEIPT: marked("Less received than announced"),
    ExceptionType.DAMAGED_RECEIPT: marked("Received damaged"),
    ExceptionType.MATCH_PRICE: marked("Invoice price too high"),
    ExceptionType.MATCH_PRICE_FAVOURABLE: marked("Invoice price suspiciously low"),
    ExceptionType.MATCH_QUANTITY: marked("Billed more than received"),
    ExceptionType.MATCH_VALUE: marked("Invoice value differs"),
    ExceptionType.MATCH_TAX: marked("Tax differs"),
    ExceptionType.MATCH_FREIGHT: marked("Freight differs"),
    ExceptionType.DUPLICATE_INVOICE: marked("Probable copy of an invoice"),
    ExceptionType.INVOICE_UNKNOWN_ORDER: marked("Invoice without a known order"),
    ExceptionType.APPROVAL_NO_HOLDER: marked("Nobody holds the approval role"),
    ExceptionType.POLICY_UNDECIDABLE: marked("Policy cannot decide"),
}
