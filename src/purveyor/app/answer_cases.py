"""Exceptions that answers open and clear: what could not be used, was rejected or proposed, and dates that endanger something.

Each question stays open once per line; when its cause is gone it is cleared.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from purveyor.app import stockout
from purveyor.app.answering import Answered, Ground
from purveyor.app.cases import clear, open_case
from purveyor.core.acknowledge import NOT_APPLICABLE, ApplyResult, Verdict
from purveyor.core.canonical import plain_decimal
from purveyor.core.cases import Evidence, ExceptionType, OpenCase, compared
from purveyor.core.events.base import Event
from purveyor.core.events.order import order_stream
from purveyor.core.events.promise import PromiseSlipped
from purveyor.core.ids import OrderId
from purveyor.core.money import Money, round_amount
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.policy.terms import acceptance_window
from purveyor.core.promise import slips
from purveyor.core.proposal import Proposal, read_proposal
from purveyor.store import cases, events
from purveyor.store.db import Tx

UNUSABLE: Final = {
    ApplyResult.STALE_VERSION: (
        ExceptionType.STALE_VERSION,
        "The supplier answered an older version of this line; ask again about the present one.",
    ),
    ApplyResult.UNKNOWN_VERSION: (
        ExceptionType.UNKNOWN_VERSION,
        "The supplier answered a version that was never sent.",
    ),
    ApplyResult.ACKNOWLEDGMENT_EXCEEDS_ORDER: (
        ExceptionType.ACKNOWLEDGMENT_EXCEEDS_ORDER,
        "The supplier's answer adds up to more than was ordered and is no change; nothing of it was applied.",
    ),
}


def case_key(type_: ExceptionType, order_id: OrderId, line_no: int) -> str:
    """Return the natural key of an exception about the answer to one line."""
    return f"answer:{order_id}:{line_no}:{type_.value}"


def blocked_lines(tx: Tx, order_id: OrderId) -> frozenset[int]:
    """Return the lines whose answer waits for us because it could not be applied; the supplier is not reminded of them."""
    stopping = {UNUSABLE[result][0].value for result in NOT_APPLICABLE}
    found = [key.split(":") for key in cases.open_keys(tx, f"answer:{order_id}:")]
    return frozenset(int(parts[2]) for parts in found if parts[3] in stopping)


def review(tx: Tx, ground: Ground, before: Answered, after: Answered) -> None:
    """Open and clear the exceptions of every line that an answer, a verdict or a new version has touched.

    The promises must be written already: what is due at a site is read from the database.
    """
    told: list[Event] = []
    known = frozenset(cases.open_keys(tx, f"answer:{after.order.id}:", stockout.risks_of(after.order.id)))
    for line in after.order.lines:
        number = line.line_no
        if number in before.folds and _stands_as_before(before, after, number):
            continue
        _rejected(tx, after, line, known)
        _proposed(tx, ground, before, after, line, known)
        late = _beyond_need_by(tx, after, line, known)
        slipped = _slipped(before, after, line)
        told += slipped
        first, now = after.ledgers[number].original, after.ledgers[number].current
        stockout.check(tx, after.order, line, known, moved=late or bool(slips(first, now)))
    events.append(tx, told)


def _stands_as_before(before: Answered, after: Answered, number: int) -> bool:
    """Say whether nothing changed for a line; an older answer that arrives late may still change what was promised first."""
    same_promises = before.ledgers.get(number) == after.ledgers.get(number)
    return same_promises and before.folds[number].standing == after.folds[number].standing


def report_unusable(tx: Tx, before: Answered, after: Answered) -> frozenset[int]:
    """Open an exception for every answer that could not be applied just now; returns all lines that wait for us."""
    known = {each.acknowledgment.key: each.results for each in before.kept}
    for each in after.kept:
        for number, result in each.results.items():
            line = after.order.line(number)
            if line is None or result not in UNUSABLE or known.get(each.acknowledgment.key, {}).get(number) == result:
                continue
            type_, summary = UNUSABLE[result]
            answer = each.acknowledgment
            versions = compared("version", order=str(answer.known_version), acknowledgment=str(answer.version))
            _open(tx, after.order, line, type_, summary, evidence=(versions,))
    return blocked_lines(tx, after.order.id)


def _rejected(tx: Tx, after: Answered, line: OrderLine, known: frozenset[str]) -> None:
    standing = [item for item in after.folds[line.line_no].standing if item.verdict is not Verdict.REJECTED]
    rejected = sum(
        (part.quantity or Decimal(0) for item in standing for part in item.parts if part.outcome == "reject"), Decimal(0)
    )
    if not rejected:
        _clear(tx, known, case_key(ExceptionType.ACK_REJECTED, after.order.id, line.line_no))
        return
    summary = f"The supplier will not deliver {plain_decimal(rejected)} {line.uom or ''} of {line.item_code}.".replace("  ", " ")
    evidence = (compared("quantity", order=plain_decimal(line.quantity), rejected=plain_decimal(rejected)),)
    worth = _worth(after.order, line, rejected)
    _open(tx, after.order, line, ExceptionType.ACK_REJECTED, summary, worth, evidence, "other_supplier")


def proposals_of(ground: Ground, after: Answered, line: OrderLine, promised: date | None) -> list[Proposal]:
    """Read what is proposed for a line and not decided yet; ``promised`` is the delivery promised before."""
    order = after.order
    window = acceptance_window(ground.policies, supplier=order.supplier_code, category=line.category or "")
    return [
        read_proposal(order, line, item, window, ground.calendar(line), promised)
        for item in after.folds[line.line_no].open_proposals
    ]


def _proposed(tx: Tx, ground: Ground, before: Answered, after: Answered, line: OrderLine, known: frozenset[str]) -> None:
    promised = before.ledgers[line.line_no].current_delivery if line.line_no in before.ledgers else None
    waiting = [proposal for proposal in proposals_of(ground, after, line, promised) if not proposal.acceptable]
    if not waiting:
        _clear(tx, known, case_key(ExceptionType.ACK_CHANGE_PROPOSED, after.order.id, line.line_no))
        return
    proposal = waiting[-1]
    kinds = ", ".join(kind.value for kind in proposal.deviations) or "terms"
    cost = Money(max(Decimal(0), proposal.extra_cost), after.order.currency)
    summary = f"The supplier proposes another {kinds} for {line.item_code}: {proposal.extra_cost} {cost.currency} more."
    _open(
        tx,
        after.order,
        line,
        ExceptionType.ACK_CHANGE_PROPOSED,
        summary,
        cost,
        tuple(_proposal_evidence(line, proposal)),
        "accept_change",
    )


def wait_for_approval(tx: Tx, order: PurchaseOrder, line: OrderLine, proposal: Proposal, reasons: tuple[str, ...]) -> None:
    """Say that a proposal was taken by us but its change order waits for an approver; the exception keeps it owned."""
    cost = Money(max(Decimal(0), proposal.extra_cost), order.currency)
    summary = f"The change of {line.item_code} was taken up and waits for an approval: {', '.join(reasons)}."
    evidence = tuple(_proposal_evidence(line, proposal))
    _open(tx, order, line, ExceptionType.ACK_CHANGE_PROPOSED, summary, cost, evidence, "accept_change")


def _proposal_evidence(line: OrderLine, proposal: Proposal) -> Iterable[Evidence]:
    yield compared("quantity", order=plain_decimal(line.quantity), proposal=plain_decimal(proposal.total_quantity))
    for part in proposal.item.parts:
        if part.unit_price is not None:
            price = None if line.unit_price is None else plain_decimal(line.unit_price)
            yield compared("price", order=price, proposal=plain_decimal(part.unit_price))
        if part.item_code is not None:
            yield compared("item", order=line.item_code, proposal=part.item_code)
        if part.promised_delivery is not None:
            need_by = None if line.need_by is None else line.need_by.isoformat()
            yield compared("delivery", order=need_by, proposal=part.promised_delivery.isoformat())


def _beyond_need_by(tx: Tx, after: Answered, line: OrderLine, known: frozenset[str]) -> bool:
    wanted = {part.schedule_no: part.need_by for part in line.schedules}
    late = [
        promise
        for promise in after.ledgers[line.line_no].current
        if promise.promised_delivery is not None and promise.promised_delivery > (wanted[promise.schedule_no] or date.max)
    ]
    if not late:
        _clear(tx, known, case_key(ExceptionType.PROMISE_BEYOND_NEED_BY, after.order.id, line.line_no))
        return False
    worst = max(late, key=lambda promise: promise.promised_delivery or date.min)
    need_by = wanted[worst.schedule_no]
    evidence = (compared("delivery", need_by=str(need_by), promise=str(worst.promised_delivery)),)
    quantity = sum((promise.quantity for promise in late), Decimal(0))
    summary = f"{plain_decimal(quantity)} {line.uom or ''} of {line.item_code} are promised after they are needed."
    worth = _worth(after.order, line, quantity)
    _open(tx, after.order, line, ExceptionType.PROMISE_BEYOND_NEED_BY, summary.replace("  ", " "), worth, evidence)
    return True


def _slipped(before: Answered, after: Answered, line: OrderLine) -> list[Event]:
    if line.line_no not in before.ledgers:
        return []
    moved = slips(before.ledgers[line.line_no].current, after.ledgers[line.line_no].current)
    return [
        PromiseSlipped(
            stream=order_stream(after.order.id),
            line_no=slip.line_no,
            schedule_no=slip.schedule_no,
            quantity=slip.quantity,
            before=slip.before,
            after=slip.after,
        )
        for slip in moved
    ]


def _clear(tx: Tx, known: frozenset[str], natural_key: str) -> None:
    """Clear one of the exceptions that stood open before; the order is locked, so that no other can have been opened since."""
    if natural_key in known:
        clear(tx, natural_key)


def _worth(order: PurchaseOrder, line: OrderLine, quantity: Decimal) -> Money | None:
    if line.unit_price is None:
        return None
    return Money(round_amount(quantity * line.unit_price / line.price_per, order.currency), order.currency)


def _open(
    tx: Tx,
    order: PurchaseOrder,
    line: OrderLine,
    type_: ExceptionType,
    summary: str,
    exposure: Money | None = None,
    evidence: tuple[Evidence, ...] = (),
    proposed: str | None = None,
) -> None:
    open_case(
        tx,
        OpenCase(
            type=type_,
            natural_key=case_key(type_, order.id, line.line_no),
            summary=summary,
            order_id=order.id,
            line_no=line.line_no,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            category=line.category,
            exposure=exposure,
            evidence=evidence,
            proposed_resolution=proposed,
        ),
    )
