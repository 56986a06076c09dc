"""Screen words, tones and icons for the statuses of core, in one place.

Status is a word with an icon; the tone only repeats it. Words follow the glossary: an issued order reads "Sent".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from purveyor.core.access import Role
from purveyor.core.finding import Result, Severity
from purveyor.core.lifecycle import Status, Verb
from purveyor.web.i18n import marked

TONES: Final = ("neutral", "info", "good", "warn", "bad", "wait")


@dataclass(frozen=True, slots=True)
class Word:
    """How a code reads on screen: the word (translated when shown), its tone and its icon."""

    text: str
    tone: str
    icon: str


ORDER_STATUS: Final[dict[Status, Word]] = {
    Status.DRAFT: Word(marked("Draft"), "neutral", "pencil"),
    Status.PENDING_APPROVAL: Word(marked("Waiting for approval"), "wait", "hourglass"),
    Status.APPROVED: Word(marked("Approved"), "good", "check"),
    Status.ISSUED: Word(marked("Sent"), "info", "send"),
    Status.ACKNOWLEDGED: Word(marked("Confirmed by supplier"), "good", "checks"),
    Status.CLOSED: Word(marked("Closed"), "neutral", "circle-check"),
    Status.CANCELLED: Word(marked("Cancelled"), "neutral", "ban"),
}
ON_HOLD: Final = Word(marked("On hold"), "warn", "player-pause")

SEVERITY: Final[dict[Severity, Word]] = {
    Severity.BLOCK: Word(marked("Stops the order"), "bad", "hand-stop"),
    Severity.APPROVE: Word(marked("Needs approval"), "wait", "user-check"),
    Severity.WARN: Word(marked("Warning"), "warn", "alert-triangle"),
    Severity.INFO: Word(marked("For information"), "info", "info-circle"),
}
RESULT: Final[dict[Result, Word]] = {
    Result.FAIL: Word(marked("Problem found"), "bad", "alert-circle"),
    Result.STALE: Word(marked("Data too old"), "warn", "clock"),
    Result.NO_DATA: Word(marked("Data missing"), "warn", "help-circle"),
}
VERB: Final[dict[Verb, str]] = {
    Verb.SUBMIT: marked("Submit"),
    Verb.APPROVE: marked("Approve"),
    Verb.REJECT: marked("Reject"),
    Verb.RETURN: marked("Return to buyer"),
    Verb.EDIT: marked("Edit"),
    Verb.RELEASE: marked("Send"),
    Verb.ANSWER: marked("Record supplier confirmation"),
    Verb.CHANGE_APPLIED: marked("Apply change order"),
    Verb.CLOSE: marked("Close"),
    Verb.CANCEL: marked("Cancel order"),
}
ROLE: Final[dict[Role, str]] = {
    Role.BUYER: marked("Buyer"),
    Role.CATEGORY_MANAGER: marked("Category manager"),
    Role.APPROVER: marked("Approver"),
    Role.WAREHOUSE: marked("Warehouse"),
    Role.ACCOUNTS_PAYABLE: marked("Accounts payable"),
    Role.IT: marked("IT"),
    Role.AUDITOR: marked("Auditor"),
    Role.SUPPLIER: marked("Supplier"),
}
