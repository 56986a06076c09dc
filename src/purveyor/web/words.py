"""Screen words, tones and icons for the statuses of core, in one place.

Status is a word with an icon; the tone only repeats it. Words follow the glossary: an issued order reads "Sent".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from purveyor.core.access import Role
from purveyor.core.acknowledge import LineState
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
    Status.ACKNOWLEDGED: Word(marked("Answered by supplier"), "info", "message"),
    Status.CLOSED: Word(marked("Closed"), "neutral", "circle-check"),
    Status.CANCELLED: Word(marked("Cancelled"), "neutral", "ban"),
}
"""Answered says nothing about what the answer was; where the lines' answers are known, ask ``order_word`` instead."""


class SupplierAnswer(StrEnum):
    """What a supplier's answer comes to over the lines of an order that was answered completely."""

    CONFIRMED = "confirmed"
    DIFFERENT = "different"
    PARTLY_REJECTED = "partly_rejected"
    REJECTED = "rejected"


ANSWER: Final[dict[SupplierAnswer, Word]] = {
    SupplierAnswer.CONFIRMED: Word(marked("Confirmed by supplier"), "good", "checks"),
    SupplierAnswer.DIFFERENT: Word(marked("Answered with differences"), "warn", "scale"),
    SupplierAnswer.PARTLY_REJECTED: Word(marked("Partly rejected by supplier"), "bad", "x"),
    SupplierAnswer.REJECTED: Word(marked("Rejected by supplier"), "bad", "x"),
}
STANDS: Final[dict[SupplierAnswer, str]] = {
    SupplierAnswer.CONFIRMED: marked("Confirmed by the supplier; goods and invoices are awaited."),
    SupplierAnswer.DIFFERENT: marked("The supplier answered with differences: look at the lines and their promises."),
    SupplierAnswer.PARTLY_REJECTED: marked("The supplier rejects part of this order: decide where those goods come from."),
    SupplierAnswer.REJECTED: marked("The supplier rejects this order: decide where the goods come from, or cancel it."),
}
"""What an answered order waits for, in one sentence."""


def answer_of(lines: Iterable[LineState]) -> SupplierAnswer | None:
    """Return what the answers to the lines come to, cancelled ones left out; None while a line is open or nothing is known."""
    said = {state for state in lines if state is not LineState.CANCELLED}
    if not said or said & {LineState.UNANSWERED, LineState.PARTLY_ANSWERED}:
        return None
    if said == {LineState.REJECTED}:
        return SupplierAnswer.REJECTED
    if LineState.REJECTED in said:
        return SupplierAnswer.PARTLY_REJECTED
    return SupplierAnswer.CONFIRMED if said == {LineState.ACCEPTED} else SupplierAnswer.DIFFERENT


def order_word(status: Status, lines: Iterable[LineState]) -> Word:
    """Return how the status of an order reads: an answered one says what the answer was."""
    answer = answer_of(lines) if status is Status.ACKNOWLEDGED else None
    return ORDER_STATUS[status] if answer is None else ANSWER[answer]


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
