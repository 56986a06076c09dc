"""Five answers for each line of an order: approved on time, acknowledged, changed, received in full, matched.

Each answer is yes, no, still open or not applicable, with its day and the event that proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from purveyor.core.acknowledge import LineState
from purveyor.core.events.base import Ref
from purveyor.core.invoice import InvoiceState
from purveyor.core.lifecycle import Status
from purveyor.core.measured import EventRow, MeasuredOrder
from purveyor.core.progress import LineProgressState
from purveyor.insight.log import by_stream, moment, number, numbers, text


class Handoff(StrEnum):
    """The five questions, in the order of the work."""

    APPROVED_ON_TIME = "approved_on_time"
    ACKNOWLEDGED = "acknowledged"
    CHANGED = "changed"
    RECEIVED_IN_FULL = "received_in_full"
    MATCHED = "matched"


class Said(StrEnum):
    """What can be answered."""

    YES = "yes"
    NO = "no"
    OPEN = "open"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``at`` and ``proof`` (type of the event) are absent while nothing has happened."""

    question: Handoff
    said: Said
    at: datetime | None = None
    proof: str = ""
    document: Ref | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice that bills a line, and where it stands."""

    invoice_id: UUID
    state: InvoiceState


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What the answers need besides events: where the goods of a line stand, and who bills it."""

    progress: LineProgressState | None = None
    bills: tuple[Bill, ...] = ()


@dataclass(frozen=True, slots=True)
class LineHandoffs:
    """The answers for one line."""

    order_id: UUID
    order_ref: str
    line_no: int
    answers: tuple[Answer, ...]


_ANSWERED: Final = frozenset({LineState.ACCEPTED.value, LineState.ANSWERED_WITH_DIFFERENCES.value, LineState.REJECTED.value})
_BILL_STOPPED: Final = frozenset({InvoiceState.IN_EXCEPTION, InvoiceState.IN_REVIEW})
_BILL_ENDED: Final = frozenset({InvoiceState.REJECTED, InvoiceState.SUPERSEDED})
_GOODS_DONE: Final = {LineProgressState.RECEIVED: Said.YES, LineProgressState.CLOSED_SHORT: Said.NO}
_GOODS_EVENTS: Final = ("goods.received", "quantity.moved", "line.closed_short", "excess.decided", "damage.decided")


@dataclass(frozen=True, slots=True)
class _Ground:
    """One order with its events and those of its invoices."""

    order: MeasuredOrder
    events: Sequence[EventRow]
    invoices: Mapping[UUID, Sequence[EventRow]]
    now: datetime


def handoffs(order: MeasuredOrder, rows: Iterable[EventRow], facts: Mapping[int, LineFacts], now: datetime) -> list[LineHandoffs]:
    """Return the answers for every line of an order, by number; ``rows`` are the events of the order and of its invoices."""
    streams = by_stream(rows)
    events = streams.get(order.id, [])
    ground = _Ground(order, events, streams, now)
    approved = _approved(ground)
    return [
        LineHandoffs(order.id, order.order_ref, line_no, (approved, *_of_line(ground, line_no, facts.get(line_no, LineFacts()))))
        for line_no in sorted(order.lines)
    ]


def _of_line(ground: _Ground, line_no: int, facts: LineFacts) -> Iterator[Answer]:
    never = ground.order.issued_at is None
    for question, answer in (
        (Handoff.ACKNOWLEDGED, _acknowledged),
        (Handoff.CHANGED, _changed),
        (Handoff.RECEIVED_IN_FULL, _received),
        (Handoff.MATCHED, _matched),
    ):
        if never or facts.progress is LineProgressState.CANCELLED:
            over = ground.order.is_open and facts.progress is not LineProgressState.CANCELLED
            yield Answer(question, Said.OPEN if over else Said.NOT_APPLICABLE)
        else:
            yield answer(ground, line_no, facts)


