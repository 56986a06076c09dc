"""Five answers for each line: approved on time, acknowledged, changed, received in full, matched."""

from __future__ import annotations

from typing import Any

import pytest

from purveyor.core.invoice import InvoiceState
from purveyor.core.lifecycle import Status
from purveyor.core.progress import LineProgressState
from purveyor.insight.handoffs import Answer, Bill, Handoff, LineFacts, Said, handoffs
from tests.insight.builders import Log, a_document, an_id, an_order, hours


def answers(
    log: Log, *, lines: int = 1, facts: LineFacts | None = None, at: int = 100, **given: Any
) -> list[dict[Handoff, Answer]]:
    """The answers of an order by question, line by line."""
    known = {} if facts is None else {1: facts}
    found = handoffs(an_order("A", lines=lines, **given), log.rows, known, hours(at))
    return [{answer.question: answer for answer in line.answers} for line in found]


def said(log: Log, question: Handoff, **given: Any) -> Said:
    return answers(log, **given)[0][question].said


def approved(due: int, decided: int) -> Log:
    log = Log().order("A", "order.submitted", 0, chain_id="c")
    log.order("A", "approval.step_opened", 0, chain_id="c", step_id="s", due_at=hours(due).isoformat())
    log.order("A", "approval.step_decided", decided, chain_id="c", step_id="s", verdict="approve")
    return log.order("A", "order.approved", decided, chain_id="c", by_policy=None)


def test_a_line_that_went_well_has_five_answers_with_their_days_and_proofs() -> None:
    log = approved(due=4, decided=2).order("A", "line.answered", 5, line_no=1, state="ACCEPTED")
    log.order("A", "goods.received", 50, line_no=1).order("A", "order.closed", 60)
    bill = a_document("invoice", "I1").ref
    log.add(bill, "invoice.matched", hours(55), outcome="MATCHED")
    facts = LineFacts(LineProgressState.RECEIVED, (Bill(an_id("I1"), InvoiceState.MATCHED),))

    (line,) = answers(log, facts=facts, status=Status.CLOSED)

    assert {question.value: (answer.said.value, answer.at, answer.proof) for question, answer in line.items()} == {
        "approved_on_time": ("yes", hours(2), "order.approved"),
        "acknowledged": ("yes", hours(5), "line.answered"),
        "changed": ("no", None, ""),
        "received_in_full": ("yes", hours(50), "goods.received"),
        "matched": ("yes", hours(55), "invoice.matched"),
    }
    assert line[Handoff.MATCHED].document == bill


def test_a_decision_after_the_due_time_was_late_however_it_ended() -> None:
    assert said(approved(due=4, decided=5), Handoff.APPROVED_ON_TIME) is Said.NO


@pytest.mark.parametrize(("at", "wanted"), [(3, Said.OPEN), (5, Said.NO)])
def test_a_waiting_approval_is_open_until_it_is_overdue(at: int, wanted: Said) -> None:
    log = Log().order("A", "order.submitted", 0, chain_id="c")
    log.order("A", "approval.step_opened", 0, chain_id="c", step_id="s", due_at=hours(4).isoformat())

    assert said(log, Handoff.APPROVED_ON_TIME, at=at, status=Status.PENDING_APPROVAL) is wanted


def test_what_policy_let_through_needed_no_approval() -> None:
    log = Log().order("A", "order.submitted", 0, chain_id="c")
    log.order("A", "order.approved", 0, chain_id="c", by_policy="approval_matrix:A1")

    assert said(log, Handoff.APPROVED_ON_TIME) is Said.NOT_APPLICABLE


def test_a_draft_is_open_everywhere_and_a_cancelled_one_nowhere() -> None:
    (draft,) = answers(Log(), status=Status.DRAFT, issued=None)
    (gone,) = answers(Log(), status=Status.CANCELLED, issued=None)

    assert {answer.said for answer in draft.values()} == {Said.OPEN}
    assert {answer.said for answer in gone.values()} == {Said.NOT_APPLICABLE}


def test_a_refused_approval_was_none() -> None:
    log = Log().order("A", "order.submitted", 0, chain_id="c")
    refused = Log(log.rows[:]).order("B", "order.sent", 1)
    refused.rows.append(log.order("A", "approval.step_decided", 1, chain_id="c", step_id="s", verdict="reject").rows[-1])

    assert said(refused, Handoff.APPROVED_ON_TIME, status=Status.DRAFT) is Said.NO
    assert said(Log(log.rows[:1]), Handoff.APPROVED_ON_TIME, status=Status.CANCELLED) is Said.NOT_APPLICABLE


def test_only_the_changed_line_was_changed() -> None:
    log = approved(4, 2).changed("A", 30, "us", 2)

    first, second = answers(log, lines=2)

    assert (first[Handoff.CHANGED].said, second[Handoff.CHANGED].said) == (Said.OPEN, Said.YES)


def test_a_partial_answer_is_still_open_and_the_day_is_that_of_the_whole_answer() -> None:
    log = approved(4, 2).order("A", "line.answered", 5, line_no=1, state="PARTLY_ANSWERED")
    partly = said(log, Handoff.ACKNOWLEDGED)
    log.order("A", "line.answered", 7, line_no=1, state="ACCEPTED").order("A", "line.answered", 9, line_no=1, state="REJECTED")

    assert partly is Said.OPEN
    assert answers(log)[0][Handoff.ACKNOWLEDGED].at == hours(7)


@pytest.mark.parametrize(
    ("progress", "status", "wanted"),
    [
        (LineProgressState.PARTLY_RECEIVED, Status.ISSUED, Said.OPEN),
        (LineProgressState.CLOSED_SHORT, Status.CLOSED, Said.NO),
        (LineProgressState.CANCELLED, Status.ISSUED, Said.NOT_APPLICABLE),
        (None, Status.CLOSED, Said.NO),
    ],
)
def test_received_in_full_follows_the_goods(progress: LineProgressState | None, status: Status, wanted: Said) -> None:
    assert said(approved(4, 2), Handoff.RECEIVED_IN_FULL, facts=LineFacts(progress), status=status) is wanted


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        ((), Said.OPEN),
        ((InvoiceState.REJECTED,), Said.OPEN),
        ((InvoiceState.MATCHED, InvoiceState.WAITING_RECEIPT), Said.OPEN),
        ((InvoiceState.MATCHED, InvoiceState.IN_EXCEPTION), Said.NO),
        ((InvoiceState.MATCHED, InvoiceState.SUPERSEDED), Said.YES),
    ],
)
def test_a_line_is_matched_when_all_its_living_invoices_are(states: tuple[InvoiceState, ...], wanted: Said) -> None:
    bills = tuple(Bill(an_id(f"I{number}"), state) for number, state in enumerate(states))

    assert said(approved(4, 2), Handoff.MATCHED, facts=LineFacts(LineProgressState.OPEN, bills)) is wanted


def test_a_closed_order_without_an_invoice_had_nothing_to_match() -> None:
    assert said(approved(4, 2), Handoff.MATCHED, status=Status.CLOSED) is Said.NOT_APPLICABLE
