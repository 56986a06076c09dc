"""Take a supplier's acknowledgment in, whatever channel it came by, and remind suppliers who do not answer.

An acknowledgment is known by source, external id and revision: the same one again changes nothing. It is applied under the
product's own scope with the supplier as actor, to an order of that supplier only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from purveyor.app import answer_cases, answering, proposals, reminders
from purveyor.app.answer_clock import ANSWER_DUE
from purveyor.app.answering import Ground
from purveyor.app.cases import clear
from purveyor.app.progress import units_of
from purveyor.app.proposals import DecideProposal, ProposalOutcome
from purveyor.app.supplier_door import order_of_supplier, require_sent
from purveyor.core.access import Permission
from purveyor.core.acknowledge import Acknowledgment, ApplyResult, DocumentChanged, LineAnswer, Outcome
from purveyor.core.answers import in_line_unit, validate
from purveyor.core.canonical import digest
from purveyor.core.events.acknowledgment import AcknowledgmentReceived
from purveyor.core.events.base import Ref
from purveyor.core.events.order import order_stream
from purveyor.core.ids import AcknowledgmentId, OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import AnswerMode
from purveyor.store import acknowledgments, events, inbox, timers
from purveyor.store.acknowledgments import AnsweredLine, Kept
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class AcknowledgmentCommand:
    """Command: what a supplier answers.

    Without ``mode`` the supplier's profile says what a second answer means. ``inbox_id`` is the inbox entry it came in by.
    """

    order_id: OrderId
    source: str
    channel: str
    external_id: str
    sent_at: datetime
    version: int
    revision: int = 1
    mode: AnswerMode | None = None
    header: Outcome | None = None
    lines: tuple[LineAnswer, ...] = ()
    reason: str | None = None
    technical: bool = False
    inbox_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AcknowledgmentResult:
    """What became of an acknowledgment, and where the order stands. ``repeated``: it was here before and changed nothing."""

    id: AcknowledgmentId
    result: ApplyResult
    results: Mapping[int, ApplyResult]
    asks_about: tuple[int, ...]
    status: Status
    version: int
    lines: tuple[AnsweredLine, ...]
    repeated: bool = False


def record(tx: Tx, command: AcknowledgmentCommand) -> AcknowledgmentResult:
    """Keep and apply an acknowledgment; a repetition returns the first result.

    Raises NotAuthorised, NotFound (also for another supplier's order), InvalidInput, UnknownReference, UnknownUnit,
    DocumentChanged, IllegalTransition, SentInFuture.
    """
    tx.actor.require(Permission.ACKNOWLEDGMENT_WRITE)
    order = order_of_supplier(tx, command.order_id)
    require_sent(tx, command.sent_at)
    ground = answering.ground_of(tx, order)
    answer = _answer(tx, order, ground, command)
    before = answering.load(tx, ground, order)
    known = next((kept for kept in before.kept if kept.acknowledgment.key == answer.key), None)
    if known is not None:
        return _repeated(tx, order, known, answer, command)
    after = answering.with_answer(tx, ground, before, answer)
    kept = after.kept[-1]
    events.append(tx, [_received(order, kept)])
    blocked = answer_cases.report_unusable(tx, before, after)
    settled = replace(after, order=answering.settle(tx, before, after, blocked))
    answer_cases.review(tx, ground, before, settled)
    final = proposals.take_acceptable(tx, ground, before, settled)
    if final.status is Status.ACKNOWLEDGED:
        timers.cancel_timers(tx, "order", order.id, ANSWER_DUE)
        clear(tx, reminders.overdue_key(order.id))
    _mark_applied(tx, command, kept.result.value)
    return _result(tx, final, kept)


def decide_proposal(tx: Tx, order_id: OrderId, command: DecideProposal) -> ProposalOutcome:
    """Record a buyer's verdict on what a supplier proposed for a line; accepting makes the next version of the order.

    Raises NotAuthorised, NotFound, StaleVersion, ReasonRequired, BelowReceived.
    """
    return proposals.decide(tx, order_id, command)


def remind(tx: Tx, order_id: OrderId, level: int = 1, due_at: datetime | None = None) -> int | None:
    """Remind the supplier of lines he did not answer, or hand the order to the owner of its category after the last reminder.

    Returns the level that was acted on, None when nothing waits for the supplier any more.
    """
    return reminders.remind(tx, order_id, level, due_at)


def of_order(tx: Tx, order_id: OrderId) -> list[Kept]:
    """Return the acknowledgments of an order in the sender's order, with what became of each."""
    return acknowledgments.of_order(tx, order_id)


def _answer(tx: Tx, order: PurchaseOrder, ground: Ground, command: AcknowledgmentCommand) -> Acknowledgment:
    answer = Acknowledgment(
        source=command.source,
        channel=command.channel,
        external_id=command.external_id,
        sent_at=command.sent_at,
        version=command.version,
        known_version=order.version,
        revision=command.revision,
        mode=command.mode or ground.supplier.answer_mode,
        header=command.header,
        lines=command.lines,
        reason=command.reason,
        technical=command.technical,
        id=AcknowledgmentId(tx.new_id()),
    )
    validate(answer, order)
    return replace(answer, lines=tuple(_converted(order, ground, said) for said in answer.lines))


def _converted(order: PurchaseOrder, ground: Ground, said: LineAnswer) -> LineAnswer:
    line = order.line(said.line_no)
    return said if line is None else in_line_unit(said, line, units_of(line, ground.items))


def _content(answer: Acknowledgment) -> str:
    return digest((answer.version, answer.mode, answer.header, answer.lines, answer.reason, answer.technical))


def _repeated(
    tx: Tx, order: PurchaseOrder, known: Kept, answer: Acknowledgment, command: AcknowledgmentCommand
) -> AcknowledgmentResult:
    if _content(known.acknowledgment) != _content(answer):
        raise DocumentChanged(external_id=answer.external_id, revision=answer.revision)
    _mark_applied(tx, command, ApplyResult.DUPLICATE.value)
    return replace(_result(tx, order, known), repeated=True)


def _mark_applied(tx: Tx, command: AcknowledgmentCommand, outcome: str) -> None:
    if command.inbox_id is not None:
        inbox.mark_applied(tx, command.inbox_id, outcome)


def _result(tx: Tx, order: PurchaseOrder, kept: Kept) -> AcknowledgmentResult:
    assert kept.acknowledgment.id is not None
    lines = acknowledgments.lines_of(tx, [order.id]).get(order.id, [])
    return AcknowledgmentResult(
        kept.acknowledgment.id, kept.result, kept.results, kept.asks_about, order.status, order.version, tuple(lines)
    )


def _received(order: PurchaseOrder, kept: Kept) -> AcknowledgmentReceived:
    answer = kept.acknowledgment
    assert answer.id is not None
    return AcknowledgmentReceived(
        stream=order_stream(order.id),
        refs=(Ref("acknowledgment", answer.id),),
        channel=answer.channel,
        version=answer.version,
        known_version=answer.known_version,
        result=kept.result.value,
        results={str(number): result.value for number, result in kept.results.items()},
        asks_about=kept.asks_about,
        content_digest=_content(answer),
    )
