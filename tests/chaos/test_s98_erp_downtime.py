"""S98: the ERP is away for half an hour; approvals go on, writes wait without using attempts, and each happens exactly once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from purveyor.app import edit, hold
from purveyor.app.hold import HoldOrder
from purveyor.connectors.erp.memory import Fault
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import Entity
from purveyor.core.events.base import Ref
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import AfterFailure, MessageKind, Step
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import SupplierStatus
from purveyor.store import events, feeds, masters, messages
from purveyor.store.masters import Provenance
from purveyor.store.messages import Message
from tests.chaos.flow import SUPPLIER, Flow, a_clean_draft

HALF_AN_HOUR = timedelta(minutes=30)


def waiting_for_approval(flow: Flow, count: int) -> list[PurchaseOrder]:
    """Orders over the limit of automatic approval."""
    taken = flow.takes_in(*(a_clean_draft(number, cartons=5) for number in range(1, count + 1)))
    assert {order.status for order in taken} == {Status.PENDING_APPROVAL}
    return taken


def confirmation(flow: Flow, order: PurchaseOrder) -> Message:
    """The message that confirms an order in the ERP."""
    [message] = flow.messages_of(order, MessageKind.ERP_CONFIRM)
    return message


def stages(flow: Flow, order: PurchaseOrder) -> list[str]:
    """The types of the order's events."""
    with flow.database.read(SYSTEM) as tx:
        return [event.type for event in events.read_stream(tx, Ref("order", order.id))]


def test_s98_approvals_go_on_and_writes_wait_while_the_erp_is_away_for_half_an_hour(flow: Flow) -> None:
    waiting = waiting_for_approval(flow, 3)

    flow.erp.unplugged = True
    for order in waiting:
        flow.approves(order)
    flow.works()
    for _ in range(3):
        flow.time_passes(HALF_AN_HOUR / 3)
        flow.waits_end()

    assert flow.statuses() == {Status.APPROVED}
    with flow.database.read(SYSTEM) as tx:
        tries = {attempt.outcome for order in waiting for attempt in messages.attempts_of(tx, confirmation(flow, order).id)}
    assert tries == {"postponed"}
    assert [confirmation(flow, order).attempts for order in waiting] == [0, 0, 0]

    flow.erp.unplugged = False
    flow.settles()

    assert flow.statuses() == {Status.ISSUED}
    assert flow.erp.writes == len(waiting)
    confirmed = [flow.erp.ledger.order(f"d{number}") for number in (1, 2, 3)]
    assert [order.version for order in confirmed if order] == sorted(order.version for order in confirmed if order)
    for order in waiting:
        assert stages(flow, order).count("order.issued") == 1
    assert len(flow.partners.suppliers.taken(SUPPLIER)) == len(waiting)


def test_s98_reading_an_erp_that_is_away_costs_a_note_and_nothing_else(flow: Flow) -> None:
    flow.erp.unplugged = True
    flow.types(a_clean_draft(1))
    flow.pulls()
    with flow.database.read(SYSTEM) as tx:
        assert "reached" in str([feed.problem for feed in feeds.all_feeds(tx) if feed.problem])

    flow.erp.unplugged = False
    flow.pulls()

    assert flow.order("d1").status is Status.ISSUED


def test_s98_a_time_out_after_the_commit_is_adopted_by_our_reference_and_not_written_again(flow: Flow) -> None:
    [order] = waiting_for_approval(flow, 1)
    flow.approves(order)
    flow.erp.fail_next_write(Fault.ANSWER_LOST)
    flow.works()
    assert flow.order("d1").status is Status.APPROVED

    flow.settles()

    assert flow.order("d1").status is Status.ISSUED
    assert flow.erp.writes == 1
    with flow.database.read(SYSTEM) as tx:
        [issued] = [event for event in events.read_stream(tx, Ref("order", order.id)) if event.type == "order.issued"]
    assert issued.payload["adopted"] is True


def test_s98_a_lost_answer_is_still_looked_up_when_the_erp_was_away_in_between(flow: Flow) -> None:
    [order] = waiting_for_approval(flow, 1)
    flow.approves(order)
    flow.erp.fail_next_write(Fault.ANSWER_LOST)
    flow.works()
    flow.erp.unplugged = True
    flow.waits_end()
    flow.erp.unplugged = False

    message = confirmation(flow, order)
    flow.waits_over()
    with flow.database.transaction(SYSTEM) as tx:
        claim = messages.claim(tx, message.id)
        assert claim is not None
        assert claim.unsure
        messages.postpone(tx, claim, timedelta(0), "given back")
    flow.settles()

    assert flow.order("d1").status is Status.ISSUED
    assert flow.erp.writes == 1