def _approved(ground: _Ground) -> Answer:
    """Say whether every step of the last approval was decided by its first due time; an order policy let through has none."""
    question = Handoff.APPROVED_ON_TIME
    submitted = next((row for row in reversed(ground.events) if row.type == "order.submitted"), None)
    if submitted is None:
        return Answer(question, Said.OPEN if ground.order.status is Status.DRAFT else Said.NOT_APPLICABLE)
    chain = text(submitted, "chain_id")
    due = {text(row, "step_id"): moment(row, "due_at") for row in _of_chain(ground, "approval.step_opened", chain)}
    decided = list(_of_chain(ground, "approval.step_decided", chain))
    approved = next(iter(_of_chain(ground, "order.approved", chain)), None)
    if approved is not None and text(approved, "by_policy"):
        return Answer(question, Said.NOT_APPLICABLE, approved.at, approved.type)
    late = next((row for row in decided if _is_after(row.at, due.get(text(row, "step_id")))), None)
    if late is not None:
        return Answer(question, Said.NO, late.at, late.type)
    if approved is not None:
        return Answer(question, Said.YES, approved.at, approved.type)
    done = {text(row, "step_id") for row in decided}
    overdue = any(_is_after(ground.now, due_at) for step, due_at in due.items() if step not in done)
    if ground.order.status is Status.PENDING_APPROVAL:
        return Answer(question, Said.NO if overdue else Said.OPEN, submitted.at, submitted.type)
    return Answer(question, Said.NO if decided else Said.NOT_APPLICABLE, submitted.at, submitted.type)


def _of_chain(ground: _Ground, kind: str, chain: str) -> Iterator[EventRow]:
    return (row for row in ground.events if row.type == kind and text(row, "chain_id") == chain)


def _is_after(at: datetime, due_at: datetime | None) -> bool:
    return due_at is not None and at > due_at


def _acknowledged(ground: _Ground, line_no: int, facts: LineFacts) -> Answer:
    told = [row for row in ground.events if row.type == "line.answered" and number(row, "line_no") == line_no]
    answered = bool(told) and text(told[-1], "state") in _ANSWERED
    if answered:
        first = len(told) - 1
        while first and text(told[first - 1], "state") in _ANSWERED:
            first -= 1
        return Answer(Handoff.ACKNOWLEDGED, Said.YES, told[first].at, told[first].type)
    return Answer(Handoff.ACKNOWLEDGED, Said.OPEN if ground.order.is_open else Said.NO)


def _changed(ground: _Ground, line_no: int, facts: LineFacts) -> Answer:
    changes = (row for row in ground.events if row.type == "change_order.applied" and line_no in numbers(row, "changed_lines"))
    last = max(changes, key=lambda row: row.position, default=None)
    if last is not None:
        return Answer(Handoff.CHANGED, Said.YES, last.at, last.type)
    return Answer(Handoff.CHANGED, Said.OPEN if ground.order.is_open else Said.NO)


def _received(ground: _Ground, line_no: int, facts: LineFacts) -> Answer:
    moved = [row for row in ground.events if row.type in _GOODS_EVENTS and number(row, "line_no") == line_no]
    still = Said.OPEN if ground.order.is_open else Said.NO
    said = still if facts.progress is None else _GOODS_DONE.get(facts.progress, still)
    last = moved[-1] if moved else None
    return Answer(Handoff.RECEIVED_IN_FULL, said, last.at if last else None, last.type if last else "")


def _matched(ground: _Ground, line_no: int, facts: LineFacts) -> Answer:
    bills = [bill for bill in facts.bills if bill.state not in _BILL_ENDED]
    stopped = [bill for bill in bills if bill.state in _BILL_STOPPED]
    if not bills:
        return Answer(Handoff.MATCHED, Said.OPEN if ground.order.is_open else Said.NOT_APPLICABLE)
    if stopped:
        return _by_bill(ground, Said.NO, stopped)
    waiting = [bill for bill in bills if bill.state is not InvoiceState.MATCHED]
    return _by_bill(ground, Said.OPEN if waiting else Said.YES, waiting or bills)


def _by_bill(ground: _Ground, said: Said, bills: Sequence[Bill]) -> Answer:
    """Return the answer with the last word about these invoices as its proof."""
    last = max(
        (
            (row.at, row.type, bill.invoice_id)
            for bill in bills
            for row in ground.invoices.get(bill.invoice_id, ())
            if row.type in ("invoice.matched", "invoice.suspected")
        ),
        default=None,
    )
    if last is None:
        return Answer(Handoff.MATCHED, said, document=Ref("invoice", bills[0].invoice_id))
    return Answer(Handoff.MATCHED, said, last[0], last[1], Ref("invoice", last[2]))
