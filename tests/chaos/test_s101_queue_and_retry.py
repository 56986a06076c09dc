"""S101: a call that fails waits longer and longer, with spread and up to a maximum; then it is a failed message with an owner."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from purveyor.app import outbound
from purveyor.core.access import SYSTEM
from purveyor.core.events.base import Ref
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import SYSTEM_RETRY, MessageKind
from purveyor.store import cases, events, messages
from purveyor.store.messages import Message
from tests.chaos.flow import Flow, a_clean_draft


def announcement(flow: Flow) -> Message:
    """The expected receipt of the first order."""
    [message] = flow.messages_of(flow.order("d1"), MessageKind.WMS_EXPECTED_RECEIPT)
    return message


def waited(flow: Flow) -> timedelta:
    """How long the message waits after its last failure."""
    with flow.database.read(SYSTEM) as tx:
        ended = messages.attempts_of(tx, announcement(flow).id)[-1].finished_at
    assert isinstance(ended, datetime)
    return announcement(flow).next_attempt_at - ended


def test_s101_waits_grow_with_spread_up_to_a_maximum_and_then_somebody_owns_the_failed_message(flow: Flow) -> None:
    flow.partners.warehouse.down = True
    flow.takes_in(a_clean_draft(1))
    waits = []
    while announcement(flow).state == "ready":
        waits.append(waited(flow))
        flow.waits_end()

    assert len(waits) == SYSTEM_RETRY.attempts - 1
    full = [min(SYSTEM_RETRY.first_wait * 2**number, SYSTEM_RETRY.longest_wait) for number in range(len(waits))]
    assert all(whole / 2 <= wait <= whole for wait, whole in zip(waits, full, strict=True))
    assert all(second > first / 2 for first, second in pairwise(waits))
    assert len({wait / whole for wait, whole in zip(waits, full, strict=True)}) > 3

    order = flow.order("d1")
    assert (announcement(flow).state, flow.open_types(order)) == ("dead", ["MESSAGE_FAILED"])
    with flow.database.read(SYSTEM) as tx:
        [case] = cases.listed(tx)
        assert cases.cases_without_owner(tx) == []
    assert case.due_at > flow.now()
    assert order.status is Status.ISSUED


def test_s101_replay_uses_the_same_idempotency_key_and_ends_the_exception(flow: Flow) -> None:
    flow.partners.warehouse.down = True
    flow.takes_in(a_clean_draft(1))
    flow.settles()
    assert announcement(flow).state == "dead"

    flow.partners.warehouse.down = False
    flow.replays(flow.order("d1"), MessageKind.WMS_EXPECTED_RECEIPT)

    announced = [call for call in flow.partners.warehouse.server.received if call.method == "PUT"]
    keys = {call.headers["idempotency-key"] for call in announced}
    assert keys == {str(announcement(flow).id)}
    assert (announcement(flow).state, flow.open_types(flow.order("d1"))) == ("done", [])
    assert flow.partners.warehouse.writes == 1
    with flow.database.read(SYSTEM) as tx:
        told = [event.type for event in events.read_stream(tx, Ref("message", announcement(flow).id))]
    assert told[-2:] == ["message.replayed", "message.delivered"]


def test_s101_a_failed_message_can_be_given_up_with_a_reason_and_is_nobodys_question_any_more(flow: Flow) -> None:
    flow.partners.warehouse.down = True
    flow.takes_in(a_clean_draft(1))
    flow.settles()

    with flow.database.transaction(SYSTEM) as tx:
        outbound.skip(tx, announcement(flow).id, "the warehouse was told by telephone")

    assert flow.open_types(flow.order("d1")) == []
    assert announcement(flow).state == "superseded"


def test_s101_one_failing_partner_holds_up_no_other_message(flow: Flow) -> None:
    flow.partners.warehouse.down = True

    taken = flow.takes_in(a_clean_draft(1), a_clean_draft(2))

    for order in taken:
        states = {message.kind: message.state for message in flow.messages_of(order)}
        assert (states["supplier_order"], states["wms_expected_receipt"]) == ("done", "ready")
    flow.partners.warehouse.down = False
    flow.settles()
