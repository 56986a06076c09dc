"""Words for resolutions and for the columns of evidence; what can settle an exception reads like a button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from purveyor.app.masters import LEGAL_ENTITY
from purveyor.core.cases import ExceptionType
from purveyor.core.erp_records import Entity
from purveyor.web.i18n import marked

RESOLUTION: Final[dict[str, str]] = {
    "accept_change": marked("Accept the change"),
    "accept_date": marked("Accept the later date"),
    "accept_freight": marked("Accept the freight"),
    "accept_invoice_price": marked("Accept the invoice's price"),
    "accept_invoice_value": marked("Accept the invoice's value"),
    "accept_price": marked("Accept the price"),
    "accept_shortage": marked("Accept the shortage"),
    "accept_tax": marked("Accept the tax"),
    "answered": marked("The supplier has answered"),
    "apply_by_hand": marked("Apply it by hand"),
    "approve_afterwards": marked("Approve it afterwards"),
    "ask_again": marked("Ask the supplier again"),
    "assign_order": marked("Assign it to an order"),
    "await_receipt": marked("Wait for the receipt"),
    "await_rest": marked("Wait for the rest"),
    "call_supplier": marked("Call the supplier"),
    "cancel_line": marked("Cancel the line"),
    "cancel_message": marked("Do not send it any more"),
    "cancel_order": marked("Cancel the order"),
    "change_order": marked("Change the order"),
    "claim_supplier": marked("Claim it from the supplier"),
    "cleared": marked("The cause is gone"),
    "close_short": marked("Give up the rest"),
    "confirm_quantity": marked("The quantity is right"),
    "count_confirmed": marked("The count is right"),
    "count_corrected": marked("The count was corrected"),
    "data_completed": marked("The data was completed"),
    "decided_by_person": marked("Decided by a person"),
    "discard_document": marked("Discard the document"),
    "dispute_with_supplier": marked("Dispute it with the supplier"),
    "done_by_hand": marked("Done by hand on the other side"),
    "expedite": marked("Ask for faster delivery"),
    "fix_order": marked("Correct the order"),
    "holder_named": marked("Somebody was named"),
    "keep_surplus": marked("Keep the surplus"),
    "keep_with_credit": marked("Keep them against a credit note"),
    "map_code": marked("Map the code"),
    "not_a_duplicate": marked("It is not a duplicate"),
    "other_supplier": marked("Buy from another supplier"),
    "override_with_reason": marked("Override with a reason"),
    "push_ours": marked("Write our order to the ERP"),
    "receipt_corrected": marked("The receipt was corrected"),
    "reduce_quantity": marked("Reduce the quantity"),
    "refuse_change": marked("Refuse the change"),
    "reject_invoice": marked("Send the invoice back"),
    "renegotiate": marked("Negotiate again"),
    "return_goods": marked("Return them for replacement"),
    "return_surplus": marked("Return the surplus"),
    "scrap": marked("Scrap them"),
    "send_again": marked("Send it again"),
    "take_erp_change": marked("Take the ERP's change"),
    "transfer_stock": marked("Transfer stock from another warehouse"),
    "use_expected_price": marked("Use the agreed price"),
}
COLUMN: Final[dict[str, str]] = {
    "order": marked("Order"),
    "receipt": marked("Receipt"),
    "invoice": marked("Invoice"),
    "expected": marked("Expected"),
    "allowed": marked("Allowed"),
    "figure": marked("Figure"),
    "proposal": marked("Supplier's proposal"),
    "acknowledgment": marked("Acknowledgment"),
    "promise": marked("Promise"),
    "need_by": marked("Needed by"),
    "rejected": marked("Rejected"),
    "erp": marked("ERP"),
    "known": marked("Known invoice"),
    "usual": marked("Usual"),
}
QUESTION: Final[dict[ExceptionType, str]] = {
    ExceptionType.QUANTITY_ANOMALY: marked("Is this quantity right?"),
    ExceptionType.HELD_RECOUNT: marked("Is the count right? Nothing is booked before you count again."),
    ExceptionType.STOCKOUT_RISK: marked("How is the gap filled before the goods come?"),
    ExceptionType.ACK_CHANGE_PROPOSED: marked("Do we take what the supplier proposes?"),
    ExceptionType.OVER_RECEIPT: marked("Do we keep what came too much?"),
    ExceptionType.DAMAGED_RECEIPT: marked("What happens to the damaged goods?"),
    ExceptionType.SHORT_RECEIPT: marked("Do we wait for the rest?"),
    ExceptionType.DUPLICATE_INVOICE: marked("Is this bill a copy of the other one?"),
    ExceptionType.MATCH_PRICE: marked("Do we pay the price that was billed?"),
    ExceptionType.MATCH_QUANTITY: marked("Did more arrive than was counted?"),
    ExceptionType.MESSAGE_FAILED: marked("Is it sent again?"),
    ExceptionType.ACK_OVERDUE: marked("How do we get an answer from the supplier?"),
    ExceptionType.PROMISE_BEYOND_NEED_BY: marked("Is the later date good enough?"),
    ExceptionType.ACK_REJECTED: marked("Where do the goods come from now?"),
}


@dataclass(frozen=True, slots=True)
class OwnCodeWords:
    """How a page asks for our code of a record, and what it says when none such is known."""

    label: str
    missing: str


OWN_CODE: Final[dict[str, OwnCodeWords]] = {
    Entity.ITEM: OwnCodeWords(marked("SKU of our item"), marked("Enter the SKU of one of our items.")),
    Entity.SUPPLIER: OwnCodeWords(marked("Code of our supplier"), marked("Enter the code of one of our suppliers.")),
    Entity.SITE: OwnCodeWords(marked("Code of our site"), marked("Enter the code of one of our sites.")),
    Entity.UOM: OwnCodeWords(
        marked("Code of our unit"), marked("Enter the code of a unit that is known in the same group of units.")
    ),
    LEGAL_ENTITY: OwnCodeWords(marked("Code of our business unit"), marked("Enter the code of one of our business units.")),
}
