"""Answers that come in: kept, folded, told on the timeline, and turned into exceptions where a person is needed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from purveyor.app import acknowledge, cancel, change
from purveyor.app.cancel import CancelOrder
from purveyor.app.proposals import DecideProposal
from purveyor.core.access import SYSTEM, SYSTEM_SCOPE, Actor, ActorKind, Permission, Role
from purveyor.core.acknowledge import ApplyResult, DocumentChanged, LineAnswer, LineState, Verdict
from purveyor.core.approval_chain import SelfApproval
from purveyor.core.cases import ExceptionType
from purveyor.core.change import ChangeStatus
from purveyor.core.errors import IllegalTransition, NotAuthorised, NotFound, ReasonRequired, StaleVersion, UnknownReference
from purveyor.core.ids import ChangeOrderId, OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import acknowledgments, messages, promises, timers
from purveyor.store.db import Database, Tx
from tests.app.people import People
from tests.app.supplier_world import (
    a_world,
    an_issued_order,
    answered,
    now_of,
    open_cases,
    open_types,
    somebody_else,
    told,
    twelve_and_eight,
    two_lines,
)
from tests.core.supplier_side import a_part
from tests.order_builders import a_line

pytestmark = pytest.mark.postgres


def test_a_full_answer_acknowledges_the_order_and_stops_the_reminders(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    result = answered(database, order, *twelve_and_eight())

    assert (result.result, result.status) == (ApplyResult.APPLIED, Status.ACKNOWLEDGED)
    assert [(line.state, line.promised_delivery) for line in result.lines] == [(LineState.ACCEPTED, date(2026, 3, 30))]
    assert told(database, order.id).count("promise.made") == 2
    assert "order.acknowledged" in told(database, order.id)
    with database.read(SYSTEM) as tx:
        assert timers.timers_of(tx, "order", order.id) == []


def test_the_same_answer_by_mail_and_by_api_counts_once(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    answered(database, order, *twelve_and_eight(), name="link-1", channel="email")
    repeated = answered(database, order, *twelve_and_eight(), name="77", minutes=20)
    delivered_twice = answered(database, order, *twelve_and_eight(), name="77", minutes=20)

    assert (repeated.result, repeated.repeated) == (ApplyResult.DUPLICATE, False)
    assert (delivered_twice.id, delivered_twice.repeated) == (repeated.id, True)
    with database.read(SYSTEM) as tx:
        assert sum(promise.quantity for promise in promises.current(tx, [order.id])[order.id][1]) == 20
    assert told(database, order.id).count("promise.made") == 2


def test_another_content_under_the_same_number_is_refused(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    answered(database, order, *twelve_and_eight())

    with pytest.raises(DocumentChanged):
        answered(database, order, a_part("accept", "20"))


def test_a_later_promise_leaves_dayton_24_pumps_short(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    answered(database, order, *twelve_and_eight())

    answered(database, order, *twelve_and_eight(first="2026-03-27"), name="a2", minutes=60)

    (case,) = open_cases(database)
    assert (case.type, case.exposure and case.exposure.amount) == (ExceptionType.STOCKOUT_RISK, Decimal("3336.00"))
    assert "DAYTON runs 24 short of PUMP-1 for 4 days" in case.summary
    assert {"promise.slipped", "stockout_risk.found"} <= set(told(database, order.id))
    with database.read(SYSTEM) as tx:
        ledger = promises.ledgers(tx, now_of(database, order.id))[1]
    assert [str(promise.promised_delivery) for promise in ledger.original] == ["2026-03-23", "2026-03-30"]


def test_the_risk_is_cleared_when_the_supplier_comes_back_to_the_first_date(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    answered(database, order, *twelve_and_eight())
    answered(database, order, *twelve_and_eight(first="2026-03-27"), name="a2", minutes=60)

    answered(database, order, *twelve_and_eight(), name="a3", minutes=90)

    assert open_types(database) == []


def test_a_higher_price_waits_for_the_buyer_and_becomes_version_2_when_accepted(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    result = answered(database, order, a_part("change", "20", price="1000.00", reason="PRICE_LIST"))
    assert (result.status, open_types(database)) == (Status.ACKNOWLEDGED, [ExceptionType.ACK_CHANGE_PROPOSED])

    with database.transaction(people.rita) as tx:
        outcome = acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=1))

    assert outcome.change is not None
    assert (outcome.order.version, outcome.order.lines[0].unit_price) == (2, Decimal("1000.00"))
    assert outcome.order.status is Status.ACKNOWLEDGED
    with database.read(SYSTEM) as tx:
        assert "supplier_change" in [message.kind for message in messages.of_order(tx, order.id)]
        assert [line.state for line in acknowledgments.lines_of(tx, [order.id])[order.id]] == [LineState.ACCEPTED]
    assert open_types(database) == [ExceptionType.ERP_DRIFT]


def test_a_much_dearer_order_needs_an_approver_who_did_not_propose_it(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    answered(database, order, a_part("change", "20", price="1200.00"))

    with database.transaction(people.rita) as tx:
        outcome = acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=1))
    assert outcome.change is not None
    assert (outcome.order.version, outcome.change.needs_approval_for) == (1, ("AMOUNT_UP",))

    assert [case.summary for case in open_cases(database) if case.type is ExceptionType.ACK_CHANGE_PROPOSED] == [
        "The change of PUMP-1 was taken up and waits for an approval: AMOUNT_UP."
    ]
    with database.transaction(people.rita) as tx, pytest.raises(change.ChangePending):
        acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=1))
    with database.transaction(SYSTEM) as tx, pytest.raises(NotAuthorised):
        change.approve(tx, outcome.change.change.id)
    with database.transaction(people.carl) as tx, pytest.raises(StaleVersion):
        change.approve(tx, outcome.change.change.id, outcome.order.row_version - 1)
    with database.transaction(people.carl) as tx:
        approved = change.approve(tx, outcome.change.change.id)
    assert (approved.version, approved.status) == (2, Status.ACKNOWLEDGED)
    assert open_types(database) == [ExceptionType.ERP_DRIFT]
    with database.read(SYSTEM) as tx:
        (kept,) = change.of_order(tx, order.id)
    assert (kept.change.status, kept.applied_version) == (ChangeStatus.APPLIED, 2)


@pytest.mark.parametrize("role", ["proposer", "requester", "program"])
def test_nobody_decides_a_change_he_asked_for_and_no_program_decides_at_all(database: Database, role: str) -> None:
    people = a_world(database)
    order = an_issued_order(database, requester=people.martha.person_key)
    pending = a_pending_change(database, people, order)
    decider = {
        "proposer": replace(people.rita, roles=frozenset({Role.APPROVER})),
        "requester": people.martha,
        "program": Actor(ActorKind.API_CLIENT, people.carl.id, grants=frozenset({Permission.APPROVAL_DECIDE})),
    }[role]

    with database.transaction(decider, SYSTEM_SCOPE) as tx, pytest.raises((SelfApproval, NotAuthorised)):
        change.reject(tx, pending, "too dear")
    with database.transaction(decider, SYSTEM_SCOPE) as tx, pytest.raises((SelfApproval, NotAuthorised)):
        change.approve(tx, pending)

    with database.read(SYSTEM) as tx:
        (kept,) = change.of_order(tx, order.id)
        assert not change.may_decide(decider, order, kept)


def test_a_change_that_waits_ends_with_its_order(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    pending = a_pending_change(database, people, order)

    with database.transaction(SYSTEM) as tx:
        cancel.cancel(tx, order.id, CancelOrder(now_of(database, order.id).row_version, "bought elsewhere"))

    with database.read(SYSTEM) as tx:
        assert [kept.change.status for kept in change.of_order(tx, order.id)] == [ChangeStatus.WITHDRAWN]
    assert ExceptionType.ACK_CHANGE_PROPOSED not in open_types(database)
    with database.transaction(people.carl) as tx, pytest.raises(IllegalTransition):
        change.approve(tx, pending)


def a_pending_change(database: Database, people: People, order: PurchaseOrder) -> ChangeOrderId:
    answered(database, order, a_part("change", "20", price="1200.00"))
    with database.transaction(people.rita) as tx:
        outcome = acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=1))
    assert outcome.change is not None
    return outcome.change.change.id


def test_a_change_that_policy_cannot_judge_waits_for_a_person_who_may_refuse_it(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database, lines=(a_line(1, 20, "998.40", category=None),))
    answered(database, order, a_part("change", "24", reason="CASE_PACK"))

    with database.transaction(people.rita) as tx:
        outcome = acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=1))
    assert outcome.change is not None
    with database.transaction(people.carl) as tx:
        with pytest.raises(ReasonRequired):
            change.reject(tx, outcome.change.change.id, " ")
        change.reject(tx, outcome.change.change.id, "too much stock")

    assert outcome.change.needs_approval_for == ("UNDECIDABLE",)
    assert now_of(database, order.id).version == 1
    assert ExceptionType.ACK_CHANGE_PROPOSED in open_types(database)
    assert "change_order.ended" in told(database, order.id)


def test_a_refused_change_is_told_to_the_supplier(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    answered(database, order, a_part("change", "20", price="1000.00"))

    with database.transaction(people.rita) as tx, pytest.raises(ReasonRequired):
        acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.REJECTED, version=1))
    with database.transaction(people.rita) as tx:
        acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.REJECTED, version=1, reason="agreed price"))

    assert ExceptionType.ACK_CHANGE_PROPOSED not in open_types(database)
    assert "proposal.decided" in told(database, order.id)
    with database.transaction(people.rita) as tx, pytest.raises(NotFound):
        acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=1))
    with database.transaction(people.rita) as tx, pytest.raises(StaleVersion):
        acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=7))


def test_a_day_or_two_later_before_need_by_is_taken_by_policy(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    answered(database, order, a_part("accept", "20", promised_delivery="2026-03-20"))

    result = answered(database, order, a_part("change", "20", promised_delivery="2026-03-23"), name="a2", minutes=5)

    assert [line.state for line in result.lines] == [LineState.ACCEPTED]
    assert open_types(database) == []
    assert "proposal.decided" in told(database, order.id)


def test_a_rejected_line_and_a_date_after_need_by_belong_to_somebody(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    answered(
        database, order, a_part("reject", "8", reason="DISCONTINUED"), a_part("backorder", "12", promised_delivery="2026-04-10")
    )

    assert set(open_types(database)) == {
        ExceptionType.ACK_REJECTED,
        ExceptionType.PROMISE_BEYOND_NEED_BY,
        ExceptionType.STOCKOUT_RISK,
    }


def test_an_answer_to_a_version_never_sent_opens_an_exception_and_leaves_the_line(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database, **two_lines())

    result = answered(database, order, header="accept", version=5)

    assert result.result is ApplyResult.UNKNOWN_VERSION
    assert (result.status, {line.state for line in result.lines}) == (Status.ISSUED, {LineState.UNANSWERED})
    assert {line.reminders.value for line in result.lines} == {"stopped"}
    assert open_types(database) == [ExceptionType.UNKNOWN_VERSION] * 2


def test_a_late_answer_to_version_1_confirms_what_did_not_change_and_asks_about_the_rest(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database, **two_lines())
    answered(database, order, a_part("change", "18", reason="CASE_PACK"))
    with database.transaction(people.rita) as tx:
        acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=1))
    assert (now_of(database, order.id).version, now_of(database, order.id).status) == (2, Status.ISSUED)

    late = answered(database, order, header="accept", name="m1", minutes=30, channel="email", version=1)

    assert late.results == {1: ApplyResult.STALE_VERSION, 2: ApplyResult.APPLIED}
    assert [line.state for line in late.lines] == [LineState.ACCEPTED, LineState.ACCEPTED]
    assert (late.version, late.status) == (2, Status.ACKNOWLEDGED)


def test_another_suppliers_order_is_not_there(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    with pytest.raises(NotFound):
        answered(database, order, header="accept", actor=somebody_else())
    with pytest.raises(NotFound):
        answered(database, an_issued_order(database, status=Status.APPROVED, first_issued_version=None), header="accept")
    with pytest.raises(UnknownReference):
        answered(database, order, lines=(LineAnswer(9, (a_part(),)),))


def test_an_order_that_is_over_takes_no_answer(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database, status=Status.CLOSED)

    with pytest.raises(IllegalTransition):
        answered(database, order, header="accept")


def test_answers_end_the_same_in_whatever_order_they_arrive(database: Database) -> None:
    a_world(database)
    chance = random.Random(7)
    ends = set()
    for round_ in range(4):
        order = an_issued_order(database)
        sent = [
            (twelve_and_eight(), "a1", 0, "api"),
            (twelve_and_eight(first="2026-03-25"), "a2", 10, "api"),
            (twelve_and_eight(first="2026-03-25"), "m1", 20, "email"),
            ((a_part("accept", "20", promised_delivery="2026-03-26"),), "a3", 30, "api"),
        ]
        arrived = [*sent, *sent[:2]]
        chance.shuffle(arrived)
        for parts, name, minutes, channel in arrived:
            answered(database, order, *parts, name=f"{name}-{round_}", minutes=minutes, channel=channel)
        with database.read(SYSTEM) as tx:
            kept = acknowledgments.of_order(tx, order.id)
            ledger = promises.ledgers(tx, now_of(database, order.id))[1]
            lines = acknowledgments.lines_of(tx, [order.id])[order.id]
        shown = [(each.acknowledgment.external_id[:2], each.result) for each in kept]
        days = [(promise.quantity, promise.promised_delivery) for promise in (*ledger.original, *ledger.current)]
        ends.add((tuple(shown), tuple(days), tuple(lines)))

    assert len(ends) == 1


def acted_on(tx: Tx, order_id: OrderId, level: int, due: datetime) -> date:
    """Remind once; the day on which the next step is to follow."""
    assert acknowledge.remind(tx, order_id, level, due) == level
    (timer,) = timers.timers_of(tx, "order", order_id)
    assert timer.payload["level"] == str(level + 1)
    return timer.due_at.date()


def test_a_silent_supplier_is_reminded_when_due_and_a_day_later_and_then_the_category_owner_hears_of_it(
    database: Database,
) -> None:
    a_world(database)
    order = an_issued_order(database)

    with database.transaction(SYSTEM) as tx:
        due = datetime(2026, 3, 11, 21, tzinfo=UTC)
        days = [acted_on(tx, order.id, level, due) for level in (1, 2)]
        assert acknowledge.remind(tx, order.id, 3, due) == 3

    assert days == [date(2026, 3, 12), date(2026, 3, 13)]
    with database.read(SYSTEM) as tx:
        assert [message.kind for message in messages.of_order(tx, order.id)] == ["supplier_reminder"] * 2
    (case,) = open_cases(database)
    assert (case.type, case.exposure and case.exposure.amount) == (ExceptionType.ACK_OVERDUE, Decimal("19968.00"))
    assert case.owner_role is Role.CATEGORY_MANAGER

    answered(database, order, header="accept")
    assert open_types(database) == []
    with database.transaction(SYSTEM) as tx:
        assert acknowledge.remind(tx, order.id) is None
