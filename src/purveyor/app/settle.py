"""Settle an exception by the decision that really settles it: on a proposal, the goods at the dock, a message, or an ERP's code.

What has no effect beyond the exception itself, and what is about invoices, is settled by resolve.py. Everything happens in one
transaction, with the order locked before the exception.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from purveyor.app import acknowledge, advise, outbound, own_codes, receipt_decisions, resolve
from purveyor.app.advise import CONFIRM
from purveyor.app.own_codes import MAP
from purveyor.app.proposals import DecideProposal
from purveyor.app.receipt_decisions import DecideDamage, DecideExcess
from purveyor.app.resolve import Resolve
from purveyor.core.acknowledge import Verdict
from purveyor.core.case_decisions import require_version
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.ids import ExceptionCaseId, OrderId, ReceiptId
from purveyor.core.receiving import ReturnFor
from purveyor.store import cases, orders
from purveyor.store.db import Tx

ELSEWHERE: Final = frozenset(
    {
        ExceptionType.GATE_BLOCKED,
        ExceptionType.PRICE_MISMATCH,
        ExceptionType.AGREEMENT_MISMATCH,
        ExceptionType.PROBABLE_DUPLICATE,
        ExceptionType.QUANTITY_ANOMALY,
    }
)
"""Exceptions of the gate: they end by themselves when the order is corrected, a finding overridden, or the order cancelled."""

_AT_THE_DOCK: Final = frozenset({ExceptionType.OVER_RECEIPT, ExceptionType.DAMAGED_RECEIPT})

Effect = Callable[[Tx, ExceptionCase, Resolve], None]


def settle(tx: Tx, case_id: ExceptionCaseId, command: Resolve) -> ExceptionCase:
    """Settle an exception with the effect its resolution has.

    Raises what ``resolve.resolve`` raises, and what the decision behind the resolution raises.
    """
    seen = cases.load(tx, case_id)
    effect = effect_of(seen, command.resolution)
    if effect is None:
        return resolve.resolve(tx, case_id, command)
    _lock_first(tx, seen)
    require_version(cases.load(tx, case_id, for_update=True), command.version)
    settled = resolve.resolve(tx, case_id, replace(command, version=None))
    effect(tx, seen, command)
    return settled


def _lock_first(tx: Tx, case: ExceptionCase) -> None:
    """Lock what an exception is about before the exception itself: the order every use case locks in."""
    if case.subject.order_id is not None:
        orders.lock(tx, case.subject.order_id)
    own_codes.lock_waiting(tx, case)


def effect_of(case: ExceptionCase, resolution: str) -> Effect | None:
    """Return what a resolution does beyond settling the exception; None when nothing, so that it can be undone here."""
    effect = _EFFECTS.get((case.type, resolution))
    subject = case.subject
    if effect in (_send_again, _call_off):
        return None if subject.message_id is None else effect
    if case.natural_key.startswith(advise.KEY):
        return _decide_suggestion
    if effect is own_codes.map_to_ours:
        return effect if own_codes.question_of(case) is not None else None
    document = subject.receipt_id if case.type in _AT_THE_DOCK else subject.order_id
    return None if document is None or subject.line_no is None else effect


def _decide_suggestion(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    advise.settled(tx, case.id, command.resolution, command.reason)


def _take_proposal(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    _decide_proposal(tx, case, Verdict.ACCEPTED, command)


def _refuse_proposal(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    _decide_proposal(tx, case, Verdict.REJECTED, command)


def _decide_proposal(tx: Tx, case: ExceptionCase, verdict: Verdict, command: Resolve) -> None:
    order_id, line_no = _line_of(case)
    version = orders.get(tx, order_id).version
    acknowledge.decide_proposal(tx, order_id, DecideProposal(line_no, verdict, version, command.words))


def _keep_surplus(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    receipt_id, line_no = _count_of(case)
    receipt_decisions.accept_over(tx, DecideExcess(receipt_id, line_no, accept=True, reason=command.words))


def _return_surplus(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    receipt_id, line_no = _count_of(case)
    receipt_decisions.accept_over(tx, DecideExcess(receipt_id, line_no, accept=False, reason=command.words))


def _replace_damaged(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    receipt_id, line_no = _count_of(case)
    receipt_decisions.decide_damage(tx, DecideDamage(receipt_id, line_no, ReturnFor.REPLACEMENT, command.words))


def _credit_damaged(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    receipt_id, line_no = _count_of(case)
    receipt_decisions.decide_damage(tx, DecideDamage(receipt_id, line_no, ReturnFor.CREDIT, command.words))


def _close_short(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    order_id, line_no = _line_of(case)
    receipt_decisions.close_short(tx, order_id, line_no, command.words)


def _send_again(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    assert case.subject.message_id is not None
    outbound.replay(tx, case.subject.message_id)


def _call_off(tx: Tx, case: ExceptionCase, command: Resolve) -> None:
    assert case.subject.message_id is not None
    outbound.skip(tx, case.subject.message_id, command.words)


def _line_of(case: ExceptionCase) -> tuple[OrderId, int]:
    assert case.subject.order_id is not None
    assert case.subject.line_no is not None
    return case.subject.order_id, case.subject.line_no


def _count_of(case: ExceptionCase) -> tuple[ReceiptId, int]:
    assert case.subject.receipt_id is not None
    assert case.subject.line_no is not None
    return case.subject.receipt_id, case.subject.line_no


_EFFECTS: Final[Mapping[tuple[ExceptionType, str], Effect]] = {
    (ExceptionType.ACK_CHANGE_PROPOSED, "accept_change"): _take_proposal,
    (ExceptionType.ACK_CHANGE_PROPOSED, "refuse_change"): _refuse_proposal,
    (ExceptionType.OVER_RECEIPT, "keep_surplus"): _keep_surplus,
    (ExceptionType.OVER_RECEIPT, "return_surplus"): _return_surplus,
    (ExceptionType.DAMAGED_RECEIPT, "return_goods"): _replace_damaged,
    (ExceptionType.DAMAGED_RECEIPT, "keep_with_credit"): _credit_damaged,
    (ExceptionType.SHORT_RECEIPT, "close_short"): _close_short,
    (ExceptionType.UNMAPPED_CODE, MAP): own_codes.map_to_ours,
    (ExceptionType.MESSAGE_FAILED, "send_again"): _send_again,
    (ExceptionType.MESSAGE_FAILED, "done_by_hand"): _call_off,
    (ExceptionType.MESSAGE_FAILED, "cancel_message"): _call_off,
    (ExceptionType.ERP_WRITE_FAILED, "send_again"): _send_again,
    (ExceptionType.ERP_WRITE_FAILED, "done_by_hand"): _call_off,
}

REASONED: Final = frozenset(
    {
        "refuse_change",
        "keep_surplus",
        "return_surplus",
        "close_short",
        "done_by_hand",
        "cancel_message",
        "reject_invoice",
        CONFIRM,
    }
)
"""Resolutions that cannot be chosen without a reason, whatever the exception."""
