"""Issuing: confirmed in the ERP exactly once, then told to supplier and warehouse, whatever goes wrong on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from purveyor.app import cancel, edit, hold, issue, links, outbound
from purveyor.app.answer_clock import ANSWER_DUE
from purveyor.app.cancel import CancelOrder
from purveyor.app.hold import HoldOrder
from purveyor.app.outbound import Failure
from purveyor.connectors.contract import RetryableError
from purveyor.connectors.erp.memory import Fault
from purveyor.core.access import SYSTEM, Actor, ActorKind
from purveyor.core.cases import ExceptionType
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.erp_records import Entity
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown, Unsupported
from purveyor.core.errors import IllegalTransition, NotAuthorised, NotFound, ReasonRequired
from purveyor.core.events.base import Ref
from purveyor.core.ids import MessageId
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind, Step
from purveyor.core.order import PurchaseOrder
from purveyor.store import approvals, cases, events, jobs, messages, order_views, orders, timers
from purveyor.store.db import Database
from purveyor.store.messages import LeaseLost, NotReplayable
from purveyor.store.tables.flow import MESSAGE
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line
from tests.app.people import pass_hours

pytestmark = pytest.mark.postgres


@pytest.fixture
def company(database: Database) -> Company:
    return a_company(database)


@pytest.fixture
def approved(company: Company) -> PurchaseOrder:
    (order,) = company.takes_in(a_draft("100"))
    assert order.status is Status.APPROVED
    return order


def kinds_sent(company: Company, order: PurchaseOrder) -> list[tuple[str, str, str]]:
    with company.database.read(SYSTEM) as tx:
        return [(message.kind, message.channel, message.state) for message in messages.of_order(tx, order.id)]


def exception_of(company: Company, key: str) -> ExceptionType | None:
    with company.database.transaction(SYSTEM) as tx:
        found = cases.find_open(tx, key)
    return found.type if found else None


def event_types(company: Company, order: PurchaseOrder) -> list[str]:
    with company.database.read(SYSTEM) as tx:
        return [event.type for event in events.read_stream(tx, Ref("order", order.id))]


def queued_jobs(company: Company) -> int:
    with company.database.read(SYSTEM) as tx:
        return jobs.counts(tx).get("todo", 0)


def test_a_release_queues_the_confirmation_and_the_order_stays_approved(company: Company, approved: PurchaseOrder) -> None:
    result = company.releases(approved)

    assert list(result.queued) == [approved.id]
    assert company.now(approved).status is Status.APPROVED
    assert kinds_sent(company, approved) == [("erp_confirm", "erp", "ready")]


def test_the_release_job_may_run_twice(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    company.releases(approved)

    assert len(kinds_sent(company, approved)) == 1


def test_a_confirmed_order_is_issued_and_told_to_supplier_and_warehouse_in_one_transaction(
    company: Company, approved: PurchaseOrder
) -> None:
    issued = company.issues(approved)

    assert (issued.status, issued.first_issued_version) == (Status.ISSUED, 1)
    assert issued.erp is not None
    assert issued.erp.number == "100"
    assert kinds_sent(company, approved) == [
        ("erp_confirm", "erp", "done"),
        ("supplier_order", "api", "ready"),
        ("wms_expected_receipt", "wms", "ready"),
    ]
    with company.database.read(SYSTEM) as tx:
        assert [timer.kind for timer in timers.timers_of(tx, "order", approved.id)] == [ANSWER_DUE]
        assert order_views.shown_order(tx, approved.id).total == approved.total
    assert event_types(company, approved)[-2:] == ["order.released", "order.issued"]


def test_a_lost_answer_is_looked_up_and_the_order_adopted_not_written_again(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    company.erp.fail_next_write(Fault.ANSWER_LOST)
    held = company.claims(company.message(approved))
    answer = company.writes(approved)
    assert isinstance(answer, Unknown)

    company.hears(held, answer)

    waiting = company.message(approved)
    assert (waiting.state, waiting.attempts, company.now(approved).status) == ("ready", 1, Status.APPROVED)
    found = company.erp.find_by_ref(Entity.ORDER, approved.order_ref)
    assert found is not None
    with company.database.transaction(SYSTEM) as tx:
        tx.conn.execute(MESSAGE.update().values(next_attempt_at=tx.real_now - timedelta(seconds=1)))
    again = company.claims(waiting)
    assert again.unsure
    company.hears(again, Duplicate(found.external_id, found.number, found.version))
    assert company.now(approved).status is Status.ISSUED
    assert company.erp.writes == 1


def test_an_unplugged_erp_leaves_everything_waiting(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    company.erp.unplugged = True

    with pytest.raises(RetryableError):
        company.writes(approved)

    assert company.now(approved).status is Status.APPROVED


def test_an_order_changed_in_the_erp_meanwhile_loses_its_approval_and_is_read_checked_and_submitted_again(
    company: Company, approved: PurchaseOrder
) -> None:
    company.releases(approved)
    held = company.claims(company.message(approved))
    before = queued_jobs(company)

    company.hears(held, Conflict("100", "7"))

    assert company.now(approved).status is Status.DRAFT
    assert kinds_sent(company, approved) == [("erp_confirm", "erp", "superseded")]
    assert event_types(company, approved)[-1] == "order.release_stopped"
    assert queued_jobs(company) == before + 1
    record = company.erp.get_order("100")
    assert record is not None
    company.pulls(record, again=True)
    assert company.now(approved).status is Status.APPROVED
    assert company.issues(approved).status is Status.ISSUED


def test_an_order_the_erp_refuses_belongs_to_a_person_and_can_be_replayed(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    held = company.claims(company.message(approved))

    company.hears(held, Rejected("price_missing", "Line 1 has no price.", "unit_price"))

    assert company.now(approved).status is Status.APPROVED
    assert exception_of(company, issue.rejected_key(approved.id)) is ExceptionType.ERP_REJECTED
    with company.database.transaction(SYSTEM) as tx:
        replayed = outbound.replay(tx, held.message.id)
    assert replayed.idempotency_key == held.message.idempotency_key
    company.hears(company.claims(replayed), company.writes(approved))
    assert company.now(approved).status is Status.ISSUED
    assert exception_of(company, issue.rejected_key(approved.id)) is None


def test_an_order_without_erp_or_with_one_that_cannot_confirm_is_let_out_at_once(company: Company) -> None:
    first, second = company.takes_in(a_draft("100"), a_draft("101", a_draft_line(2)))
    with company.database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(first, erp=None))
        assert issue.release(tx, first.id).issued == [first.id]
    company.releases(second)

    company.hears(company.claims(company.message(second)), Unsupported("confirm"))

    assert {company.now(order).status for order in (first, second)} == {Status.ISSUED}


def test_a_finding_that_blocks_at_release_voids_the_approval(company: Company, approved: PurchaseOrder) -> None:
    pass_hours(company.database, 3)

    result = company.releases(approved)

    assert result.stopped == [approved.id]
    assert company.now(approved).status is Status.DRAFT
    assert exception_of(company, f"gate_blocked:{approved.id}") is ExceptionType.GATE_BLOCKED
    with company.database.read(SYSTEM) as tx:
        assert approvals.in_force(tx, approved.id) is None


def test_an_approval_of_other_content_releases_nothing(company: Company, approved: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(approved, lines=(replace(approved.lines[0], unit_price=Decimal("1036.79")),)))

    assert company.releases(approved).stopped == [approved.id]
    assert event_types(company, approved)[-1] == "order.release_stopped"


def test_only_a_draft_is_submitted_even_when_the_gate_would_stop_it(company: Company, approved: PurchaseOrder) -> None:
    issued = company.issues(approved)
    pass_hours(company.database, 3)

    with pytest.raises(IllegalTransition), company.database.transaction(SYSTEM) as tx:
        edit.submit(tx, issued.id, issued.row_version)

    assert exception_of(company, f"gate_blocked:{approved.id}") is None


def test_an_edit_takes_the_waiting_confirmation_back(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    order = company.now(approved)

    with company.database.transaction(SYSTEM) as tx:
        edit.edit(tx, order.id, EditOrder(order.row_version, {1: LineEdit(quantity=Decimal(3))}))

    assert kinds_sent(company, approved) == [("erp_confirm", "erp", "superseded")]
    assert company.releases(approved).skipped == [approved.id]


def test_an_order_edited_while_the_erp_was_writing_is_a_bypass_and_not_sent(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    held = company.claims(company.message(approved))
    answer = company.writes(approved)
    with company.database.transaction(SYSTEM) as tx:
        edit.edit(tx, approved.id, EditOrder(approved.row_version, {1: LineEdit(quantity=Decimal(3))}))

    company.hears(held, answer)

    assert company.now(approved).status is Status.DRAFT
    assert exception_of(company, f"bypassed_gate:{approved.id}") is ExceptionType.BYPASSED_GATE
    assert [kind for kind, _, _ in kinds_sent(company, approved)] == ["erp_confirm"]


def test_an_answer_under_a_lost_lease_does_nothing(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    held = company.claims(company.message(approved))

    with pytest.raises(LeaseLost):
        company.hears(replace(held, token=approved.id), Applied("100", "100", "2"))

    assert company.now(approved).status is Status.APPROVED


def test_a_hold_stops_the_release_and_lifting_it_lets_the_order_go_on(company: Company, approved: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx:
        held = hold.hold(tx, approved.id, HoldOrder(approved.row_version, "waits for the price list"))
    before = queued_jobs(company)

    assert company.releases(approved).skipped == [approved.id]
    with company.database.transaction(SYSTEM) as tx:
        assert hold.lift(tx, approved.id, held.row_version).hold is None
    assert queued_jobs(company) == before + 1
    assert company.issues(approved).status is Status.ISSUED
    with company.database.transaction(SYSTEM) as tx:
        assert hold.lift(tx, approved.id, company.now(approved).row_version).status is Status.ISSUED


def test_a_hold_that_comes_after_the_release_keeps_the_supplier_from_being_told(
    company: Company, approved: PurchaseOrder
) -> None:
    company.releases(approved)
    held = company.claims(company.message(approved))
    answer = company.writes(approved)
    with company.database.transaction(SYSTEM) as tx:
        hold.hold(tx, approved.id, HoldOrder(company.now(approved).row_version, "supplier is in doubt"))

    company.hears(held, answer)

    order = company.now(approved)
    assert (order.status, order.hold is not None) == (Status.ISSUED, True)
    assert [kind for kind, _, _ in kinds_sent(company, approved)] == ["erp_confirm"]
    with company.database.transaction(SYSTEM) as tx:
        hold.lift(tx, order.id, order.row_version)
    assert [kind for kind, _, _ in kinds_sent(company, approved)] == ["erp_confirm", "supplier_order", "wms_expected_receipt"]


def test_holds_and_cancellations_need_reason_right_and_an_open_order(company: Company, approved: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx:
        with pytest.raises(ReasonRequired):
            hold.hold(tx, approved.id, HoldOrder(approved.row_version, " "))
        with pytest.raises(ReasonRequired):
            cancel.cancel(tx, approved.id, CancelOrder(approved.row_version, "\u200b "))
        with pytest.raises(NotAuthorised):
            cancel.cancel(replace(tx, actor=Actor(ActorKind.ADVISORY)), approved.id, CancelOrder(approved.row_version, "no"))
        ended = cancel.cancel(tx, approved.id, CancelOrder(approved.row_version, "not needed any more"))
        with pytest.raises(IllegalTransition):
            hold.hold(tx, approved.id, HoldOrder(ended.row_version, "too late"))


def test_a_cancelled_order_leaves_nothing_waiting_to_be_sent(company: Company, approved: PurchaseOrder) -> None:
    issued = company.issues(approved)
    with company.database.transaction(SYSTEM) as tx:
        token = links.make_link(tx, approved.id)
        cancel.cancel(tx, approved.id, CancelOrder(issued.row_version, "bought elsewhere"))

    assert {state for _, _, state in kinds_sent(company, approved)} == {"done", "superseded"}
    with company.database.transaction(SYSTEM) as tx:
        assert timers.timers_of(tx, "order", approved.id) == []
        with pytest.raises(NotFound):
            links.open_link(tx, token)


def fails(company: Company, order: PurchaseOrder, times: int, failure: Failure) -> list[Step]:
    steps = []
    for _ in range(times):
        with company.database.transaction(SYSTEM) as tx:
            tx.conn.execute(MESSAGE.update().values(next_attempt_at=tx.real_now - timedelta(seconds=1)))
        held = company.claims(company.message(order, MessageKind.SUPPLIER_ORDER))
        with company.database.transaction(SYSTEM) as tx:
            steps.append(outbound.mark_failed(tx, held, failure).step)
    return steps


def test_a_supplier_api_that_is_away_hands_over_to_mail_and_then_to_a_person(company: Company, approved: PurchaseOrder) -> None:
    company.issues(approved)
    key = company.message(approved, MessageKind.SUPPLIER_ORDER).idempotency_key

    assert fails(company, approved, 2, Failure("http_503", "the supplier's API is away")) == [Step.RETRY, Step.NEXT_CHANNEL]
    moved = company.message(approved, MessageKind.SUPPLIER_ORDER)
    assert (moved.channel, moved.idempotency_key) == ("email", key)
    assert fails(company, approved, 1, Failure("no_mailbox", "the address does not exist", permanent=True)) == [Step.DEAD]
    assert exception_of(company, outbound.failed_key(moved.id)) is ExceptionType.MESSAGE_FAILED


def test_a_message_given_up_is_replayed_under_its_identity_or_skipped_with_a_reason(
    company: Company, approved: PurchaseOrder
) -> None:
    company.issues(approved)
    fails(company, approved, 1, Failure("gone", "the API is gone", permanent=True))
    fails(company, approved, 1, Failure("gone", "the mailbox is gone", permanent=True))
    message = company.message(approved, MessageKind.SUPPLIER_ORDER)

    with company.database.transaction(SYSTEM) as tx:
        assert outbound.replay(tx, message.id).idempotency_key == message.idempotency_key
    assert exception_of(company, outbound.failed_key(message.id)) is None
    with company.database.transaction(SYSTEM) as tx:
        with pytest.raises(ReasonRequired):
            outbound.skip(tx, message.id, "")
        outbound.skip(tx, message.id, "told by telephone")
        with pytest.raises(NotReplayable):
            outbound.skip(tx, message.id, "again")
        with pytest.raises(NotFound):
            outbound.skip(tx, MessageId(approved.id), "unknown")
    assert company.message(approved, MessageKind.SUPPLIER_ORDER).state == "superseded"


def test_a_message_that_kills_its_workers_is_given_up_and_owned(company: Company, approved: PurchaseOrder) -> None:
    company.releases(approved)
    message = company.message(approved)

    with company.database.transaction(SYSTEM) as tx:
        outbound.give_up(tx, message.id, "the worker died again and again")

    assert exception_of(company, outbound.failed_key(message.id)) is ExceptionType.ERP_WRITE_FAILED


def test_a_delivered_order_says_so_on_the_orders_timeline(company: Company, approved: PurchaseOrder) -> None:
    company.issues(approved)
    held = company.claims(company.message(approved, MessageKind.SUPPLIER_ORDER))

    with company.database.transaction(SYSTEM) as tx:
        outbound.mark_sent(tx, held, {"outcome": "accepted"})

    assert event_types(company, approved)[-1] == "order.sent"


def test_many_orders_are_released_and_confirmed_together_and_too_many_are_refused(company: Company) -> None:
    found = company.takes_in(*(a_draft(str(100 + number), a_draft_line(number)) for number in (1, 2, 3)))
    with company.database.transaction(SYSTEM) as tx:
        released = issue.release_many(tx, [order.id for order in found])
        with pytest.raises(ValueError, match="at most"):
            issue.release_many(tx, [order.id for order in found] * 100)
    answers = [(company.claims(company.message(order)), company.writes(order)) for order in found]
    with company.database.transaction(SYSTEM) as tx:
        issue.confirmed_many(tx, answers)
        with pytest.raises(ValueError, match="at most"):
            issue.confirmed_many(tx, answers * 100)

    assert len(released.queued) == 3
    assert {company.now(order).status for order in found} == {Status.ISSUED}
    with company.database.read(SYSTEM) as tx:
        assert tx.conn.scalar(select(func.count()).select_from(MESSAGE)) == 9


def test_a_confirmation_taken_back_after_it_was_given_up_leaves_no_question_behind(
    company: Company, approved: PurchaseOrder
) -> None:
    company.releases(approved)
    company.hears(company.claims(company.message(approved)), Rejected("account_closed", "The account is closed."))
    assert exception_of(company, issue.rejected_key(approved.id)) is ExceptionType.ERP_REJECTED

    with company.database.transaction(SYSTEM) as tx:
        order = orders.get(tx, approved.id)
        cancel.cancel(tx, order.id, CancelOrder(order.row_version, "not needed any more"))

    assert exception_of(company, issue.rejected_key(approved.id)) is None
    assert company.message(approved).state == "superseded"


def test_a_message_given_up_that_a_new_version_replaces_leaves_no_question_behind(
    company: Company, approved: PurchaseOrder
) -> None:
    company.releases(approved)
    message = company.message(approved)
    with company.database.transaction(SYSTEM) as tx:
        outbound.give_up(tx, message.id, "the worker died")
    assert exception_of(company, outbound.failed_key(message.id)) is ExceptionType.ERP_WRITE_FAILED

    order = company.now(approved)
    with company.database.transaction(SYSTEM) as tx:
        edit.edit(tx, order.id, EditOrder(order.row_version, {1: LineEdit(quantity=Decimal(3))}))

    assert exception_of(company, outbound.failed_key(message.id)) is None