def test_s98_a_message_given_up_in_doubt_is_looked_up_when_somebody_replays_it(flow: Flow) -> None:
    [order] = waiting_for_approval(flow, 1)
    flow.approves(order)
    flow.erp.unplugged = True
    flow.works()
    message = confirmation(flow, order)
    flow.waits_over()
    with flow.database.transaction(SYSTEM) as tx:
        claim = messages.claim(tx, message.id)
        assert claim is not None
        messages.fail(tx, claim, AfterFailure(Step.DEAD, claim.message.channel), "the answer was lost", unknown=True)
        messages.replay(tx, message.id)
        again = messages.claim(tx, message.id)
        assert again is not None
        messages.fail(tx, again, AfterFailure(Step.DEAD, again.message.channel), "refused")
        messages.replay(tx, message.id)
        third = messages.claim(tx, message.id)

        assert third is not None
        assert third.unsure
        messages.postpone(tx, third, timedelta(0), "given back")

    flow.erp.unplugged = False
    flow.settles()
    assert flow.order("d1").status is Status.ISSUED


def test_s98_an_order_touched_in_the_erp_just_before_the_write_is_read_again_and_leaves_by_itself(flow: Flow) -> None:
    [order] = waiting_for_approval(flow, 1)
    flow.approves(order)
    flow.erp.fail_next_write(Fault.EDITED_MEANWHILE)
    flow.works()
    flow.settles()

    again = flow.order("d1")
    assert again.status is Status.PENDING_APPROVAL
    flow.approves(again)
    flow.works()
    flow.settles()
    assert flow.order("d1").status is Status.ISSUED
    assert flow.erp.writes == 1


@pytest.mark.parametrize("fault", list(Fault))
def test_s98_receipts_and_invoices_are_posted_once_whatever_happens_to_their_first_write(flow: Flow, fault: Fault) -> None:
    [order] = flow.takes_in(a_clean_draft(1))
    flow.answers(order)
    flow.receives(order)
    flow.erp.fail_next_write(fault)
    flow.works()
    flow.settles()
    flow.bills(order)
    flow.erp.fail_next_write(fault)
    flow.works()
    flow.settles()

    assert flow.order("d1").status is Status.CLOSED
    held = flow.erp.ledger.order("d1")
    assert held is not None
    assert held.lines[0].quantity_received == held.lines[0].quantity_invoiced == order.lines[0].quantity
    assert len(flow.erp.ledger.records(Entity.RECEIPT)) == len(flow.erp.ledger.records(Entity.INVOICE)) == 1


def on_hold(flow: Flow, status: SupplierStatus) -> None:
    """The supplier is set on hold, or let go again."""
    with flow.database.transaction(SYSTEM) as tx:
        [supplier] = masters.suppliers(tx).values()
        masters.save_suppliers(tx, [replace(supplier, status=status)], Provenance(tx.now, "test"))


def looked_at_again(flow: Flow, order: PurchaseOrder) -> PurchaseOrder:
    """The order is stopped for a moment and let go; before it leaves, the gate looks at it once more."""
    with flow.database.transaction(SYSTEM) as tx:
        held = hold.hold(tx, order.id, HoldOrder(flow.order("d1").row_version, "a question"))
        hold.lift(tx, order.id, held.row_version)
    flow.works()
    return flow.order("d1")


def approved_once_more(flow: Flow) -> None:
    """The draft is submitted and approved in the same version."""
    draft = flow.order("d1")
    with flow.database.transaction(SYSTEM) as tx:
        edit.submit(tx, draft.id, draft.row_version)
    flow.approves(flow.order("d1"))
    assert flow.order("d1").version == 1


@pytest.mark.parametrize("tried_meanwhile", [False, True])
def test_s98_a_confirmation_waits_while_the_order_is_taken_back_and_approved_again_and_leaves_once(
    flow: Flow, tried_meanwhile: bool
) -> None:
    [order] = waiting_for_approval(flow, 1)
    flow.erp.unplugged = True
    flow.approves(order)
    flow.works()

    on_hold(flow, SupplierStatus.HOLD_ORDERS)
    assert looked_at_again(flow, order).status is Status.DRAFT
    if tried_meanwhile:
        flow.waits_end()
    on_hold(flow, SupplierStatus.ACTIVE)
    approved_once_more(flow)
    flow.works()
    flow.erp.unplugged = False
    flow.settles()

    assert flow.order("d1").status is Status.ISSUED
    assert flow.erp.writes == 1
    assert confirmation(flow, order).state == "done"


def test_s98_what_the_erp_placed_while_the_order_was_taken_back_is_adopted_when_it_is_approved_again(flow: Flow) -> None:
    [order] = waiting_for_approval(flow, 1)
    flow.approves(order)
    flow.erp.fail_next_write(Fault.ANSWER_LOST)
    flow.works()
    on_hold(flow, SupplierStatus.HOLD_ORDERS)
    assert looked_at_again(flow, order).status is Status.DRAFT
    flow.settles()
    assert flow.open_types(order).count("BYPASSED_GATE") == 1

    on_hold(flow, SupplierStatus.ACTIVE)
    approved_once_more(flow)
    flow.works()
    flow.settles()

    assert flow.order("d1").status is Status.ISSUED
    assert flow.erp.writes == 1
    assert "BYPASSED_GATE" not in flow.open_types(order)
